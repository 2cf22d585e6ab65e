"""Brings letters to receivers in the background: tries again, outlives a restart, never holds up the loop."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import structlog

from bidder.alerts import Level, Receiver, send

__all__ = ["Letter", "Postman", "written"]

log = structlog.get_logger("bidder.daemon.alerts")

TRIES = (0.0, 60.0, 300.0, 900.0, 3600.0)
"""Seconds of real time before each try."""
PATIENCE = 90.0
"""Seconds that a service may take."""


@dataclass(frozen=True, slots=True)
class Letter:
    """What is to be brought to one receiver. Those with a page (`html`) are not kept over a restart."""

    to: str
    title: str
    text: str
    level: Level
    html: str | None = None
    attachments: tuple[Path, ...] = ()


class Postman:
    """`receivers` are those configured now; `said` counts (channel, result).

    `keep` gets what is still under way, each time that changes.
    """

    def __init__(
        self,
        receivers: Callable[[], Sequence[Receiver]],
        said: Callable[[str, str], None],
        keep: Callable[[Sequence[Mapping[str, Any]]], None],
    ) -> None:
        self._receivers = receivers
        self._said = said
        self._keep = keep
        self._under_way: dict[asyncio.Task[None], Letter] = {}

    def post(self, letter: Letter) -> None:
        """Takes a letter; returns at once."""
        task = asyncio.create_task(self._bring(letter), name=f"message to {letter.to}")
        self._under_way[task] = letter
        task.add_done_callback(self._done)

    def resume(self, kept: Any) -> None:
        """Takes what an earlier run could not bring."""
        for one in kept if isinstance(kept, list) else ():
            try:
                self.post(Letter(one["to"], one["title"], one["text"], Level(one["level"])))
            except (KeyError, TypeError, ValueError):
                log.warning("letter_dropped", reason="it cannot be read")

    def kept(self) -> list[Mapping[str, Any]]:
        """What is still to be brought, as JSON."""
        return written([one for task, one in self._under_way.items() if not task.done()])

    async def settled(self) -> None:
        """Waits until nothing is under way (tests)."""
        while self._under_way:
            await asyncio.gather(*self._under_way, return_exceptions=True)
            await asyncio.sleep(0)

    async def close(self, patience: float = 0.5) -> None:
        """Waits a moment for what is under way; the rest is kept for the next run."""
        if self._under_way:
            await asyncio.wait(list(self._under_way), timeout=patience)
            self._keep(self.kept())
            for task in list(self._under_way):
                task.cancel()

    def _done(self, task: asyncio.Task[None]) -> None:
        letter = self._under_way.pop(task, None)
        if letter is not None and letter.html is None and not task.cancelled():
            self._keep(self.kept())

    async def _bring(self, letter: Letter) -> None:
        why: str | None = "no try"
        for wait in TRIES:
            if wait:
                self._keep(self.kept())
                await asyncio.sleep(wait)
            receiver = next((one for one in self._receivers() if one.name == letter.to), None)
            if receiver is None:
                return  # a reload took it out
            why = await _in_thread(lambda to: _sent(letter, to), receiver)
            if why is None:
                self._said(letter.to, "ok")
                return
            self._said(letter.to, "error")
            log.warning("message_not_sent", to=letter.to, reason=why)
        log.error("message_given_up", to=letter.to, title=letter.title, reason=why)


def written(letters: Sequence[Letter]) -> list[Mapping[str, Any]]:
    """As JSON; without those with a page."""
    return [{key: asdict(one)[key] for key in ("to", "title", "text", "level")} for one in letters if one.html is None]


def _sent(letter: Letter, to: Receiver) -> str | None:
    return send(to, letter.title, letter.text, level=letter.level, html=letter.html, attachments=letter.attachments)


async def _in_thread(call: Callable[[Receiver], str | None], receiver: Receiver) -> str | None:
    """In a thread that a program about to end does not wait for, unlike those of asyncio.to_thread."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[str | None] = loop.create_future()

    def run() -> None:
        result = call(receiver)
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if answer.done() else answer.set_result(result))

    threading.Thread(target=run, name="message", daemon=True).start()
    try:
        return await asyncio.wait_for(answer, PATIENCE)
    except TimeoutError:
        return "no answer in time"

"""Sentences of messages: what, since when, what bidder did, what to do. Chinese: those of OPERATOR 6."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import cache
from importlib.resources import files
from typing import Any, Literal, NamedTuple
from zoneinfo import ZoneInfo

from bidder.alerts.kinds import Message

__all__ = ["Language", "text_of", "trial"]

Language = Literal["zh", "en"]

SHOWN = 8
"""Troubles that one message names; the rest is counted."""
LONGEST = 40
"""Characters of the first line: what a lock screen shows."""


class _Words(NamedTuple):
    tag: str
    what: str
    did: str
    todo: str


@cache
def _words(language: Language) -> Mapping[str, _Words]:
    text = files("bidder.alerts").joinpath("locales", f"{language}.json").read_text(encoding="utf-8")
    return {kind: _Words(**words) for kind, words in json.loads(text).items()}


def text_of(message: Message, language: Language, zone: str) -> tuple[str, str]:
    """(first line, the rest) of a message, times in the shop's `zone`."""
    words = _words(language)[message.kind]
    whats = [_fill(words.what, facts) for facts in message.facts]
    more = len(whats) - 1
    ended = message.status == "resolved"
    if language == "zh":
        tag = "【已恢复】" if ended else f"【{words.tag}】"
        head = f"{tag}{words.tag}：{_subject(message, whats)}" if ended else f"{tag}{whats[0]}"
        several = f" 等 {more + 1} 项" if more else ""
    else:
        head = f"[Resolved] {words.tag}: {_subject(message, whats)}" if ended else f"[{words.tag}] {whats[0]}"
        several = f" and {more} more" if more else ""
    title = _cut(head, LONGEST - len(several) if language == "zh" else 90) + several
    return title, "\n".join(_rest(message, words, whats, language, zone))


def _rest(message: Message, words: _Words, whats: list[str], language: Language, zone: str) -> list[str]:
    since, now = _clock(message.since, message.at, zone), message.at
    lasted = _lasted(now - message.since, language)
    did = _fill(words.did, message.facts[0])
    lines = [f"· {one}" for one in whats[:SHOWN]] if len(whats) > 1 else []
    if len(whats) > SHOWN:
        lines.append(f"· 另有 {len(whats) - SHOWN} 项" if language == "zh" else f"· and {len(whats) - SHOWN} more")
    if message.status == "resolved":
        return [*lines, f"{since} 起，共 {lasted}" if language == "zh" else f"since {since}, for {lasted}"]
    if message.status == "again":
        lines.append(f"仍未处理，已 {lasted}" if language == "zh" else f"still so, for {lasted}")
    if language == "zh":
        return [*lines, f"{since} 起 · {did}", words.todo]
    return [*lines, f"since {since}; {did}", f"To do: {words.todo}"]


def trial(language: Language, shop: str) -> tuple[str, str]:
    """What `bidder alert test` sends."""
    if language == "zh":
        return f"【试发】{shop}：bidder 的消息能收到", "这是一条试发消息，什么也没发生，不用处理。"
    return f"[Trial] {shop}: messages of bidder arrive", "Nothing happened and there is nothing to do."


def _fill(pattern: str, facts: Mapping[str, Any]) -> str:
    try:
        return pattern.format(**facts)
    except (KeyError, ValueError, IndexError, TypeError):  # facts of an older version, remembered across an upgrade
        return ", ".join(str(value) for key, value in facts.items() if key != "weight")


def _subject(message: Message, whats: list[str]) -> str:
    """Who or what it was about, without the figures of then."""
    for name in ("product", "who", "name", "where"):
        if name in message.facts[0]:
            return str(message.facts[0][name])
    return whats[0]


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _clock(at: datetime, now: datetime, zone: str) -> str:
    here, there = at.astimezone(ZoneInfo(zone)), now.astimezone(ZoneInfo(zone))
    return f"{here:%H:%M}" if here.date() == there.date() else f"{here:%m-%d %H:%M}"


def _lasted(time: timedelta, language: Language) -> str:
    minutes = round(time.total_seconds() / 60)
    if minutes < 60:
        return f"{minutes} 分钟" if language == "zh" else f"{minutes} minutes"
    hours = round(minutes / 60)
    if hours < 48:
        return f"{hours} 小时" if language == "zh" else f"{hours} hours"
    return f"{round(hours / 24)} 天" if language == "zh" else f"{round(hours / 24)} days"

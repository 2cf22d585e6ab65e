"""Http: one account's session. Reads are tried again, writes are sent once, secrets stay inside."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, NoReturn, TypeVar

from bidder.connectors.http.manners import Manners, Timing
from bidder.connectors.http.message import Ask, Lost, Meaning, NotSent, Payload, Reply, Sent, Verdict, ahead_of
from bidder.connectors.http.pace import SHARED, Bucket, Circuit, gap_before
from bidder.connectors.http.tokens import Keyring
from bidder.connectors.http.wire import Bound, encoded, kind_of, whole_body
from bidder.connectors.redact import Redactor, bare_url
from bidder.errors import ConnectorError
from bidder.outcome import Applied, OutcomeOf, Refused, Unresolved

if TYPE_CHECKING:
    import aiohttp

__all__ = ["Http"]

log = logging.getLogger("bidder.http")

V = TypeVar("V")

CLOCK_OFF = 300.0
"""By so many seconds the host's clock may differ from a platform's; beyond that nothing is written."""

CONNECT_SECONDS = 10.0
WRITE_WAITS = 20.0
"""Seconds that a write waits for its turn before it is given up unsent."""
LONGEST_HOLD = 86_400.0
"""Seconds that an account is left alone at most, whatever the platform asks for: then it is tried once."""
_PASSING = ("connect", "timeout", "http_5xx")
"""Failures that pass by themselves, also those of the token's endpoint: so many in a row open the circuit."""


class Http:
    """The network of one account. Nothing is opened before the first request; `close` gives it back."""

    def __init__(
        self, account: str, manners: Manners, *, secrets: Iterable[str] = (), timing: Timing | None = None
    ) -> None:
        self.account = account
        self.manners = manners
        self.timing = timing or Timing()
        self.redact = Redactor(secrets)
        self._bucket = Bucket(manners.rate, manners.burst)
        self._circuit = Circuit()
        self._not_before = float("-inf")
        self._throttled = ""
        self._keyring = Keyring(manners.tokens, self.redact)
        self._bound: Bound | None = None
        self._holders = 0
        self.memory: dict[str, Any] = {}
        """What the platform's client remembers for all who hold this account."""
        self.waited = 0.0
        """Seconds spent waiting because of rates, the platform's and our own."""
        self.clock_off: float | None = None
        """Seconds by which the host's clock is ahead of the platform's, as its last reply said; None: it has not."""

    def __repr__(self) -> str:
        return f"Http({self.account!r}, {bare_url(self.manners.base_url)!r})"

    # ---- what platforms call

    async def read(self, ask: Ask) -> Reply:
        """A good reply, or one whose status is in `ask.accept`. Raises ConnectorError."""
        until = self.timing.monotonic() + self.manners.deadline
        renewed, attempt = False, 0
        while True:
            attempt += 1
            got, token = await self._once(ask, until)
            if isinstance(got, NotSent) and got.wait is not None:
                self._fail(ask, Verdict(Meaning.THROTTLED, got.reason, got.wait, got.error))
            if isinstance(got, Reply) and got.status in ask.accept:
                return got
            verdict = self._judged(got)
            match verdict.meaning:
                case Meaning.OK:
                    assert isinstance(got, Reply)
                    return got
                case Meaning.EXPIRED if not renewed and ask.signed and self._keyring.expire(token):
                    renewed, attempt = True, attempt - 1
                    continue
                case Meaning.EXPIRED:
                    self._keyring.refuse(verdict.reason, self.timing.monotonic())
                case Meaning.THROTTLED | Meaning.PASSING if attempt < self.manners.attempts:
                    gap = self._gap(attempt + 1, verdict)
                    if self.timing.monotonic() + gap < until:
                        log.info("%s: %s: again in %.1f s: %s", self.account, ask.operation, gap, verdict.reason)
                        if verdict.meaning is Meaning.THROTTLED:
                            self.waited += gap
                        await self.timing.sleep(gap)
                        continue
            self._fail(ask, verdict)

    async def payload(self, ask: Ask) -> Payload:
        """A good reply's body as JSON, exact decimals and all. Raises ConnectorError."""
        reply = await self.read(ask)
        if not reply.is_json:
            what = "is no JSON" if reply.body.strip() else "is empty"
            self.fail(ask.operation, f"the reply ({len(reply.body)} bytes) {what}", error="decode", waiting_helps=True)
        return Payload(reply.received_at, reply.data)

    async def write(self, ask: Ask) -> Sent:
        """Sent once, whatever comes back. Raises nothing for the platform or the network."""
        if self.clock_off is not None and abs(self.clock_off) > CLOCK_OFF:
            hours = f"{abs(self.clock_off) / 3600:.1f} h {'ahead of' if self.clock_off > 0 else 'behind'}"
            return NotSent(f"this computer's clock is {hours} the platform's: set it right; nothing is set till then")
        until = self.timing.monotonic() + WRITE_WAITS
        got, token = await self._once(ask, until)
        meaning = self._judged(got).meaning
        if meaning is Meaning.EXPIRED and ask.signed and self._keyring.expire(token):
            got, _ = await self._once(ask, until)  # the first reply proved that nothing was done
            meaning = self._judged(got).meaning
        if meaning is Meaning.EXPIRED and isinstance(got, Reply):
            self._keyring.refuse(self.words(got), self.timing.monotonic())
        return got

    def verdict(self, reply: Reply) -> Verdict:
        """What a reply means on this platform, its reason without secrets."""
        found = self.manners.verdict(reply)
        return Verdict(found.meaning, self.redact(found.reason), found.wait, found.error)

    def words(self, reply: Reply) -> str:
        """The reason that a verdict gives for a reply, without secrets."""
        return self.verdict(reply).reason

    def fail(
        self, operation: str, reason: str, *, error: str, waiting_helps: bool = False, wait: float | None = None
    ) -> NoReturn:
        """Raises the ConnectorError of this account, its words without secrets."""
        words = self.redact(reason)
        raise ConnectorError(
            self.account, operation, words, waiting_helps=waiting_helps, error=error, wait=wait
        ) from None

    def hold(self) -> None:
        """One more holds it: it is closed when all have closed it."""
        self._holders += 1

    def redacted(self, outcome: OutcomeOf[V]) -> OutcomeOf[V]:
        """The same outcome of a write, its reason without secrets: the platform's words go into journal and log."""
        match outcome:
            case Refused(reason, actual):
                return Refused(self.redact(reason), actual)
            case Unresolved(reason):
                return Unresolved(self.redact(reason))
            case Applied():
                return outcome

    async def close(self) -> None:
        """Gives the connections back, when the last holder closes. Again is no error."""
        self._holders -= 1
        if self._holders <= 0 and self._bound is not None:
            self._holders = 0
            bound, self._bound = self._bound, None
            if bound.loop is asyncio.get_running_loop():
                await bound.session.close()

    # ---- one try

    async def _once(self, ask: Ask, until: float) -> tuple[Sent, str]:
        """Waits for its turn (no longer than `until`), signs, sends, reads the whole body. With the token it used."""
        blocked = await self._turn(until)
        if blocked is not None:
            return blocked, ""
        token = ""
        if ask.signed:
            refused = self._keyring.refused(self.timing.monotonic())
            if refused is not None:
                return refused, ""
            if self.manners.tokens is not None:
                found = await self._token(until)
                if isinstance(found, NotSent):
                    return found, ""
                token = found
        signed = self.manners.prepare(ask, token) if ask.signed else ask
        return await self._exchange(signed), token

    async def _turn(self, until: float) -> NotSent | None:
        """None when it may be sent now."""
        now = self.timing.monotonic()
        rest = self._circuit.rest(now)
        if rest > 0:
            return NotSent(f"not asked: it failed again and again; next try in {rest:.0f} s", self._circuit.error, rest)
        held = self._not_before - now
        if now + held > until:
            return NotSent(f"not asked for {held:.0f} s more: {self._throttled}", "throttled", held)
        if held > 0:
            await self._sleep(held)
        wait, shared = self._bucket.take(self.timing.monotonic()), SHARED.get()
        if shared is not None:
            wait = max(wait, await shared())
        if wait > 0:
            await self._sleep(wait)
        return None

    async def _token(self, until: float) -> str | NotSent:
        """A token, fetched where none is good; those who need one at the same time fetch it once."""
        known = self._keyring.good(self.timing.monotonic())
        if known is not None:
            return known
        async with self._here().fetching:
            sleep = self.timing.sleep
            return await self._keyring.fetched(self._exchange, self._gap, sleep, self.timing, until, self.manners)

    async def _exchange(self, ask: Ask) -> Sent:
        bound = self._here()
        async with bound.turns:
            started = self.timing.monotonic()
            got = await self._sent(bound.session, ask)
        seconds = self.timing.monotonic() - started
        if isinstance(got, Reply):
            ahead = ahead_of(got, self.timing.wall())
            self.clock_off = self.clock_off if ahead is None else ahead
        what = got.status if isinstance(got, Reply) else got.reason
        log.debug("%s: %s %s: %s in %.2f s", self.account, ask.method, self._url(ask, bare=True), what, seconds)
        return got

    async def _sent(self, session: aiohttp.ClientSession, ask: Ask) -> Sent:
        import aiohttp
        from yarl import URL

        body, headers = encoded(ask)
        limits = aiohttp.ClientTimeout(total=self.manners.timeout, sock_connect=CONNECT_SECONDS)
        try:
            # a whole address may carry a signature over its very letters: it is not to be written anew
            async with session.request(
                ask.method,
                URL(self._url(ask), encoded=not ask.query),
                params=dict(ask.query) or None,
                data=body,
                headers=headers,
                timeout=limits,
                allow_redirects=False,  # a token must not follow one, and a write must not be sent on
            ) as response:
                content = await whole_body(response, ask.limit)
                status, fields = response.status, dict(response.headers)
        except aiohttp.InvalidURL:
            return NotSent("the address is no address")
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as e:
            return NotSent(f"cannot connect to {bare_url(self._url(ask))}: {kind_of(e)}", "connect")
        except TimeoutError:
            return Lost(f"no answer in {self.manners.timeout:g} s", "timeout")
        except (aiohttp.ClientError, OSError, ValueError) as e:
            return Lost(f"the connection broke: {kind_of(e)}", "connect")
        if content is None:
            return Lost(f"the reply is larger than {ask.limit} bytes", "decode")
        return Reply(ask.operation, status, fields, content, self.timing.now())

    # ---- what it means

    def _judged(self, got: Sent) -> Verdict:
        """The verdict, noted in the circuit and the account's "not before"."""
        now = self.timing.monotonic()
        if isinstance(got, NotSent | Lost):
            if got.error in _PASSING and not (isinstance(got, NotSent) and got.wait is not None):
                self._circuit.failed(now, got.error)
            meaning = Meaning.PASSING if got.error in _PASSING else Meaning.FAILED
            return Verdict(meaning, self.redact(got.reason), None, got.error)
        verdict = self.verdict(got)
        if verdict.meaning is Meaning.PASSING:
            self._circuit.failed(now, verdict.error)
        else:
            self._circuit.worked()
        if verdict.wait:
            self._not_before = max(self._not_before, now + min(verdict.wait, LONGEST_HOLD))
            self._throttled = verdict.reason or "the platform asked to wait"
        return verdict

    def _gap(self, attempt: int, verdict: Verdict) -> float:
        gap = gap_before(attempt, self.manners.gap, self.manners.longest_gap, self.timing.luck())
        # asking all at the very instant that a throttle ends would begin the next one
        return gap if verdict.wait is None else verdict.wait + gap * 0.25 * self.timing.luck()

    def _fail(self, ask: Ask, verdict: Verdict) -> NoReturn:
        helps = verdict.meaning in (Meaning.THROTTLED, Meaning.PASSING)
        wait = verdict.wait if verdict.error == "throttled" else None
        self.fail(ask.operation, verdict.reason, error=verdict.error, waiting_helps=helps, wait=wait)

    async def _sleep(self, seconds: float) -> None:
        self.waited += seconds
        await self.timing.sleep(seconds)

    # ---- what belongs to an event loop

    def _here(self) -> Bound:
        """The session of the running loop; a command may run one loop after another."""
        loop = asyncio.get_running_loop()
        if self._bound is None or self._bound.loop is not loop:
            self._bound = Bound.opened(loop, self.manners.concurrency)
        return self._bound

    def _url(self, ask: Ask, *, bare: bool = False) -> str:
        whole = ask.path if ask.path.startswith(("https://", "http://")) else f"{self.manners.base_url}{ask.path}"
        return self.redact(bare_url(whole)) if bare else whole

"""The access token of an account: kept until shortly before its end, fetched once for all who wait."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from bidder.connectors.http.manners import Manners, Timing, TokenRecipe
from bidder.connectors.http.message import Ask, Lost, Meaning, NotSent, Sent, Verdict, said_in
from bidder.connectors.redact import Redactor

__all__ = ["EARLY", "REST_AFTER_REFUSAL", "Keyring"]

EARLY = 300.0
"""Seconds before its end at which a token is no longer used (less for short ones)."""

REST_AFTER_REFUSAL = 300.0
"""Seconds that nobody tries again after a token or a refresh was refused: a person is needed."""

REST_AFTER_FAILURE = 60.0
"""Likewise after the endpoint itself failed in every try: those who ask next are not to try as often again."""


class Keyring:
    """Holds the token; never says it."""

    def __init__(self, recipe: TokenRecipe | None, redact: Redactor) -> None:
        self._recipe = recipe
        self._redact = redact
        self._value: str | None = recipe.first or None if recipe else None
        self._until = float("inf") if self._value else 0.0
        self._refused_until = float("-inf")
        self._refusal = ""
        self._error = "auth"

    def __repr__(self) -> str:
        return f"Keyring({'a token' if self._value else 'no token'})"

    def good(self, now: float) -> str | None:
        """The token, None when one has to be fetched (or a refusal has to be said)."""
        return self._value if now < self._until and now >= self._refused_until else None

    def expire(self, token: str) -> bool:
        """The platform no longer takes that token; whether there is or can be another."""
        if self._value == token:  # else somebody has fetched a new one meanwhile
            self._value = None
        return self._recipe is not None

    def refused(self, now: float) -> NotSent | None:
        """What to say while nobody asks again."""
        if now >= self._refused_until:
            return None
        return NotSent(f"{self._refusal} (not tried again for {self._refused_until - now:.0f} s)", self._error)

    def refuse(self, reason: str, now: float) -> None:
        """Nobody asks for a while: a fresh token was refused, or the refresh."""
        self._value = None
        self._rest(reason, now + REST_AFTER_REFUSAL, "auth")

    def _rest(self, reason: str, until: float, error: str) -> None:
        self._refusal, self._refused_until, self._error = reason, until, error

    async def fetched(
        self,
        exchange: Callable[[Ask], Awaitable[Sent]],
        gap: Callable[[int, Verdict], float],
        sleep: Callable[[float], Awaitable[None]],
        timing: Timing,
        until: float,
        manners: Manners,
    ) -> str | NotSent:
        """A good token, tried again while the fault may pass. Called by one at a time."""
        attempt = 0
        while True:
            now = timing.monotonic()
            known = self.good(now)
            if known is not None:
                return known  # somebody else has just fetched it
            refused = self.refused(now)
            if refused is not None:
                return refused
            assert self._recipe is not None
            attempt += 1
            verdict = self._taken(await exchange(self._recipe.ask()), timing.monotonic())
            if verdict is None:
                continue
            pause = gap(attempt + 1, verdict)
            passing = verdict.meaning in (Meaning.PASSING, Meaning.THROTTLED)
            if not passing or attempt >= manners.attempts or timing.monotonic() + pause > until:
                if verdict.error == "auth":
                    self.refuse(verdict.reason, timing.monotonic())
                elif verdict.meaning is Meaning.PASSING and manners.attempts > 1:
                    self._rest(verdict.reason, timing.monotonic() + REST_AFTER_FAILURE, verdict.error)
                return NotSent(verdict.reason, verdict.error)
            await sleep(pause)

    def _taken(self, got: Sent, now: float) -> Verdict | None:
        """None when the reply held a token, else what it means."""
        assert self._recipe is not None
        if isinstance(got, NotSent | Lost):
            meaning = Meaning.FAILED if got.error == "decode" else Meaning.PASSING
            return Verdict(meaning, f"no token: {got.reason}", None, got.error)
        fault = self._recipe.fault(got)
        if fault is not None:
            reason = f"no token: {self._redact(fault.reason)}"
            return Verdict(fault.meaning, reason, fault.wait, fault.error)
        words = self._redact(said_in(got))
        if got.status in (400, 401, 403):
            reason = f"the token was refused: {words}; check the credentials, or give the consent again"
            return Verdict(Meaning.FAILED, reason, None, "auth")
        if got.status == 429:
            return Verdict(Meaning.THROTTLED, f"no token: {words}", None, "throttled")
        if got.status >= 500:
            return Verdict(Meaning.PASSING, f"no token: {words}", None, "http_5xx")
        token = self._recipe.token(got) if 200 <= got.status < 300 else None
        if token is None:
            return Verdict(Meaning.FAILED, "no token in the reply", None, "decode")
        for secret in (token.value, *token.secrets):
            self._redact.add(secret)
        self._value = token.value
        self._until = now + token.seconds - min(EARLY, 0.1 * token.seconds)
        return None

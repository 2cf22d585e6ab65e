"""The one way to the network: what a platform's client.py hands to, and what it gets back.

A platform describes its manners once (:class:`Manners`: where it is, how a request is signed, what its replies mean,
how fast it may be asked) and opens one :class:`Http` an account, which reader and writer share (:class:`Shared`)::

    http = Http("gads", manners, secrets=[...])        # opens nothing yet; no import of aiohttp
    payload = await http.payload(Ask("budgets", "POST", "/v26/…:search", json={"query": …}))   # a read
    sent = await http.write(Ask("set", "PUT", "/sp/campaigns", json={…}))                      # a write

**A read** (`read`, `payload`) is tried again with growing, jittered gaps until `deadline`, and raises ConnectorError
with the class of its failure (`error`, a label of the metrics). **A write** is sent once. Its answer is a
:class:`Reply` of whatever status, or :class:`NotSent` (it provably never left: Refused) or :class:`Lost` (anything
else: Unresolved). The one exception is a reply whose verdict is EXPIRED (401): that proves that nothing happened, so
the token is renewed once and the request repeated once. aiohttp's own re-sending of PUT and DELETE is switched off; no
redirect is followed.

What a reply means is a function `Reply → Verdict` of the platform; :func:`plain_verdict` does for whoever speaks plain
HTTP (429 with Retry-After, 401, 5xx). Others look first for their own signal and then ask plain_verdict::

    def verdict(reply: Reply) -> Verdict:
        code = dig(reply.data, "error_response", "code")       # TOP answers errors with 200
        if code == 7:
            return Verdict(Meaning.THROTTLED, "called too often", wait=60.0, error="throttled")
        return plain_verdict(reply)

`wait` holds back the whole account, also when it comes with an OK (usage nearly at its limit). A wait that does not fit
the deadline is an error at once, and nobody asks until it is over. After FAILURES_TO_OPEN failures in a row the circuit
opens: nothing is asked for a while, then one request tries. A refused token stops the account for five minutes.
A report that the platform makes when asked is a :class:`Job`, waited for by :func:`report_of`.
A token comes by a :class:`TokenRecipe` (:func:`oauth` for RFC 6749), fetched once for all who wait; `Manners.prepare`
puts it (or a signature) on each try. A refresh token that changes with each use is a :class:`RefreshToken`.

The Date of each reply is held against the host's clock: `clock_off`. While they differ by more than five minutes,
nothing is written (days and ages would be wrong). `waited` counts the seconds spent on rates; a reader that is a
:class:`Speaking` shows both to whoever polls.

Secrets given to Http (and every token that it fetches) are replaced in all that it says: reasons, errors, logs. URLs
are said without their query. Bodies are bounded by `Ask.limit` after decompression. Logs go to the logger
`bidder.http`. Tests hand in a :class:`Timing` whose sleep returns at once.

Beside it: :mod:`bidder.connectors.body` reads a decoded body with errors that name the field, and
:mod:`bidder.connectors.identity` compares currency and zone with the configuration.
"""

from __future__ import annotations

from bidder.connectors.http.jobs import Empty, Failed, Job, JobPace, JobState, Pending, Ready, report_of
from bidder.connectors.http.manners import Manners, Timing, Token, TokenRecipe, oauth, with_bearer
from bidder.connectors.http.message import (
    Ask,
    Lost,
    Meaning,
    NotSent,
    Payload,
    Reply,
    Sent,
    Verdict,
    dig,
    listed,
    plain_verdict,
    retry_after,
    said_in,
)
from bidder.connectors.http.pace import FAILURES_TO_OPEN
from bidder.connectors.http.renewal import RefreshToken
from bidder.connectors.http.session import Http
from bidder.connectors.http.settings import BaseUrl, PlatformSettings, Seconds
from bidder.connectors.http.sharing import Shared
from bidder.connectors.http.speaking import Speaking

__all__ = [
    "FAILURES_TO_OPEN",
    "Ask",
    "BaseUrl",
    "Empty",
    "Failed",
    "Http",
    "Job",
    "JobPace",
    "JobState",
    "Lost",
    "Manners",
    "Meaning",
    "NotSent",
    "Payload",
    "Pending",
    "PlatformSettings",
    "Ready",
    "RefreshToken",
    "Reply",
    "Seconds",
    "Sent",
    "Shared",
    "Speaking",
    "Timing",
    "Token",
    "TokenRecipe",
    "Verdict",
    "dig",
    "listed",
    "oauth",
    "plain_verdict",
    "report_of",
    "retry_after",
    "said_in",
    "with_bearer",
]

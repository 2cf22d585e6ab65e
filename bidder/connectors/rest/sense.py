"""What a description as a whole gets wrong: places that nobody fills, credentials that are not there, a lacking write.

Called by the loader of bidder.yaml once a description stands by itself; each fault has the path of its value, so that
it is said with file, line and column.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import BaseModel

from bidder.catalog import Mode
from bidder.connectors.rest.calls import METHODS, Call, ListCall, Proof, ReportCall, SetCall
from bidder.connectors.rest.meaning import is_true
from bidder.connectors.rest.sense_lists import job_wrong, lists_wrong
from bidder.connectors.rest.settings import PARTS, RestSettings, RestShopSettings
from bidder.connectors.rest.template import places, places_in
from bidder.written import did_you_mean

__all__ = ["Wrong", "wrong"]

_ASKED: dict[str, Any] = {"_budget": "7", "_amount": 1, "_amount_text": "1"}
_EMPTY: dict[str | int, tuple[Any, ...]] = {"applied": (_ASKED, {**_ASKED, "_body": []}), "refused": ({}, [])}
"""All that a proof sees of an empty reply."""

Wrong = tuple[tuple[str | int, ...], str]
"""The path of a value under the account, and what is wrong with it."""


def wrong(settings: BaseModel, mode: Mode) -> Iterator[Wrong]:
    """Every fault that no single key shows."""
    if not isinstance(settings, RestSettings | RestShopSettings):
        return
    yield from _secrets(settings)
    for path, call, known, needed in _calls(settings):
        yield from _places(path, call, known, needed)
        yield from _paging(path, call)
        yield from lists_wrong(path, call)
    if isinstance(settings, RestSettings):
        yield from _writing(settings, mode)


def _calls(
    settings: RestSettings | RestShopSettings,
) -> Iterator[tuple[tuple[str | int, ...], Call, Sequence[str], Sequence[str]]]:
    """Each call with what may stand in its places, and what has to."""
    days = ("first", "last")
    if settings.account is not None:
        yield ("account",), settings.account, (), ()
    if settings.products is not None:
        yield ("products",), settings.products, (), ()
    for index, one in enumerate(settings.activity):
        yield ("activity", index), one, days, days
    if isinstance(settings, RestShopSettings):
        return
    for index, listed in enumerate(settings.budgets):
        yield ("budgets", index), listed, (), ()
    for index, report in enumerate(settings.report):
        yield from _reported(("report", index), report)
    if settings.read is not None:
        yield ("read",), settings.read, ("budget",), ("budget",)
    if settings.set is not None:
        yield ("set",), settings.set, ("budget", "amount"), ("budget", "amount")
    if settings.clock is not None:
        yield ("clock", "day"), settings.clock.day, (), ()
        yield ("clock", "next"), settings.clock.next, (), ()


def _reported(
    path: tuple[str | int, ...], call: ReportCall
) -> Iterator[tuple[tuple[str | int, ...], Call, Sequence[str], Sequence[str]]]:
    """A report with the calls of its job: the job names days, the others the job."""
    days = ("first", "last")
    if call.job is None:
        yield path, call, days, days
        return
    if call.job.state.url is None:
        yield path, call, ("job",), ("job",)
    else:
        yield path, call, ("url",), ()
    yield (*path, "job"), call.job, days, days
    yield (*path, "job", "state"), call.job.state, ("job",), ("job",)


def _places(path: tuple[str | int, ...], call: Call, known: Sequence[str], needed: Sequence[str]) -> Iterator[Wrong]:
    texts: list[tuple[tuple[str | int, ...], str]] = []
    texts += [((method,), getattr(call, method)) for method in METHODS if getattr(call, method) is not None]
    for name, value in (("query", call.query), ("headers", call.headers), ("json", call.body), ("form", call.form)):
        texts += [((name, *inner), text) for inner, text in places_in(value)]
    seen, strange = set(), False
    for inner, text in texts:
        for place in places(text):
            seen.add(place.name)
            if place.name not in known:
                strange = True
                choice = f"there are {', '.join(f'{{{one}}}' for one in known)}" if known else "this call has none"
                near = did_you_mean(place.name, known) or f"; {choice}"
                yield (*path, *inner), f"{_name(path)}: nothing fills {{{place.name}}}{near}"
    lacking = [one for one in needed if one not in seen]
    if lacking and not strange:  # else it is there, misspelt
        named = " and ".join(f"{{{one}}}" for one in lacking)
        why = {"first": "which days are asked for", "last": "which days are asked for", "budget": "which budget"}
        why["job"] = "which report"
        yield (
            (*path, call.method.lower()),
            f"{_name(path)}: {named} is nowhere in it: it has to say {why.get(lacking[0], 'how much')}",
        )


def _paging(path: tuple[str | int, ...], call: Call) -> Iterator[Wrong]:
    """A page's place has to be in what is sent."""
    paging = call.paging if isinstance(call, ListCall) else None
    if paging is None or paging.place == "query":
        return
    other = call.body if paging.place == "form" else call.form
    if call.method == "GET" or other is not None or not isinstance(call.body, dict | None):
        what = f"{_name(path)}: paging stands in {paging.place}, and the call sends none: write place: query"
        yield (*path, "paging", "place"), what


def _secrets(settings: RestSettings | RestShopSettings) -> Iterator[Wrong]:
    """Credentials that are named and not given, or given and not used."""
    auth, known, used = settings.auth, settings.credentials, set()
    named: list[tuple[tuple[str | int, ...], str]] = []
    for where, texts in (("header", auth.header), ("query", auth.query)):
        for key, text in texts.items():
            found = places(text)
            named += [(("auth", where, key), place.name) for place in found]
            if not found:
                yield ("auth", where, key), f"auth.{where}.{key}: expected a credential in braces such as {{key}}"
    if auth.bearer is not None:
        named.append((("auth", "bearer"), auth.bearer))
    if auth.basic is not None:
        named += [(("auth", "basic", "user"), auth.basic.user), (("auth", "basic", "password"), auth.basic.password)]
    if auth.oauth is not None:
        for key in ("client_id", "client_secret", "refresh_token"):
            if getattr(auth.oauth, key) is not None:
                named.append((("auth", "oauth", key), getattr(auth.oauth, key)))
    if auth.hmac is not None:
        named.append((("auth", "hmac", "key"), auth.hmac.key))
        for index, part in enumerate(auth.hmac.parts):
            if part.startswith("credentials."):
                named.append((("auth", "hmac", "parts", index), part.removeprefix("credentials.")))
            elif part not in PARTS and not re.fullmatch(r"'.*'", part, re.DOTALL):
                near = did_you_mean(part, PARTS) or f"; there are {', '.join(PARTS)}, credentials.NAME and 'a text'"
                yield ("auth", "hmac", "parts", index), f"auth.hmac.parts: no such part {part!r}{near}"
        for part in ("timestamp", "nonce"):
            if (part in auth.hmac.parts) != (getattr(auth.hmac, part) is not None):
                what = f"auth.hmac: {part} is signed and sent, or neither"
                yield ("auth", "hmac"), f"{what}: write it under parts, and where it goes under {part}"
    for path, name in named:
        used.add(name)
        if name not in known:
            near = did_you_mean(name, known) or f"; there are {', '.join(known) or 'none'}"
            yield path, f"{'.'.join(str(step) for step in path)}: no credential {name!r}{near}"
    for name in known if used <= set(known) else ():
        if name not in used:
            yield ("credentials", name), f"credentials.{name}: nothing under auth uses it"


def _writing(settings: RestSettings, mode: Mode) -> Iterator[Wrong]:
    if settings.set is None and mode in (Mode.PROPOSE, Mode.APPLY):
        yield (), f"mode {mode.value} writes budgets: describe `set`, or use mode: observe"
    if settings.set is not None:
        yield from _proofs(settings.set)
    for name in ("budgets", "report"):
        if not getattr(settings, name):
            yield (name,), f"{name}: expected a call, or a list of them"
    for index, report in enumerate(settings.report):
        if report.job is not None:
            yield from job_wrong(("report", index), report, report.job)
        if report.fields.budget is None and report.fields.campaign is None:
            what = "report.fields: expected campaign, budget, or both: whose figures are they?"
            yield ("report", index, "fields"), what


def _proofs(call: SetCall) -> Iterator[Wrong]:
    """A proof that an empty reply would be is none: it would let a write pass for refused, or for taken."""
    if call.method == "GET":
        yield ("set", "get"), "set: a get changes nothing; expected post, put or patch"
    proofs: list[tuple[tuple[str | int, ...], Proof]] = [(("set", "applied"), call.applied)]
    proofs += [(("set", "refused", index), one) for index, one in enumerate(call.refused)]
    for path, proof in proofs:
        if proof.when is not None and any(is_true(proof.when, one) for one in _EMPTY[path[1]]):
            what = "ask for what has to be there, such as ok == `false` instead of !ok"
            yield (
                (*path, "when"),
                f"{_name(path)}: {proof.when!r} is true of an empty reply too, and proves nothing; {what}",
            )
    for index, one in enumerate(call.refused):
        status = [code for code in one.status if 200 <= code < 300] if one.when is None else []
        if status:
            what = f"{status[0]} alone is how a platform says yes: add a `when` that is true of refusals"
            yield ("set", "refused", index, "status"), f"set.refused: {what}"


def _name(path: tuple[str | int, ...]) -> str:
    return ".".join(str(step) for step in path if not isinstance(step, int))

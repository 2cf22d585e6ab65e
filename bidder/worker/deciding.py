"""Decides shops in a process of its own: many at once, each under its lease, each saved once an account day.

Called through :mod:`bidder.worker.pool`. What one shop raises is that shop's answer. Nothing here reaches a platform.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import structlog

from bidder import cycle
from bidder.account_day import AccountDay
from bidder.bids.settings import BidMode
from bidder.catalog import Mode
from bidder.config.load import Config
from bidder.daemon.due import DECIDED_DAY, complete, latest, opens
from bidder.daemon.events import DECIDED, approved_beforehand, due_moment, latest_moment, next_moment
from bidder.daemon.reload import waits_for_somebody
from bidder.decide import Decision, decide
from bidder.errors import BidderError, ConfigError, LeaseTaken, StoreError
from bidder.explain.plan import document
from bidder.plan import State
from bidder.snapshot import Snapshot
from bidder.store.protocol import Store
from bidder.turn import gone, holder
from bidder.worker.fleet import Fleet
from bidder.worker.together import side_by_side
from bidder.writing.budgets import raises

__all__ = ["APPLIES", "Answer", "Part", "ask_key", "decide_shop", "decide_shops", "polled_key"]

log = structlog.get_logger("bidder.worker")

APPLIES = "apply_due"
"""Key of the store: the plan that is to be written, and which parts of it still are."""

AGAIN = timedelta(minutes=1)
"""After so long a shop is looked at again that could not be decided for a reason that may pass."""

Part = tuple[str, str]
"""An account, and `falls`, `rises` or `bids`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of one shop. `result`: decided, already, early, unread, failed, taken, store or broken.

    `next_at` is when it is due again, by the shop's clock; `seconds` what it took of its process, without what others
    took beside it; `parts` are to be written.
    """

    shop: str
    result: str
    next_at: datetime
    seconds: float = 0.0
    plan: str = ""
    parts: tuple[Part, ...] = ()
    reason: str = ""
    digest: bool = False


def polled_key(account: str) -> str:
    """Under this name the store keeps when an account was last read."""
    return f"poll:{account}:ok"


def ask_key(part: Part) -> str:
    """A part as the store has it."""
    return "/".join(part)


def decide_shops(fleet: Fleet, shops: Sequence[str], now: datetime, lease: timedelta) -> list[Answer]:
    """The shops' decisions of today, those that are due, solved together; an answer for each, whatever happens."""
    found = side_by_side([partial(decide_shop, fleet, shop, now, lease) for shop in shops])
    answers = []
    for shop, ended in zip(shops, found, strict=True):
        one = ended.result
        if isinstance(one, BaseException):
            log.error("decision_failed", shop=shop, exc_info=one)
            one = Answer(shop, "failed", now + 10 * AGAIN, reason=f"{type(one).__name__}: {one}")
        answers.append(replace(one, seconds=ended.seconds))
    return answers


def decide_shop(fleet: Fleet, shop: str, now: datetime, lease: timedelta) -> Answer:
    """The shop's decision of today, when it is due; never raises."""
    try:
        config = fleet.config(shop)
        store = fleet.store(shop)
        store.take_lease("daemon", holder(), datetime.now(UTC), lease, gone)
    except LeaseTaken as e:
        return Answer(shop, "taken", now + AGAIN, reason=str(e))
    except ConfigError as e:
        return Answer(shop, "broken", now + AGAIN, reason=str(e))
    except StoreError as e:
        fleet.forget(shop)
        return Answer(shop, "store", now + AGAIN, reason=str(e))
    try:
        return _Shop(shop, config, store, now).answer()
    except LeaseTaken as e:
        fleet.forget(shop)
        return Answer(shop, "taken", now + AGAIN, reason=str(e))
    except StoreError as e:
        fleet.forget(shop)
        return Answer(shop, "store", now + AGAIN, reason=str(e))
    finally:
        _release(fleet, shop, store)


def _release(fleet: Fleet, shop: str, store: Store) -> None:
    try:
        store.release_lease("daemon")
    except StoreError as e:  # it runs out by itself
        fleet.forget(shop)
        log.warning("lease_not_released", shop=shop, error=str(e))


class _Shop:
    """One shop at one instant."""

    def __init__(self, shop: str, config: Config, store: Store, now: datetime) -> None:
        self.shop, self.config, self.store, self.now = shop, config, store, now
        self.day = AccountDay.of(now, config.shop.timezone).date

    def answer(self) -> Answer:
        """What is due is done. Raises StoreError, LeaseTaken."""
        with self.store.as_one():
            early, moment = self._early()
            if early is not None:
                return early
            known = self._known()
        return self._decide(known, moment)

    def _known(self) -> Snapshot | Exception:
        """What the decision stands on; what went wrong in gathering it is told when nothing is read any more."""
        try:
            return cycle.snapshot_of(self.config, self.store, self.now)
        except (StoreError, LeaseTaken):
            raise
        except Exception as e:
            return e

    def _early(self) -> tuple[Answer | None, datetime | None]:
        """Why it is not to be decided now, if so; else for which moment of an event, if any."""
        today = self.day.isoformat()
        moment = None
        if self.store.value(DECIDED_DAY) == today:
            moment = due_moment(self.config, self.store, self.now)
            if moment is None:
                return self._said("already", self._next(), parts=self._left()), None
        elif self.now < opens(self.config, self.day):
            return self._said("early", opens(self.config, self.day)), None
        if not self._read():
            return self._said("unread", self.now + min(self._pause(), 5 * AGAIN)), None
        at_last = latest(self.config, self.day)
        if moment is None and self.now < at_last and not complete(self.config, self.store, self.day):
            return self._said("early", min(at_last, self.now + self._pause())), None
        return None, moment

    def _decide(self, known: Snapshot | Exception, moment: datetime | None) -> Answer:
        key, said = (DECIDED_DAY, self.day.isoformat()) if moment is None else (DECIDED, moment.isoformat())
        begun = moment or latest_moment(self.config, self.now)
        values: dict[str, Any] = {} if begun is None else {DECIDED: begun.isoformat()}
        try:
            if isinstance(known, Exception):
                raise known
            decision = decide(known, self.config.policy)
            shown = document(decision).model_dump(mode="json")
            bids = self._bids(decision)
        except (StoreError, LeaseTaken):
            raise
        except (
            Exception
        ) as e:  # whatever went wrong in deciding: today's budgets stay, and it is said (FAILURES, law 1)
            reason = str(e) if isinstance(e, BidderError) else f"{type(e).__name__}: {e}"
            return self._no_plan(key, said, values, reason, e)
        if bids:
            shown["bids"] = bids
        with self.store.as_one():  # one transaction for all that is read before it is saved
            parts = () if self._asks(decision) else [*self._parts(decision), *self._bid_parts(decision, bids)]
            values[APPLIES] = {"plan": decision.plan.id, "parts": [[*part, budgets] for part, budgets in parts]}
            values[APPLIES] |= {"once": decision.limits.reference is None}
            values[APPLIES] |= {"agreed": self._agreed(decision)}
            saved = cycle.save_once(decision, shown, self.store, self.now, key, said, values)
        if not saved:
            return self._said("already", self._next(), parts=self._left())
        log.info(
            "pass_done",
            shop=self.shop,
            plan=decision.plan.id,
            day=self.day.isoformat(),
            changes=len(decision.plan.moved),
            held=sorted({held.check for held in decision.held}),
            policy=self.config.digest,
        )
        wants = self.config.schedule.digest is not None and any(one.digest for one in self.config.receivers)
        asked = tuple(part for part, _ in parts)
        return self._said("decided", self._next(), plan=decision.plan.id, parts=asked, digest=wants)

    def _no_plan(self, key: str, said: str, values: Mapping[str, Any], reason: str, e: Exception) -> Answer:
        self.store.check_leases()
        self.store.append("note", self.now, what="no plan today: budgets stay as they are", reason=reason)
        for name, value in {**values, key: said}.items():
            self.store.set_value(name, value)
        log.error("no_plan", shop=self.shop, error=reason, exc_info=not isinstance(e, BidderError))
        return self._said("failed", self._next(), reason=reason)

    def _said(self, result: str, next_at: datetime, **more: Any) -> Answer:
        return Answer(self.shop, result, next_at, **more)

    # ---- what is to be written

    def _bids(self, decision: Decision) -> list[dict[str, Any]]:
        """Bids that go with the decision. Whatever goes wrong in proposing: they stay, and it is said."""
        if not self.config.bids:
            return []
        try:
            with self.store.as_one():
                return [dict(one) for one in cycle.offered(decision, self.config, self.store)]
        except (StoreError, LeaseTaken):
            raise
        except Exception as e:
            reason = str(e) if isinstance(e, BidderError) else f"{type(e).__name__}: {e}"
            self.store.append("note", self.now, what="no bids today: they stay as they are", reason=reason)
            log.error("no_bids", shop=self.shop, error=reason, exc_info=not isinstance(e, BidderError))
            return []

    def _bid_parts(self, decision: Decision, bids: list[dict[str, Any]]) -> Sequence[tuple[Part, list[str]]]:
        """Bids of accounts where they are written, after all budgets. Nothing of a plan that is held as a whole."""
        if any(held.budget is None for held in decision.held) or self.store.state() is State.HALTED:
            return ()
        found: dict[Part, list[str]] = {}
        modes = {account.id: account.mode for account, _ in self.config.accounts}
        for name, settings in self.config.bids.items():
            if name in modes and settings.mode.within(modes[name]) is BidMode.APPLY:
                named = [one["id"] for one in bids if str(one["id"]).partition("/")[0] == name]
                found |= {(str(name), "bids"): named} if named else {}
        return sorted(found.items())

    def _agreed(self, decision: Decision) -> list[str]:
        return approved_beforehand(decision, [account for account, _ in self.config.accounts])

    def _parts(self, decision: Decision) -> Sequence[tuple[Part, list[str]]]:
        """What accounts are to have: all falls before the first rise. Nothing of a plan that is held as a whole."""
        if any(held.budget is None for held in decision.held) or self.store.state() is State.HALTED:
            return ()
        applying = {account.id for account, _ in self.config.accounts if account.mode is Mode.APPLY}
        agreed = set(self._agreed(decision))
        found: dict[Part, list[str]] = {}
        for change in decision.plan.moved:
            if change.budget.account in applying or str(change.budget) in agreed:
                part = (str(change.budget.account), "rises" if raises(change) else "falls")
                found.setdefault(part, []).append(str(change.budget))
        return sorted(found.items(), key=lambda one: (one[0][1], one[0][0]))

    def _left(self) -> tuple[Part, ...]:
        """Parts of today's plan that nobody has written yet."""
        kept = self.store.value(APPLIES) or {}
        return tuple((account, way) for account, way, _ in kept.get("parts", ()))

    def _asks(self, decision: Decision) -> bool:
        """Whether a person has to be asked first."""
        said = waits_for_somebody(self.store, self.config, decision, self.now)
        if said is not None:
            log.warning("plan_waits", shop=self.shop, reason=said, policy=self.config.digest)
        return said is not None

    # ---- when

    def _next(self) -> datetime:
        """When the shop is due again: tomorrow, or at the next moment of an event."""
        tomorrow = opens(self.config, self.day + timedelta(days=1))
        moment = next_moment(self.config, self.now)
        return tomorrow if moment is None else min(tomorrow, moment)

    def _pause(self) -> timedelta:
        return self.config.schedule.poll / 4

    def _read(self) -> bool:
        """Whether an account was read lately: nothing is decided on what was known long ago."""
        oldest = self.now - 2 * self.config.schedule.poll - timedelta(minutes=5)
        sources = [str(account.id) for account, _ in self.config.accounts]
        read = [self.store.value(polled_key(one)) for one in sources]
        return any(at is not None and datetime.fromisoformat(at) >= oldest for at in read)

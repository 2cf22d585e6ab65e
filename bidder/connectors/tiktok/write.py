"""Sets daily budgets on TikTok: Money → the currency's own unit, by the call for that kind of campaign."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, time
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from bidder.catalog import Account, Budget
from bidder.connectors.http import Reply, dig
from bidder.connectors.own import own
from bidder.connectors.tiktok import limits, parse
from bidder.connectors.tiktok.client import Client
from bidder.connectors.tiktok.codes import PARTLY, code_of, proves_refusal, words_of
from bidder.connectors.tiktok.reading import believe, remember
from bidder.connectors.tiktok.ways import Way
from bidder.connectors.writer import Writer, unanswered, unfit
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import Money
from bidder.plan import Applied, Outcome, Refused, Unresolved

__all__ = ["LOCKED_FROM", "TikTokWriter", "outcome_of"]

LOCKED_FROM = time(23, 55)
"""From here to midnight on the account's clock the platform lets no budget be changed."""


class TikTokWriter(Writer[Client]):
    """Writes budgets of one advertiser."""

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError, also where it is no daily one."""
        own(self.account.id, "budgets", budget)
        native = budget.native
        if not _is_id(native):
            raise ConnectorError(self.account.id, "budgets", f"{budget} is no budget: expected digits", error="schema")
        await believe(self._client, self.account)
        way = self._ways.get(native)
        if way is Way.GMV_MAX or (way is None and self._client.settings.gmv_max):
            shopping = await self._of_gmv_max(native, needed=way is not None)
            if shopping is not None:
                return shopping
        known = await self._of_campaign(native) if way is None or not way.of_ad_group else None
        if known is None:
            known = await self._of_ad_group(native)
        remember(self._client, known)
        found = [one for one in known.budgets if one.id == budget]
        if not found:
            there = native in known.campaigns or native in known.campaign_by_group
            what = "has no daily budget of its own: it is left alone" if there else "is not in this account"
            raise ConnectorError(self.account.id, "budgets", f"data.list: {native} {what}", error="schema")
        return found[0]

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self.account.id, "budgets", budget)
        unit = limits.step_of(self.account.currency)
        refusal = unfit(self.account, amount, unit)
        if refusal is not None:
            return refusal
        if not _is_id(budget.native):
            return Refused(f"not sent: {budget} is no budget of this platform: expected digits")
        try:
            if budget.native not in self._ways:
                await self.read(budget)  # how it is set, and whether it is a daily one at all
            await believe(self._client, self.account)
        except ConnectorError as e:
            return Refused(f"not sent: {e.reason}")
        if _locked(self._client.http.timing.now(), self.account):
            return Refused("not sent: the platform changes no budget in the last five minutes of the account's day")
        way = self._ways[budget.native]
        sent = await self._client.set_daily_budget(way, budget.native, float(amount.to_decimal()))
        if not isinstance(sent, Reply):
            return unanswered(sent)
        return self._client.http.redacted(outcome_of(sent, budget, amount))

    @property
    def _ways(self) -> dict[str, Way]:
        found: dict[str, Way] = self._client.http.memory.setdefault("ways", {})
        return found

    async def _of_gmv_max(self, native: str, *, needed: bool) -> Budget | None:
        """The budget of a GMV Max campaign; None where there is none of that number."""
        try:
            payload = await self._client.gmv_campaign(native)
        except ConnectorError as e:
            if needed or e.error != "http_4xx":
                raise
            return None
        self._ways[native] = Way.GMV_MAX
        return parse.gmv_budget(payload, self.account, native)[0]

    async def _of_campaign(self, native: str) -> parse.Known | None:
        """What a campaign has; None where there is no campaign of that number."""
        known = parse.budgets(await self._client.campaigns([native]), [], self.account)
        return known if native in known.campaigns else None

    async def _of_ad_group(self, native: str) -> parse.Known:
        groups = await self._client.ad_groups([native])
        campaigns = {row.id("campaign_id") for _, row in parse.rows_of(groups, self.account, "budgets")}
        over = await self._client.campaigns(sorted(campaigns)) if campaigns else []
        return parse.budgets(over, groups, self.account)


def outcome_of(reply: Reply, budget: BudgetId, sent: Money) -> Outcome:
    """What a reply proves, before the read-back."""
    code = code_of(reply)
    if code is None:
        return Refused(f"{reply.status}: too many requests") if reply.status == 429 else _unclear(reply)
    words = words_of(reply)
    if code not in (0, PARTLY):
        return Refused(words) if reply.status < 500 and proves_refusal(code) else Unresolved(words)
    if reply.status != 200:
        return _unclear(reply)
    data = dig(reply.data, "data")
    failed = _failures(data)
    if failed:
        named = [one for one in failed if _names(one, budget.native)]
        reason = f"{words}: {named[0] if named else failed[0]}"
        return Refused(reason) if named else Unresolved(reason)
    if code == PARTLY:
        return Unresolved(words)
    for name in ("campaign_id", "adgroup_id"):
        named_id = dig(data, name)
        if named_id is not None and str(named_id) == budget.native and not _same(dig(data, "budget"), sent):
            return Unresolved(f"the platform stored {dig(data, 'budget')} instead of {sent}")
    return Applied(sent)


def _failures(data: Any) -> list[Any]:
    """What a reply lists as not done, under whichever name."""
    if not isinstance(data, Mapping):
        return []
    lists = [value for name, value in data.items() if isinstance(value, list) and re.search("fail|error", str(name))]
    return [one for found in lists for one in found]


def _names(failure: Any, native: str) -> bool:
    """Whether an entry of a list of failures is about that budget."""
    if isinstance(failure, Mapping):
        return any(str(failure.get(name)) == native for name in ("adgroup_id", "campaign_id", "id"))
    return str(failure) == native


def _same(stored: Any, sent: Money) -> bool:
    """Whether a stored amount is the one that was sent; one that is not told may be."""
    if stored is None:
        return True
    try:
        return Decimal(str(stored)) == sent.to_decimal()
    except InvalidOperation:
        return False


def _unclear(reply: Reply) -> Unresolved:
    return Unresolved(f"{reply.status}: the reply does not say what became of the budget")


def _locked(now: datetime, account: Account) -> bool:
    return now.astimezone(ZoneInfo(account.timezone)).time() >= LOCKED_FROM


def _is_id(native: str) -> bool:
    return re.fullmatch(r"\d{1,25}", native, re.ASCII) is not None

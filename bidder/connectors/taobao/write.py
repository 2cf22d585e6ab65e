"""Sets daily budgets of 万相台无界 and of 直通车: Money → whole yuan, and what a reply proves."""

from __future__ import annotations

import json
import re
from typing import Any

from bidder.catalog import Budget
from bidder.connectors.body import Node
from bidder.connectors.http import Meaning, Reply, Sent, dig
from bidder.connectors.own import own
from bidder.connectors.taobao import parse, simba
from bidder.connectors.taobao.pages import top_result
from bidder.connectors.taobao.reading import believe, campaign_in_scenes
from bidder.connectors.taobao.set_levers import SetsBids
from bidder.connectors.taobao.settings import Api
from bidder.connectors.taobao.top import listed, proves_refusal, unwrapped, verdict
from bidder.connectors.writer import unanswered
from bidder.errors import ConnectorError
from bidder.ids import BudgetId
from bidder.money import MICROS, Money
from bidder.plan import Applied, Outcome, Refused, Unresolved

__all__ = ["TaobaoWriter", "outcome_of_batch", "outcome_of_simba"]


class TaobaoWriter(SetsBids):
    """Writes budgets and keyword prices of one seller's account."""

    async def read(self, budget: BudgetId) -> Budget:
        """The budget as the platform has it now. Raises ConnectorError, also where it has no daily limit."""
        own(self.account.id, "budgets", budget)
        if not _is_id(budget.native):
            raise ConnectorError(self.account.id, "budgets", f"{budget} is no budget: expected digits", error="schema")
        believe(self.account, self._client)
        if self._client.settings.api is Api.SIMBA:
            return await self._read_simba(budget)
        found = await campaign_in_scenes(self._client, self.account, budget.native)
        if found is None:
            raise ConnectorError(self.account.id, "budgets", f"there is no campaign {budget}", error="schema")
        return found

    async def set(self, budget: BudgetId, amount: Money) -> Outcome:
        """Asks for an absolute daily amount. Raises ConnectorError for another account's budget, never for a reply."""
        own(self.account.id, "budgets", budget)
        refusal = self._unfit(budget, amount)
        if refusal is not None:
            return Refused(f"not sent: {refusal}")
        try:
            sent = await self._send(budget, amount.micros // MICROS)
        except ConnectorError as e:  # a read before the write: nothing has been sent
            return Refused(f"not sent: {e.reason}")
        if isinstance(sent, Refused):
            return sent
        if not isinstance(sent, Reply):
            return self._client.http.redacted(unanswered(sent))
        judge = outcome_of_simba if self._client.settings.api is Api.SIMBA else outcome_of_batch
        return self._client.http.redacted(judge(sent, budget, amount))

    def _unfit(self, budget: BudgetId, amount: Money) -> str | None:
        """Why this amount may not even be asked for: an amount that is none would lift the limit."""
        if amount.currency != self.account.currency:
            return f"the account is in {self.account.currency}, the amount in {amount.currency}"
        if amount.micros <= 0 or amount.micros % parse.STEP:
            return f"{amount} is no amount of whole yuan above 0"
        if amount.micros < parse.MINIMUM:
            return f"{amount} is less than the {Money(parse.MINIMUM, amount.currency)} that the platform takes"
        if self._client.settings.api is Api.SIMBA and amount.micros > simba.MAXIMUM:
            return f"{amount} is more than the {Money(simba.MAXIMUM, amount.currency)} that the platform takes"
        return None if _is_id(budget.native) else f"{budget} is no budget of this platform: expected digits"

    async def _send(self, budget: BudgetId, yuan: int) -> Sent | Refused[Money]:
        believe(self.account, self._client)
        memory: dict[str, Any] = self._client.http.memory
        if self._client.settings.api is Api.SIMBA:
            if budget.native not in memory.get("smooth", {}):
                await self._read_simba(budget)
            return await self._client.set_simba_budget(budget.native, yuan, smooth=memory["smooth"][budget.native])
        if budget.native not in memory.get("scene", {}):
            found = await campaign_in_scenes(self._client, self.account, budget.native)
            if found is None:
                return Refused(f"not sent: there is no campaign {budget}")
        return await self._client.set_budgets(memory["scene"][budget.native], {budget.native: yuan})

    async def _read_simba(self, budget: BudgetId) -> Budget:
        campaigns = simba.campaigns(await self._client.simba_campaigns(), self.account)
        if budget.native not in campaigns:
            raise ConnectorError(self.account.id, "budgets", f"there is no campaign {budget}", error="schema")
        payload = await self._client.simba_budget(budget.native)
        found = simba.budget(payload, self.account, campaigns[budget.native])
        if found is None:
            reason = f"campaign_budget.budget: campaign {budget} has no daily limit: it is left alone"
            raise ConnectorError(self.account.id, "budgets", reason, error="schema")
        smooth: dict[str, bool] = self._client.http.memory.setdefault("smooth", {})
        smooth[budget.native] = simba.smooth(payload, self.account)
        return found


def outcome_of_batch(reply: Reply, budget: BudgetId, sent: Money) -> Outcome:
    """What a reply of 万相台无界 to a batch of this one budget proves, before the read-back.

    A success may hold failures: `error_details` names the campaigns that were refused, in fields that are not
    documented, so that any entry speaks for the only campaign that was sent, unless it names another.
    """
    failed = _failed(reply)
    if failed is not None:
        return failed
    try:
        top = top_result(Node(budget.account, "set", unwrapped(reply.data)))
        ok = str(dig(top.value, "info", "ok")).lower()
        names = [name for name in top.value if name.endswith("_part_data")] if isinstance(top.value, dict) else []
        parts = [top[name] for name in names if top.get(name) is not None]
        details = [one for part in parts if part.get("error_details") is not None for one in _listed(part)]
    except ConnectorError as e:
        return Unresolved(f"an unknown reply: {e.reason}")
    if ok != "true":
        return Unresolved("the reply does not say that it is ok")
    if not details:
        stored = _stored([part.value for part in parts], budget.native)
        if stored is not None and stored != str(sent.micros // MICROS):
            return Unresolved(f"the platform stored {stored} yuan instead of {sent.micros // MICROS}")
        return Applied(sent)
    words = "; ".join(_detail(one) for one in details)
    text = json.dumps(details, default=str)
    ids = set(re.findall(r"\d{6,}", text))
    if "isp." in text or (ids and budget.native not in ids):
        return Unresolved(words)  # a fault of the platform's own, or said of a campaign that was never sent
    return Refused(words)


def outcome_of_simba(reply: Reply, budget: BudgetId, sent: Money) -> Outcome:
    """What a reply of 直通车 proves, before the read-back: it repeats the budget that is stored."""
    failed = _failed(reply)
    if failed is not None:
        return failed
    stored = dig(unwrapped(reply.data), "campaign_budget")
    if str(dig(stored, "campaign_id")) != budget.native:
        return Unresolved("the reply does not name the campaign that was set")
    amount = dig(stored, "budget")
    if str(amount) == str(sent.micros // MICROS):
        return Applied(sent)
    return Unresolved(f"the platform stored {'no limit' if amount in (None, '', 0, '0') else amount}")


def _failed(reply: Reply) -> Outcome | None:
    """The outcome of a reply that is no success, None for one that is."""
    said = verdict(reply)
    if said.meaning is Meaning.OK:
        return None
    if isinstance(dig(reply.data, "error_response"), dict):
        return Refused(said.reason) if proves_refusal(reply) else Unresolved(said.reason)
    refused = said.meaning is Meaning.FAILED and reply.status == 200  # info.ok is false, with a code of its own
    return Refused(said.reason) if refused else Unresolved(said.reason)


def _listed(part: Node) -> list[Any]:
    return [one.value for one in listed(part, "error_details")]


def _detail(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    return ": ".join(str(value) for value in entry.values() if isinstance(value, str | int)) or "without a reason"


def _stored(value: Any, native: str) -> str | None:
    """The amount that the reply repeats for the campaign, None where it repeats none."""
    if isinstance(value, list):
        return next((found for one in value if (found := _stored(one, native)) is not None), None)
    if not isinstance(value, dict):
        return None
    if str(value.get("campaign_id")) == native and value.get("day_budget") is not None:
        text = str(value["day_budget"])
        return text.rstrip("0").rstrip(".") if "." in text else text
    return _stored(list(value.values()), native)


def _is_id(native: str) -> bool:
    return re.fullmatch(r"\d{1,20}", native, re.ASCII) is not None

"""What a shop needs, in words: one sentence for a kind of need, in Chinese and English.

Used by the list of shops, their page, the agency's digest and its alerts.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["NEEDS", "Language", "need_text"]

Language = Literal["zh", "en"]

NEEDS: dict[str, dict[Language, str]] = {
    "broken": {"zh": "配置有错，没在管：{detail}", "en": "its files cannot be used: {detail}"},
    "unread": {"zh": "读不到数据：{detail}", "en": "its store cannot be read: {detail}"},
    "unresolved": {"zh": "{detail} 笔写入结果不明", "en": "{detail} writes without a known outcome"},
    "halted": {"zh": "已停手（{detail}），预算照旧在花", "en": "halted ({detail}); budgets run on as they are"},
    "no_plan": {"zh": "今天没有方案，预算照旧：{detail}", "en": "no plan today, budgets stay: {detail}"},
    "stale": {"zh": "数据断了：{detail}", "en": "figures stopped coming: {detail}"},
    "over_pace": {"zh": "本月花得太快（进度 {detail}）", "en": "the month is spent too fast (pace {detail})"},
    "held": {"zh": "方案被拦下：{detail}", "en": "held: {detail}"},
    "reducing": {"zh": "只降不升（{detail}）", "en": "budgets may only fall ({detail})"},
    "poll_failed": {"zh": "上次读取失败：{detail}", "en": "the last reading failed: {detail}"},
    "approve": {"zh": "{detail} 处改动待审批", "en": "{detail} changes wait for a yes"},
    "by_hand": {"zh": "{detail} 处预算要手工改", "en": "{detail} budgets to type in"},
}
"""Kind → language → sentence."""

_RISK: dict[Language, str] = {"zh": "，每天关系 {amount} {currency}", "en": "; {amount} {currency} a day"}


def need_text(kind: str, detail: str, at_risk: float, currency: str, language: Language) -> str:
    """One need as a sentence, with the money a day that hangs on it where it is known."""
    said = NEEDS[kind][language].format(detail=detail).removesuffix(": ").removesuffix("：").replace("（）", "")
    said = said.replace(" ()", "")
    if at_risk >= 1:
        said += _RISK[language].format(amount=f"{at_risk:,.0f}", currency=currency)
    return said

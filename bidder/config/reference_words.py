# ruff: noqa: E501 - a table of sentences in two languages reads best with a sentence a line
"""Words of the reference page that are in no model: its frame, the examples, and all meanings in Chinese.

`ZH` is keyed by the English sentence of the model, so a sentence that changes there asks for its translation here.
Terms are those of the shop's operator (投产比, 费比, 日预算, …).
"""

from __future__ import annotations

from collections.abc import Mapping

from bidder.config.schema import PRIORITY

__all__ = ["COLUMN_WORDS", "EXAMPLES", "PAGE", "ZH"]

PAGE: Mapping[str, Mapping[str, str]] = {
    "en": {
        "title": "Rules",
        "intro": "A file of rules is a list. Each rule has a name, exactly one of the words below, and says with `where` "
        "which budgets it means and with `when` on which days. Made from the models by "
        "`python -m bidder.config.reference docs`; do not edit.",
        "key": "key",
        "meaning": "meaning",
        "field": "field",
        "unit": "written as",
        "default": "default",
        "needed": "needed",
        "conditions": "Conditions",
        "conditions_intro": "`where` and `when` are CEL over these names. A budget of several products is meant when any "
        "of them is; what is unknown chooses nothing.",
        "name": "name",
        "patterns_intro": "Short patterns stand for common conditions. A list means any of its values, several keys mean all "
        "of them: `where: {channel: [search, feed], tag: hero}`.",
        "pattern": "pattern",
        "products_intro": "UTF-8 (or GB18030) with a header; the order of columns is free, only `id` is needed. An empty cell "
        "is unknown, which is said and never taken for zero in silence.",
        "column": "column",
        "or": "or",
        "percent": "a percentage, `30%`",
        "duration": "a duration, `7d` or `26h`",
        "money": "money, `200` or `200 CNY`",
        "number": "a number",
        "whole": "a whole number",
        "date": "a date, `2026-05-01`",
        "list": "a list",
        "phase": "a phase, see below",
        "instant": 'a day `2026-11-11` or an hour `"2026-11-10 20:00"`',
        "text": "text",
    },
    "zh": {
        "title": "规则",
        "intro": "规则文件是一个列表。每条规则有名字、下面的一个词（只能一个），用 `where` 说管哪些日预算，用 `when` 说管哪几天。"
        "本页由程序从模型生成（`python -m bidder.config.reference docs`），请勿手改。",
        "key": "键",
        "meaning": "意思",
        "field": "字段",
        "unit": "写法",
        "default": "默认",
        "needed": "必填",
        "conditions": "条件",
        "conditions_intro": "`where` 和 `when` 是 CEL 表达式，可用下面的名字。一个日预算带多个商品时，有一个符合就算；不知道的值什么也不选。",
        "name": "名字",
        "patterns_intro": "常见条件可简写。列表表示其中任一，多个键表示都要满足：`where: {channel: [search, feed], tag: hero}`。",
        "pattern": "简写",
        "products_intro": "UTF-8（或 GB18030），第一行是表头，列的顺序随意，只有 `id` 必填。空格子表示不知道：会说出来，绝不悄悄当作 0。",
        "column": "列",
        "or": "或",
        "percent": "百分数，如 `30%`",
        "duration": "时长，如 `7d`、`26h`",
        "money": "金额，如 `200`、`200 CNY`",
        "number": "数字",
        "whole": "整数",
        "date": "日期，如 `2026-05-01`",
        "list": "列表",
        "phase": "阶段，见下",
        "instant": '日期 `2026-11-11` 或时刻 `"2026-11-10 20:00"`（带引号）',
        "text": "文字",
    },
}

EXAMPLES: Mapping[str, str] = {
    "total": """
- {name: traffic products have their price, where: {tag: traffic}, total: {max: 200}}
- {name: a week, total: {max: 12000, per: week}}
- {name: no channel above 800, total: {max: 800, by: channel}}
""",
    "cash": "- {name: until the platform pays, cash: {max: 20000, days: 15d}}",
    "tacos": "- {name: ad cost of the shop, tacos: {max: 15%}}",
    "share": """
- {name: heroes carry the shop, where: {tag: hero}, share: {min: 40%, max: 70%}}
- {name: no platform above half, share: {max: 50%, by: platform}}
""",
    "budget": """
- {name: clearance, where: {tag: clearance}, budget: {max: 60}}
- {name: winter, where: {tag: winter}, when: {month: [nov, dec, jan]}, budget: {multiply: 1.3}}
""",
    "pin": "- {name: an agreement, where: {budget: wxt/12345}, pin: {at: 300}}",
    "step": "- {name: gentle, step: {raise: 30%, cut: 40%, min: 10, cooldown: 1d}}",
    "learning": "- {name: let it learn, where: {channel: site}, learning: {days: 7d, orders: 20}}",
    "roas": "- {name: no push below break-even, roas: {min: break_even}}",
    "marginal_roas": "- {name: the last yuan pays, marginal_roas: {min: 2.5}}",
    "cpa": "- {name: an order costs at most 35, cpa: {max: 35}}",
    "margin": "- {name: thin margin, margin: {min: 15%}}",
    "stock": "- {name: stock has to last, stock: {cover: 7d}}",
    "hot_list": "- {name: hot list, hot_list: {size: 20, heroes: 3, keep: [P01], floor: 100}}",
    "launch": "- {name: new products, where: {tag: new}, launch: {max: 1500, day: 100, days: 7d}}",
    "explore": "- {name: try something, explore: {part: 5%, budgets: 2, min: 60}}",
    "holdout": "- {name: proof, holdout: {share: 20%, weeks: 4, from: 2026-12-01}}",
    "exclude": "- {name: tracking was broken, where: {account: wxt}, exclude: {from: 2026-05-01, to: 2026-05-03}}",
}

COLUMN_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "id": "the shop's item id or SKU",
        "name": "its name",
        "price": "average paid price (not the list price)",
        "cost": "cost of the goods",
        "fee_rate": "category and service fees and commissions, as a share of the price",
        "ship": "freight of an order; lost when it is returned",
        "pack": "packaging of an order",
        "insurance": "return freight insurance, paid on every order",
        "return_rate": "matured value share refunded",
        "resale": "share of a returned good's cost that is kept (1: sold again as new)",
        "overhead": "other cost of an order: handling, service",
        "stock": "pieces in stock",
        "lead_days": "days until ordered goods arrive",
        "restock_date": "when goods come in",
        "tags": "tags, separated by spaces",
        "category": "its category, for `by: category`",
        "campaigns": "numbers of campaigns that advertise it, where a platform does not say",
    },
    "zh": {
        "id": "商品ID 或商家编码",
        "name": "商品名称",
        "price": "平均支付价（不是标价）",
        "cost": "成本",
        "fee_rate": "类目佣金、软件服务费、淘宝客佣金等占支付价的比例",
        "ship": "每单运费；退货也收不回",
        "pack": "每单包装",
        "insurance": "退货运费险，每单都付",
        "return_rate": "已成熟的退款率（按金额）",
        "resale": "退回的货能保住多少成本（1：可当新货再卖）",
        "overhead": "每单其他费用：人工、客服",
        "stock": "库存件数",
        "lead_days": "到货周期（天）",
        "restock_date": "补货日期",
        "tags": "标签，用空格隔开",
        "category": "类目，用于 `by: category`",
        "campaigns": "推它的计划号，平台不给商品时填",
    },
}

ZH: Mapping[str, str] = {
    "What plans and prices call it.": "规则的名字，调整方案和价格里都用它。",
    "Which budgets: CEL, or a short pattern. Without it: every budget.": "管哪些日预算：CEL 或简写；不写就是全部。",
    "`purse`: the event's purse pays for what the multiple adds, and is never exceeded; inside it no step brakes.": (
        "`purse`：多出来的钱由大促口袋出，整场不会超；口袋之内加价不受步幅限制。"
    ),
    "the calendar's event that its products are in, else empty": "商品正在参加的大促（大促日历里的名字），没有就是空",
    "its phase at the hour of the decision, else empty": "此刻处于大促的哪个阶段，没有就是空",
    "the day of the phase, 1 for its first; 0 outside events": "阶段的第几天，从 1 数起；不在大促为 0",
    "by which part the price is lower now (0.15 = 15 %)": "现在价格低多少（0.15 即 15 %）",
    "On which days: CEL over date and event, or a short pattern.": "管哪几天：关于日期和活动的 CEL 或简写。",
    PRIORITY: "规则冲突时谁先让步：数字小的先让，可写 1 到 49。不写按种类：试探 5，占比和爆款榜 10，投产比、每单成本、费比 20，"
    "步长 30（可写 30 到 39），金额和合计 40。管全部的合计、库存、平台规定排在这些之上。",
    "false switches the rule off.": "false 表示停用。",
    "Why the rule is there; shown beside it.": "为什么有这条规则；会显示在旁边。",
    "The most that the daily budgets of the chosen may add up to; of all of them, it is never relaxed.": "所选日预算合计的上限；管全部时绝不放宽。",
    "At most so much in all, for example `3000` or `500 USD`.": "合计最多多少，如 `3000` 或 `500 USD`。",
    "In which time: a `day`, a `week` (from Monday) or a calendar `month`.": "多长时间：一天 `day`、一周 `week`（周一起）或一个自然月 `month`。",
    "At most so much for each `channel`, `account`, `platform`, `currency`, `group` or `category` on its own.": "按渠道 `channel`、账户 `account`、平台 `platform`、币种 `currency`、分组 `group` 或类目 `category` 各自不超过这么多。",
    "The most ad money that is out at one time, until the platform pays the sales out.": "货款到账前，同时垫在外面的推广费上限。",
    "At most so much out at one time, for example `20000`.": "同时最多垫多少，如 `20000`。",
    "How long the platform takes to pay out, for example `15d`; whole days.": "平台多久回款，如 `15d`；整天。",
    "The most of the shop's sales that ads may cost (费比), month to date; not held during platform activities.": "费比上限（推广费 ÷ 全店支付金额），按本月至今；大促期间不管。",
    "At most this part of sales, for example `15%`.": "最多占销售的多少，如 `15%`。",
    "The part of the day's total that the chosen budgets get together.": "所选日预算合计占全天总预算的比例。",
    "At least this part, for example `40%`.": "至少占多少，如 `40%`。",
    "At most this part, for example `70%`.": "最多占多少，如 `70%`。",
    "At most this part for each `channel`, `account`, `platform`, `currency`, `group` or `category` on its own.": "按渠道、账户、平台、币种、分组或类目，各自最多占这么多。",
    "The least and the most of each chosen budget. For their sum see `total`.": "每个所选日预算自己的下限和上限；合计见 `total`。",
    "At least so much a day each, for example `100`.": "每个每天至少多少，如 `100`。",
    "At most so much a day each, or `minimum`: the platform's own least. Never 0, which may mean no limit there.": "每个每天最多多少，或 `minimum`（平台最低额）。不能写 0：有的平台 0 表示不限。",
    "On the days of `when` so many times the ordinary amount, for example `3` or `0.5`; needs a `when`.": "`when` 的日子里是平时的几倍，如 `3` 或 `0.5`；必须有 `when`，过后自动还原。",
    "The chosen budgets stay where a person put them; caps, stock and platforms still rank above.": "所选日预算固定在人定的数；上限、断货和平台规定仍优先。",
    "`now` for the amount in force, or an amount each, for example `200`.": "`now` 表示现在的数，或写每个的金额，如 `200`。",
    "How far each chosen budget may move in a day.": "每个所选日预算一天最多动多少。",
    "At most this part of the amount in force, up or down. Below zero: cut by at least this, before other steps.": "加减都最多动现有预算的这么多；写负数表示至少砍这么多，优先于其他步长。",
    "At most this part up; `0%` for no raise.": "最多加多少；`0%` 表示不加。",
    "At most this part down.": "最多减多少。",
    "A smaller change than this is left undone, for example `5%` or `10`.": "比这还小的改动就不改，如 `5%` 或 `10`。",
    "After a change of bidder's own the budget stays for so long; whole days.": "bidder 改过之后多久不再动；整天。",
    "Budgets of which too little is known yet are left to learn.": "数据还太少的（学习中）先让它学。",
    "Learning ends after so many days with spend; whole days.": "有花费的天数到了就不算学习中；整天，",
    "or with so many clicks": "或者点击量到了，",
    "or with so many orders.": "或者成交笔数到了。",
    "At most this part up a day while it learns.": "学习中一天最多加多少。",
    "At most this part down a day while it learns.": "学习中一天最多减多少。",
    "No more money than keeps the average: expected revenue over expected spend of each chosen budget.": "平均投产比不低于下限：按每个所选日预算的预计成交金额 ÷ 预计花费。",
    "At least this ROAS: a number, `break_even`, or `break_even * 1.2`.": "投产比至少多少：数字、`break_even`（保本）或 `break_even * 1.2`。",
    "No more money than pays at the margin: expected revenue of the last of it over its spend.": "最后一块钱也要回本：边际投产比不低于下限。",
    "At least this ROAS of the last money: a number, `break_even`, or `break_even * 1.2`.": "边际投产比至少多少：数字、`break_even` 或 `break_even * 1.2`。",
    "No more money than keeps the cost of an order: expected spend over expected orders of each chosen budget.": "每单成本不超过上限：预计花费 ÷ 预计成交笔数。",
    "At most so much ad money an order, for example `35`.": "每单最多花多少推广费，如 `35`。",
    "The least contribution of an order over its price, before ads, below which a product is not pushed.": "推广前毛利率低于这个数的商品不推。",
    "At least this margin, for example `15%`.": "毛利率至少多少，如 `15%`。",
    "How long what is in stock has to last at the orders that the ads bring.": "按广告带来的成交，库存至少要够卖几天。",
    "Stock has to last so long, for example `7d`: its pieces over these days are the most orders a day.": "库存要够卖多久，如 `7d`：库存 ÷ 天数就是一天最多的成交笔数。",
    "The products that the money goes to: heroes, auxiliaries, and what the others still get.": "钱投给哪些商品：爆款、辅助款，以及其他款还给多少。",
    "So many products enter; who is on the list stays until it ranks beyond one and a half times that for 3 days.": "前几名进榜；已在榜的，连续 3 天排到 1.5 倍名次之外才出榜。",
    "So many of them are heroes; the others are auxiliaries.": "其中几个是爆款，其余是辅助款。",
    "Ids of products that are always on the list.": "始终在榜的商品ID。",
    "At least so much a day for each budget of a hero, for example `100`.": "爆款每个日预算每天至少多少，如 `100`。",
    "At most so much a day for each budget of products that are not on the list.": "不在榜的商品，每个日预算每天最多多少。",
    "A purse for testing new products, all that was ever spent on the chosen counted.": "新品测试的总预算，所选日预算花过的全部计入。",
    "At most so much in all for the chosen together, for example `1500`.": "所选合计总共最多花多少，如 `1500`。",
    "At least so much a day each while it is tested, for example `100`.": "测试期间每个每天至少多少，如 `100`。",
    "How long each is tested, from its first day with spend; whole days.": "从第一天有花费起测几天；整天。",
    "A little of the day's money for one or two of the chosen budgets at a time, in turn.": "每天拿出一点钱，轮流试一两个所选日预算。",
    "This part of what is in force today, at most 10%.": "占现有总预算的多少，最多 10%。",
    "At most so many at a time.": "一次最多试几个。",
    "At least so much each, for example `60`: less shows nothing. Without it, twice the platform's minimum.": "每个至少多少，如 `60`：再少就看不出什么；不写就是平台最低额的两倍。",
    "How long each is tried; whole days.": "每个试多久；整天。",
    "A part of the chosen products that bidder leaves alone, to learn what it earns.": "一部分所选商品 bidder 不动，作对照组，看它到底多赚了多少。",
    "This part of the chosen products, at most 50%; heroes are never among them.": "占所选商品的多少，最多 50%；爆款绝不进对照组。",
    "Another number draws others.": "换个数字就抽另一批。",
    "How long.": "试多久。",
    "Its first day; with the next plan when left out.": "第一天；不写就从下一个调整方案开始。",
    "It does not begin where only a larger effect on profit than this would be seen.": "只能看出比这更大的利润差别时就不开始。",
    "Days of broken tracking, left out of what is learnt about the chosen budgets.": "统计出错的日子，不拿来学习。",
    "The first such day, for example `2026-05-01`.": "第一天，如 `2026-05-01`。",
    "The last such day; without it, the first alone.": "最后一天；不写就只有第一天。",
    "the shop's item id or SKU": "商品ID 或商家编码",
    "its name": "名称",
    "its tags, a list": "标签（列表）",
    "its category": "类目",
    "hero or auxiliary on yesterday's hot list, else empty": "昨天榜上的角色：hero 爆款、auxiliary 辅助款，否则为空",
    "average paid price, shop currency": "平均支付价（店铺币种）",
    "cost of the goods, shop currency": "成本（店铺币种）",
    "contribution of an order over its price, before ads (0.42 = 42 %)": "推广前毛利率（0.42 = 42 %）",
    "the ROAS at which ads neither earn nor lose (1 / margin)": "保本投产比（1 ÷ 毛利率）",
    "share of sales refunded (0.06 = 6 %)": "退款率（0.06 = 6 %）",
    "pieces in stock": "库存件数",
    "days until ordered goods arrive": "到货周期（天）",
    "stock over the units a day of the last 14 days": "可售天数：库存 ÷ 最近 14 天日均件数",
    "account/budget": "账户/日预算",
    "its group, for example a portfolio": "分组，如组合",
    "ids of its products, a list": "它推的商品ID（列表）",
    "the amount in force, shop currency": "现在的日预算（店铺币种）",
    "the platform's least amount, shop currency": "平台最低额（店铺币种）",
    "active, paused or removed": "active 投放中、paused 暂停、removed 已删",
    "whether a target steers it and its budget is only a lid": "是否由目标投产比控制，预算只是上限",
    "the campaign's name": "计划名称",
    "the platform's numbers of the campaigns on the budget, a list": "用这个预算的计划号（列表）",
    "search, feed, site, content, live, activity or item_ops, or the file's own; empty when unknown": (
        "search 关键词、feed 人群、site 全站、content 短视频和内容、live 直播、activity 活动、item_ops 货品运营，或报表里自己的叫法；"
        "不知道则为空"
    ),
    "the account's name in bidder.yaml": "bidder.yaml 里的账户名",
    "its platform": "平台",
    "observe, propose, apply or manual": "observe 只看、propose 待审批、apply 自动、manual 手工",
    "its currency": "币种",
    "the shop's currency": "店铺币种",
    "spent this calendar month before today": "本月今天之前已花",
    "the day that is decided; compare it with date('2026-11-11')": "要决定的那一天；与 date('2026-11-11') 比较",
}
"""English meaning → Chinese."""

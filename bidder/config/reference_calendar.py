# ruff: noqa: E501 - a table of sentences in two languages reads best with a sentence a line, in its own signs
"""The part of the reference page about calendar.yaml and products.csv: every key from the models, words in two languages.

Read by :mod:`bidder.config.reference`. `ZH` is keyed by the English sentence of the model, like that of the words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from bidder.config.calendar_file import calendar_json_schema
from bidder.config.products import COLUMNS, COSTS
from bidder.config.reference_words import COLUMN_WORDS, PAGE
from bidder.promotion import Phase

__all__ = ["calendar_section", "files_section", "products_section"]

Language = Literal["en", "zh"]

FILES: Mapping[str, str] = {
    "en": """\
## Files

A shop is a folder of four files; `bidder check --config FILE` says what is wrong in any of them, with file, line and column.

| file | what stands in it |
|---|---|
| `bidder.yaml` | the shop, its caps, the ad accounts, and where the other files are |
| `rules/*.yaml` | the rules below |
| `products.csv` | prices and costs, of which margin and break-even are computed |
| `calendar.yaml` | events (大促): phases, goods, prices, purses |

The least that runs; `mode: observe` only looks, so nothing can go wrong while you write:

```yaml
shop: {name: my-shop, title: My shop, currency: CNY, timezone: Asia/Shanghai}
budget: {month: 60000, day: {max: 3000}}
accounts:
  - {name: wxt, platform: sandbox, mode: observe}   # the real platforms and their keys: docs/platforms
products: products.csv
calendar: calendar.yaml
rules: [rules/*.yaml]
```

Amounts without a currency are in the shop's. Every key of `bidder.yaml` with its meaning: `bidder schema bidder`, which an editor with YAML support shows as you write.
""",
    "zh": """\
## 文件

一家店就是一个文件夹里的四个文件；`bidder check --config 文件` 会指出哪个文件哪一行哪一列有问题。

| 文件 | 写什么 |
|---|---|
| `bidder.yaml` | 店铺、上限、推广账户，以及其他文件在哪里 |
| `rules/*.yaml` | 下面的规则 |
| `products.csv` | 价格和成本，毛利与保本投产比由它算出 |
| `calendar.yaml` | 大促：阶段、货品、活动价、口袋 |

最少这样就能跑；`mode: observe` 只看不改，写的时候不会出事：

```yaml
shop: {name: my-shop, title: 我的店, currency: CNY, timezone: Asia/Shanghai}   # name 只能用 a-z、0-9、_、-；title 随意
budget: {month: 60000, day: {max: 3000}}          # 每月、每天最多花多少，谁也越不过
accounts:
  - {name: wxt, platform: sandbox, mode: observe}   # 真实平台和密钥的写法：docs/platforms
products: products.csv
calendar: calendar.yaml
rules: [rules/*.yaml]
```

不写币种的金额都是店铺币种。`bidder.yaml` 的每个键：`bidder schema bidder`，支持 YAML 的编辑器会边写边提示。
""",
}

CALENDAR: Mapping[str, Mapping[str, str]] = {
    "en": {
        "intro": "A list of events. Hours are the shop's; `24:00` is the end of a day; a burst counts from one hour before it opens. An event of last year that stays in the file is learnt from.",
        "phases": "Keys of a phase:",
        "what": "what bidder does",
    },
    "zh": {
        "intro": "大促的列表。时间按店铺时区；`24:00` 是当天结束；爆发提前一小时算起，钱提前到位。去年的大促留在文件里，会用来学习。",
        "phases": "阶段的键：",
        "what": "bidder 怎么做",
    },
}

PHASES: Mapping[Phase, tuple[str, str, str]] = {
    Phase.STORE_UP: (
        "蓄水",
        "carts count as part of an order; no cut for falling conversions; ROAS floors and CPA caps do not hold",
        "加购按比例折算成订单；不因转化下降而砍；投产比下限和每单成本上限不管",
    ),
    Phase.PRESALE: (
        "预售",
        "orders with a deposit count as far as they are paid up; no cut for falling conversions",
        "定金订单按尾款支付率折算；不因转化下降而砍",
    ),
    Phase.PREHEAT: ("预热", "no cut for falling conversions", "流量大不下单，不因转化下降而砍"),
    Phase.BURST: (
        "爆发",
        "the event's price and lift; rules with `from: purse` may raise without steps",
        "按活动价和预计倍数算；`from: purse` 的规则加价不受步幅限制",
    ),
    Phase.BALANCE: ("尾款", "the event's price, half of the lift", "按活动价，倍数减半"),
    Phase.STEADY: ("平稳期", "like ordinary days", "和平时一样"),
    Phase.ENCORE: ("返场", "the event's price, 0.6 of the lift", "按活动价，倍数的六成"),
    Phase.RECOVER: (
        "恢复",
        "budgets come back in three steps; no cut below those before the event",
        "三步回到活动前；不砍到活动前以下",
    ),
    Phase.REFUNDS: (
        "退款潮",
        "like ordinary days; refunds of the event are expected and no fault of the goods",
        "和平时一样；大促的退款在预料之中，不算商品的问题",
    ),
}

ZH: Mapping[str, str] = {
    "What plans, rules and `event.name` call it.": "大促的名字；方案、规则和 `event.name` 都用它。",
    "What it does to the shop, when.": "什么时候处于哪个阶段。",
    "Which products take part: CEL over what a product is, or a short pattern such as {tag: hero}. Without it: all.": "哪些商品参加：CEL 或简写，如 `{tag: hero}`；不写就是全部。",
    "By how much the price that is paid falls in presale, burst, balance and encore, coupons included.": "预售、爆发、尾款、返场时支付价低多少，含券，如 `15%`。",
    "What the platform takes of that price beyond its usual fees.": "平台比平时多扣多少（占支付价），如 `2%`。",
    "Paid once for taking part (坑位费).": "坑位费，整场付一次。",
    "Paid once for each product that takes part.": "每个参加的商品付一次。",
    "Money beyond ordinary budgets over the whole event, for rules with `from: purse`; never exceeded.": "大促口袋：整场比平时多花的钱，给 `from: purse` 的规则用；绝不超。",
    "How many times an ordinary day's sales a burst is expected to bring; learnt from the shop's own bursts.": "爆发日预计是平时的几倍，如 `3`；有过爆发就从自己的数据学。",
    "How many times the usual part of what it sells is paid back in the weeks after: 2 where it is not said.": "活动订单的退款是平时的几倍，如 `2`；不写按 2 倍。",
    "presale: the part of deposits that are paid up (尾款支付率); what is ordered with a deposit counts so much.": "预售的尾款支付率：定金订单按这个比例算，如 `85%`；不写按 85%。",
    "store_up: the part of pieces put into carts (加购) that are bought in the event; each counts so much.": "蓄水时加购的件数有多少会在大促里成交，如 `8%`；不写按 8%。",
    "The part of a burst's buyers that are new to the shop, for `bidder activities`.": "爆发的买家里新客占多少，给 `bidder activities` 算账用；与 `new_worth` 一起写。",
    "What a new buyer is worth beyond the order, for `bidder activities`.": "一个新客在这一单之外还值多少钱。",
    "Approved beforehand: up to so much a day of its goods' budgets, by phase, needs no further approval.": "事先批准：各阶段活动商品每天合计不超过这么多就不用再审批，如 `{burst: 6000}`。",
    "false: the shop may still join; `bidder activities` weighs it.": "`false` 表示还没报名，只由 `bidder activities` 算要不要报。",
    "The last day to join.": "报名截止日。",
    "store_up (蓄水), presale (预售), preheat (预热), burst (爆发), balance (尾款), steady, encore (返场), recover (恢复) or refunds (退款潮).": "阶段，见下表。",
    "Its first day, or the hour it opens.": "第一天，或开始的时刻。",
    "Its last day, or the hour it closes; 24:00 is the end of that day.": "最后一天，或结束的时刻；24:00 是当天结束。",
    "presale: from when deposits are paid up (尾款).": "预售：什么时候开始付尾款。",
}

EXAMPLE = """\
- name: 618
  goods: {tag: [hero, traffic]}
  discount: 15%
  fee: 2000
  purse: 30000
  lift: 3
  refunds: 2
  paid_up: 85%
  cart_rate: 8%
  approved: {burst: 6000}
  phases:
    - {phase: store_up, from: 2026-05-06, to: 2026-05-15}
    - {phase: presale, from: "2026-05-20 20:00", to: 2026-05-26, balance_from: "2026-05-27 20:00"}
    - {phase: preheat, from: 2026-06-15, to: 2026-06-16}
    - {phase: burst, from: "2026-06-17 20:00", to: "2026-06-18 24:00"}
    - {phase: recover, from: 2026-06-19, to: 2026-06-28}
    - {phase: refunds, from: 2026-06-21, to: 2026-07-13}
- name: 双12
  joined: false
  deadline: 2026-11-30
  fee_each: 200
  surcharge: 2%
  new_share: 40%
  new_worth: 15
  phases: [{phase: burst, from: "2026-12-11 20:00", to: "2026-12-12 24:00"}]
"""

SHEET = """\
id,name,price,cost,fee_rate,ship,pack,insurance,return_rate,resale,overhead,stock,lead_days,restock_date,tags,category,campaigns
P01,明前龙井礼盒,268,112,0.041,6,6,0.9,6%,0.95,2.5,640,20,2026-07-01,hero tea gift,tea,
P10,竹制茶盘,199,96,0.071,16,7,2.4,18%,0.8,3,95,35,,ware longtail,ware,12345 12346
"""

UNITS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "money": "money an order",
        "share": "`0.04` or `4%`",
        "whole": "a whole number",
        "date": "a date, `2026-07-01`",
        "text": "text",
        "words": "words, separated by spaces",
    },
    "zh": {
        "money": "金额（每单）",
        "share": "`0.04` 或 `4%`",
        "whole": "整数",
        "date": "日期，如 `2026-07-01`",
        "text": "文字",
        "words": "词，用空格隔开",
    },
}
_UNIT_OF: Mapping[str, str] = {
    **dict.fromkeys(("price", "cost", "ship", "pack", "insurance", "overhead"), "money"),
    **dict.fromkeys(("fee_rate", "return_rate", "resale"), "share"),
    **dict.fromkeys(("stock", "lead_days"), "whole"),
    "restock_date": "date",
    "tags": "words",
    "campaigns": "words",
}


def files_section(language: Language) -> Iterator[str]:
    """Which files there are, and the least that runs."""
    yield from FILES[language].rstrip().splitlines()


def calendar_section(language: Language, written: Mapping[str, str]) -> Iterator[str]:
    """Every key of calendar.yaml. `written` says of a schema (by its key) how a value is written."""
    text, words = PAGE[language], CALENDAR[language]
    definitions = calendar_json_schema()["$defs"]
    yield "## calendar.yaml"
    yield ""
    yield words["intro"]
    yield ""
    yield from _keys(definitions["EventSection"], "", language, written)
    yield ""
    yield words["phases"]
    yield ""
    yield from _keys(definitions["PhaseSection"], "phases.", language, written)
    yield ""
    yield f"| `phase` | {text['meaning']} | {words['what']} |"
    yield "|---|---|---|"
    for phase in Phase:
        name, en, zh = PHASES[phase]
        yield f"| `{phase.value}` | {name} | {en if language == 'en' else zh} |"
    yield ""
    yield "```yaml"
    yield from EXAMPLE.rstrip().splitlines()
    yield "```"


def _keys(schema: Mapping[str, Any], before: str, language: Language, written: Mapping[str, str]) -> Iterator[str]:
    text, needed = PAGE[language], set(schema.get("required", ()))
    yield f"| {text['key']} | {text['unit']} | {text['default']} | {text['meaning']} |"
    yield "|---|---|---|---|"
    for key, one in schema["properties"].items():
        said = " ".join(one["description"].split())
        default = one.get("default")
        shown = (
            "–"
            if default in (None, {})
            else f"`{default:.0%}`"
            if isinstance(default, float)
            else f"`{str(default).lower()}`"
        )
        shown = text["needed"] if key in needed else shown
        meaning = said if language == "en" else ZH[said]
        yield f"| `{key}` | {written[before + key]} | {shown} | {meaning} |"


def products_section(language: Language) -> Iterator[str]:
    """Every column of products.csv."""
    text, units = PAGE[language], UNITS[language]
    yield "## products.csv"
    yield ""
    yield text["products_intro"]
    yield ""
    yield f"| {text['column']} | {text['unit']} | {text['default']} | {text['meaning']} |"
    yield "|---|---|---|---|"
    unknown = {"en": "unknown", "zh": "不知道"}[language]
    nothing = {"en": "0, said as unknown", "zh": "按 0 算，并说明不知道"}[language]
    for name in COLUMNS:
        default = nothing if name in COSTS else unknown
        default = text["needed"] if name == "id" else "1" if name == "resale" else default
        yield f"| `{name}` | {units[_UNIT_OF.get(name, 'text')]} | {default} | {COLUMN_WORDS[language][name]} |"
    yield ""
    yield "```csv"
    yield from SHEET.rstrip().splitlines()
    yield "```"

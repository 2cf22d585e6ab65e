"""A shop in which every file, section, word and field of the configuration is written once: what is to be mutated."""

from __future__ import annotations

from pathlib import Path

__all__ = ["FILES", "write_whole_shop"]

BIDDER = """\
shop: {name: tea-house, title: 半日闲茶铺, currency: CNY, timezone: Asia/Shanghai}
objective: profit
budget:
  month: {usual: 60000, 2026-11: 90000}
  day: {max: 3000, event: 9000}
  overdelivery: 120%
plan: {sales: {month: {usual: 450000, 2026-11: 900000}}}
accounts:
  - {name: wxt, platform: sandbox, mode: propose, timezone: Asia/Shanghai, currency: CNY, seed: 3, path: sandbox.json}
  - {name: hand, platform: files, mode: manual, path: inbox/ads/*.csv}
activity:
  - {name: advisor, source: files, path: inbox/advisor/*.xlsx}
  - {name: till, source: mqtt, url: "mqtt://broker:1883", topic: shop/#, counts: added}
  - {name: push, source: http, counts: running}
budgets: budgets.csv
products: products.csv
calendar: calendar.yaml
rules: [rules/*.yaml]
store: sqlite:///bidder.db
web: {listen: 127.0.0.1:9108, token: {env: TOKEN}}
schedule:
  poll: 30m
  decide: {when: complete, from: "09:30", until: "11:00"}
  digest: after_decide
  lookback_days: 14
alerts:
  - {to: {env: HOOK}, levels: [warning, critical], digest: true, language: zh}
guard:
  raise: 30%
  cut: 40%
  target_driven: {step: 20%, cooldown: 3d}
  max_moved_share: 40%
  stale_after: {api: 26h, amazon: 50h, files: 78h, stock: 24h}
  min_history: {days: 7, or_clicks: 150}
"""

RULES = """\
- {name: week, total: {max: 15000, per: week}}
- {name: channels, total: {max: 2500, by: channel}}
- {name: cash, cash: {max: 20000, days: 15d}}
- {name: cost of ads, tacos: {max: 15%}}
- name: heroes carry the shop
  note: three of them
  where: "'hero' in product.tags"
  when: "event.phase != 'burst'"
  share: {min: 40%, max: 70%}
- {name: parts, where: {channel: [search, feed]}, share: {max: 80%, by: account}}
- {name: small, where: {tag: ware}, budget: {min: 40, max: 600}}
- {name: burst, when: {phase: burst}, budget: {multiply: 3, from: purse}}
- {name: winter, where: {product: P03}, when: {month: [nov, dec]}, budget: {multiply: 1.5}}
- {name: agreed, where: {budget: wxt/1}, pin: {at: 300}}
- {name: gentle, step: {raise: 30%, cut: 40%, min: 10, cooldown: 1d}}
- {name: whole site, where: {channel: site}, step: {max: 20%, min: 5%}}
- {name: nearly gone, where: product.stock_cover_days < 5.0, step: {max: -50%}}
- {name: let it learn, where: {channel: site}, learning: {days: 7d, clicks: 150, orders: 20, raise: 20%, cut: 10%}}
- {name: pays, where: "!('new' in product.tags)", roas: {min: break_even * 1.2}, priority: 25}
- {name: last yuan, where: {tag: tea}, marginal_roas: {min: 2.5}}
- {name: order, where: {tag: ware}, cpa: {max: 60}}
- {name: thin, where: {category: tea}, margin: {min: 15%}}
- {name: lasts, stock: {cover: 7d}, enabled: true}
- {name: list, hot_list: {size: 5, heroes: 3, keep: [P01], floor: 100, others: minimum}}
- {name: test, where: {tag: new}, launch: {max: 1500, day: 100, days: 7d}}
- {name: try, explore: {part: 5%, budgets: 2, min: 60, turn: 4d}}
- {name: proof, where: {category: ware}, holdout: {share: 10%, seed: 2}}
- {name: broken, where: {account: wxt}, exclude: {from: 2026-05-01, to: 2026-05-03}}
"""

CALENDAR = """\
- name: 618
  goods: "'hero' in product.tags"
  discount: 15%
  surcharge: 2%
  fee: 2000
  purse: 30000
  lift: 3
  approved: {burst: 6000}
  phases:
    - {phase: preheat, from: 2026-06-15, to: 2026-06-16}
    - {phase: burst, from: "2026-06-17 20:00", to: "2026-06-18 24:00"}
    - {phase: recover, from: 2026-06-19, to: 2026-06-28}
- name: 双11
  goods: {tag: [hero, tea]}
  joined: false
  deadline: 2026-10-01
  fee_each: 200
  phases:
    - {phase: presale, from: "2026-10-15 20:00", to: 2026-10-19, balance_from: "2026-10-20 20:00"}
    - {phase: burst, from: "2026-10-20 20:00", to: "2026-10-21 24:00"}
"""

PRODUCTS = """\
id,name,price,cost,fee_rate,ship,pack,insurance,return_rate,resale,overhead,stock,lead_days,restock_date,tags,category,campaigns
P01,Longjing,268,112,0.041,6.0,6.0,0.9,0.06,0.95,2.5,640,20,2026-07-01,hero tea,tea,11 12
P02,Jasmine,69,19,0.041,4.2,1.5,0.6,0.04,0.9,1.5,2300,12,2026-07-02,hero tea,tea,13
P03,Souchong,128,41,0.041,4.5,2.0,0.7,0.04,0.9,2.0,900,15,2026-07-03,hero tea,tea,14
P07,Gaiwan,58,16,0.071,7.5,3.5,1.4,0.09,0.8,1.0,780,18,2026-07-04,ware,ware,15
P11,Cold brew,49,14,0.041,3.8,1.0,0.5,0.04,0.85,1.0,1500,10,2026-07-05,new tea,tea,16
"""

FILES = {"bidder.yaml": BIDDER, "rules/rules.yaml": RULES, "calendar.yaml": CALENDAR, "products.csv": PRODUCTS}
ENVIRONMENT = {"TOKEN": "0123456789abcdef0123456789abcdef", "HOOK": "json://127.0.0.1:1/hook"}


def write_whole_shop(folder: Path) -> Path:
    """Its files in a folder; returns its bidder.yaml."""
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (folder / "budgets.csv").write_text("budget,amount\nhand/1,200\n", "utf-8")
    return folder / "bidder.yaml"

"""The text of a configuration to start from: what `bidder init` writes. Pure; nothing is read or written here."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence

__all__ = ["PLATFORMS", "configuration"]

_HEAD = """\
# bidder.yaml of {shop}. `bidder check` tells every fault with its place; `bidder schema` helps an editor.
# Nothing is written to a platform before an account's mode says so: observe, then propose, then apply.
shop:
  name: {shop}                 # a label of metrics: a-z, 0-9, _ and -
  currency: {currency}                   # of every amount below that names none
  timezone: {zone}         # of the shop's day and month

objective: profit                 # profit | revenue | orders | new_customers

# 老板定的线。The lines that nobody passes: set both before the first plan.
budget:
  month: 60000
  day: {{max: 3000}}
  overdelivery: platform          # plan for what a platform may spend beyond a daily budget

accounts:
"""
_TAIL = """
products: products.csv            # id, name, price, cost, stock, tags; without costs revenue is what can be maximised
rules: [rules/*.yaml]
store: sqlite:///bidder.db
web: {listen: 127.0.0.1:9108}     # for others, and to act on the page: token: {env: BIDDER_TOKEN}
schedule: {poll: 30m, decide: {when: complete, from: "09:30", until: "11:00"}}
guard: {raise: 30%, cut: 40%}     # the brake on ordinary moves of one day
"""
_ACTIVITY = """
activity:                         # what the shop itself did: 生意参谋 商品排行, Business Reports, GA4
  - {name: advisor, source: files, path: inbox/advisor/*}
"""
_BUDGETS = """
budgets: budgets.csv              # today's daily budgets of manual accounts
"""
_RULES = """\
# Each rule has a name, one word (step, share, total, roas, …: docs/rules.md) and by `where` the budgets it means.
- name: gentle
  note: 一天别动太多。
  step: {max: 30%, min: 5%, cooldown: 1d}
# - name: nearly sold out
#   where: product.stock_cover_days < product.lead_days + 3
#   step: {max: -50%}
"""

PLATFORMS: Mapping[str, str] = {
    "files": """\
  - name: {name}
    platform: files               # known by its downloads alone (docs/platforms/files.md)
    mode: manual                  # a person types what `bidder todo` lists; the next report proves it
    path: inbox/{name}/*          # where its reports are dropped
""",
    "google_ads": """\
  - name: gads
    platform: google_ads          # how to get each key: docs/platforms/google_ads.md
    mode: observe                 # observe | propose | apply
    customer_id: 123-456-7890     # the account's number
    # login_customer_id: 111-222-3333   # only with a manager account
    # currency: USD               # when it is not the shop's; the zone is the platform's own when left out
    credentials:
      client_id: {{env: GADS_CLIENT_ID}}
      client_secret: {{env: GADS_CLIENT_SECRET}}
      refresh_token: {{env: GADS_REFRESH_TOKEN}}
""",
    "amazon_ads": """\
  - name: amz
    platform: amazon_ads          # how to get each key: docs/platforms/amazon_ads.md
    mode: observe                 # observe | propose | apply
    profile_id: 1234567890123     # one profile is one marketplace
    # region: na                  # na, eu or fe
    # currency: USD               # when it is not the shop's; the zone is the profile's own when left out
    credentials:
      client_id: {{env: AMZ_CLIENT_ID}}
      client_secret: {{env: AMZ_CLIENT_SECRET}}
      refresh_token: {{env: AMZ_REFRESH_TOKEN}}
""",
    "taobao": """\
  - name: wxt
    platform: taobao              # how to get each key: docs/platforms/taobao.md
    mode: observe                 # observe | propose | apply
    currency: CNY
    timezone: Asia/Shanghai
    api: universalbp              # 万相台无界; simba for 直通车 of old
    credentials:
      app_key: {{env: TOP_APP_KEY}}
      app_secret: {{env: TOP_APP_SECRET}}
      session: {{env: TOP_SESSION}}
""",
    "meta": """\
  - name: meta
    platform: meta                # how to get each key: docs/platforms/meta.md
    mode: observe                 # observe | propose | apply
    ad_account_id: act_1234567890
    # currency: USD               # when it is not the shop's; the zone is the account's own when left out
    credentials:
      access_token: {{env: META_TOKEN}}
      # app_secret: {{env: META_APP_SECRET}}   # where the app asks for a proof
""",
    "tiktok": """\
  - name: tiktok
    platform: tiktok              # how to get each key: docs/platforms/tiktok.md
    mode: observe                 # observe | propose | apply
    advertiser_id: 7012345678901234567
    # gmv_max: true               # the account has GMV Max campaigns of TikTok Shop
    # currency: USD               # when it is not the shop's; the zone is the account's own when left out
    credentials:
      access_token: {{env: TIKTOK_TOKEN}}
""",
    "microsoft": """\
  - name: msads
    platform: microsoft           # how to get each key: docs/platforms/microsoft.md
    mode: observe                 # observe | propose | apply
    account_id: 149082887         # aid= in the address of the console
    customer_id: 21025739         # cid= in it
    # currency: USD               # when it is not the shop's; the zone is the account's own when left out
    token_file: msads.token       # keeps the newest refresh token: each use gives another
    credentials:
      client_id: {{env: MSADS_CLIENT_ID}}
      client_secret: {{env: MSADS_CLIENT_SECRET}}   # a native app has none
      refresh_token: {{env: MSADS_REFRESH_TOKEN}}
      developer_token: {{env: MSADS_DEVELOPER_TOKEN}}
""",
    "shopify": """\
  - name: shop
    platform: shopify             # orders, products, stock; how to get the keys: docs/platforms/shopify.md
    shop: my-shop                 # of my-shop.myshopify.com
    # currency: USD               # when it is not the shop's; the zone is the shop's own when left out
    credentials:
      client_id: {{env: SHOPIFY_CLIENT_ID}}
      client_secret: {{env: SHOPIFY_CLIENT_SECRET}}
""",
    "rest": """\
  - name: own
    platform: rest                # any platform with a JSON API, described here: docs/own-connector.md
    mode: observe                 # propose and apply need `set`; look at `bidder check --online` first
    base_url: https://ads.example.com
    # currency: USD               # when it is not the shop's
    credentials: {{key: {{env: OWN_KEY}}}}
    auth: {{header: {{X-Api-Key: "{{key}}"}}}}
    money: minor                  # 12050 is 120.50; units, hundredths, micros are others
    budgets:
      get: /v1/campaigns
      rows: data
      paging: {{by: page, name: page, size: 100}}
      fields: {{id: id, name: title, amount: daily_budget, status: {{path: state, active: [active], paused: [paused]}}}}
    report:
      get: /v1/stats
      query: {{from: "{{first}}", to: "{{last}}"}}
      rows: data
      paging: {{by: page, name: page, size: 100}}
      fields: {{day: date, campaign: campaign_id, clicks: clicks, spend: cost, orders: orders, revenue: paid}}
    set:
      put: /v1/campaigns/{{budget}}
      json: {{daily_budget: "{{amount}}"}}
      applied: data.daily_budget == _amount
      refused: [{{status: [400, 404, 429], when: error.code}}]   # replies that prove that nothing happened
""",
    "sandbox": """\
  - name: play
    platform: sandbox             # an invented shop, to try everything without keys
    mode: propose                 # observe | propose | apply
    seed: 0                       # which invented shop
    path: sandbox.json            # where its days are kept
    money: {currency}
""",
}
"""By platform: its account with every key that it needs, and the environment variables that hold its secrets."""


def configuration(
    shop: str,
    currency: str,
    zone: str,
    platforms: Sequence[str],
    named: Sequence[str],
    products: Mapping[str, str],
    activity: bool,
) -> dict[str, str]:
    """Path → text of each file.

    `named` are the accounts that exports name: each is one of files unless platforms are given. `products`: id → name.
    """
    accounts = [PLATFORMS[one].format(name="ads", currency=currency) for one in platforms]
    if not platforms:
        accounts = [PLATFORMS["files"].format(name=one, currency=currency) for one in named or ["ads"]]
    by_hand = not platforms or "files" in platforms
    text = _HEAD.format(shop=shop, currency=currency, zone=zone) + "".join(accounts)
    text += (_ACTIVITY if activity else "") + (_BUDGETS if by_hand else "") + _TAIL
    files = {"bidder.yaml": text, "products.csv": _table(products), "rules/base.yaml": _RULES}
    if by_hand:
        files["budgets.csv"] = "budget,amount,name\n"
    return files


def _table(products: Mapping[str, str]) -> str:
    """products.csv: what is known is filled, prices and costs are left for a person."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(("id", "name", "price", "cost", "stock", "tags"))
    lines.writerows((one, name, "", "", "", "") for one, name in products.items())
    return text.getvalue()

"""Whatever is wrong in a description is refused with its line when it is read, or named by the dry call."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from pydantic import BaseModel

from bidder.catalog import Account
from bidder.config.load import load
from bidder.connectors.registry import kind
from bidder.connectors.rest import kind as rest
from bidder.connectors.rest.dry import Shown
from tests.connectors.http.shops import bidder, history, served
from tests.connectors.rest.fake import KEYS, FakeRest
from tests.connectors.rest.refusals import refused_at_load

ENV = {f"KEY_{name.upper()}": value for name, value in KEYS.items()}

GOOD = """\
shop: {name: tea-house, currency: EUR, timezone: Europe/Berlin}
budget: {day: {max: 400}}
accounts:
  - name: own
    platform: rest
    mode: apply
    base_url: BASE
    timezone: Europe/Berlin
    attempts: 1
    requests_per_second: 1000
    credentials:
      shop_key: {env: KEY_SHOP_KEY}
      client_id: {env: KEY_CLIENT_ID}
      client_secret: {env: KEY_CLIENT_SECRET}
    auth:
      oauth: {token_url: "BASE/token", client_id: client_id, client_secret: client_secret}
      header: {X-Shop: "{shop_key}"}
    money: minor
    dates: "%d.%m.%Y"
    account: {get: /me, fields: {currency: me.money, timezone: me.zone}}
    budgets:
      post: /plans/search
      json: {page_size: 2}
      rows: data.list
      total: data.count
      paging: {by: cursor, next: data.next_mark, name: mark, place: json}
      fields:
        id: plan.id
        name: plan.title
        amount: plan.daily
        minimum: plan.least
        status: {path: plan.state, active: [running], paused: [halted], removed: [binned]}
        campaigns: jobs[].id
    read: {get: "/plans/{budget}", rows: data.list}
    report:
      post: /figures
      json: {from: "{first}", to: "{last}"}
      rows: data.list
      total: data.count
      paging: {by: cursor, next: data.next_mark, name: mark, place: json}
      fields:
        day: day
        budget: plan
        impressions: shown
        clicks: clicks
        spend: cost
        orders: orders
        revenue: {path: paid, unit: micros}
    set:
      put: /plans/{budget}/daily
      json: {daily: "{amount:text}", keep: true}
      applied: ok && data.daily == _amount_text
      refused:
        - {status: [200], when: ok == `false` && error.code != `500`}
        - {status: [404, 429]}
    replies:
      throttled: [{when: error.code == `17`, wait: error.seconds}]
      reason: error.text
"""

PAGES = "      paging: {by: cursor, next: data.next_mark, name: mark, place: json}\n"
BUDGETS = f"      rows: data.list\n      total: data.count\n{PAGES}      fields:\n        id"
REPORT = BUDGETS.removesuffix("id") + "day: day"
READ = '    read: {get: "/plans/{budget}", rows: data.list}\n'
SET = GOOD[GOOD.index("    set:") : GOOD.index("    replies:")]
PUT = "      put: /plans/{budget}/daily\n"

AT_LOAD = {
    # what stands in the good one, what stands there instead, the line that is named, what is said of it
    "a key that is none": ("    budgets:", "    budgts:", "budgts", "did you mean budgets"),
    "a key of a call": (BUDGETS, BUDGETS.replace("rows", "row", 1), "row:", "did you mean rows"),
    "a key of a field": ("        amount: plan.daily", "        amont: plan.daily", "amont", "did you mean amount"),
    "a needed field": ("        spend: cost\n", "", "        day: day", "spend: is missing"),
    "a needed call": (
        GOOD[GOOD.index("    report:") : GOOD.index("    set:")],
        "",
        "- name: own",
        "report: is missing",
    ),
    "an expression": ("jobs[].id", "jobs[.id", "jobs[.id", "no JMESPath"),
    "a function": ("plan.title", "to_strng(plan.title)", "to_strng(", "did you mean to_string"),
    "arguments": ("plan.title", "join(plan.title)", "join(", "takes 2 arguments"),
    "a unit": ("money: minor", "money: cent", "money: cent", "expected units, minor, hundredths or micros"),
    "a field's unit": ("unit: micros", "unit: micro", "unit: micro", "did you mean micros"),
    "days without a year": ('dates: "%d.%m.%Y"', 'dates: "%d.%m."', "dates:", "expected a way to write days"),
    "days in words": ('dates: "%d.%m.%Y"', "dates: dd.mm.yyyy", "dates:", "such as %Y-%m-%d"),
    "a place": ('to: "{last}"', 'to: "{lst}"', "{lst}", "did you mean last"),
    "days that are not asked for": (
        'from: "{first}", to: "{last}"',
        "all: true",
        "post: /figures",
        "{first} and {last}",
    ),
    "a budget that is not named": ("/plans/{budget}/daily", "/plans/daily", "put: /plans/daily", "which budget"),
    "an amount that is not sent": ('daily: "{amount:text}"', "daily: 5", "put: /plans", "how much"),
    "a brace": ("/plans/{budget}/daily", "/plans/{budget/daily", "{budget/daily", "a brace alone"),
    "a place of a read": ('get: "/plans/{budget}"', 'get: "/plans/{id}"', "{id}", "nothing fills {id}"),
    "a query in a path": ("post: /figures", "post: /figures?all=1", "?all=1", "its query under `query`"),
    "an address in a path": ("get: /me", "get: https://x.test/me", "x.test", "expected a path from base_url"),
    "two methods": (
        "      post: /figures",
        "      post: /figures\n      get: /figures",
        "post: /figures",
        "was get and post",
    ),
    "a body of a get": ("get: /me,", "get: /me, json: {a: 1},", "account:", "a get has no body"),
    "a way of paging": (BUDGETS, BUDGETS.replace("cursor", "cursr"), "cursr", "did you mean cursor"),
    "a key of paging": (
        BUDGETS,
        BUDGETS.replace("mark,", "mark, size: 2,", 1),
        "size: 2",
        "size: no key of by: cursor",
    ),
    "paging without a name": (BUDGETS, BUDGETS.replace("name: mark, ", ""), "next_mark", "needs name"),
    "a page in no body": (BUDGETS, BUDGETS.replace("place: json", "place: form"), "place: form", "the call sends none"),
    "a status word twice": ("[halted]", "[halted, running]", "[halted, running]", "'running' stands under two"),
    "a credential": ('X-Shop: "{shop_key}"', 'X-Shop: "{shop_kee}"', "shop_kee", "did you mean shop_key"),
    "a token's credential": (
        "client_id: client_id,",
        "client_id: client,",
        "client_id: client,",
        "no credential 'client'",
    ),
    "a credential unused": (
        '      header: {X-Shop: "{shop_key}"}\n',
        "",
        "      shop_key:",
        "nothing under auth uses it",
    ),
    "a secret in the file": ("{env: KEY_SHOP_KEY}", "abc123", "abc123", "a secret is not written here"),
    "a secret that is not set": ("{env: KEY_SHOP_KEY}", "{env: KEY_SHOP}", "KEY_SHOP}", "KEY_SHOP is not set"),
    "plain http abroad": ("base_url: BASE", "base_url: http://ads.example.com", "example.com", "expected https"),
    "a write that is not described": (SET, "", "- name: own", "describe `set`"),
    "a write that is a get": (PUT, "      get: /plans/{budget}/{amount}\n", "get: /plans", "a get has no body"),
    "a proof of nothing": ("ok == `false` && error.code != `500`", "'!ok'", "!ok", "true of an empty reply too"),
    "taken, whatever is said": ("ok && data.daily == _amount_text", "'`true`'", "`true`", "true of an empty reply too"),
    "a refusal that is a yes": ("[404, 429]", "[200, 429]", "[200, 429]", "200 alone is how a platform says yes"),
    "a status that is none": ("[404, 429]", "[4040]", "4040", "less than or equal to 599"),
    "an empty proof": ("{status: [404, 429]}", "{say: nothing}", "{say: nothing}", "expected status, when, or both"),
    "true for a number": ("attempts: 1", "attempts: true", "attempts: true", "expected a number"),
    "no list at all": (
        GOOD[GOOD.index("    report:") : GOOD.index("    set:")],
        "    report: []\n",
        "report: []",
        "a list of them",
    ),
    "figures of nobody": ("        budget: plan\n", "", "        day: day", "whose figures are they"),
}

AT_DRY = {
    # what stands in the good one, what stands there instead, the field that is named, what is said of it
    "a field that is not there": ("name: plan.title", "name: plan.titel", "fields.name (plan.titel)", "finds nothing"),
    "another kind": ("clicks: clicks", "clicks: plan", "fields.clicks (plan)", "expected a number"),
    "a figure that is text": ("orders: orders", "orders: day", "fields.orders (day)", "expected a number"),
    "rows elsewhere": (REPORT, REPORT.replace("data.list", "data.items"), "rows (data.items)", "expected a list"),
    "a day written otherwise": (
        "day: day",
        "day: {path: day, format: '%Y%m%d'}",
        "fields.day (day)",
        "a day as %Y%m%d",
    ),
    "a word of nobody": ("[running]", "[runing]", "fields.status (plan.state)", "'running' stands under none"),
    "a total elsewhere": (
        BUDGETS,
        BUDGETS.replace("data.count", "data.total"),
        "total (data.total)",
        "found no number",
    ),
    "an object for an amount": ("amount: plan.daily", "amount: plan", "fields.amount (plan)", "was an object"),
    "a cursor that is a list": (
        BUDGETS,
        BUDGETS.replace("data.next_mark", "data.list"),
        "paging.next",
        "expected text",
    ),
    "a budget that cannot be read": (READ, READ.replace("plans", "plan"), "read:", "404"),
    "another currency": ("currency: EUR, time", "currency: CHF, time", "account:", "write currency: EUR"),
}


@pytest.fixture(scope="module")
def fake() -> Iterator[FakeRest]:
    made = FakeRest()
    with served(made):
        history(made, days=10)
        yield made


def written(folder: Path, text: str, url: str) -> Path:
    path = folder / "bidder.yaml"
    path.write_text(text.replace("BASE", url), "utf-8")
    return path


def test_the_description_without_a_mistake_is_in_order(fake: FakeRest, tmp_path: Path) -> None:
    config = load(written(tmp_path, GOOD, fake.server.url), env=ENV)
    ((account, settings),) = config.accounts
    assert kind(account.platform).settings is type(settings)
    assert (len(AT_LOAD) + len(AT_DRY)) >= 30


@pytest.mark.parametrize("name", AT_LOAD)
def test_a_mistake_is_refused_at_load_with_its_line(name: str, tmp_path: Path) -> None:
    before, after, on_line, says = AT_LOAD[name]
    assert GOOD.count(before) == 1, f"{before!r} stands {GOOD.count(before)} times"
    path = written(tmp_path, GOOD.replace(before, after), "http://127.0.0.1:9")
    refusal, fault, from_there = refused_at_load(path, on_line, says, ENV)
    if "did you mean" in says and "no such key" in fault.message:
        assert from_there.startswith(on_line.rstrip(":")), "the column is the key's"
    assert len(refusal.faults) <= 2, "a key that is missing may be said beside the one that it was meant to be"
    assert "abc123" not in str(refusal)


@pytest.mark.parametrize("name", AT_DRY)
def test_a_mistake_is_named_by_the_dry_call_with_its_field(name: str, fake: FakeRest, tmp_path: Path) -> None:
    before, after, field, says = AT_DRY[name]
    assert GOOD.count(before) == 1, f"{before!r} stands {GOOD.count(before)} times"
    config = load(written(tmp_path, GOOD.replace(before, after), fake.server.url), env=ENV)
    ((account, settings),) = config.accounts
    shown = asyncio.run(_dry(account, settings))
    wrong = [f"{one.call}: {fault}" for one in shown for fault in one.wrong]
    assert [one for one in wrong if field in one and says in one], wrong
    assert fake.mutations == 0


def test_check_online_shows_requests_without_secrets_and_the_first_row(
    fake: FakeRest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in ENV.items():
        monkeypatch.setenv(name, value)
    path = written(tmp_path, GOOD, fake.server.url)
    said = bidder("check", "--online", "--config", str(path)).stdout
    assert "X-Shop: ***" in said
    assert "Authorization: ***" in said
    assert re.search(r"budgets: POST http://127\.0\.0\.1:\d+/plans/search", said)
    assert "the first: id p-1, amount 50.00 EUR" in said
    assert re.search(r'set: PUT http://127\.0\.0\.1:\d+/plans/p-1/daily .*"daily": "5000".*\(not sent\)', said)
    assert "spend 50.00 EUR" in said
    assert not [secret for secret in KEYS.values() if secret in said]
    wrong = path.with_name("wrong.yaml")
    wrong.write_text(path.read_text("utf-8").replace("plan.title", "plan.titel"), "utf-8")
    told = bidder("check", "--online", "--json", "--config", str(wrong), code=1).json["accounts"][0]
    assert "fields.name (plan.titel)" in told["reason"]
    assert told["dry"][0]["wrong"]
    assert fake.mutations == 0


async def _dry(account: Account, settings: BaseModel) -> list[Shown]:
    return await rest.dry(account, settings, datetime.now(UTC))

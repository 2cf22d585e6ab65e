"""Builds the Grafana dashboards of this folder: `python dashboards/build.py` writes them, a test builds them again.

The JSON files are what Grafana provisions and are never edited; a panel is changed here. Metric names are those of
docs/metrics.md, rules those of alerts.yml. Money is in the reporting currency, which no panel can know while it is
built: its name stands in a panel of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, gauge, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

FOLDER = Path(__file__).resolve().parent
SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS = 24

SHOP = 'shop=~"$shop"'
ACCOUNT = 'shop=~"$shop", account=~"$account"'
MONEY = "short"
GREEN, ORANGE, RED, BLUE = "green", "orange", "red", "blue"

Panel = stat.Panel | gauge.Panel | bargauge.Panel | timeseries.Panel


@dataclass(frozen=True)
class Row:
    """Panels side by side under a heading; their widths fill the 24 columns."""

    title: str
    height: int
    panels: Sequence[tuple[int, Panel]]


@dataclass(frozen=True)
class Board:
    """One dashboard: its rows from the top, and the panels that may be empty, each with the reason."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    empty_ok: Sequence[tuple[str, str]] = field(default=())


def steps(*pairs: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours from a value on; the first pair has None: from the lowest."""
    made = [models.Threshold(value=value, color=color) for value, color in pairs]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def target(expr: str, legend: str, ref: str, *, instant: bool) -> prometheus.Dataquery:
    query = prometheus.Dataquery().datasource(SOURCE).ref_id(ref).expr(expr).legend_format(legend)
    return query.instant() if instant else query.range()


def figure(title: str, about: str, unit: str, expr: str, thresholds: dashboard.ThresholdsConfig | None = None) -> Panel:
    """One number, with its course behind it."""
    panel = stat.Panel().title(title).description(about).unit(unit).datasource(SOURCE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    panel = panel.graph_mode(shapes.BigValueGraphMode.AREA).color_mode(shapes.BigValueColorMode.VALUE)
    return panel.thresholds(thresholds or steps((None, BLUE))).with_target(target(expr, title, "A", instant=False))


def word(title: str, about: str, expr: str, legend: str, colors: dict[str, str]) -> Panel:
    """The name of the series that is there: a state, a currency."""
    panel = stat.Panel().title(title).description(about).unit("none").datasource(SOURCE)
    panel = panel.text_mode(shapes.BigValueTextMode.NAME).graph_mode(shapes.BigValueGraphMode.NONE)
    panel = panel.color_mode(shapes.BigValueColorMode.VALUE).thresholds(steps((None, BLUE)))
    for name, color in colors.items():
        fixed = models.DynamicConfigValue(id_val="color", value={"mode": "fixed", "fixedColor": color})
        panel = panel.override_by_name(name, [fixed])
    return panel.with_target(target(expr, legend, "A", instant=True))


def dial(title: str, about: str, expr: str, top: float, thresholds: dashboard.ThresholdsConfig) -> Panel:
    """A part of a whole."""
    panel = gauge.Panel().title(title).description(about).unit("percentunit").datasource(SOURCE).min(0).max(top)
    return panel.thresholds(thresholds).with_target(target(expr, title, "A", instant=True))


def bars(title: str, about: str, unit: str, expr: str, legend: str) -> Panel:
    """The newest value of each series as a bar."""
    panel = bargauge.Panel().title(title).description(about).unit(unit).datasource(SOURCE).min(0)
    panel = panel.orientation(shapes.VizOrientation.HORIZONTAL).display_mode(shapes.BarGaugeDisplayMode.GRADIENT)
    return panel.thresholds(steps((None, BLUE))).with_target(target(expr, legend, "A", instant=True))


def lines(
    title: str, about: str, unit: str, *queries: tuple[str, str], stack: bool = False, low: float | None = 0
) -> Panel:
    """Courses over time. `stack` lays them on top of each other; steps, since a budget holds until it is changed."""
    panel = timeseries.Panel().title(title).description(about).unit(unit).datasource(SOURCE).line_width(1)
    legend = common.VizLegendOptions().show_legend(True).display_mode(shapes.LegendDisplayMode.LIST)
    panel = panel.legend(legend.placement(shapes.LegendPlacement.BOTTOM))
    panel = panel.tooltip(common.VizTooltipOptions().mode(shapes.TooltipDisplayMode.MULTI))
    if low is not None:
        panel = panel.min(low)
    if stack:
        panel = panel.stacking(common.StackingConfig().mode(shapes.StackingMode.NORMAL)).fill_opacity(55)
        panel = panel.line_interpolation(shapes.LineInterpolation.STEP_AFTER)
    for ref, (expr, legend_format) in zip("ABCDEFGH", queries, strict=False):
        panel = panel.with_target(target(expr, legend_format, ref, instant=False))
    return panel


def rate(counter: str, labels: str, by: str = "") -> str:
    """A counter's speed a second, summed (`by` labels)."""
    grouping = f" by ({by})" if by else ""
    return f"sum{grouping} (rate({counter}{{{labels}}}[$__rate_interval]))"


def p95(histogram: str, labels: str, by: str) -> str:
    """The time within which 95 of 100 were done."""
    buckets = f"rate({histogram}_bucket{{{labels}}}[$__rate_interval])"
    return f"histogram_quantile(0.95, sum by (le, {by}) ({buckets}))"


def shop_today() -> Board:
    """What a shop's technical helper looks at first: is it well, where is the money, what did it bring, does it run."""
    named = f"* on (shop, product) group_left (name) max by (shop, product, name) (bidder_product_info{{{SHOP}}})"
    product_budget = f"sum by (shop, product) (bidder_product_budget_current{{{ACCOUNT}}})"
    top = Row("Now", 4, [
        (4, word("State", "ACTIVE writes, REDUCING only lowers, HALTED changes nothing.",
                 f"max by (state) (bidder_state{{{SHOP}}}) == 1", "{{state}}",
                 {"ACTIVE": GREEN, "REDUCING": ORANGE, "HALTED": RED})),
        (4, figure("Alerts firing", "Alerts that fire now; the rules are in alerts.yml.", "none",
                   'count(ALERTS{service="bidder", alertstate="firing"}) or vector(0)',
                   steps((None, GREEN), (1, RED)))),
        (4, figure("Spent today", "As the platforms report it for the accounts' present day.", MONEY,
                   f"sum(max by (shop, account) (bidder_day_spend{{{ACCOUNT}}}))")),
        (4, dial("Of today's plan", "Spent today over the budgets that the newest plan sets.",
                 f"sum(max by (shop, account) (bidder_day_spend{{{ACCOUNT}}}))"
                 f" / (sum(max by (shop, account) (bidder_budget_planned{{{ACCOUNT}}})) > 0)",
                 1.3, steps((None, GREEN), (1.05, ORANGE), (1.3, RED)))),
        (4, dial("Month's pace", "The month's spend over what should be spent by now; 100 % comes out even.",
                 f"max(bidder_month_pacing_ratio{{{SHOP}}})", 1.5,
                 steps((None, ORANGE), (0.85, GREEN), (1.1, ORANGE), (1.25, RED)))),
        (4, word("Currency", "Every amount of money here is in this currency.",
                 "max by (currency) (bidder_reporting_currency_info)", "{{currency}}", {})),
    ])  # fmt: skip
    money = Row("Money", 9, [
        (12, lines("Budgets", "Daily budgets of the accounts together: on the platforms, planned, confirmed by a "
                   "read-back; and the limit of the shop.", MONEY,
                   (f"sum(max by (shop, account) (bidder_budget_current{{{ACCOUNT}}}))", "now"),
                   (f"sum(max by (shop, account) (bidder_budget_planned{{{ACCOUNT}}}))", "planned"),
                   (f"sum(max by (shop, account) (bidder_budget_applied{{{ACCOUNT}}}))", "confirmed"),
                   (f"sum(max by (shop) (bidder_shop_budget_day_limit{{{SHOP}}}))", "limit"))),
        (12, lines("Budgets by product", "Where the money of a day is. The rest of the products stand together.", MONEY,
                   (f"{product_budget} {named}", "{{name}}"),
                   (f'sum(bidder_product_budget_current{{{ACCOUNT}, product="other"}})', "other"), stack=True)),
        (12, lines("The day so far", "Spend of the accounts' present day, what should be spent by now, and the limit.",
                   MONEY,
                   (f"max by (account) (bidder_day_spend{{{ACCOUNT}}})", "{{account}} spent"),
                   (f"max by (account) (bidder_expected_day_spend{{{ACCOUNT}}})", "{{account}} expected"),
                   (f"max by (account) (bidder_budget_day_limit{{{ACCOUNT}}})", "{{account}} limit"))),
        (12, lines("The month", "The month's spend and what is left of its budget.", MONEY,
                   (f"max by (shop) (bidder_month_spend{{{SHOP}}})", "{{shop}} spent"),
                   (f"max by (shop) (bidder_month_budget_remaining{{{SHOP}}})", "{{shop}} left"), stack=True)),
    ])  # fmt: skip
    results = Row("What it brings", 8, [
        (8, lines("Spend and revenue an hour", "As the platforms attribute it; revenue before refunds.", MONEY,
                  (f"3600 * {rate('bidder_spend_total', ACCOUNT)}", "spend"),
                  (f"3600 * {rate('bidder_revenue_total', ACCOUNT)}", "revenue"))),
        (8, lines("Return on ad spend", "Revenue over spend of the last day, by account.", "none",
                  (f"account:bidder_roas:ratio_rate1d{{{ACCOUNT}}}", "{{account}}"))),
        (8, lines("Click-through and conversion", "Clicks over impressions and orders over clicks of the last hour.",
                  "percentunit",
                  (f"account:bidder_ctr:ratio_rate1h{{{ACCOUNT}}}", "{{account}} click-through"),
                  (f"account:bidder_cvr:ratio_rate1h{{{ACCOUNT}}}", "{{account}} conversion"))),
        (8, lines("Cost of a click", "Spend over clicks of the last hour.", MONEY,
                  (f"account:bidder_cpc:rate1h{{{ACCOUNT}}}", "{{account}}"))),
        (8, lines("Orders an hour", "Orders as the platforms attribute them.", "none",
                  (f"3600 * {rate('bidder_orders_total', ACCOUNT, 'account')}", "{{account}}"))),
        (8, bars("Return by product", "Revenue over spend of the last day; the ten with the highest.", "none",
                 f"topk(10, product:bidder_roas:ratio_rate1d{{{SHOP}}})", "{{product}}")),
    ])  # fmt: skip
    plan = Row("Plan and rules", 8, [
        (8, lines("What the plan is worth", "The objective a day at the planned budgets and at those before.", MONEY,
                  (f"max by (shop) (bidder_plan_objective{{{SHOP}}})", "{{shop}} planned"),
                  (f"max by (shop) (bidder_plan_objective_baseline{{{SHOP}}})", "{{shop}} as it was"), low=None)),
        (8, bars("What one unit more of a rule earns", "Objective gained a day by one unit more of its bound; 0: "
                 "the rule does not bind.", "none", f"sort_desc(max by (rule) (bidder_rule_shadow_price{{{SHOP}}}))",
                 "{{rule}}")),
        (8, lines("Budgets that move", "How many budgets the newest plan changes, and how much money goes elsewhere.",
                  "none", (f"max by (shop) (bidder_plan_changes{{{SHOP}}})", "{{shop}} budgets changed"),
                  (f"max by (shop) (bidder_plan_moved_budget{{{SHOP}}})", "{{shop}} money moved"))),
        (8, lines("Plans", "Plans made, by what became of them.", "none",
                  (f"sum by (result) (increase(bidder_plans_total{{{SHOP}}}[$__rate_interval]))", "{{result}}"))),
        (8, lines("Budgets held", "Budgets that are not to move now, by reason.", "none",
                  (f"max by (reason) (bidder_holds{{{SHOP}}})", "{{reason}}"), stack=True)),
        (8, lines("Left unspent on purpose", "Money of the day's limit that the newest plan gives to nobody.", MONEY,
                  (f"max by (shop) (bidder_unallocated_budget{{{SHOP}}})", "{{shop}}"))),
    ])  # fmt: skip
    running = Row("Does it run", 7, [
        (6, lines("Budget writes", "Applied ones were read back; a refused or unresolved one needs a look.", "none",
                  (f"sum by (result) (increase(bidder_writes_total{{{ACCOUNT}}}[$__rate_interval]))", "{{result}}"))),
        (6, lines("Writes without a known outcome", "Each counts as the larger amount until it is read back.", "none",
                  (f"sum by (account) (bidder_writes_unresolved{{{ACCOUNT}}})", "{{account}}"))),
        (6, lines("Age of the data", "Since the last good poll of each source.", "s",
                  ("source:bidder_poll_age:seconds", "{{source}} {{kind}}"))),
        (6, lines("Age of the plan", "Since the newest accepted plan, also one that changed nothing.", "s",
                  (f"shop:bidder_plan_age:seconds{{{SHOP}}}", "{{shop}}"))),
        (6, lines("Failed polls", "Polls that failed, by source.", "none",
                  ('sum by (source) (increase(bidder_polls_total{result="error"}[$__rate_interval]))', "{{source}}"))),
        (6, lines("Time of a poll, p95", "95 of 100 polls are done within this, pages and retries included.", "s",
                  (p95("bidder_poll_duration_seconds", 'kind=~".+"', "source"), "{{source}}"))),
        (6, lines("Time of a solve, p95", "95 of 100 solves are done within this, by stage.", "s",
                  (p95("bidder_solver_duration_seconds", 'stage=~".+"', "stage"), "{{stage}}"))),
        (6, lines("Memory", "Resident memory of the daemon.", "bytes",
                  ('process_resident_memory_bytes{job="bidder"}', "{{instance}}"))),
    ])  # fmt: skip
    return Board("bidder-shop-today", "bidder · shop today",
                 "One shop: its money now, what it brings, what the plan does and whether the daemon runs.",
                 [top, money, results, plan, running])  # fmt: skip


def variables(board: dashboard.Dashboard) -> dashboard.Dashboard:
    """The data source, the shop and its accounts."""
    shop = dashboard.QueryVariable("shop").label("Shop").query("label_values(bidder_state, shop)")
    account = dashboard.QueryVariable("account").label("Account")
    account = account.query('label_values(bidder_account_info{shop=~"$shop"}, account)').multi(True).include_all(True)
    board = board.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    for one in (shop, account):
        ready = one.datasource(SOURCE).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        board = board.with_variable(ready.sort(models.VariableSort.ALPHABETICAL_ASC))
    return board


def built(board: Board) -> str:
    """The dashboard's JSON, the same bytes each time."""
    made = dashboard.Dashboard(board.title).uid(board.uid).description(board.description).tags(["bidder"]).readonly()
    made = made.refresh("1m").time("now-24h", "now").timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR)
    result: dict[str, Any] = json.loads(json.dumps(variables(made).build(), cls=JSONEncoder))
    result["panels"] = list(placed(board.rows))
    empty = [{"panel": panel, "reason": reason} for panel, reason in board.empty_ok]
    if empty:
        result["x-bidder"] = {"empty_ok": empty}
    return json.dumps(result, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def placed(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Panels with ids and places: from the left, wrapped at 24 columns, which the SDK's own layout does not do."""
    result: list[dict[str, Any]] = []
    y = 0
    for row in rows:
        heading = {"type": "row", "title": row.title, "collapsed": False, "panels": []}
        result.append({**heading, "gridPos": {"x": 0, "y": y, "w": COLUMNS, "h": 1}})
        y, x = y + 1, 0
        for width, panel in row.panels:
            if x + width > COLUMNS:
                x, y = 0, y + row.height
            one = json.loads(json.dumps(panel.build(), cls=JSONEncoder))
            result.append({**one, "gridPos": {"x": x, "y": y, "w": width, "h": row.height}})
            x += width
        y += row.height
    return [{**panel, "id": number} for number, panel in enumerate(result, start=1)]


def files() -> dict[str, str]:
    """Every dashboard of this folder: file name → content."""
    return {"shop-today.json": built(shop_today())}


if __name__ == "__main__":
    for name, content in files().items():
        (FOLDER / name).write_text(content, encoding="utf-8")
        print(FOLDER / name)

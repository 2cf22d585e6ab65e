"""What every dashboard is made of: panels, rows, variables, links, annotations, and the JSON that Grafana provisions.

Metric names are those of docs/metrics.md, rules those of alerts.yml. Money is in the reporting currency, which no panel
can know while it is built: its name stands in a panel of its own.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from grafana_foundation_sdk.builders import bargauge, common, dashboard, gauge, prometheus, stat, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as shapes
from grafana_foundation_sdk.models import dashboard as models

__all__ = [
    "ACCOUNT", "BLUE", "GREEN", "MONEY", "ORANGE", "RED", "SHOP", "Board", "Panel", "Row", "bars", "built", "dial",
    "figure", "grown", "lines", "p95", "rate", "steps", "word",
]  # fmt: skip

SOURCE = models.DataSourceRef(type_val="prometheus", uid="${datasource}")
COLUMNS = 24
TAG = "bidder"
PAGE = "http://127.0.0.1:9108"
"""Where the page is unless somebody says otherwise in the variable `page`."""

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
    """One dashboard: its rows from the top, its variables, and the panels that may be empty, each with the reason."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    accounts: bool = True
    """Whether one chooses among the shop's accounts."""
    sources: bool = False
    """Whether one chooses among what is polled."""
    many: bool = False
    """Whether several shops are looked at together."""
    empty_ok: Sequence[tuple[str, str]] = field(default=())


def steps(*pairs: tuple[float | None, str]) -> dashboard.ThresholdsConfig:
    """Colours from a value on; the first pair has None: from the lowest."""
    made = [models.Threshold(value=value, color=color) for value, color in pairs]
    return dashboard.ThresholdsConfig().mode(models.ThresholdsMode.ABSOLUTE).steps(made)


def target(expr: str, legend: str, ref: str, *, instant: bool) -> prometheus.Dataquery:
    """One query of a panel."""
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


def bars(
    title: str, about: str, unit: str, expr: str, legend: str, thresholds: dashboard.ThresholdsConfig | None = None
) -> Panel:
    """The newest value of each series as a bar."""
    panel = bargauge.Panel().title(title).description(about).unit(unit).datasource(SOURCE).min(0)
    panel = panel.orientation(shapes.VizOrientation.HORIZONTAL).display_mode(shapes.BarGaugeDisplayMode.GRADIENT)
    return panel.thresholds(thresholds or steps((None, BLUE))).with_target(target(expr, legend, "A", instant=True))


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


def grown(counter: str, labels: str, by: str) -> str:
    """How often something happened between two points, summed by labels."""
    return f"sum by ({by}) (increase({counter}{{{labels}}}[$__rate_interval]))"


def p95(histogram: str, labels: str, by: str) -> str:
    """The time within which 95 of 100 were done."""
    buckets = f"rate({histogram}_bucket{{{labels}}}[$__rate_interval])"
    return f"histogram_quantile(0.95, sum by (le, {by}) ({buckets}))"


def built(board: Board) -> str:
    """The dashboard's JSON, the same bytes each time."""
    made = dashboard.Dashboard(board.title).uid(board.uid).description(board.description).tags([TAG]).readonly()
    made = made.refresh("1m").time("now-24h", "now").timezone("browser").tooltip(models.DashboardCursorSync.CROSSHAIR)
    result: dict[str, Any] = json.loads(json.dumps(_with_variables(made, board).build(), cls=JSONEncoder))
    result["panels"] = list(_placed(board.rows))
    result["links"] = _links()
    result["annotations"] = {"list": _annotations()}
    empty = [{"panel": panel, "reason": reason} for panel, reason in board.empty_ok]
    if empty:
        result["x-bidder"] = {"empty_ok": empty}
    return json.dumps(result, sort_keys=True, indent=2, ensure_ascii=False) + "\n"


def _with_variables(board: dashboard.Dashboard, of: Board) -> dashboard.Dashboard:
    """The data source, the shop, its accounts or what is polled, and where its page is."""
    shop = dashboard.QueryVariable("shop").label("Shop").query("label_values(bidder_state, shop)")
    chosen = [shop.multi(True).include_all(True) if of.many else shop]
    if of.accounts:
        account = dashboard.QueryVariable("account").label("Account").multi(True).include_all(True)
        chosen.append(account.query('label_values(bidder_account_info{shop=~"$shop"}, account)'))
    if of.sources:
        source = dashboard.QueryVariable("source").label("Source").multi(True).include_all(True)
        chosen.append(source.query("label_values(bidder_poll_interval_seconds, source)"))
    board = board.with_variable(dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"))
    for one in chosen:
        ready = one.datasource(SOURCE).refresh(models.VariableRefresh.ON_TIME_RANGE_CHANGED)
        board = board.with_variable(ready.sort(models.VariableSort.ALPHABETICAL_ASC))
    page = dashboard.TextBoxVariable("page").label("Address of the page").default_value(PAGE)
    return board.with_variable(page)


def _links() -> list[dict[str, Any]]:
    """To the other dashboards with the same shop and time, and to what a person acts on: the page."""
    common_ = {"icon": "", "tags": [], "tooltip": "", "url": ""}
    others = {"type": "dashboards", "title": "bidder", "tags": [TAG], "asDropdown": True, "icon": "external link"}
    keep = {"includeVars": True, "keepTime": True, "targetBlank": False}
    pages = (("Today", "/", "What stands today, and what needs you."),
             ("Plan", "/plan", "The newest plan: approve it, reject it."),
             ("Journal", "/journal", "What was done, when and why."))  # fmt: skip
    return [
        {**common_, **others, **keep},
        *(
            {**common_, "type": "link", "title": title, "url": f"${{page}}{path}", "tooltip": about,
             "icon": "dashboard", "asDropdown": False, "includeVars": False, "keepTime": False, "targetBlank": True}
            for title, path, about in pages
        ),
    ]  # fmt: skip


def _annotations() -> list[dict[str, Any]]:
    """When a plan was made, when the configuration was loaded, while an activity ran, while a shop was not active."""
    source = {"type": "prometheus", "uid": "${datasource}"}

    def one(name: str, color: str, expr: str, text: str, *, at_value: bool) -> dict[str, Any]:
        return {"name": name, "datasource": source, "enable": True, "hide": False, "iconColor": color, "expr": expr,
                "step": "60s", "titleFormat": name, "textFormat": text, "tagKeys": "shop",
                "useValueForTime": at_value}  # fmt: skip

    return [
        one("Plan", BLUE, f"1000 * max by (shop) (bidder_plan_timestamp_seconds{{{SHOP}}} > 0)",
            "{{shop}}: a plan was made", at_value=True),
        one("Configuration", "purple", "1000 * max by (instance) (bidder_config_last_reload_success_timestamp_seconds)",
            "the configuration was loaded", at_value=True),
        one("Activity", GREEN, f"max by (shop, promotion) (bidder_promotion_active{{{SHOP}}}) == 1",
            "{{promotion}}", at_value=False),
        one("Stop", RED, f'max by (shop, state) (bidder_state{{{SHOP}, state!="ACTIVE"}}) == 1',
            "{{shop}} is {{state}}", at_value=False),
    ]  # fmt: skip


def _placed(rows: Sequence[Row]) -> list[dict[str, Any]]:
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

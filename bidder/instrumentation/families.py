"""Every metric family of bidder, a line each: names, labels and meanings are those of docs/metrics.md.

Change the contract first, this file second, dashboards and alert rules third. Nothing here knows when a value moves:
that is :mod:`bidder.instrumentation.metrics`.
"""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

__all__ = [
    "BID_RESULTS",
    "ERRORS",
    "EVENT_RESULTS",
    "FIGURES",
    "HOLD_REASONS",
    "NOTIFICATION_RESULTS",
    "OPERATIONS",
    "OTHER",
    "PLAN_RESULTS",
    "POLL_KINDS",
    "POLL_RESULTS",
    "RELOAD_RESULTS",
    "SOLVER_STATUSES",
    "STAGES",
    "TRIGGERS",
    "WRITE_RESULTS",
    "Families",
]

FIGURES = ("impressions", "clicks", "spend", "orders", "revenue")
OTHER = "other"

# Closed sets of label values (METRICS.md, Labels): every one is born at zero.
POLL_KINDS = ("performance", "budgets", "bids", "activity", "orders", "stock")
POLL_RESULTS = ("ok", "error", "skipped")
ERRORS = ("timeout", "connect", "auth", "throttled", "http_4xx", "http_5xx", "decode", "schema", OTHER)
TRIGGERS = ("schedule", "event", "manual")
PLAN_RESULTS = ("accepted", "unchanged", "vetoed", "infeasible", "error")
WRITE_RESULTS = ("applied", "refused", "unresolved", "dry_run", "superseded")
BID_RESULTS = ("applied", "refused", "unresolved")
HOLD_REASONS = (
    "stale", "anomaly", "tracking", "definition", "unresolved", "foreign_edit", "guard", "clock", "manual", OTHER,
)  # fmt: skip
STAGES = ("build", "solve", "extract")
SOLVER_STATUSES = ("optimal", "feasible", "infeasible", "unbounded", "time_limit", "error")
RELOAD_RESULTS = ("ok", "error")
OPERATIONS = ("read", "write")
NOTIFICATION_RESULTS = ("ok", "error", "suppressed")
EVENT_RESULTS = ("accepted", "duplicate", "stale", "invalid", "oversize")

_SHOP = ("shop",)
_ACCOUNT = ("shop", "platform", "account")
_PRODUCT = (*_ACCOUNT, "product")
_SOURCE = ("source", "kind")
_CALL_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_SOLVER_BUCKETS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30, 120)


class Families:
    """The families on one registry. Attributes are the names without `bidder_` (and without `_total`)."""

    def __init__(self, registry: CollectorRegistry) -> None:
        def counter(name: str, labels: tuple[str, ...], meaning: str) -> Counter:
            return Counter(f"bidder_{name}", meaning, labels, registry=registry)

        def gauge(name: str, labels: tuple[str, ...], meaning: str) -> Gauge:
            return Gauge(f"bidder_{name}", meaning, labels, registry=registry)

        def histogram(name: str, labels: tuple[str, ...], meaning: str, buckets: tuple[float, ...]) -> Histogram:
            return Histogram(f"bidder_{name}", meaning, labels, registry=registry, buckets=buckets)

        # performance, from the ad platforms
        meanings = {
            "impressions": "Ad impressions",
            "clicks": "Ad clicks",
            "spend": "Ad spend in the reporting currency",
            "orders": "Orders attributed by the platform",
            "revenue": "Revenue attributed by the platform, in the reporting currency",
        }
        self.total = {f: counter(f, _ACCOUNT, f"{meanings[f]}, seen since start.") for f in FIGURES}
        self.day = {
            f: gauge(f"day_{f}", _ACCOUNT, f"{meanings[f]}, as reported for the account's local day.") for f in FIGURES
        }
        self.product_total = {f: counter(f"product_{f}", _PRODUCT, f"{meanings[f]}, by product.") for f in FIGURES}
        self.restatements = counter("restatements", _ACCOUNT, "Polls in which a day-to-date total fell.")
        self.day_start = gauge(
            "day_start_timestamp_seconds", _ACCOUNT, "Start of the local day that the day gauges describe."
        )
        self.product_info = gauge("product_info", ("shop", "product", "name"), "Display name of a top product.")
        self.campaign_info = gauge(
            "campaign_info", (*_ACCOUNT, "campaign", "product"), "Which campaign carries which top product."
        )
        self.account_info = gauge(
            "account_info", (*_ACCOUNT, "currency", "timezone"), "Native currency and time zone of an account."
        )
        self.reporting_currency_info = gauge("reporting_currency_info", ("currency",), "Currency of every amount here.")

        self.roas_floor = gauge("roas_floor_ratio", _ACCOUNT, "Lowest ROAS that the rules accept.")

        # budgets
        self.budget_current = gauge("budget_current", _ACCOUNT, "Sum of daily budgets that the platform reports now.")
        self.budget_planned = gauge("budget_planned", _ACCOUNT, "Sum of daily budgets in the newest accepted plan.")
        self.budget_applied = gauge(
            "budget_applied", _ACCOUNT, "Sum of daily budgets last written and confirmed by a read-back."
        )
        self.budget_day_limit = gauge("budget_day_limit", _ACCOUNT, "Daily limit of the account by the rules.")
        self.shop_budget_day_limit = gauge("shop_budget_day_limit", _SHOP, "Daily limit of the shop by the rules.")
        self.expected_day_spend = gauge(
            "expected_day_spend", _ACCOUNT, "What should be spent by now today by the intraday curve and the plan."
        )
        self.pacing_ratio = gauge("pacing_ratio", _ACCOUNT, "Day spend over expected day spend.")
        self.month_budget = gauge("month_budget", _SHOP, "Budget of the current month.")
        self.month_spend = gauge("month_spend", _SHOP, "Spend of the current month.")
        self.month_budget_remaining = gauge("month_budget_remaining", _SHOP, "Month budget less month spend.")
        self.month_pacing_ratio = gauge("month_pacing_ratio", _SHOP, "Month spend over month spend expected by now.")
        self.month_start = gauge("month_start_timestamp_seconds", _SHOP, "Start of the budget month.")
        self.product_budget_current = gauge("product_budget_current", _PRODUCT, "Daily budget now, by product.")
        self.product_budget_planned = gauge("product_budget_planned", _PRODUCT, "Daily budget planned, by product.")
        self.product_budget_applied = gauge("product_budget_applied", _PRODUCT, "Daily budget confirmed, by product.")

        # decisions
        self.plan_timestamp = gauge("plan_timestamp_seconds", _SHOP, "When the newest accepted plan was made; 0 never.")
        self.plan_interval = gauge("plan_interval_seconds", _SHOP, "Configured time between plans.")
        self.plan_objective = gauge("plan_objective", _SHOP, "Objective of the newest plan, expected a day.")
        self.plan_objective_baseline = gauge(
            "plan_objective_baseline", _SHOP, "The same objective at the budgets before the plan."
        )
        self.plan_changes = gauge("plan_changes", _SHOP, "Budgets that the newest plan changes.")
        self.plan_moved_budget = gauge("plan_moved_budget", _SHOP, "Half of the sum of absolute changes.")
        self.plans = counter("plans", ("shop", "trigger", "result"), "Plans made.")
        self.rule_shadow_price = gauge(
            "rule_shadow_price", ("shop", "rule"), "Objective gained by one unit more of the rule's right-hand side."
        )
        self.rule_binding = gauge("rule_binding", ("shop", "rule"), "1 when the rule holds with equality.")
        self.rule_cost = gauge("rule_cost", ("shop", "rule"), "What a binding rule as a whole costs a day.")
        self.attribution_overlap = gauge(
            "attribution_overlap_ratio", _SHOP, "What platforms claim over what the shop sold, the last 28 days."
        )
        self.rule_relaxation = gauge("rule_relaxation", ("shop", "rule"), "By how much a soft rule was broken.")
        self.writes = counter("writes", (*_ACCOUNT, "result"), "Budget writes.")
        self.writes_unresolved = gauge("writes_unresolved", _ACCOUNT, "Writes whose outcome is not known now.")
        self.write_unresolved_oldest = gauge(
            "write_unresolved_oldest_timestamp_seconds", _ACCOUNT, "When the oldest unresolved write was sent; 0 none."
        )
        self.write_duration = histogram(
            "write_duration_seconds", ("platform",), "From sending a write to the answer.", _CALL_BUCKETS
        )
        self.bids = gauge("bids", _ACCOUNT, "Bids and targets that take part.")
        self.bid_changes = gauge("bid_changes", _ACCOUNT, "Bids and targets that the newest plan moves.")
        self.bid_writes = counter("bid_writes", (*_ACCOUNT, "result"), "Writes of bids and targets.")
        self.bid_writes_unresolved = gauge(
            "bid_writes_unresolved", _ACCOUNT, "Writes of bids and targets whose outcome is not known now."
        )
        self.guard_vetoes = counter("guard_vetoes", ("shop", "guard"), "Plans or changes stopped by a guard.")
        self.dry_run = gauge("dry_run", _SHOP, "1 when no account of the shop is in mode apply.")
        self.unallocated_budget = gauge(
            "unallocated_budget", _SHOP, "Money of the day's limit that the newest plan leaves unspent on purpose."
        )
        self.holds = gauge("holds", ("shop", "reason"), "Budgets held now.")
        self.effect = gauge(
            "effect_ratio", ("shop", "bound"), "What the experiment says that bidder earned, as a part of the rest."
        )
        self.forecast_covered = gauge(
            "forecast_covered_ratio", _SHOP, "Share of the last 28 days whose profit fell inside the 80 % interval."
        )

        # poll
        self.poll_last_success = gauge(
            "poll_last_success_timestamp_seconds", _SOURCE, "End of the last successful poll; 0 never."
        )
        self.poll_data = gauge("poll_data_timestamp_seconds", _SOURCE, "Newest instant the data describes; 0 never.")
        self.poll_interval = gauge("poll_interval_seconds", _SOURCE, "Configured interval of polls.")
        self.poll_duration = histogram("poll_duration_seconds", _SOURCE, "One poll, pages and retries.", _CALL_BUCKETS)
        self.polls = counter("polls", (*_SOURCE, "result"), "Polls.")
        self.poll_errors = counter("poll_errors", (*_SOURCE, "error"), "Failed requests by class, before retries.")
        self.poll_throttled = counter("poll_throttled_seconds", ("source",), "Seconds waited because of rate limits.")
        self.api_sunset = gauge(
            "api_sunset_timestamp_seconds", ("platform", "account"), "When the API's version in use ends."
        )
        self.quarantined_rows = counter("quarantined_rows", _SOURCE, "Rows that were not believed.")

        # activity
        self.shop_visitors = counter("shop_visitors", _SHOP, "Visitors of the shop.")
        self.shop_orders = counter("shop_orders", _SHOP, "Paid orders, all channels.")
        self.shop_conversion = gauge("shop_conversion_ratio", _SHOP, "Paid buyers over visitors of the newest day.")
        self.shop_average_order = gauge("shop_average_order_value", _SHOP, "Revenue an order, reporting currency.")
        self.shop_refunds = gauge("shop_refund_ratio", _SHOP, "Refunded over paid, last 7 days.")
        self.shop_free_traffic = gauge("shop_free_traffic_ratio", _SHOP, "Visitors not from ads over visitors.")
        self.stock_cover = gauge(
            "product_stock_cover_seconds", ("shop", "product"), "Time until sold out at the present rate; 0 none left."
        )
        self.promotion_active = gauge(
            "promotion_active", ("shop", "promotion"), "1 while an activity runs that the shop takes part in."
        )
        self.activity_events = counter("activity_events", ("source", "result"), "Pushed events by what became of them.")
        self.activity_last_event = gauge(
            "activity_last_event_timestamp_seconds", ("source",), "Last accepted event; 0 never."
        )

        # solver
        self.solver_duration = histogram("solver_duration_seconds", ("stage",), "Stages of a solve.", _SOLVER_BUCKETS)
        self.solver_runs = counter("solver_runs", ("shop", "status"), "Solves by how they ended.")
        self.solver_gap = gauge("solver_gap_ratio", _SHOP, "Relative gap of the last run.")
        self.solver_variables = gauge("solver_variables", _SHOP, "Columns of the last model.")
        self.solver_constraints = gauge("solver_constraints", _SHOP, "Rows of the last model.")

        # messages
        self.notifications = counter(
            "notifications", ("channel", "result"), "Messages to receivers, by what became of them."
        )

        # daemon
        self.build_info = gauge("build_info", ("version", "revision", "python"), "Always 1.")
        self.state = gauge("state", ("shop", "state"), "1 for the state the shop is in.")
        self.state_changed = gauge("state_changed_timestamp_seconds", _SHOP, "Last change of state.")
        self.reload_successful = gauge("config_last_reload_successful", (), "1 when the last reload was taken.")
        self.reload_success = gauge(
            "config_last_reload_success_timestamp_seconds", (), "When the running configuration was loaded."
        )
        self.reloads = counter("config_reloads", ("result",), "Reloads of the configuration.")
        self.store_errors = counter("store_errors", ("operation",), "Failed calls of the store.")
        self.series = gauge("metrics_series", (), "Series in this exposition.")
        self.folded_products = gauge("metrics_folded_products", _SHOP, "Products behind `other`.")

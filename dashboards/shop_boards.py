"""The dashboards of whoever runs the shop: Shop today, Decisions, Many shops."""

from __future__ import annotations

from dashboards.panels import (
    ACCOUNT,
    BLUE,
    GREEN,
    MONEY,
    ORANGE,
    RED,
    SHOP,
    Board,
    Row,
    bars,
    dial,
    figure,
    grown,
    lines,
    rate,
    steps,
    word,
)

__all__ = ["decisions", "many_shops", "shop_today"]

STATES = {"ACTIVE": GREEN, "REDUCING": ORANGE, "HALTED": RED}
NAMED = f"* on (shop, product) group_left (name) max by (shop, product, name) (bidder_product_info{{{SHOP}}})"
FIRING = 'count(ALERTS{service="bidder", alertstate="firing"}) or vector(0)'


def shop_today() -> Board:
    """What an operator looks at: is it well, is it on plan, what did it bring, which goods, what does the shop do."""
    budget = f"sum by (shop, product) (bidder_product_budget_current{{{ACCOUNT}}})"
    spent = f"sum(max by (shop, account) (bidder_day_spend{{{ACCOUNT}}}))"
    top = Row("Now", 4, [
        (4, word("State", "ACTIVE writes, REDUCING only lowers, HALTED changes nothing.",
                 f"max by (state) (bidder_state{{{SHOP}}}) == 1", "{{state}}", STATES)),
        (4, figure("Alerts firing", "Alerts that fire now; the rules are in alerts.yml.", "none", FIRING,
                   steps((None, GREEN), (1, RED)))),
        (4, figure("Spent today", "As the platforms report it for the accounts' present day.", MONEY, spent)),
        (4, dial("Of today's plan", "Spent today over the budgets that the newest plan sets.",
                 f"{spent} / (sum(max by (shop, account) (bidder_budget_planned{{{ACCOUNT}}})) > 0)",
                 1.3, steps((None, GREEN), (1.05, ORANGE), (1.3, RED)))),
        (4, dial("Month's pace", "The month's spend over what should be spent by now; 100 % comes out even.",
                 f"max(bidder_month_pacing_ratio{{{SHOP}}})", 1.5,
                 steps((None, ORANGE), (0.85, GREEN), (1.1, ORANGE), (1.25, RED)))),
        (4, word("Currency", "Every amount of money here is in this currency.",
                 "max by (currency) (bidder_reporting_currency_info)", "{{currency}}", {})),
    ])  # fmt: skip
    plan = Row("Plan against actual", 9, [
        (12, lines("The day so far", "Spend of the accounts' present day beside what should be spent by now, the whole "
                   "day's plan and the limit of the rules.", MONEY,
                   (f"max by (account) (bidder_day_spend{{{ACCOUNT}}})", "{{account}} spent"),
                   (f"max by (account) (bidder_expected_day_spend{{{ACCOUNT}}})", "{{account}} expected by now"),
                   (f"max by (account) (bidder_budget_planned{{{ACCOUNT}}})", "{{account}} plan of the day"),
                   (f"max by (account) (bidder_budget_day_limit{{{ACCOUNT}}})", "{{account}} limit"))),
        (12, lines("Budgets", "Daily budgets of the accounts together: on the platforms, planned, confirmed by a "
                   "read-back; and the limit of the shop.", MONEY,
                   (f"sum(max by (shop, account) (bidder_budget_current{{{ACCOUNT}}}))", "now"),
                   (f"sum(max by (shop, account) (bidder_budget_planned{{{ACCOUNT}}}))", "planned"),
                   (f"sum(max by (shop, account) (bidder_budget_applied{{{ACCOUNT}}}))", "confirmed"),
                   (f"sum(max by (shop) (bidder_shop_budget_day_limit{{{SHOP}}}))", "limit"))),
        (12, lines("Pace of the day", "Spent today over what should be spent by now; above 125 % with a third of the "
                   "plan used is an alert. Early in the day it is noise and not shown.", "percentunit",
                   (f"max by (account) (bidder_pacing_ratio{{{ACCOUNT}}})", "{{account}}"))),
        (12, lines("The month", "The month's spend and what is left of its budget.", MONEY,
                   (f"max by (shop) (bidder_month_spend{{{SHOP}}})", "{{shop}} spent"),
                   (f"max by (shop) (bidder_month_budget_remaining{{{SHOP}}})", "{{shop}} left"), stack=True)),
    ])  # fmt: skip
    results = Row("What it brings", 8, [
        (8, lines("Spend and revenue an hour", "As the platforms attribute it; revenue before refunds.", MONEY,
                  (f"3600 * {rate('bidder_spend_total', ACCOUNT)}", "spend"),
                  (f"3600 * {rate('bidder_revenue_total', ACCOUNT)}", "revenue"))),
        (8, lines("Return on ad spend", "Revenue over spend (ROI, 投产比) of the last day, and the lowest that the "
                  "rules accept where one is written.", "none",
                  (f'label_replace(account:bidder_roas:ratio_rate1d{{{ACCOUNT}}}, "line", "return", "", "") or '
                   f'label_replace(max by (shop, platform, account) (bidder_roas_floor_ratio{{{ACCOUNT}}}), '
                   '"line", "floor", "", "")', "{{account}} {{line}}"))),
        (8, lines("Orders an hour", "Orders as the platforms attribute them.", "none",
                  (f"3600 * {rate('bidder_orders_total', ACCOUNT, 'account')}", "{{account}}"))),
        (8, lines("Click-through and conversion", "Clicks over impressions and orders over clicks of the last hour.",
                  "percentunit",
                  (f"account:bidder_ctr:ratio_rate1h{{{ACCOUNT}}}", "{{account}} click-through"),
                  (f"account:bidder_cvr:ratio_rate1h{{{ACCOUNT}}}", "{{account}} conversion"))),
        (8, lines("Cost of a click", "Spend over clicks of the last hour.", MONEY,
                  (f"account:bidder_cpc:rate1h{{{ACCOUNT}}}", "{{account}}"))),
        (8, lines("Clicks an hour", "Clicks as the platforms report them.", "none",
                  (f"3600 * {rate('bidder_clicks_total', ACCOUNT, 'account')}", "{{account}}"))),
    ])  # fmt: skip
    goods = Row("Goods", 9, [
        (12, lines("Budgets by product", "Where the money of a day is. The rest of the products stand together.", MONEY,
                   (f"{budget} {NAMED}", "{{name}}"),
                   (f'sum(bidder_product_budget_current{{{ACCOUNT}, product="other"}})', "other"), stack=True)),
        (12, bars("Hot products", "Revenue from ads over the time that is shown; the ten with the most.", MONEY,
                  f'topk(10, sum by (shop, product) (increase(bidder_product_revenue_total{{{ACCOUNT}, '
                  f'product!="other"}}[$__range])) {NAMED})', "{{name}}")),
        (8, bars("Return by product", "Revenue over spend of the last day; the ten with the highest.", "none",
                 f"topk(10, product:bidder_roas:ratio_rate1d{{{SHOP}}})", "{{product}}")),
        (8, bars("Stock will last", "Days of stock at the rate of the last week; the ten that are gone first. Under a "
                 "day, with money on it, is an alert.", "s",
                 f"bottomk(10, min by (shop, product) (bidder_product_stock_cover_seconds{{{SHOP}}}) {NAMED})",
                 "{{name}}", steps((None, RED), (86400, ORANGE), (7 * 86400, GREEN)))),
        (8, bars("Campaigns of a product", "How many campaigns that run carry it; the ten with the most.", "none",
                 f"topk(10, count by (shop, product) (bidder_campaign_info{{{ACCOUNT}}}) {NAMED})", "{{name}}")),
    ])  # fmt: skip
    shop = Row("The shop", 7, [
        (8, lines("Free traffic", "The part of visitors that no ad brought. Where it falls while spend rises, ads take "
                  "what came for nothing.", "percentunit",
                  (f"max by (shop) (bidder_shop_free_traffic_ratio{{{SHOP}}})", "{{shop}}"))),
        (8, lines("Visitors and orders an hour", "Of the whole shop, all channels.", "none",
                  (f"3600 * {rate('bidder_shop_visitors_total', SHOP)}", "visitors"),
                  (f"3600 * {rate('bidder_shop_orders_total', SHOP)}", "orders"))),
        (8, lines("Activities", "Those of the calendar: 1 while one runs that the shop has joined.", "none",
                  (f"max by (promotion) (bidder_promotion_active{{{SHOP}}})", "{{promotion}}"))),
        (8, lines("Conversion of the shop", "Paid buyers over visitors of the newest day.", "percentunit",
                  (f"max by (shop) (bidder_shop_conversion_ratio{{{SHOP}}})", "{{shop}}"))),
        (8, lines("Revenue of an order", "Of the whole shop, the newest day.", MONEY,
                  (f"max by (shop) (bidder_shop_average_order_value{{{SHOP}}})", "{{shop}}"))),
        (8, lines("Refunds", "Paid back over paid, the last seven days.", "percentunit",
                  (f"max by (shop) (bidder_shop_refund_ratio{{{SHOP}}})", "{{shop}}"))),
    ])  # fmt: skip
    return Board("bidder-shop-today", "bidder · shop today",
                 "One shop: is it on plan, what does it bring, which goods, what does the shop itself do.",
                 [top, plan, results, goods, shop],
                 empty_ok=[(panel, "only where the shop's own figures are read: the demo's platform sells ads alone")
                           for panel in ("Free traffic", "Conversion of the shop", "Revenue of an order", "Refunds")],
                 )  # fmt: skip


def decisions() -> Board:
    """What was decided and why: moves, what rules cost, what was left alone, and whether forecasts came true."""
    before, after = (f"sum by (shop, product) (bidder_product_budget_{kind}{{{ACCOUNT}, product!=\"other\"}})"
                     for kind in ("applied", "planned"))  # fmt: skip
    now = Row("The newest plan", 4, [
        (4, figure("Age of the plan", "Since the newest accepted plan, also one that changed nothing.", "s",
                   f"max(shop:bidder_plan_age:seconds{{{SHOP}}})")),
        (4, figure("Budgets changed", "How many budgets the newest plan changes.", "none",
                   f"sum(max by (shop) (bidder_plan_changes{{{SHOP}}}))")),
        (4, figure("Money moved", "How much of a day's money goes elsewhere by it.", MONEY,
                   f"sum(max by (shop) (bidder_plan_moved_budget{{{SHOP}}}))")),
        (4, figure("Worth a day", "Objective at the planned budgets less that at the budgets before.", MONEY,
                   f"sum(max by (shop) (bidder_plan_objective{{{SHOP}}}))"
                   f" - sum(max by (shop) (bidder_plan_objective_baseline{{{SHOP}}}))")),
        (4, figure("Left unspent on purpose", "Money of the day's limit that the plan gives to nobody: more of it "
                   "would earn less than it costs, or a rule forbids it.", MONEY,
                   f"sum(max by (shop) (bidder_unallocated_budget{{{SHOP}}}))")),
        (4, figure("Writes nothing", "1: no account of the shop is in mode apply.", "none",
                   f"max(bidder_dry_run{{{SHOP}}})", steps((None, GREEN), (1, ORANGE)))),
    ])  # fmt: skip
    moves = Row("Moves", 8, [
        (8, lines("Plans", "Plans made, by what became of them.", "none",
                  (grown("bidder_plans_total", SHOP, "result"), "{{result}}"))),
        (8, lines("What asked for a plan", "The hour of the day, an event of the calendar, or a person.", "none",
                  (grown("bidder_plans_total", SHOP, "trigger"), "{{trigger}}"))),
        (8, lines("Budgets that move", "Budgets that each plan changes, and the money that goes elsewhere.", "none",
                  (f"max by (shop) (bidder_plan_changes{{{SHOP}}})", "{{shop}} budgets changed"),
                  (f"max by (shop) (bidder_plan_moved_budget{{{SHOP}}})", "{{shop}} money moved"))),
        (12, lines("Planned by product", "Daily budgets as the newest plan has them.", MONEY,
                   (f"{after} {NAMED}", "{{name}}"), stack=True)),
        (12, bars("Planned and not yet confirmed", "Daily budgets that differ from what was read back, by product; "
                  "the ten that differ most.", MONEY, f"topk(10, abs({after} - {before}) {NAMED})", "{{name}}")),
    ])  # fmt: skip
    why = Row("Reasons", 8, [
        (8, bars("What one unit more of a rule earns", "Objective gained a day by one unit more of its bound; 0: "
                 "the rule does not bind.", "none", f"sort_desc(max by (rule) (bidder_rule_shadow_price{{{SHOP}}}))",
                 "{{rule}}")),
        (8, lines("Rules that bind", "1 while a rule holds with equality in the newest plan.", "none",
                  (f"max by (rule) (bidder_rule_binding{{{SHOP}}})", "{{rule}}"))),
        (8, lines("Rules that gave way", "By how much a soft rule was broken, in its own unit; 0: kept.", "none",
                  (f"max by (rule) (bidder_rule_relaxation{{{SHOP}}})", "{{rule}}"))),
        (8, lines("Budgets held", "Budgets that are not to move now, by reason.", "none",
                  (f"max by (reason) (bidder_holds{{{SHOP}}})", "{{reason}}"), stack=True)),
        (8, lines("Stopped by a guard", "Plans and single changes, by the check that stopped them.", "none",
                  (grown("bidder_guard_vetoes_total", SHOP, "guard"), "{{guard}}"))),
        (8, lines("Unallocated", "Money of the day's limit that each plan leaves unspent on purpose.", MONEY,
                  (f"max by (shop) (bidder_unallocated_budget{{{SHOP}}})", "{{shop}}"))),
    ])  # fmt: skip
    worth = Row("Was it right", 8, [
        (6, lines("What the plan is worth", "The objective a day at the planned budgets and at those before.", MONEY,
                  (f"max by (shop) (bidder_plan_objective{{{SHOP}}})", "{{shop}} planned"),
                  (f"max by (shop) (bidder_plan_objective_baseline{{{SHOP}}})", "{{shop}} as it was"), low=None)),
        (6, lines("Forecasts that came true", "Share of the last 28 days whose profit fell inside the 80 % interval; a "
                  "share far below 80 % means that forecasts are too sure of themselves.", "percentunit",
                  (f"max by (shop) (bidder_forecast_covered_ratio{{{SHOP}}})", "{{shop}}"))),
        (6, lines("Budget writes", "Applied ones were read back; a refused or unresolved one needs a look.", "none",
                  (grown("bidder_writes_total", ACCOUNT, "result"), "{{result}}"))),
        (6, lines("What bidder earned", "What the experiment says, as a part of the profit that there would have been "
                  "without bidder: the middle, and the bounds between which it lies.", "percentunit",
                  (f"max by (shop, bound) (bidder_effect_ratio{{{SHOP}}})", "{{shop}} {{bound}}"), low=None)),
    ])  # fmt: skip
    few = "only from the eighth day on: of fewer than five days with known results nothing is said"
    return Board("bidder-decisions", "bidder · decisions",
                 "What was decided, what it moved, what rules cost, what was held, and whether forecasts came true.",
                 [now, moves, why, worth],
                 empty_ok=[("Forecasts that came true", few),
                           ("What bidder earned", "only where an experiment runs, from its first result on")],
                 )  # fmt: skip


def many_shops() -> Board:
    """Several shops side by side: which of them needs somebody, and what hangs on it."""
    of = "{{shop}}"
    first = Row("These first", 8, [
        (8, bars("Money at risk a day", "What hangs on the gravest need of each shop, the 25 dearest; 0 without the "
                 "page of many shops (`bidder shops serve`).", MONEY,
                 f"topk(25, shop:bidder_at_risk:max{{{SHOP}}})", of, steps((None, GREEN), (1, ORANGE)))),
        (8, bars("Needs of people", "How many things each shop needs of somebody, the 25 neediest; 0 without the "
                 "page of many shops.", "none",
                 f"topk(25, shop:bidder_needs:count{{{SHOP}}})", of, steps((None, GREEN), (1, ORANGE), (3, RED)))),
        (8, bars("Alerts by shop", "Alerts that fire now and name a shop, the 25 shops with most.", "none",
                 f"topk(25, shop:bidder_alerts:count{{{SHOP}}})", of, steps((None, GREEN), (1, RED)))),
    ])  # fmt: skip
    count = Row("How many", 4, [
        (6, figure("Shops", "Shops that are seen.", "none", f"count(max by (shop) (bidder_dry_run{{{SHOP}}}))",
                   steps((None, BLUE)))),
        (6, figure("Shops with alerts", "Shops of which an alert fires now.", "none",
                   f"count(shop:bidder_alerts:count{{{SHOP}}} > 0) or vector(0)", steps((None, GREEN), (1, RED)))),
        (6, figure("Shops that need somebody", "By the page of many shops; 0 without it.", "none",
                   f"count(shop:bidder_needs:count{{{SHOP}}} > 0) or vector(0)", steps((None, GREEN), (1, ORANGE)))),
        (6, figure("Shops that are stopped", "HALTED or REDUCING.", "none",
                   f'count(max by (shop) (bidder_state{{{SHOP}, state!="ACTIVE"}}) > 0) or vector(0)',
                   steps((None, GREEN), (1, RED)))),
    ])  # fmt: skip
    glance = Row("Which needs a look", 8, [
        (8, bars("Not active", "0: ACTIVE; 1: REDUCING or HALTED.", "none",
                 f'topk(25, max by (shop) (bidder_state{{{SHOP}, state!="ACTIVE"}}))', of,
                 steps((None, GREEN), (1, RED)))),
        (8, bars("Writes without a known outcome", "Each counts as the larger amount until it is read back.", "none",
                 f"topk(25, sum by (shop) (max by (shop, account) (bidder_writes_unresolved{{{SHOP}}})))", of,
                 steps((None, GREEN), (1, RED)))),
        (8, bars("Budgets held now", "Budgets that are not to move, whatever the reason.", "none",
                 f"topk(25, sum by (shop) (max by (shop, reason) (bidder_holds{{{SHOP}}})))", of)),
    ])  # fmt: skip
    money = Row("Money", 8, [
        (8, bars("Part of the day's plan spent", "Spent today over planned.", "percentunit",
                 f"topk(25, sum by (shop) (max by (shop, account) (bidder_day_spend{{{SHOP}}}))"
                 f" / (sum by (shop) (max by (shop, account) (bidder_budget_planned{{{SHOP}}})) > 0))", of,
                 steps((None, GREEN), (1.05, ORANGE), (1.3, RED)))),
        (8, bars("Pace of the month", "The month's spend over what should be spent by now.", "percentunit",
                 f"topk(25, max by (shop) (bidder_month_pacing_ratio{{{SHOP}}}))", of,
                 steps((None, ORANGE), (0.85, GREEN), (1.1, ORANGE), (1.25, RED)))),
        (8, bars("Part of the limit planned", "Planned over the limit of the shop's rules.", "percentunit",
                 f"topk(25, sum by (shop) (max by (shop, account) (bidder_budget_planned{{{SHOP}}}))"
                 f" / max by (shop) (bidder_shop_budget_day_limit{{{SHOP}}}))", of)),
        (12, lines("Spend an hour by shop", "Each in its daemon's reporting currency: not to be added up.", MONEY,
                   (f"3600 * {rate('bidder_spend_total', SHOP, 'shop')}", of))),
        (12, lines("Revenue an hour by shop", "As the platforms attribute it; each in its own reporting currency.",
                   MONEY, (f"3600 * {rate('bidder_revenue_total', SHOP, 'shop')}", of))),
        (12, lines("Return by shop", "Revenue over spend.", "none",
                   (f"{rate('bidder_revenue_total', SHOP, 'shop')} / ({rate('bidder_spend_total', SHOP, 'shop')} > 0)",
                    of))),
        (12, lines("Orders an hour by shop", "As the platforms attribute them.", "none",
                   (f"3600 * {rate('bidder_orders_total', SHOP, 'shop')}", of))),
    ])  # fmt: skip
    plans = Row("Plans", 8, [
        (8, lines("Age of the plan by shop", "Since the newest accepted plan.", "s",
                  (f"shop:bidder_plan_age:seconds{{{SHOP}}}", of))),
        (8, lines("Worth of the plan by shop", "Objective at the planned budgets less that at those before.", MONEY,
                  (f"max by (shop) (bidder_plan_objective{{{SHOP}}})"
                   f" - max by (shop) (bidder_plan_objective_baseline{{{SHOP}}})", of), low=None)),
        (8, lines("Products behind other", "Products without series of their own.", "none",
                  (f"max by (shop) (bidder_metrics_folded_products{{{SHOP}}})", of))),
    ])  # fmt: skip
    return Board("bidder-many-shops", "bidder · many shops",
                 "Shops side by side: which needs somebody, what hangs on it, where the money is, whose plan is old.",
                 [count, first, glance, money, plans], accounts=False, many=True)  # fmt: skip

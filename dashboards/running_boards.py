"""The dashboards of whoever keeps it running: Platforms, Daemon."""

from __future__ import annotations

from dashboards.panels import (
    ACCOUNT,
    GREEN,
    ORANGE,
    RED,
    SHOP,
    Board,
    Row,
    bars,
    figure,
    grown,
    lines,
    p95,
    rate,
    steps,
    word,
)

__all__ = ["daemon", "platforms"]

SOURCES = 'source=~"$source"'
JOB = 'job="bidder"'


def platforms() -> Board:
    """How the platforms answer: how old what is known is, what failed, what was throttled, what nobody knows."""
    fresh = Row("Freshness", 8, [
        (8, lines("Age of the last good poll", "Three intervals without one is an alert.", "s",
                  (f"source:bidder_poll_age:seconds{{{SOURCES}}}", "{{source}} {{kind}}"))),
        (8, lines("Age of the data", "Since the newest instant that the data describes: a platform may answer and say "
                  "nothing new.", "s",
                  (f"time() - max by (source, kind) (bidder_poll_data_timestamp_seconds{{{SOURCES}}} > 0)",
                   "{{source}} {{kind}}"))),
        (8, bars("Polls missed", "Age of the last good poll over the configured interval; three is an alert.", "none",
                 f"source:bidder_poll_age:seconds{{{SOURCES}}}"
                 f" / max by (source, kind) (bidder_poll_interval_seconds{{{SOURCES}}})", "{{source}} {{kind}}",
                 steps((None, GREEN), (2, ORANGE), (3, RED)))),
    ])  # fmt: skip
    errors = Row("Errors and throttling", 8, [
        (8, lines("Polls", "Polls that ended, by result.", "none",
                  (grown("bidder_polls_total", SOURCES, "source, result"), "{{source}} {{result}}"))),
        (8, lines("Failed requests", "By class, before retries: a poll may be good in spite of them.", "none",
                  (grown("bidder_poll_errors_total", SOURCES, "source, error"), "{{source}} {{error}}"))),
        (8, lines("Waiting for rate limits", "Part of the time spent waiting, for our own limiter and for the "
                  "platform's word.", "percentunit",
                  (rate("bidder_poll_throttled_seconds_total", SOURCES, "source"), "{{source}}"))),
        (8, lines("Time of a poll, p95", "95 of 100 polls are done within this, pages and retries included.", "s",
                  (p95("bidder_poll_duration_seconds", SOURCES, "source"), "{{source}}"))),
        (8, lines("Rows not believed", "Rows that were put into quarantine.", "none",
                  (grown("bidder_quarantined_rows_total", SOURCES, "source, kind"), "{{source}} {{kind}}"))),
        (8, lines("Totals that fell", "Polls in which a day's total was restated downwards.", "none",
                  (grown("bidder_restatements_total", ACCOUNT, "account"), "{{account}}"))),
    ])  # fmt: skip
    writes = Row("Writes", 8, [
        (6, figure("Unresolved now", "Writes whose outcome nobody knows; each counts as the larger amount.", "none",
                   f"sum(bidder_writes_unresolved{{{ACCOUNT}}})", steps((None, GREEN), (1, RED)))),
        (6, lines("Oldest unresolved write", "How long nobody has known; ten minutes is an alert. 0: none open.", "s",
                  (f"(time() - max by (account) (bidder_write_unresolved_oldest_timestamp_seconds{{{ACCOUNT}}} > 0))"
                   f" or 0 * max by (account) (bidder_writes_unresolved{{{ACCOUNT}}})", "{{account}}"))),
        (6, lines("Writes by result", "Applied ones were read back.", "none",
                  (grown("bidder_writes_total", ACCOUNT, "platform, result"), "{{platform}} {{result}}"))),
        (6, lines("Time of a write, p95", "From sending to the platform's answer.", "s",
                  (p95("bidder_write_duration_seconds", 'platform=~".+"', "platform"), "{{platform}}"))),
    ])  # fmt: skip
    rest = Row("Versions and pushes", 7, [
        (8, figure("API version ends", "The day that the first platform ends the version in use; two months before is "
                   "an alert.", "dateTimeAsIso",
                   '1000 * min(bidder_api_sunset_timestamp_seconds{account=~"$account"})')),
        (8, lines("Pushed events", "Messages over MQTT and HTTP, by what became of them.", "none",
                  ("sum by (result) (increase(bidder_activity_events_total[$__rate_interval]))", "{{result}}"))),
        (8, word("Accounts", "What is connected, and in which currency.",
                 f"max by (account, platform, currency) (bidder_account_info{{{ACCOUNT}}})",
                 "{{account}} · {{platform}} · {{currency}}", {})),
    ])  # fmt: skip
    return Board("bidder-platforms", "bidder · platforms",
                 "How the platforms answer: freshness, errors, throttling, writes nobody knows of, ends of versions.",
                 [fresh, errors, writes, rest], sources=True,
                 empty_ok=[("API version ends", "only where a platform has said when its version ends")])  # fmt: skip


def daemon() -> Board:
    """The program itself: does it turn, how long is a solve, does the store hold, was the configuration taken."""
    now = Row("Now", 4, [
        (4, word("Version", "What runs.", f"max by (version) (bidder_build_info{{{JOB}}})", "{{version}}", {})),
        (4, figure("Up for", "Since the process started.", "s", f"time() - min(process_start_time_seconds{{{JOB}}})")),
        (4, figure("Scraped", "1: Prometheus reaches it.", "none", f"min(up{{{JOB}}})",
                   steps((None, RED), (1, GREEN)))),
        (4, figure("Last reload", "1: the configuration on disk is in force; 0: it was refused, the old one holds.",
                   "none", "min(bidder_config_last_reload_successful)", steps((None, RED), (1, GREEN)))),
        (4, figure("Configuration loaded", "How long ago the running configuration was loaded.", "s",
                   "time() - max(bidder_config_last_reload_success_timestamp_seconds)")),
        (4, figure("State lasts", "How long the shop has been in its state.", "s",
                   f"time() - max(bidder_state_changed_timestamp_seconds{{{SHOP}}})")),
    ])  # fmt: skip
    cycles = Row("Cycles", 8, [
        (8, lines("Polls an hour", "How often sources are read.", "none",
                  ("3600 * sum by (result) (rate(bidder_polls_total[$__rate_interval]))", "{{result}}"))),
        (8, lines("Decisions", "Passes by what came of them.", "none",
                  (grown("bidder_plans_total", SHOP, "result"), "{{result}}"))),
        (8, lines("Age of the plan", "Since the newest accepted plan; two intervals is an alert.", "s",
                  (f"shop:bidder_plan_age:seconds{{{SHOP}}}", "{{shop}}"),
                  (f"max by (shop) (bidder_plan_interval_seconds{{{SHOP}}})", "{{shop}} interval"))),
    ])  # fmt: skip
    solver = Row("Solver", 8, [
        (6, lines("Time of a solve, p95", "95 of 100 are done within this, by stage.", "s",
                  (p95("bidder_solver_duration_seconds", 'stage=~".+"', "stage"), "{{stage}}"))),
        (6, lines("Solves", "By how they ended.", "none",
                  (grown("bidder_solver_runs_total", SHOP, "status"), "{{status}}"))),
        (6, lines("Gap", "How far the solution is from the proven bound, relative.", "percentunit",
                  (f"max by (shop) (bidder_solver_gap_ratio{{{SHOP}}})", "{{shop}}"))),
        (6, lines("Size of the model", "Columns and rows of the last one.", "none",
                  (f"max by (shop) (bidder_solver_variables{{{SHOP}}})", "{{shop}} columns"),
                  (f"max by (shop) (bidder_solver_constraints{{{SHOP}}})", "{{shop}} rows"))),
    ])  # fmt: skip
    store = Row("Store, reloads and messages", 8, [
        (8, lines("Store errors", "Failed calls of the store: nothing is written to a platform meanwhile.", "none",
                  ("sum by (operation) (increase(bidder_store_errors_total[$__rate_interval]))", "{{operation}}"))),
        (8, lines("Reloads", "Configurations that were taken or refused.", "none",
                  ("sum by (result) (increase(bidder_config_reloads_total[$__rate_interval]))", "{{result}}"))),
        (8, lines("Messages", "Sent to receivers, not taken, or held back.", "none",
                  ("sum by (channel, result) (increase(bidder_notifications_total[$__rate_interval]))",
                   "{{channel}} {{result}}"))),
    ])  # fmt: skip
    machine = Row("The machine", 7, [
        (6, lines("Memory", "Resident memory of the daemon.", "bytes",
                  (f"process_resident_memory_bytes{{{JOB}}}", "{{instance}}"))),
        (6, lines("Processor", "Processors in use.", "none",
                  (f"sum by (instance) (rate(process_cpu_seconds_total{{{JOB}}}[$__rate_interval]))", "{{instance}}"))),
        (6, lines("Open files", "File descriptors in use, and the limit.", "none",
                  (f"process_open_fds{{{JOB}}}", "{{instance}} open"))),
        (6, lines("Series", "Series in the exposition; at most 5,000 by design.", "none",
                  (f"bidder_metrics_series{{{JOB}}}", "{{instance}}"))),
        (12, lines("Time of a scrape", "What Prometheus waits for /metrics.", "s",
                   (f"scrape_duration_seconds{{{JOB}}}", "{{instance}}"))),
        (12, lines("Samples of a scrape", "What Prometheus takes from it each time.", "none",
                   (f"scrape_samples_scraped{{{JOB}}}", "{{instance}}"))),
    ])  # fmt: skip
    return Board("bidder-daemon", "bidder · daemon",
                 "The program: cycles, solver, store, reloads, messages, and what it takes of the machine.",
                 [now, cycles, solver, store, machine], accounts=False,
                 empty_ok=[("Messages", "only where a receiver of messages is configured")])  # fmt: skip

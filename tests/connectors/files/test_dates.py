"""Days are settled by the whole column, or refused; never guessed cell by cell."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bidder.connectors.files import dates
from bidder.connectors.files.report import DateOrder, Faults
from bidder.snapshot import day_number
from tests.connectors.files.exports import columns, read_text, refusal, table


def days_of(cells: list[str], order: DateOrder | None = None, year: int | None = None) -> list[int] | str:
    """The days of a column, or why it is refused."""
    faults = Faults("f.csv")
    lines = list(range(2, len(cells) + 2))
    found = dates.days_of(cells, lines, 1, lambda text: dates.written(text, year), 2027, order, False, faults)
    return "\n".join(message for _, _, message in faults.found) if faults else found


@pytest.mark.parametrize(
    "text",
    [
        "2026-03-01", "2026/3/1", "2026.03.01", "20260301", "2026年3月1日", "2026-03-01 00:00:00", "2026-03-01T00:00Z",
        "Mar 1, 2026", "March 1, 2026", "Mar 1 2026", "Sun, Mar 1, 2026", "Sunday, March 1st, 2026", "1 Mar 2026",
        "1-Mar-2026", "01-Mar-26", "1 March 2026", "2026-03-01 ~ 2026-03-01", " 2026-03-01 ", "２０２６-０３-０１",
    ],
)  # fmt: skip
def test_a_way_of_writing_with_one_reading_is_read(text: str) -> None:
    assert days_of([text]) == [day_number(date(2026, 3, 1))]


@pytest.mark.parametrize("text", ["Mar 1", "1 March", "3月1日"])
def test_a_day_without_its_year_asks_for_the_year(text: str) -> None:
    assert "name it, for example --year 2020" in str(days_of([text]))
    assert days_of([text], year=2026) == [day_number(date(2026, 3, 1))]


@pytest.mark.parametrize(
    "text",
    ["", "43862", "2026-13-01", "2026-02-30", "31/02/2026", "1999-12-31", "2026-03-01 08:00", "Smarch 1, 2026",
     "1/2/3/4", "2026-3", "99999999", "2026-03-01x", "٢٠٢٦-٠٣-٠١ ", "0/0/2026", "2026/03-01", "12:00"],
)  # fmt: skip
def test_what_is_no_day_is_refused(text: str) -> None:
    found = days_of([text, "2026-03-02"])
    assert isinstance(found, str)
    assert "date" in found


@given(
    start=st.dates(date(2001, 1, 1), date(2026, 1, 1)),
    length=st.integers(40, 90),
    form=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%m-%d-%y", "%d-%m-%Y"]),
)
@settings(deadline=None, max_examples=60)
def test_a_month_and_more_of_days_is_read_as_it_was_written(start: date, length: int, form: str) -> None:
    run = [start + timedelta(days=number) for number in range(length)]
    assert days_of([day.strftime(form) for day in run]) == [day_number(day) for day in run]


@given(
    start=st.dates(date(2001, 1, 1), date(2026, 1, 1)),
    length=st.integers(1, 12),
    form=st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%d-%m-%y"]),
    gaps=st.lists(st.integers(1, 9), min_size=12, max_size=12),
)
@settings(deadline=None, max_examples=200)
def test_a_few_days_are_read_as_they_were_written_or_refused_with_the_choice(
    start: date, length: int, form: str, gaps: list[int]
) -> None:
    run = [start + timedelta(days=sum(gaps[:number])) for number in range(length)]
    found = days_of([day.strftime(form) for day in run])
    order: DateOrder = "dmy" if form.startswith("%d") else "mdy"
    if isinstance(found, str):
        assert f"--dates {order}" in found
        found = days_of([day.strftime(form) for day in run], order)
    assert found == [day_number(day) for day in run]


def test_a_run_within_a_month_settles_the_order() -> None:
    assert days_of([f"{day:02}/03/2026" for day in range(1, 11)]) == [
        day_number(date(2026, 3, day)) for day in range(1, 11)
    ]
    assert days_of([f"03/{day:02}/2026" for day in range(1, 11)]) == [
        day_number(date(2026, 3, day)) for day in range(1, 11)
    ]


def test_the_first_of_each_month_might_be_a_run_in_january_and_is_refused() -> None:
    found = days_of([f"{month:02}/01/2026" for month in range(1, 13)])
    assert isinstance(found, str)
    assert "'02/01/2026' may be 2026-01-02 (--dates dmy) or 2026-02-01 (--dates mdy)" in found


def test_a_run_too_short_to_settle_anything_is_refused() -> None:
    assert "--dates dmy" in str(days_of([f"{day:02}/03/2026" for day in (1, 2, 4)]))


def test_one_shape_that_is_certain_settles_the_other() -> None:
    mixed = ["01-12-19", "1/13/2019", "1/14/2019"]
    assert days_of(mixed) == [day_number(date(2019, 1, day)) for day in (12, 13, 14)]
    assert days_of(["13/1/2019", "12-01-19"]) == [day_number(date(2019, 1, day)) for day in (13, 12)]


def test_days_written_in_words_help_to_fill_the_run() -> None:
    run = [f"{day:02}/03/2026" for day in range(1, 5)] + ["5 Mar 2026", "6 Mar 2026"]
    assert days_of(run) == [day_number(date(2026, 3, day)) for day in range(1, 7)]


def test_shapes_that_are_each_certain_may_differ_and_prove_nothing_for_a_third() -> None:
    assert days_of(["13/1/2019", "01-14-2019"]) == [day_number(date(2019, 1, day)) for day in (13, 14)]
    assert "may be" in str(days_of(["13/1/2019", "01-14-2019", "1.2.2019"]))
    assert days_of(["13/1/2019", "01-14-2019", "2.2.2019"])[2:] == [day_number(date(2019, 2, 2))]


def test_a_day_that_reads_alike_both_ways_needs_no_choice() -> None:
    assert days_of(["05/05/2026"]) == [day_number(date(2026, 5, 5))]


def test_an_order_that_is_said_holds_and_must_fit() -> None:
    assert days_of(["03/04/2026"], "mdy") == [day_number(date(2026, 3, 4))]
    assert days_of(["03-04-05"], "ymd") == [day_number(date(2003, 4, 5))]
    assert "no day of the calendar when read as month, day, year" in str(days_of(["13/04/2026"], "mdy"))
    assert "no day of the calendar when read as year, month, day" in str(days_of(["13/04/2026"], "ymd"))


def test_dates_of_one_shape_that_fit_no_order_are_all_named() -> None:
    assert "'14/13/2026' is no day" in str(days_of(["13/01/2026", "14/01/2026", "14/13/2026"]))


def test_the_order_of_the_rows_settles_nothing(tmp_path: Path) -> None:
    rows = [f"{day:02}/03/2026,tea,100,5,1.50,1,2" for day in range(1, 11)]
    assert columns(read_text(tmp_path, table(rows)).reports) == columns(read_text(tmp_path, table(rows[::-1])).reports)


def test_a_total_line_is_left_out_and_told(tmp_path: Path) -> None:
    rows = ["2026-03-01,tea,10,1,5,3,9", "Total,,10,1,5,3,9", ",合计,10,1,5,3,9"]
    report = read_text(tmp_path, table(rows))
    assert report.summary["rows"] == 1
    assert "line 3 is a total and was left out (2 such)" in report.notes


def test_days_to_come_and_today_are_told(tmp_path: Path) -> None:
    rows = ["2026-11-01,tea,10,1,5,3,9"]
    assert any("the last day is not over" in note for note in read_text(tmp_path, table(rows)).notes)
    rows = ["2026-12-01,tea,10,1,5,3,9"]
    assert any("in the future" in note for note in read_text(tmp_path, table(rows)).notes)


def test_a_long_cell_is_shown_in_part(tmp_path: Path) -> None:
    assert "…" in refusal(tmp_path, table(["x" * 400 + ",tea,10,1,5,3,9"]))

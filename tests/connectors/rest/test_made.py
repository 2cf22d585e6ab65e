"""Reports that are made when asked, files that lie elsewhere, and lists that belong together."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from bidder.config.load import load
from bidder.connectors.rest.dry import dry_calls
from bidder.connectors.rest.settings import RestSettings
from bidder.errors import ConnectorError
from bidder.reports import Reports
from tests.connectors.http.server import Answer, Got, Server, answer
from tests.connectors.rest.refusals import refused_at_load
from tests.connectors.rest.test_wire import reading

FIRST, LAST = date(2026, 11, 20), date(2026, 11, 21)
ROWS = [{"day": f"2026-11-{day}", "c": "7", "spend": f"{day}.5", "clicks": day} for day in (20, 21)]

MADE = """
auth: {header: {X-Key: "{key}"}}
credentials: {key: canary-made-key}
budgets:
  get: /campaigns
  rows: rows
  lists:
    purses: {get: /purses, rows: rows, key: id, paging: {by: page, name: p, size: 1}}
  fields:
    {id: purse, campaigns: id, amount: "get(_lists.purses, purse).daily", name: "get(_lists.purses, purse).called"}
report:
  get: "/jobs/{job}/rows"
  rows: rows
  fields: {day: day, campaign: c, spend: spend, clicks: clicks}
  job:
    post: /jobs
    json: {from: "{first}", to: "{last}"}
    id: job.id
    state: {get: "/jobs/{job}", ready: "status == 'DONE'", failed: "status == 'LOST'", empty: "status == 'NONE'"}
"""


def described(**job: Any) -> dict[str, Any]:
    """The description; `state` and other keys of the job changed."""
    found: dict[str, Any] = yaml.safe_load(MADE)
    state = job.pop("state", {})
    found["report"]["job"] |= job
    found["report"]["job"]["state"] |= state
    return found


def by_file(**job: Any) -> dict[str, Any]:
    found = described(state={"url": "file"}, **job)
    found["report"]["get"] = "{url}"
    if job.get("file", "json") == "csv":
        found["report"]["rows"] = "@"
    return found


class Platform:
    """Jobs that are ready at a question, purses apart from campaigns; what `says` is asked first."""

    def __init__(self, ready_at: int = 3, file: bytes = b"", says: Callable[[Got], Answer | None] = lambda _: None):
        self.ready_at, self.file, self.says, self.url = ready_at, file, says, ""
        self.asked, self.jobs = 0, 0

    def __call__(self, got: Got) -> Answer:
        if got.path == "/file":
            assert "X-Key" not in got.headers, "no credential goes to where a file lies"
            return self.says(got) or Answer(200, self.file)
        assert got.headers["X-Key"] == "canary-made-key"
        said = self.says(got)
        if said is not None:
            return said
        match got.path.strip("/").split("/"):
            case ["campaigns"]:
                return answer({"rows": [{"id": f"c{n}", "purse": n % 2 + 1} for n in range(3)]})
            case ["purses"]:
                number = int(got.query["p"])
                own = [{"id": number, "daily": 10 * number, "called": f"purse {number}"}]
                return answer({"rows": own if number < 3 else []})
            case ["jobs"]:
                self.jobs += 1
                assert list(got.json) == ["from", "to"]
                return answer({"job": {"id": f"j/{self.jobs}"}})
            case ["jobs", *_, "rows"]:
                return answer({"rows": ROWS})
            case ["jobs", *_]:
                self.asked += 1
                done = self.asked >= self.ready_at
                return answer({"status": "DONE" if done else "MAKING", "file": f"{self.url}/file"})
        return answer({}, 404)


async def reported(platform: Platform, description: dict[str, Any], polls: int = 1) -> Reports:
    async with Server(platform) as server:
        platform.url = server.url
        reader = reading(server.url, **description)
        try:
            for _ in range(polls):
                found = await reader.performance(FIRST, LAST)
        finally:
            await reader.client.close()
    return found


def whole(found: Reports) -> None:
    assert [int(one) for one in found.spend] == [20_500_000, 21_500_000]
    assert [float(one) for one in found.clicks] == [20, 21]


async def test_a_report_is_asked_for_once_waited_for_and_given_again() -> None:
    platform = Platform()
    whole(await reported(platform, described(), polls=2))
    assert (platform.jobs, platform.asked) == (1, 3)


async def test_one_that_is_not_ready_helps_to_wait_for_and_the_next_poll_goes_on_with_it() -> None:
    platform = Platform(ready_at=4)
    async with Server(platform) as server:
        reader = reading(server.url, **described(wait=5, patience=10))
        with pytest.raises(ConnectorError, match="not ready yet") as caught:
            await reader.performance(FIRST, LAST)
        assert caught.value.waiting_helps
        platform.ready_at = 0
        whole(await reader.performance(FIRST, LAST))
        await reader.client.close()
    assert platform.jobs == 1


async def test_one_that_failed_is_asked_for_anew_at_the_next_poll() -> None:
    words = iter(["LOST"])
    platform = Platform(
        0, says=lambda got: answer({"status": next(words)}) if got.path == "/jobs/j/1" and platform.asked == 0 else None
    )
    async with Server(platform) as server:
        reader = reading(server.url, **described())
        with pytest.raises(ConnectorError, match="could not make it"):
            await reader.performance(FIRST, LAST)
        platform.asked = 1
        whole(await reader.performance(FIRST, LAST))
        await reader.client.close()
    assert platform.jobs == 2


async def test_one_that_holds_nothing_has_no_rows_and_nothing_is_fetched() -> None:
    platform = Platform(says=lambda got: answer({"status": "NONE"}) if got.path == "/jobs/j/1" else None)
    assert len((await reported(platform, described())).spend) == 0


def csv_of() -> bytes:
    lines = ["day,c,spend,clicks", *(f"{row['day']},{row['c']},{row['spend']},{row['clicks']}" for row in ROWS), ""]
    return "\ufeff".encode() + "\r\n".join(lines).encode()


def zipped(body: bytes, names: int = 1) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(names):
            archive.writestr(f"report{number}.csv", body)
    return made.getvalue()


JSON = json.dumps({"rows": ROWS}).encode()


@pytest.mark.parametrize("file", ["json", "csv"])
@pytest.mark.parametrize("pack", [bytes, gzip.compress, zipped])
async def test_a_file_is_read_packed_or_not_and_without_credentials(file: str, pack: Callable[[bytes], bytes]) -> None:
    body = pack(JSON if file == "json" else csv_of())
    whole(await reported(Platform(file=body), by_file(file=file)))


@pytest.mark.parametrize(
    ("file", "body"),
    [
        ("json", gzip.compress(JSON)[:-9]),
        ("json", b"<html>"),
        ("csv", zipped(csv_of(), names=2)),
        ("csv", b"PK\x03\x04 cut"),
        ("csv", csv_of() + b"2026-11-21,7\r\n"),
        ("csv", b"day,day\r\n"),
        ("csv", b"\xff\xfe"),
        ("csv", b""),
    ],
)
async def test_a_file_that_is_not_whole_is_an_error_and_no_figure(file: str, body: bytes) -> None:
    with pytest.raises(ConnectorError, match="cannot be read as") as caught:
        await reported(Platform(file=body), by_file(file=file))
    assert caught.value.waiting_helps


async def test_an_address_that_expired_is_asked_for_once_more() -> None:
    gone = iter([answer({}, 403)])
    platform = Platform(file=JSON, says=lambda got: next(gone, None) if got.path == "/file" else None)
    whole(await reported(platform, by_file()))
    assert platform.asked == 4


@pytest.mark.parametrize("address", ["ftp://files.test/a", "/file", "file:///etc/passwd", 5, None, "https:///x"])
async def test_a_file_is_fetched_from_a_web_address_alone(address: object) -> None:
    said = {"status": "DONE", "file": address}
    platform = Platform(says=lambda got: answer(said) if got.path == "/jobs/j/1" else None)
    with pytest.raises(ConnectorError, match="expected an address with https"):
        await reported(platform, by_file())


@pytest.mark.parametrize("told", [None, True, "", {"a": 1}, "x" * 201])
async def test_a_job_without_an_id_is_said(told: object) -> None:
    platform = Platform(says=lambda got: answer({"job": {"id": told}}) if got.path == "/jobs" else None)
    with pytest.raises(ConnectorError, match=r"job\.id \(job\.id\): expected an id"):
        await reported(platform, described())


async def test_budgets_are_joined_with_a_list_of_their_own_over_all_its_pages() -> None:
    async with Server(Platform()) as server:
        reader = reading(server.url, **described())
        found = await reader.budgets()
        await reader.client.close()
    assert [(one.id.native, one.name, one.now and one.now.micros, one.campaigns) for one in found] == [
        ("1", "purse 1", 10_000_000, ("c0", "c2")),
        ("2", "purse 2", 20_000_000, ("c1",)),
    ]


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ([{"id": 1, "daily": 5}, {"id": "1", "daily": 6}], r"lists\.purses: key \(id\) of row 2: 1 came twice"),
        ([{"daily": 5}], r"lists\.purses: key \(id\) of row 1: expected an id; the row has daily"),
        ([{"id": 1, "daily": 5}], r"fields\.amount .* of row 2: expected an amount"),
    ],
)
async def test_a_key_that_is_not_one_and_a_row_that_is_not_there_are_named(rows: list[Any], says: str) -> None:
    description = described()
    del description["budgets"]["lists"]["purses"]["paging"]
    platform = Platform(says=lambda got: answer({"rows": rows}) if got.path == "/purses" else None)
    async with Server(platform) as server:
        reader = reading(server.url, **description)
        with pytest.raises(ConnectorError, match=says):
            await reader.budgets()
        await reader.client.close()


async def test_the_dry_call_shows_how_a_report_is_asked_for_and_its_first_row() -> None:
    async with Server(Platform()) as server:
        reader = reading(server.url, **described())
        shown = await dry_calls(reader, datetime(2026, 11, 22, tzinfo=UTC))
        await reader.client.close()
    assert [one.wrong for one in shown if one.call in ("budgets", "report")] == [[], []]
    report = next(one for one in shown if one.call == "report")
    assert "POST" in report.request
    assert "/jobs" in report.request
    assert report.first["spend"] == "20.50 CNY"


YAML = """\
shop: {name: tea-house, currency: CNY, timezone: UTC}
budget: {day: {max: 400}}
accounts:
  - name: own
    platform: rest
    mode: observe
    base_url: https://ads.example.com
"""

AT_LOAD = {
    "no id": ("    id: job.id\n", "", "post: /jobs", "id: is missing"),
    "no word for ready": (", ready: \"status == 'DONE'\"", "", "state:", "ready: is missing"),
    "ready whatever is said": (
        "status == 'DONE'",
        "status != 'MAKING'",
        "status != 'MAKING'",
        "true of an empty reply",
    ),
    "failed whatever is said": ("status == 'LOST'", "status != 'DONE'", "status != 'DONE'", "true of an empty reply"),
    "a state of no job": ('"/jobs/{job}",', '"/jobs",', 'get: "/jobs",', "which report"),
    "rows of no job": ('"/jobs/{job}/rows"', '"/rows"', "/rows", "which report"),
    "days that are not asked for": (
        'json: {from: "{first}", to: "{last}"}',
        "json: {}",
        "post: /jobs",
        "{first} and {last}",
    ),
    "days of a fetch": ('"/jobs/{job}/rows"', '"/jobs/{job}/{first}"', "{first}", "nothing fills {first}"),
    "a file without an address": ('"/jobs/{job}/rows"', '"{url}"', "{url}", "nothing fills {url}"),
    "an address that is not used": ("ready:", "url: file, ready:", "/jobs/{job}/rows", "nothing fills {job}"),
    "what a file holds, without one": ("    id: job.id\n", "    id: job.id\n    file: csv\n", "file: csv", "state.url"),
    "a kind of file": ("    id: job.id\n", "    id: job.id\n    file: xml\n", "file: xml", "expected json or csv"),
    "a key of a job": ("    id: job.id\n", "    id: job.id\n    wayt: 5\n", "wayt", "did you mean wait"),
    "a gap that is none": (
        "    id: job.id\n",
        "    id: job.id\n    wait: 0\n",
        "wait: 0",
        "greater than or equal to 1",
    ),
    "a list that is none": (
        "_lists.purses, purse).daily",
        "_lists.purse, purse).daily",
        "_lists.purse,",
        "did you mean",
    ),
    "a list unused": ("get(_lists.purses, purse)", "_row", "purses:", "no field looks into it"),
    "a list without a key": (", key: id,", ",", "purses:", "key: is missing"),
    "a key that is no expression": (", key: id,", ", key: 'id[',", "id[", "no JMESPath"),
}


@pytest.mark.parametrize("name", AT_LOAD)
def test_a_mistake_is_refused_at_load_with_its_line(name: str, tmp_path: Path) -> None:
    before, after, on_line, says = AT_LOAD[name]
    own = MADE.replace("key: canary-made-key", "key: {env: OWN_KEY}")
    assert before in own
    path = tmp_path / "bidder.yaml"

    def written(text: str) -> None:
        path.write_text(YAML + "".join(f"    {line}\n" for line in text.strip().splitlines()), "utf-8")

    written(own)
    assert load(path, env={"OWN_KEY": "canary-own"}).warnings == ()
    written(own.replace(before, after))
    refused_at_load(path, on_line, says, {"OWN_KEY": "canary-own"})


def test_a_file_is_fetched_as_it_is() -> None:
    assert RestSettings.model_validate({"base_url": "https://ads.example.com", **by_file()}).report[0].path == "{url}"

"""`bids` in bidder.yaml: a mode or a mapping, the shop's and an account's over it, every mistake at its place."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from bidder.bids.settings import BidMode, BidSettings, combined
from bidder.catalog import Mode
from bidder.config.load import Config, load
from bidder.errors import ConfigError
from bidder.ids import AccountId

A = AccountId("a")


def read(folder: Path, bids: str, account: str = "", mode: str = "apply", currency: str = "CNY") -> Config:
    own = f", bids: {account}" if account else ""
    text = f"budget: {{day: {{max: 100}}}}\nbids: {bids}\naccounts:\n"
    text += f"  - {{name: a, platform: sandbox, mode: {mode}, currency: {currency}{own}}}\n"
    (folder / "bidder.yaml").write_text(text, "utf-8")
    return load(folder / "bidder.yaml", env={})


def test_a_mode_alone_stands_for_the_mapping(tmp_path: Path) -> None:
    assert read(tmp_path, "propose").bids[A] == read(tmp_path, "{mode: propose}").bids[A]
    assert read(tmp_path, "propose").bids[A].mode is BidMode.PROPOSE


def test_an_account_says_over_the_shop_only_what_it_writes(tmp_path: Path) -> None:
    bids = read(tmp_path, "{mode: propose, step: 15%, target: {rest: 7d}}", "{mode: apply, target: {step: 5%}}").bids[A]
    assert (bids.mode, bids.step) == (BidMode.APPLY, 0.15)
    assert (bids.target.step, bids.target.rest) == (0.05, timedelta(days=7))
    assert combined(bids, None) == bids


def test_nothing_written_is_observing() -> None:
    assert BidSettings().mode is BidMode.OBSERVE


@pytest.mark.parametrize(
    ("account", "wanted", "left"),
    [
        (Mode.OBSERVE, BidMode.APPLY, BidMode.OBSERVE),
        (Mode.MANUAL, BidMode.APPLY, BidMode.PROPOSE),
        (Mode.PROPOSE, BidMode.APPLY, BidMode.PROPOSE),
        (Mode.APPLY, BidMode.APPLY, BidMode.APPLY),
        (Mode.APPLY, BidMode.OBSERVE, BidMode.OBSERVE),
    ],
)
def test_bids_never_pass_the_mode_of_their_account(account: Mode, wanted: BidMode, left: BidMode) -> None:
    assert wanted.within(account) is left


def test_a_mode_that_is_held_back_is_said(tmp_path: Path) -> None:
    said = [one.message for one in read(tmp_path, "observe", "apply", mode="propose").warnings]
    assert "bids.mode: apply is held to propose by mode: propose of a" in said


@pytest.mark.parametrize(
    ("bids", "account", "told"),
    [
        ("propos", "", "2:7  bids.mode: expected observe, propose or apply, was 'propos'; did you mean propose?"),
        ("{step: 20}", "", "2:14  bids.step: expected a percentage such as 40%, was 20; write 20%"),
        ("{step: 60%}", "", "2:14  bids.step: expected at most 50%, was 60%"),
        ("{rest: 36h}", "", "2:14  bids.rest: expected whole days, 1d to 30d"),
        ("{target: {step: 12%}}", "", "bids.target.step: expected at most 10%, was 12%"),
        ("{target: {rest: 4d}}", "", "bids.target.rest: expected whole days, 5d to 60d"),
        ("{flor: 1}", "", "2:8  bids.flor: no such key; did you mean floor?"),
        ("{floor: 2, cap: 1}", "", "2:7  bids: expected floor at most cap, was 2 above 1"),
        ("{floor: 0}", "", "bids.floor: expected more than 0"),
        ("{cap: .nan}", "", "2:13  .nan is no number"),
        ("{first_page: true, rank: 3}", "", "bids: expected first_page or rank"),
        ("{rank: 0}", "", "bids.rank: "),
        ("{min_clicks: true}", "", "bids.min_clicks: "),
        ("{floor: 2}", "{cap: 1}", "4:68  bids: expected floor at most cap, was 2 above 1"),
        ("{floor: 2 USD}", "", "2:7  bids.floor: 2 USD in an account in CNY; write it there, in CNY"),
        ("observe", "{stp: 10%}", "bids.stp: no such key; did you mean step?"),
    ],
)
def test_a_mistake_is_told_at_its_place(tmp_path: Path, bids: str, account: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(tmp_path, bids, account)
    assert told in str(caught.value)

"""The word after `platform:` finds its connector, or says what is wrong with it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from bidder.catalog import Account
from bidder.connectors import registry
from bidder.connectors.protocol import AdsReader, BudgetWriter, ConnectorKind, ShopReader
from bidder.connectors.sandbox import SandboxKind
from bidder.errors import ConfigError, Source
from bidder.ids import AccountId
from bidder.money import Currency


class Broken:
    """Something that is no connector."""

    name = "mine"


mine = SandboxKind()
mine.name = "mine"
unlike = SandboxKind()


def others(monkeypatch: pytest.MonkeyPatch, *points: tuple[str, str]) -> None:
    found = EntryPoints(EntryPoint(name, value, registry.GROUP) for name, value in points)
    monkeypatch.setattr(registry, "entry_points", lambda group: found.select(group=group))


def test_the_sandbox_is_built_in() -> None:
    assert "sandbox" in registry.names()
    kind: ConnectorKind = registry.kind("sandbox")
    assert kind.name == "sandbox"
    assert kind.settings.model_validate({"seed": 3}).model_dump()["seed"] == 3


def test_asking_for_names_imports_no_platform() -> None:
    code = "import sys; from bidder.connectors import registry; registry.names(); print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "bidder.connectors.registry" in loaded
    assert "bidder.connectors.sandbox" not in loaded


@pytest.mark.parametrize(("word", "hint"), [("sandbx", "nearest is sandbox"), ("zzz", "there are .*sandbox")])
def test_an_unknown_name_is_a_fault_at_its_place_with_the_nearest_name(word: str, hint: str) -> None:
    with pytest.raises(ConfigError, match=rf"bidder\.yaml:9:15 .*'{word}'; {hint}"):
        registry.kind(word, Source("bidder.yaml", 9, 15))


def test_another_package_adds_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    others(monkeypatch, ("mine", f"{__name__}:mine"))
    assert "mine" in registry.names()
    assert list(registry.names()) == sorted(registry.names())
    assert registry.kind("mine") is mine


def test_another_package_cannot_take_over_a_built_in_name(monkeypatch: pytest.MonkeyPatch) -> None:
    others(monkeypatch, ("sandbox", f"{__name__}:mine"))
    assert registry.kind("sandbox") is not mine
    assert registry.names().count("sandbox") == 1


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("no_such_package:kind", "cannot be loaded.*no_such_package"),
        (f"{__name__}:nothing", "cannot be loaded"),
        (f"{__name__}:Broken", "lacks settings, reader, shop, writer"),
        (f"{__name__}:unlike", "calls itself 'sandbox'"),
    ],
)
def test_a_package_that_does_not_work_is_a_fault_that_names_it(
    value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    others(monkeypatch, ("mine", value))
    with pytest.raises(ConfigError, match=reason):
        registry.kind("mine")


def test_what_the_registry_gives_offers_all_three_sides() -> None:
    kind, account = SandboxKind(), Account(AccountId("wxt"), "sandbox", Currency("CNY"), "Asia/Shanghai")
    options = kind.settings.model_validate({"speed": 0})
    assert isinstance(kind.reader(account, options), AdsReader)
    assert isinstance(kind.shop(account, options), ShopReader)
    assert isinstance(kind.writer(account, options), BudgetWriter)

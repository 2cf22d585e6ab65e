"""Many shops as files: one template, one file each, and every fault and limit with the place where it was written."""

from __future__ import annotations

from pathlib import Path

import pytest

from bidder.config.agency import load_agency
from bidder.config.load import load
from bidder.config.shops import Shop, load_shop, read_shops, shop_files
from bidder.errors import ConfigError

TEMPLATE = """\
shop: {currency: CNY, timezone: Asia/Shanghai}
budget: {day: {max: 3000}}
accounts:
  - {name: ads, platform: sandbox, mode: propose, path: state/$shop.json}
  - {name: video, platform: sandbox, mode: observe, path: state/$shop-video.json}
rules: [rules/*.yaml]
store: sqlite:///stores/$shop.db
"""
RULES = """\
- name: gentle
  step: {max: 30%}
- name: heroes carry the shop
  where: "'hero' in product.tags"
  share: {min: 40%}
"""


def an_agency(folder: Path, **shops: str) -> Path:
    """A folder with a template, the agency's rules and a file for each shop (`_` in a name stands for -)."""
    for name in ("rules", "shops/own"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "template.yaml").write_text(TEMPLATE, "utf-8")
    (folder / "rules" / "base.yaml").write_text(RULES, "utf-8")
    for name, text in shops.items():
        (folder / "shops" / f"{name.replace('_', '-')}.yaml").write_text(text, "utf-8")
    return folder


def read(folder: Path, env: dict[str, str] | None = None) -> dict[str, Shop]:
    return {one.name: one for one in read_shops(load_agency(folder, env or {}), env or {})}


def told(shop: Shop, folder: Path) -> list[str]:
    return [str(one).replace(f"{folder}/", "") for one in shop.faults]


def test_a_shop_has_what_it_writes_and_the_rest_from_the_template(tmp_path: Path) -> None:
    an_agency(
        tmp_path, tea_house="shop: {title: Tea}\nbudget: {day: {max: 1000}}\naccounts: [{name: ads, mode: apply}]\n"
    )
    config = load_shop(load_agency(tmp_path, {}), "tea-house", {})
    assert (config.shop.name, config.shop.title, config.shop.timezone) == ("tea-house", "Tea", "Asia/Shanghai")
    assert str(config.caps().day) == "1000.00"
    assert [(one.id, one.platform, one.mode.value) for one, _ in config.accounts] == [("ads", "sandbox", "apply")]
    assert config.store_url == f"sqlite:///{tmp_path}/stores/tea-house.db"
    assert [str(getattr(settings, "path", "")) for _, settings in config.accounts] == [
        f"{tmp_path}/state/tea-house.json"
    ]


def test_an_empty_file_is_a_shop_like_the_template(tmp_path: Path) -> None:
    shops = read(an_agency(tmp_path, a="", b="# nothing yet\n"))
    assert all(one.config is not None and len(one.config.accounts) == 2 for one in shops.values())
    assert [one.config.shop.name for one in shops.values() if one.config] == ["a", "b"]


def test_every_limit_names_the_file_and_line_that_wrote_it(tmp_path: Path) -> None:
    an_agency(tmp_path, a="budget: {day: {max: 500}}\nrules: [own/*.yaml]\n", b="")
    (tmp_path / "shops/own/a.yaml").write_text("- name: mine\n  total: {max: 400}\n", "utf-8")
    shops = read(tmp_path)

    def places(name: str) -> dict[str, str]:
        config = shops[name].config
        assert config is not None
        return {rule.name: str(rule.source).replace(f"{tmp_path}/", "") for rule in config.policy.rules}

    agency = {"gentle": "rules/base.yaml:2:3", "heroes carry the shop": "rules/base.yaml:5:3"}
    assert places("a") == {"day max": "shops/a.yaml:1:16", **agency, "mine": "shops/own/a.yaml:2:3"}
    assert places("b") == {"day max": "template.yaml:2:16", **agency}


def test_a_shops_rule_stands_in_place_of_the_agencys_of_that_name(tmp_path: Path) -> None:
    an_agency(tmp_path, a="rules: [own/*.yaml]\n", b="")
    (tmp_path / "shops/own/a.yaml").write_text("- name: gentle\n  step: {max: 10%}\n", "utf-8")
    a, b = (read(tmp_path)[name].config for name in "ab")
    assert a is not None
    assert b is not None
    assert [rule.name for rule in a.policy.rules] == [rule.name for rule in b.policy.rules]
    assert str(a.policy.rules[1].source).endswith("own/a.yaml:2:3")
    assert a.digest != b.digest


def test_two_rules_of_one_name_in_a_shop_are_a_fault(tmp_path: Path) -> None:
    an_agency(tmp_path, a="rules: [own/*.yaml]\n")
    (tmp_path / "shops/own/a.yaml").write_text("- name: x\n  step: {max: 10%}\n- name: x\n  step: {max: 9%}\n", "utf-8")
    assert told(read(tmp_path)["a"], tmp_path) == [
        f"shops/own/a.yaml:4:3  name: 'x' is taken by the rule at {tmp_path}/shops/own/a.yaml:2:3".replace(
            f"{tmp_path}/", ""
        )
    ]


def test_a_broken_shop_is_told_with_its_place_and_keeps_no_other_out(tmp_path: Path) -> None:
    an_agency(tmp_path, a="", b="budgt: {day: {max: 5}}\n", c="a: [\n", d="shop: {name: other}\n", e="- 1\n")
    shops = read(tmp_path)
    assert [name for name, one in shops.items() if one.config is not None] == ["a"]
    assert told(shops["b"], tmp_path) == ["shops/b.yaml:1:1  budgt: no such key; did you mean budget?"]
    assert told(shops["c"], tmp_path)[0].startswith("shops/c.yaml:2:1  ")
    assert told(shops["d"], tmp_path) == ["shops/d.yaml:1:14  shop.name: expected d, the name of the file, was other"]
    assert told(shops["e"], tmp_path)[0].startswith("shops/e.yaml:1:1  expected sections")


def test_a_fault_of_the_template_is_told_at_the_template(tmp_path: Path) -> None:
    an_agency(tmp_path, a="accounts: [{name: ads, mode: apply}]\n")
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("seed", "x").replace("sandbox", "sandbx"), "utf-8")
    assert told(read(tmp_path)["a"], tmp_path)[0].startswith("template.yaml:4:27  ")


def test_a_file_that_no_shop_can_be_named_after_is_told(tmp_path: Path) -> None:
    an_agency(tmp_path, a="")
    (tmp_path / "shops" / "Tea House.yaml").write_text("", "utf-8")
    shops = read(tmp_path)
    assert list(shops) == ["Tea House.yaml", "a"]
    assert "named after its shop" in told(shops["Tea House.yaml"], tmp_path)[0]
    assert list(shop_files(load_agency(tmp_path, {}))) == ["a"]


def test_two_shops_never_share_a_store(tmp_path: Path) -> None:
    an_agency(tmp_path, a="", b="store: sqlite:///../stores/a.db\n", c="store: sqlite:///../one.db\n", d="")
    (tmp_path / "template.yaml").write_text(TEMPLATE.replace("stores/$shop", "one"), "utf-8")
    shops = read(tmp_path)
    assert "store: is that of a already" in told(shops["d"], tmp_path)[0]


def test_on_a_server_each_shop_has_a_schema_of_its_own(tmp_path: Path) -> None:
    env = {"BIDDER_STORE": "postgresql://bidder@db/shops"}
    shops = read(an_agency(tmp_path, tea_house="", b=""), env)
    urls = [one.config.store_url for one in shops.values() if one.config]
    assert urls == ["postgresql://bidder@db/shops?schema=shop_b", "postgresql://bidder@db/shops?schema=shop_tea_house"]


def test_a_secret_of_the_template_may_be_each_shops_own(tmp_path: Path) -> None:
    an_agency(tmp_path, a="", b="")
    text = TEMPLATE + "alerts: [{to: {file: secrets/$shop}}]\n"
    (tmp_path / "template.yaml").write_text(text, "utf-8")
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "a").write_text("json://a.example/x", "utf-8")
    (tmp_path / "secrets" / "a").chmod(0o600)
    shops = read(tmp_path)
    assert shops["a"].config is not None
    assert shops["a"].config.receivers[0].url.get_secret_value() == "json://a.example/x"
    assert told(shops["b"], tmp_path)[0].startswith("template.yaml:8:15  secret file secrets/b cannot be read")


@pytest.mark.parametrize("name", ["nobody", "../template", "a/b", ""])
def test_a_shop_there_is_not_is_told(tmp_path: Path, name: str) -> None:
    an_agency(tmp_path, a="")
    with pytest.raises(ConfigError, match="no such shop"):
        load_shop(load_agency(tmp_path, {}), name, {})


def test_no_agency_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no agency here"):
        load_agency(tmp_path, {})


def test_a_shops_file_is_a_configuration_as_any_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`bidder plan -c shops/tea.yaml`, `bidder run -c …`: over its template, without being told."""
    an_agency(tmp_path, tea="budget: {day: {max: 500}}\n")
    whole = load_shop(load_agency(tmp_path, {}), "tea", {})
    found = load(tmp_path / "shops/tea.yaml", env={})
    assert (found.digest, found.store_url, found.shop.name) == (whole.digest, whole.store_url, "tea")
    monkeypatch.chdir(tmp_path / "shops")
    beside = load(Path("tea.yaml"), env={})
    assert (beside.digest, [account.id for account, _ in beside.accounts]) == (whole.digest, ["ads", "video"])
    assert load(env={"BIDDER_CONFIG": str(tmp_path / "shops/tea.yaml")}).digest == whole.digest


def test_a_file_that_is_no_shop_of_an_agency_stands_alone(tmp_path: Path) -> None:
    an_agency(tmp_path, tea="")
    (tmp_path / "alone").mkdir()
    for name in ("bidder.yaml", "alone/tea.yaml"):
        (tmp_path / name).write_text("shop: {name: single}\n", "utf-8")
        assert load(tmp_path / name, env={}).shop.name == "single"
        assert load(tmp_path / name, env={}).accounts == ()


def test_the_example_of_many_shops_is_in_order() -> None:
    example = Path(__file__).resolve().parents[2] / "examples/04-many-shops"
    shops = read(example)
    assert list(shops) == ["silk", "tea-house", "tin"]
    assert [one.faults for one in shops.values()] == [(), (), ()]
    silk = shops["silk"].config
    assert silk is not None
    gentle = next(rule for rule in silk.policy.rules if rule.name == "gentle")
    assert str(gentle.source).endswith("shops/silk/own.yaml:3:3")


def test_the_agencys_own_store_has_a_schema_of_its_own_on_a_server(tmp_path: Path) -> None:
    an_agency(tmp_path, tea="")
    for said, url in (
        ("postgresql://bidder@db/shops", "postgresql://bidder@db/shops?schema=agency"),
        ("postgresql://bidder@db/shops?schema=own", "postgresql://bidder@db/shops?schema=own"),
        ("{env: WHERE}", "postgresql://bidder:x@db/all?schema=agency"),
        ("sqlite:///people.db", f"sqlite:///{tmp_path}/people.db"),
    ):
        (tmp_path / "agency.yaml").write_text(f"store: {said}\n", "utf-8")
        assert load_agency(tmp_path, {"WHERE": "postgresql://bidder:x@db/all"}).store_url == url

"""Files and environment → Config: paths, overrides, secrets, accounts, and every fault at once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from bidder.catalog import Account, Mode
from bidder.config import secrets
from bidder.config.file import LATER
from bidder.config.load import Config, load
from bidder.connectors.protocol import AdsReader, BudgetWriter, ShopReader
from bidder.errors import ConfigError, Fault, Source
from bidder.optimizer.objective import Objective
from bidder.rules.step import DefaultStep
from bidder.rules.total import Total
from bidder.written import Amount
from tests.builders import yuan


class Keys(BaseModel):
    model_config = ConfigDict(extra="forbid")
    app_key: SecretStr
    app_secret: SecretStr | None = None


class ShelfSettings(BaseModel):
    """The settings of a platform that exists in these tests alone."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    credentials: Keys | None = None
    base_url: str = "https://api.example"
    file: Path | None = None
    retries: int = 3
    ratio: float | None = None


class Shelf:
    name = "shelf"
    settings: type[BaseModel] = ShelfSettings

    def reader(self, account: Account, settings: BaseModel) -> AdsReader:
        raise NotImplementedError

    def shop(self, account: Account, settings: BaseModel) -> ShopReader | None:
        raise NotImplementedError

    def writer(self, account: Account, settings: BaseModel) -> BudgetWriter:
        raise NotImplementedError


def shelf(name: str, source: Source | None = None) -> Shelf:
    if name != "shelf":
        raise ConfigError([Fault(source, f"platform: no such connector {name!r}")])
    return Shelf()


def write(folder: Path, text: str, **files: str) -> Path:
    for name, content in files.items():
        path = folder / name.replace("__", "/").replace("_csv", ".csv").replace("_yaml", ".yaml")
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, "utf-8")
    (folder / "bidder.yaml").write_text(text, "utf-8")
    return folder / "bidder.yaml"


def read(folder: Path, text: str, env: Mapping[str, str] | None = None, **files: str) -> Config:
    return load(write(folder, text, **files), env=env or {}, kind=shelf)


def faults(folder: Path, text: str, env: Mapping[str, str] | None = None, **files: str) -> str:
    with pytest.raises(ConfigError) as caught:
        read(folder, text, env, **files)
    return str(caught.value).replace(f"{folder}/", "")


def test_without_a_file_every_default_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    config = load(None, env={})
    assert (config.path, config.accounts, config.products) == (None, (), ())
    assert config.store_url == "sqlite:///bidder.db"
    assert (config.host, config.port) == ("127.0.0.1", 9108)
    assert config.objective is Objective.PROFIT
    assert config.shop.name == "shop"
    assert not config.has_total
    assert config.policy.rules == ()
    assert config.token is None
    assert config.limits_shown() == {"day_limit": None, "month_limit": None}


def test_the_file_is_the_one_that_was_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    here = write(tmp_path, "shop: {name: here}")
    other = tmp_path / "other.yaml"
    other.write_text("shop: {name: other}", "utf-8")
    assert load(None, env={}).shop.name == "here"
    assert load(None, env={"BIDDER_CONFIG": str(other)}).shop.name == "other"
    assert load(here, env={"BIDDER_CONFIG": str(other)}).shop.name == "here"
    monkeypatch.setenv("BIDDER_CONFIG", str(other))
    assert load().shop.name == "other"


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no-such"):
        load(tmp_path / "no-such.yaml", env={})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path, env={})


def test_an_empty_file_is_all_defaults(tmp_path: Path) -> None:
    assert read(tmp_path, "").policy.rules == ()
    assert "1:1  expected sections" in faults(tmp_path, "- a\n")


def test_relative_paths_start_at_the_folder_of_the_file(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "accounts: [{name: a, platform: shelf, file: state.json}]\nproducts: p.csv\nrules: [r/*.yaml]\nstore: sqlite:///x.db",
        p_csv="id,price,cost\nP1,2,1\n",
        r__one_yaml="- {name: one, step: {max: 10%}}",
    )
    settings = config.accounts[0][1]
    assert isinstance(settings, ShelfSettings)
    assert settings.file == tmp_path / "state.json"
    assert config.store_url == f"sqlite:///{tmp_path}/x.db"
    assert [str(product.id) for product in config.products] == ["P1"]
    (rule,) = config.policy.rules
    assert (rule.name, rule.source) == ("one", Source(str(tmp_path / "r/one.yaml"), 1, 15))
    absolute = read(tmp_path, f"accounts: [{{name: a, platform: shelf, file: {tmp_path}/s.json}}]")
    assert getattr(absolute.accounts[0][1], "file") == tmp_path / "s.json"  # noqa: B009 - a field of this platform alone


def test_the_address_of_a_database_may_be_a_secret_and_is_shown_nowhere(tmp_path: Path) -> None:
    plain = read(tmp_path, "store: postgresql://bidder@db.example/shops?schema=tea")
    assert plain.store_url == "postgresql://bidder@db.example/shops?schema=tea"
    secret = "postgresql://bidder:hunter2@db.example/shops"
    config = read(tmp_path, "store: {env: SHOPS}", {"SHOPS": secret})
    assert config.store_url == secret
    assert "hunter2" not in repr(config)
    (tmp_path / "address").write_text("sqlite:///x.db\n", "utf-8")
    (tmp_path / "address").chmod(0o600)
    assert read(tmp_path, "store: {file: address}").store_url == f"sqlite:///{tmp_path}/x.db"
    assert "hunter2" not in faults(tmp_path, f"store: {secret}", {})


def test_the_environment_overrides_listen_and_store(tmp_path: Path) -> None:
    config = read(tmp_path, "", {"BIDDER_LISTEN": "0.0.0.0:80", "BIDDER_STORE": "sqlite:////data/b.db"})
    assert (config.listen, config.store_url) == ("0.0.0.0:80", "sqlite:////data/b.db")
    assert read(tmp_path, "", {"BIDDER_STORE": "b.db"}).store_url == "sqlite:///b.db"
    assert "$BIDDER_LISTEN  expected HOST:PORT" in faults(tmp_path, "", {"BIDDER_LISTEN": "80"})


def test_caps_become_rules_that_know_where_they_stand(tmp_path: Path) -> None:
    config = read(tmp_path, "budget:\n  month: 60000\n  day: {max: 3000}\n  overdelivery: 150%\n")
    day, month = config.policy.rules
    assert (day.name, str(day.source).rpartition("/")[2]) == ("day max", "bidder.yaml:3:9")
    assert (month.name, str(month.source).rpartition("/")[2]) == ("month", "bidder.yaml:2:3")
    assert isinstance(day.kind, Total)
    assert day.kind.max == Amount(Decimal(3000))
    assert getattr(month.kind, "overdelivery") == 1.5  # noqa: B009 - a field of this word alone
    assert (config.caps().day, config.caps().month) == (yuan(3000), yuan(60000))
    assert config.limits_shown() == {"day_limit": "3000.00", "month_limit": "60000.00"}
    assert config.has_total


def test_the_guards_figures_are_the_default_step_where_they_are_written(tmp_path: Path) -> None:
    config = read(tmp_path, "guard: {raise: 10%, target_driven: {step: 5%, cooldown: 6d}}")
    (rule,) = config.policy.rules
    assert isinstance(rule.kind, DefaultStep)
    assert (rule.kind.raise_, rule.kind.cut, rule.kind.target_step) == (0.1, 0.4, 0.05)
    assert rule.kind.target_cooldown == timedelta(days=6)
    assert config.policy.guard.raise_ == 0.1


def test_schedule_and_objective_are_read(tmp_path: Path) -> None:
    config = read(tmp_path, 'objective: revenue\nschedule: {poll: 2h, decide: {from: "01:00", until: "02:30"}}')
    assert config.policy.objective is Objective.REVENUE
    assert config.schedule.poll == timedelta(hours=2)
    assert (config.schedule.decide.from_, config.schedule.decide.until) == (time(1), time(2, 30))


def test_the_digest_changes_with_any_file_and_with_nothing_else(tmp_path: Path) -> None:
    def digest(text: str, rules: str) -> str:
        return read(tmp_path, f"{text}\nrules: [r.yaml]", r_yaml=rules).digest

    first = digest("shop: {name: a}", "- {name: one, step: {max: 10%}}")
    assert first == digest("shop: {name: a}", "- {name: one, step: {max: 10%}}")
    assert first != digest("shop: {name: b}", "- {name: one, step: {max: 10%}}")
    assert first != digest("shop: {name: a}", "- {name: one, step: {max: 11%}}")
    assert len(first) == 16
    assert (
        first
        == read(tmp_path, "shop: {name: a}\nrules: [r.yaml]", r_yaml="- {name: one, step: {max: 10%}}").policy.digest
    )


# accounts and secrets


def test_an_account_takes_currency_and_zone_from_the_shop(tmp_path: Path) -> None:
    config = read(tmp_path, "shop: {currency: USD, timezone: America/Denver}\naccounts: [{name: a, platform: shelf}]")
    account = config.accounts[0][0]
    assert (account.currency, account.timezone, account.mode) == ("USD", "America/Denver", Mode.OBSERVE)


def test_secrets_come_from_environment_and_files(tmp_path: Path) -> None:
    secret = tmp_path / "creds" / "top"
    secret.parent.mkdir()
    secret.write_text("from-file\n", "utf-8")
    secret.chmod(0o600)
    text = "accounts: [{name: a, platform: shelf, credentials: {app_key: {env: KEY}, app_secret: {file: top}}}]"
    config = read(tmp_path, text, {"KEY": "from-env", "CREDENTIALS_DIRECTORY": str(secret.parent)})
    keys = getattr(config.accounts[0][1], "credentials")  # noqa: B009 - a field of this platform alone
    assert keys.app_key.get_secret_value() == "from-env"
    assert keys.app_secret.get_secret_value() == "from-file"
    assert "from-file" not in repr(config)
    assert "from-env" not in repr(config)
    beside = tmp_path / "top"
    beside.write_text("beside", "utf-8")
    beside.chmod(0o600)
    keys = getattr(read(tmp_path, text, {"KEY": "k"}).accounts[0][1], "credentials")  # noqa: B009 - as above
    assert keys.app_secret.get_secret_value() == "beside"


@pytest.mark.parametrize(
    ("reference", "mode", "content", "told"),
    [
        ("{env: NO_SUCH}", 0o600, b"x", "1:62  secret NO_SUCH is not set: set the environment variable"),
        ("{file: no-such}", 0o600, b"x", "cannot be read: No such file"),
        ("{file: top}", 0o620, b"x", "can be written by others: chmod 600"),
        ("{file: top}", 0o600, b" \n", "is empty or is no text"),
        ("{file: top}", 0o600, b"\xff\xfe", "is empty or is no text"),
        ("{file: top}", 0o600, b"x" * 70_000, "is empty or is no text"),
        ("plain-secret", 0o600, b"x", "credentials.app_key: a secret is not written here"),
        ("5", 0o600, b"x", "credentials.app_key: a secret is not written here"),
    ],
)
def test_a_secret_that_cannot_be_used_says_what_to_do(
    tmp_path: Path, reference: str, mode: int, content: bytes, told: str
) -> None:
    (tmp_path / "top").write_bytes(content)
    (tmp_path / "top").chmod(mode)
    text = f"accounts: [{{name: a, platform: shelf, credentials: {{app_key: {reference}}}}}]"
    assert told in faults(tmp_path, text)
    assert "plain-secret" not in faults(tmp_path, text).replace("a secret is", "")


def test_secrets_of_docker_and_systemd_are_taken_as_they_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their modes are not the operator's: compose gives 0444, a tmpfs of systemd its own."""
    docker, systemd, beside = (tmp_path / name for name in ("docker", "systemd", "docker-beside"))
    for folder in (docker, systemd, beside):
        folder.mkdir()
        (folder / "top").write_text("kept\n", "utf-8")
        (folder / "top").chmod(0o666)
    monkeypatch.setattr(secrets, "DOCKER_SECRETS", docker)
    for name, env in ((str(docker / "top"), {}), ("top", {"CREDENTIALS_DIRECTORY": str(systemd)})):
        config = read(tmp_path, f"web: {{token: {{file: {name}}}}}", env)
        assert config.token is not None
        assert config.token.get_secret_value() == "kept"
        assert config.warnings == ()
    for other in (beside / "top", docker / ".." / "docker-beside" / "top"):
        assert "can be written by others" in faults(tmp_path, f"web: {{token: {{file: {other}}}}}")


def test_a_secret_file_that_others_can_read_is_warned_about(tmp_path: Path) -> None:
    (tmp_path / "top").write_text("x", "utf-8")
    os.chmod(tmp_path / "top", 0o640)
    config = read(tmp_path, "web: {token: {file: top}}")
    assert config.token is not None
    assert config.token.get_secret_value() == "x"
    assert "can be read by others: chmod 600" in str(config.warnings[0])
    assert "expected {env: NAME} or {file: path}" in faults(tmp_path, "web: {token: {env: A, file: b}}")
    assert "secret T is not set" in faults(tmp_path, "web: {token: {env: T}}")


@pytest.mark.parametrize(
    ("account", "told"),
    [
        ("{name: a, platform: shlf}", "1:32  platform: no such connector 'shlf'"),
        ("{name: a, platform: shelf, bse_url: x}", "bse_url: no such key; did you mean base_url?"),
        ("{name: a, platform: shelf, mod: apply}", "mod: no such key; did you mean mode?"),
        ("{name: a, platform: shelf, retries: x}", "retries: expected a whole number, was 'x'"),
        ("{name: a, platform: shelf, retries: true}", "retries: expected a number, was true"),
        ("{name: a, platform: shelf, ratio: false}", "ratio: expected a number, was false"),
        ("{name: a, platform: shelf, credentials: {app_kee: {env: K}}}", "app_kee: no such key; did you mean app_key?"),
        ("{name: A b, platform: shelf}", "1:19  accounts.name: expected a-z"),
        ("{name: a, platform: shelf, timezone: Mars}", "expected an IANA time zone"),
        ("{name: a, platform: shelf, currency: XYZ}", "ISO 4217"),
        ("{name: a, platfrm: shelf}", "accounts.platfrm: no such key; did you mean platform?"),
        ("{nam: a, platform: shelf}", "accounts.name: is missing"),
        ("5", "accounts: expected a mapping"),
        ("{name: a, platform: shelf}, {name: a, platform: shelf}", "name: a is taken, line 1"),
        ("{name: a, platform: shelf, mode: apply}", "mode: apply needs a cap"),
    ],
)
def test_a_mistake_in_an_account_is_told(tmp_path: Path, account: str, told: str) -> None:
    assert told in faults(tmp_path, f"accounts: [{account}]", {"K": "k"})


def test_numbers_with_a_point_reach_a_platform_as_numbers(tmp_path: Path) -> None:
    config = read(tmp_path, "accounts: [{name: a, platform: shelf, ratio: 0.25}]")
    assert getattr(config.accounts[0][1], "ratio") == 0.25  # noqa: B009 - a field of this platform alone


@pytest.mark.parametrize("cap", ["budget: {day: {max: 5}}", "budget: {month: 5}", "rules: [r.yaml]"])
def test_any_absolute_cap_lets_an_account_be_written(tmp_path: Path, cap: str) -> None:
    text = f"accounts: [{{name: a, platform: shelf, mode: apply}}]\n{cap}"
    assert read(tmp_path, text, r_yaml="- {name: all, total: {max: 9}}").has_total


# what is refused


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("shp: {name: a}", "1:1  shp: no such key; did you mean shop?"),
        ("shop: {nme: a}", "1:8  shop.nme: no such key; did you mean name?"),
        ("zzz: 1", "zzz: no such key; known are shop, objective"),
        ("shop: 5", "1:7  shop: expected a mapping (key: value), was 5"),
        ("objective: new_customers", "objective: expected profit, revenue or orders"),
        ("budget: {day: {}}", "1:15  budget.day.max: is missing"),
        ("budget: {day: 3000}", "budget.day: expected a mapping"),
        ("budget: {month: 30%}", "budget.month: expected an amount of money"),
        ("budget: {month: 5, overdelivery: 50%}", "expected at least 100%, was 50%; or write platform"),
        ("budget: {month: 60000 USD}", "no rate to the shop's CNY is known"),
        ("store: mysql://x", "store: no such store; expected sqlite:///PATH"),
        ("store: postgresql://me:hunter2@host/db", "1:8  store: a password is not written here; write {env: NAME}"),
        ("store: 'postgresql://host/db?user=me&password=hunter2'", "store: a password is not written here"),
        ("store: {env: NOWHERE}", "1:8  secret NOWHERE is not set"),
        (
            "store: {nev: X}",
            "1:8  store: expected sqlite:///PATH, postgresql://…, {env: NAME} or {file: path}, was a mapping",
        ),
        ("store: 5", "1:8  store: expected sqlite:///PATH, postgresql://…, {env: NAME} or {file: path}, was 5"),
        ("web: {listen: nowhere}", "web.listen: expected HOST:PORT"),
        ("schedule: {poll: 10}", "schedule.poll: expected a duration such as 26h"),
        ("schedule: {poll: 48h}", "poll: expected 1m to 24h"),
        ('schedule: {decide: {from: "12:00", until: "11:00"}}', "expected from before until"),
        ("schedule: {decide: {from: 9.5}}", "expected a time such as"),
        ("guard: {check_history: false}", "guard.check_history: switching the history check off is not available"),
        ("guard: {raise: 0.3}", "guard.raise: expected a percentage such as 40%, was 0.3; write 30%"),
        (
            "guard: {min_history: {days: 0}}",
            "guard.min_history.days: input should be greater than or equal to 1, was 0",
        ),
        ("products: no-such.csv", "1:11  "),
        ("rules: [no-such.yaml]", "1:9  "),
        ("rules: ['no/*.yaml']", "no/*.yaml: no such file"),
        ("rules: [/etc/*.yaml]", "a pattern starts at the folder"),
        ("rules: [r.yaml, 'r*.yaml']", "named twice"),
    ],
)
def test_a_mistake_in_bidder_yaml_is_told_at_its_place(tmp_path: Path, text: str, told: str) -> None:
    assert told in faults(tmp_path, text, r_yaml="- {name: one, step: {max: 10%}}")


@pytest.mark.parametrize("key", sorted(".".join(path) for path in LATER))
def test_what_a_later_version_brings_is_refused_by_name(tmp_path: Path, key: str) -> None:
    text = ""
    for depth, part in enumerate(key.split(".")):
        text += "  " * depth + part + ":\n"
    told = faults(tmp_path, text.rstrip("\n") + " {a: 1}")
    assert f"{key}: " in told
    assert "is not available in this version" in told


def test_files_that_are_no_text_are_refused_with_their_line(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    path.write_bytes(b"shop: {}\nname: \xff\n")
    with pytest.raises(ConfigError, match=r"bidder.yaml:2  expected UTF-8"):
        load(path, env={}, kind=shelf)


@pytest.mark.parametrize(
    ("rules", "told"),
    [
        ("a: 1", "r.yaml:1:1  expected a list of rules"),
        ("- 5", "r.yaml:1:3  expected a rule such as"),
        ("- {name: x}", "r.yaml:1:3  a rule without a word; there are total"),
        ("- {name: x, shre: {min: 1%}}", "r.yaml:1:13  shre: no such word in a rule; did you mean share?"),
        ("- {name: x, zzzz: {min: 1%}}", "no such word in a rule; there are total"),
        ("- {name: x, step: {max: 1%}, total: {max: 5}}", "a second word in one rule, beside step; write two rules"),
        ("- {step: {max: 1%}}", "r.yaml:1:3  name: is missing"),
        ("- {name: 5, step: {max: 1%}}", "r.yaml:1:10  name: expected text, was 5"),
        ("- {name: ' ', step: {max: 1%}}", "name: expected 1 to 80 characters, was 0"),
        ("- {name: x, enabled: 1, step: {max: 1%}}", "enabled: expected true or false, was 1"),
        ("- {name: x, note: [a], step: {max: 1%}}", "note: expected text"),
        ("- {name: x, priority: high, step: {max: 1%}}", "priority: expected a whole number, was high"),
        ("- {name: x, priority: 99, total: {max: 5}}", "r.yaml:1:23  priority: expected 1 to 49, was 99"),
        ("- {name: x, priority: 45, step: {max: 5%}}", "priority: expected 30 to 39, was 45"),
        ("- {name: x, step: {max: 1%, mx: 2%}}", "r.yaml:1:29  step.mx: no such key; did you mean max?"),
        ("- {name: x, step: {}}", "r.yaml:1:19  step: expected max, raise, cut, min or cooldown"),
        ("- {name: x, step: 30%}", "step: expected a mapping (key: value), was '30%'"),
        ("- {name: x, where: \"chanel == 'a'\", step: {max: 1%}}", "r.yaml:1:21  where: chanel: no such name"),
        ("- {name: x, where: {tga: a}, step: {max: 1%}}", "r.yaml:1:20  where: tga: no such pattern"),
        ("- name: x\n  where: |\n    channel ==\n  step: {max: 1%}", "r.yaml:2:10  where: condition cannot be read"),
        ("- {name: x, when: {tag: a}, step: {max: 1%}}", "when: tag: no such pattern"),
        (
            "- {name: x, step: {max: 1%}}\n- {name: x, total: {max: 5}}",
            "r.yaml:2:13  name: 'x' is taken by the rule at",
        ),
        ("- {name: month, step: {max: 1%}}", "name: 'month' is taken by the rule at"),
        ("- {name: x, total: {max: 5 USD}}", "x.max: 5 USD: no rate to the shop's CNY"),
    ],
)
def test_a_mistake_in_a_rule_is_told_at_its_place(tmp_path: Path, rules: str, told: str) -> None:
    assert told in faults(tmp_path, "budget: {month: 100}\nrules: [r.yaml]", r_yaml=rules)


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("budget: {multiply: 3}", "budget: multiply: expected a when"),
        ("launch: {max: 1500}", "launch: expected a where"),
        (
            'exclude: {from: "2026-05-01"}, when: {weekday: mon}',
            "exclude: which days are left out is said by from and to",
        ),
    ],
)
def test_a_word_that_needs_where_or_when_says_so(tmp_path: Path, rule: str, told: str) -> None:
    assert told in faults(tmp_path, "rules: [r.yaml]", r_yaml=f"- {{name: x, {rule}}}")


# what is warned about


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("budget: {month: 100, day: {max: 200}}", "1:33  budget.day.max: 200 a day is more than the month's 100"),
        ("budget: {month: 10000, day: {max: 200}}", "budget.month: 10000 cannot be spent at 200 a day"),
        ('web: {listen: "0.0.0.0:80"}', "web.listen: 0.0.0.0 can be reached by others"),
        ("web: {listen: example.org:80}", "can be reached by others"),
        ("rules: [empty.yaml]", "empty.yaml  no rules in this file"),
        ("rules: [off.yaml]", "quiet: is switched off"),
        ("rules: [event.yaml]", "there is no calendar, every day is an ordinary one"),
        ("rules: [tags.yaml]", "none: this where selects nothing"),
        ("rules: [tags.yaml]", "all: this where selects everything; leave it out"),
        ("rules: [tags.yaml]", "nobody: this where selects nothing"),
        (
            "budget: {day: {max: 100}}\nrules: [big.yaml]",
            "big: budget.max 500 is more than all budgets together may be",
        ),
    ],
)
def test_what_makes_little_sense_is_warned_about(tmp_path: Path, text: str, told: str) -> None:
    config = read(
        tmp_path,
        f"{text}\nproducts: p.csv\naccounts: [{{name: a, platform: shelf}}]",
        p_csv="id,price,cost,tags\nP1,2,1,hero\nP2,3,1,new\n",
        empty_yaml="# nothing yet\n",
        off_yaml="- {name: quiet, enabled: false, step: {max: 1%}}",
        event_yaml="- {name: e, when: {phase: burst}, step: {max: 1%}}",
        big_yaml="- {name: big, budget: {max: 500}}\n- {name: fine, budget: {max: 50}}",
        tags_yaml=(
            "- {name: none, where: {tag: hreo}, step: {max: 1%}}\n"
            "- {name: all, where: {tag: [hero, new]}, step: {max: 2%}}\n"
            "- {name: nobody, where: {account: b}, step: {max: 3%}}\n"
            "- {name: some, where: {tag: hero}, step: {max: 4%}}\n"
            "- {name: unknown yet, where: {channel: shelf}, step: {max: 5%}}\n"
        ),
    )
    warned = "\n".join(map(str, config.warnings))
    assert told in warned
    for silent in ("some: this", "unknown yet", "fine:"):
        assert silent not in warned


def test_without_products_nothing_is_said_of_what_products_select(tmp_path: Path) -> None:
    config = read(
        tmp_path,
        "rules: [r.yaml]\naccounts: [{name: a, platform: shelf}]",
        r_yaml="- {name: x, where: {tag: hero}, step: {max: 1%}}",
    )
    assert config.warnings == ()


def test_faults_of_every_file_come_at_once(tmp_path: Path) -> None:
    text = "shop: {nme: a}\nproducts: p.csv\nrules: [r.yaml, s.yaml]\nweb: {token: {env: T}}"
    told = faults(tmp_path, text, p_csv="id,price\nP1,x\n", r_yaml="- {name: a, stp: {}}", s_yaml="a: no")
    for part in ("shop.nme", "p.csv:2:4", "r.yaml:1:13", "s.yaml:1:4", "secret T"):
        assert part in told


def test_the_registry_is_asked_by_default(tmp_path: Path) -> None:
    path = write(tmp_path, "accounts: [{name: a, platform: sandbox, seed: 3}]")
    account, settings = load(path, env={}).accounts[0]
    assert account.platform == "sandbox"
    assert getattr(settings, "seed") == 3  # noqa: B009 - a field of this platform alone
    path = write(tmp_path, "accounts: [{name: a, platform: sandbx}]")
    with pytest.raises(ConfigError, match=r"1:32 .*sandbox"):
        load(path, env={})


def test_what_is_read_twice_is_equal(tmp_path: Path) -> None:
    text: Any = "accounts: [{name: a, platform: shelf}]\nbudget: {day: {max: 5}}"
    one, two = read(tmp_path, text), read(tmp_path, text)
    assert one.accounts == two.accounts
    assert one.policy.rules == two.policy.rules

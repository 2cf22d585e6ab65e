"""The keys of a platform described in YAML: a page made from the models, written by :mod:`bidder.config.reference`."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import BaseModel

from bidder.connectors.http import PlatformSettings
from bidder.connectors.rest import calls, fields, settings
from bidder.connectors.rest.path import FUNCTIONS

__all__ = ["REST_FILE", "rest_page"]

REST_FILE = "rest-keys.md"

_INTRO = """\
Every key of an account with `platform: rest` (ads) or `platform: rest_shop` (a shop alone), made from the code that
reads them. How they work together: [a platform of your own](own-connector.md). `config/schema/bidder.json` completes
them in an editor.

An expression is [JMESPath](https://jmespath.org). A field of `fields` may be written as its expression alone, or as
`{path: …}` with the keys of its kind. Numbers stay exact. Beside the standard's functions there are
"""

_SECTIONS: tuple[tuple[str, str, type[BaseModel]], ...] = (
    (
        "The account",
        "ads: `rest`; a shop has neither `budgets`, `report`, `read`, `set` nor `clock`",
        settings.RestSettings,
    ),
    ("auth", "", settings.Auth),
    ("auth.oauth", "", settings.OAuth),
    ("auth.hmac", "", settings.Hmac),
    ("A call", "every call: `account`, `budgets`, `read`, `report`, `set`, `products`, `activity`", calls.Call),
    ("A list", "beside those of a call: `budgets`, `read`, `report`, `products`, `activity`", calls.ListCall),
    ("paging", "", calls.Paging),
    ("An entry of lists", "beside those of a list", calls.KeyedCall),
    ("report", "beside those of a list", calls.ReportCall),
    ("report.job", "beside those of a call", calls.JobCall),
    ("report.job.state", "beside those of a call", calls.StateCall),
    ("activity", "beside those of a list", calls.ActivityCall),
    ("set", "beside those of a call", calls.SetCall),
    ("A proof", "an entry of `refused`, `applied`, `replies`", calls.Proof),
    ("replies", "", settings.Replies),
    ("An entry of replies.throttled", "beside those of a proof", settings.Throttled),
    ("account.fields", "", fields.AccountFields),
    ("budgets.fields, read.fields", "", fields.BudgetFields),
    ("report.fields", "", fields.ReportFields),
    ("products.fields", "", fields.ProductFields),
    ("activity.fields", "", fields.ActivityFields),
    ("A field of money", "", fields.MoneyField),
    ("A day", "", fields.DayField),
    ("status", "", fields.StatusField),
    ("clock", "", settings.ClockSection),
)
_BASES: dict[type[BaseModel], type[BaseModel]] = {
    calls.ListCall: calls.Call,
    calls.KeyedCall: calls.ListCall,
    calls.ReportCall: calls.ListCall,
    calls.JobCall: calls.Call,
    calls.StateCall: calls.Call,
    calls.ActivityCall: calls.ListCall,
    calls.SetCall: calls.Call,
    settings.Throttled: calls.Proof,
}
"""Keys of these are not said again."""


def rest_page() -> str:
    """The whole page, as Markdown."""
    names = [f"`{name}`" for name in FUNCTIONS]
    lines = ["# Keys of a described platform", "", f"{_INTRO}{', '.join(names[:-1])} and {names[-1]}.", ""]
    for title, where, model in _SECTIONS:
        lines += [f"## {title}", ""]
        said = " ".join((model.__doc__ or "").split())
        lines += [f"{said}{f' ({where})' if where else ''}", "", "| key | default | meaning |", "|---|---|---|"]
        lines += [*_rows(model), ""]
    return "\n".join(lines).rstrip() + "\n"


def _rows(model: type[BaseModel]) -> Iterator[str]:
    known = set(_BASES[model].model_fields) if model in _BASES else set()
    own = [name for name in model.model_fields if name not in known]
    shared = [name for name in own if name in PlatformSettings.model_fields and name != "base_url"]
    for name in [*(one for one in own if one not in shared), *shared]:
        field = model.model_fields[name]
        meaning = " ".join((field.description or "").split()).replace("|", "\\|")
        yield f"| `{field.alias or name}` | {_default(field.is_required(), field.get_default())} | {meaning} |"


def _default(needed: bool, value: object) -> str:
    if needed:
        return "needed"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple) and value:
        return ", ".join(f"`{one}`" for one in value)
    return f"`{value}`" if isinstance(value, str | int | float) and str(value) else "–"

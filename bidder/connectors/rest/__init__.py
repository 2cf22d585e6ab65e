"""Any platform by its REST API, described wholly in YAML: no code, no release.

`platform: rest` is an account of ads, `platform: rest_shop` a shop alone. A description says where the API is, who
asks, which requests list, report, read and set, how pages follow one another, where fields are (JMESPath), how money
and days are written, what replies mean, and which of them prove that nothing happened. What it gets wrong is said with
file:line:column when bidder.yaml is read (`sense`), or with the field by a dry call (`dry`).

| method | |
|---|---|
| `budgets`, `performance`, `read` | as described under `budgets`, `report`, `read` |
| `products`, `activity` | as described; not offered where they are not |
| `set` | as described under `set`; a reply that is neither `applied` nor `refused` is Unresolved |
"""

from __future__ import annotations

from bidder.connectors.rest.kinds import RestKind, RestShopKind
from bidder.connectors.rest.reader import RestReader, RestShop, RestShopWithActivity
from bidder.connectors.rest.settings import RestSettings, RestShopSettings
from bidder.connectors.rest.write import RestWriter

__all__ = [
    "RestKind",
    "RestReader",
    "RestSettings",
    "RestShop",
    "RestShopKind",
    "RestShopSettings",
    "RestShopWithActivity",
    "RestWriter",
    "kind",
]

kind = RestKind()

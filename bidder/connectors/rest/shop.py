"""A shop alone, described in YAML: `platform: rest_shop`."""

from __future__ import annotations

from bidder.connectors.rest.kinds import RestShopKind

__all__ = ["kind"]

kind = RestShopKind()

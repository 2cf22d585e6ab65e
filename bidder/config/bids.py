"""The section `bids` of bidder.yaml, and what single accounts say over it: one set of settings an account."""

from __future__ import annotations

from pydantic import ValidationError

from bidder.bids.settings import BidMode, BidSettings, combined
from bidder.config.file import File
from bidder.config.marks import Document
from bidder.errors import Fault
from bidder.ids import AccountId

__all__ = ["read_bids"]


def read_bids(
    file: File, document: Document, faults: list[Fault], warnings: list[Fault]
) -> dict[AccountId, BidSettings]:
    """The settings of every account. Faults: what does not fit; warnings: what the account's mode holds back."""
    found: dict[AccountId, BidSettings] = {}
    for index, section in enumerate(file.accounts):
        own = section.bids is not None
        place = document.at(("accounts", index, "bids") if own else ("bids",))
        try:
            settings = combined(file.bids, section.bids)
            settings.bounds(section.currency or file.shop.currency)
        except ValidationError as e:
            faults.append(Fault(place, f"bids: {e.errors()[0]['msg'].removeprefix('Value error, ')}"))
            continue
        except ValueError as e:
            faults.append(Fault(place, f"bids.{e}"))
            continue
        held = settings.mode.within(section.mode)
        if own and held is not settings.mode and section.bids is not None and "mode" in section.bids.model_fields_set:
            text = f"bids.mode: {settings.mode} is held to {held} by mode: {section.mode} of {section.name}"
            warnings.append(Fault(place, text))
        if settings.mode is not BidMode.OBSERVE or own or "bids" in file.model_fields_set:
            found[AccountId(section.name)] = settings
    return {name: found[name] for name in sorted(found)}

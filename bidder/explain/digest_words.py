"""The words of the digest, English and Chinese: the tables that its text and its page are filled from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

__all__ = ["words"]


@cache
def words(language: str) -> Mapping[str, Any]:
    """The table of a language, zh or en."""
    return dict(json.loads(files("bidder.explain").joinpath("locales", f"digest_{language}.json").read_text("utf-8")))

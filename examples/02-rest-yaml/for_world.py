"""Writes the amounts of the world that is being served into bidder.yaml and rules.yaml.

python for_world.py http://127.0.0.1:8765 FOLDER      # FOLDER gets its own copy of both
"""

from __future__ import annotations

import json
import re
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any

__all__ = ["asked", "fitted"]

HERE = Path(__file__).parent


def fitted(view: Mapping[str, Any], url: str, folder: Path) -> Path:
    """The example with this world's amounts and address, in that folder; the path of its bidder.yaml."""
    caps = {group["cap"] for group in view["groups"].values()}
    amounts = {
        r"day: \{max: [\d.]+\}": f"day: {{max: {view['total_budget']:.2f}}}",
        r"total: \{max: [\d.]+, by: channel\}": f"total: {{max: {min(caps):.2f}, by: channel}}",
        r"total: \{max: [\d.]+, per: week\}": f"total: {{max: {7 * view['pace_budget']:.2f}, per: week}}",
        r"base_url: \S+": f"base_url: {url}",
    }
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("bidder.yaml", "rules.yaml"):
        text = (HERE / name).read_text("utf-8")
        for pattern, written in amounts.items():
            text = re.sub(pattern, written, text)
        (folder / name).write_text(text, "utf-8")
    return folder / "bidder.yaml"


def asked(url: str, method: str = "GET") -> dict[str, Any]:
    """A reply of the marketplace, asked again while it says to come later."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # loopback, never a proxy
    for _ in range(50):
        try:
            request = urllib.request.Request(url, method=method)  # noqa: S310 - the address that a person typed
            with opener.open(request, timeout=30) as reply:
                found: dict[str, Any] = json.load(reply)
                return found
        except urllib.error.HTTPError as e:
            if e.code not in (429, 503):
                raise
            time.sleep(0.05)
    raise SystemExit(f"{url} does not answer")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit(__doc__)
    sys.stdout.write(f"{fitted(asked(f'{sys.argv[1]}/v1/day'), sys.argv[1], Path(sys.argv[2]))}\n")

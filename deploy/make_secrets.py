"""Makes the secrets that deploy/compose.yml mounts, once; what is there already is left as it is.

    python3 deploy/make_secrets.py [FOLDER]

Needs nothing but Python. The folder can be entered by its owner alone; the files in it can be read by anybody who gets
there, since compose mounts them as they are and each container has a user of its own.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import sys
from pathlib import Path

ITERATIONS = 210_000


def main(folder: Path) -> None:
    """Writes what is missing. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    _keep(folder / "token", secrets.token_urlsafe(24))
    _keep(folder / "grafana", secrets.token_urlsafe(24))
    password = _keep(folder / "postgres", secrets.token_hex(24))  # letters and digits: it stands in an address as well
    _keep(folder / "store", f"postgresql://bidder:{password}@postgres/bidder")
    users = {user: _keep(folder / f"mosquitto_{user}", secrets.token_urlsafe(24)) for user in ("bidder", "shop")}
    _keep(folder / "mosquitto_passwords", "\n".join(f"{user}:{hashed(word)}" for user, word in users.items()))


def hashed(word: str) -> str:
    """A password as Mosquitto's password file keeps it: PBKDF2 with SHA-512."""
    salt = secrets.token_bytes(12)
    digest = hashlib.pbkdf2_hmac("sha512", word.encode(), salt, ITERATIONS)
    return "$".join(["", "7", str(ITERATIONS), base64.b64encode(salt).decode(), base64.b64encode(digest).decode()])


def _keep(path: Path, fresh: str) -> str:
    """The secret of a file, which is written first where it is not there."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return path.read_text("utf-8").strip()
    with os.fdopen(handle, "w", encoding="utf-8") as written:
        os.fchmod(handle, 0o444)
        written.write(fresh + "\n")
    return fresh


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "secrets")

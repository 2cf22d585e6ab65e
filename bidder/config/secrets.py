"""`{env: NAME}` and `{file: path}` → the secret they name. Secrets never stand in a configuration itself.

A file that others can write is refused, one that others can read is warned about. Files in `/run/secrets` (Docker) and
`$CREDENTIALS_DIRECTORY` (systemd) are taken as they are: whoever put them there, and their modes, are not ours to set.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from bidder.config.fields import Reference
from bidder.config.marks import Document, Step
from bidder.errors import Fault, Source

__all__ = ["LARGEST_SECRET", "is_reference", "resolve", "resolve_all"]

LARGEST_SECRET = 65_536
DOCKER_SECRETS = Path("/run/secrets")


def is_reference(value: object) -> bool:
    """Whether a value names a secret rather than being something else."""
    return isinstance(value, Mapping) and len(value) == 1 and set(value) <= {"env", "file"}


def resolve_all(
    value: Any,
    path: tuple[Step, ...],
    document: Document,
    env: Mapping[str, str],
    faults: list[Fault],
    warnings: list[Fault],
) -> Any:
    """The same value with every reference inside it replaced by its secret; what cannot be found is a fault."""
    if len(path) > 2 and is_reference(value):  # an account itself is none, whatever its own keys are called
        found = resolve(Reference.model_validate(value), document.at(path), env, faults, warnings)
        return found if found is not None else SecretStr("")
    if isinstance(value, Mapping):
        resolved = {}
        for key, inner in value.items():
            if key == "credentials" and isinstance(inner, Mapping):
                _refuse_plain(inner, (*path, key), document, faults)
            resolved[key] = resolve_all(inner, (*path, key), document, env, faults, warnings)
        return resolved
    if isinstance(value, list):
        return [resolve_all(v, (*path, i), document, env, faults, warnings) for i, v in enumerate(value)]
    return value


def resolve(
    reference: Reference,
    place: Source,
    env: Mapping[str, str],
    faults: list[Fault],
    warnings: list[Fault],
) -> SecretStr | None:
    """The secret that a reference names; None, and a fault that says what to set, when it is not there.

    A relative file starts at the folder of the file that names it.
    """
    if reference.env is not None:
        value = env.get(reference.env, "")
        if not value.strip():
            faults.append(Fault(place, f"secret {reference.env} is not set: set the environment variable of that name"))
            return None
        return SecretStr(value.strip())
    assert reference.file is not None
    path = _file(reference.file, Path(place.file).parent, env)
    try:
        with path.open("rb") as opened:
            mode = os.fstat(opened.fileno()).st_mode
            content = opened.read(LARGEST_SECRET + 1)
    except OSError as e:
        reason = f"secret file {path} cannot be read: {e.strerror or e}; put the secret there, readable by bidder alone"
        faults.append(Fault(place, reason))
        return None
    if _kept_for_us(path, env):
        mode = 0
    if mode & (stat.S_IWGRP | stat.S_IWOTH):
        faults.append(Fault(place, f"secret file {path} can be written by others: chmod 600 {path}"))
        return None
    if mode & (stat.S_IRGRP | stat.S_IROTH):
        warnings.append(Fault(place, f"secret file {path} can be read by others: chmod 600 {path}"))
    try:
        text = content.decode("utf-8").strip()
    except UnicodeDecodeError:
        text = ""
    if not text or len(content) > LARGEST_SECRET:
        faults.append(Fault(place, f"secret file {path} is empty or is no text"))
        return None
    return SecretStr(text)


def _kept_for_us(path: Path, env: Mapping[str, str]) -> bool:
    """Whether a service manager keeps this file, by its place as it is written."""
    places = [DOCKER_SECRETS, *([Path(folder)] if (folder := env.get("CREDENTIALS_DIRECTORY")) else [])]
    return any(Path(os.path.normpath(path)).is_relative_to(place) for place in places)


def _file(name: str, base: Path, env: Mapping[str, str]) -> Path:
    path = Path(name)
    if path.is_absolute():
        return path
    folder = env.get("CREDENTIALS_DIRECTORY")
    if folder and (Path(folder) / path).is_file():
        return Path(folder) / path
    return base / path


def _refuse_plain(
    credentials: Mapping[str, Any], path: tuple[Step, ...], document: Document, faults: list[Fault]
) -> None:
    for key, value in credentials.items():
        if not is_reference(value):
            message = f"credentials.{key}: a secret is not written here; write {{env: NAME}} or {{file: path}}"
            faults.append(Fault(document.at((*path, key)), message))

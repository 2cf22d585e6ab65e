"""One reading of a configuration: its files, each counted into the digest, and what was wrong with them."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

from bidder.config.layers import Layer
from bidder.config.marks import Document, read_yaml
from bidder.errors import ConfigError, Fault, Source

__all__ = ["Reading"]


class Reading:
    """What was read so far; `under` is what lies under the file of one shop of many."""

    def __init__(self, env: Mapping[str, str], under: Layer | None) -> None:
        self.env = env
        self.under = under
        self.faults: list[Fault] = []
        self.warnings: list[Fault] = []
        self.hash = sha256()
        self.rule_texts: list[str] = []
        self.calendar_text: str | None = None
        self.files: list[Path] = []

    def content(self, path: Path, place: Source | None) -> bytes | None:
        """A file's content, counted into the digest; None and a fault when it cannot be read."""
        self.files.append(path)
        tried = None if self.under is None else self.under.papers.instead.get(path)
        try:
            content = path.read_bytes() if tried is None else tried
        except OSError as e:
            self.faults.append(Fault(place, f"{path}: cannot be read: {e.strerror or e}"))
            return None
        self.hash.update(f"{len(content)}:".encode() + content)
        return content

    def yaml(self, path: Path, place: Source | None) -> Document | None:
        """What a file of YAML says; None and faults where it cannot be read."""
        content = self.content(path, place)
        return None if content is None else self.document(path, content)

    def document(self, path: Path, content: bytes) -> Document | None:
        """What a file's content says; None and faults where it cannot be understood."""
        try:
            if self.under is not None:
                return self.under.papers.yaml(path, content)
            return read_yaml(content.decode("utf-8-sig"), str(path))
        except UnicodeDecodeError as e:
            line = content.count(b"\n", 0, e.start) + 1
            self.faults.append(Fault(Source(str(path), line), "expected UTF-8 text; save the file as UTF-8"))
        except ConfigError as e:
            self.faults.extend(e.faults)
        return None

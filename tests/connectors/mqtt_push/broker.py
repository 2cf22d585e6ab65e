"""A real Mosquitto as a child process: on a free port, with its own folder, stopped and started as a test asks."""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import time
from pathlib import Path

from tests.conftest import missing

__all__ = ["Mosquitto", "certificates"]


def free_port() -> int:
    """A port that nobody has now; the broker keeps it over its restarts.

    Below the range that the system hands out by itself, so that no other test gets it while the broker is down.
    """
    for port in random.sample(range(18_000, 30_000), 50):
        with socket.socket() as taken:
            try:
                taken.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError("no free port")


class Mosquitto:
    """One broker that keeps sessions on disk."""

    def __init__(self, folder: Path, *, lines: str = "") -> None:
        folder.mkdir(exist_ok=True)
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        if found is None:
            missing("mosquitto (make services)")
        assert found is not None
        self._program = found
        self.port = free_port()
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.port} 127.0.0.1\npersistence true\npersistence_location {folder}/\n"
            f"max_queued_messages 0\n{lines or 'allow_anonymous true'}\n" + ("user root\n" if os.geteuid() == 0 else "")
            # as root it would become another user, who may neither read nor write below a test's folder
        )
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Starts it and waits until it listens."""
        self._process = subprocess.Popen(
            [self._program, "-c", str(self._config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        end = time.monotonic() + 10
        while time.monotonic() < end:
            if self._process.poll() is not None:
                raise RuntimeError(f"mosquitto ended with {self._process.returncode}")
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError("mosquitto does not listen")

    def stop(self) -> None:
        """Stops it as a service manager does: it saves its sessions."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait(10)
            self._process = None


def certificates(folder: Path) -> tuple[Path, Path, Path]:
    """An authority's certificate, and a certificate and key for localhost that it signed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("openssl")
    ca, key, csr, cert, ca_key = (folder / name for name in ("ca.crt", "b.key", "b.csr", "b.crt", "ca.key"))
    extra = folder / "ext.cnf"
    extra.write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")

    def run(*words: str | Path) -> None:
        subprocess.run([str(openssl), *map(str, words)], check=True, capture_output=True, timeout=30)

    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    usage = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    run("req", "-x509", *curve, "-keyout", ca_key, "-out", ca, "-days", "2", "-subj", "/CN=test authority", *usage)
    run("req", *curve, "-keyout", key, "-out", csr, "-subj", "/CN=localhost")
    run("x509", "-req", "-in", csr, "-CA", ca, "-CAkey", ca_key, "-CAcreateserial", "-out", cert, "-days", "2",
        "-extfile", extra)  # fmt: skip
    for path in (key, cert, ca):
        path.chmod(0o644)
    return ca, cert, key

"""A PostgreSQL server of the tests' own, from Debian's packages: started, stopped, killed, on a port of its own."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg

from bidder.store import open_store

__all__ = ["PostgresServer", "a_server", "binaries"]

TEMPLATE = "bidder_template"


def binaries() -> Path | None:
    """Where `initdb` and `postgres` are; Debian keeps them off the PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    named = shutil.which("initdb")
    return found[-1].parent if found else Path(named).resolve().parent if named else None


class PostgresServer:
    """One server with trust on loopback. It refuses to be root, so root starts it as another user."""

    def __init__(self, folder: Path, bin_folder: Path) -> None:
        self.folder, self._bin, self._number = folder, bin_folder, count(1)
        self._user: str | None = None
        if os.geteuid() == 0:
            known = {one.pw_name for one in pwd.getpwall()}
            self._user = next(name for name in ("postgres", "nobody") if name in known)
            shutil.chown(folder, self._user)
        words = [
            "-D",
            str(folder / "data"),
            "-A",
            "trust",
            "-U",
            "bidder",
            "--no-sync",
            "-E",
            "UTF8",
            "--locale=C.UTF-8",
        ]
        self._call("initdb", *words)
        self._server: subprocess.Popen[bytes] | None = None
        for again in (True, True, False):  # somebody else may take the port in between
            self.port = _free_port()
            try:
                self.start()
                break
            except AssertionError:
                if not again:
                    raise
        self.run("postgres", f"CREATE DATABASE {TEMPLATE}")
        open_store(self.url(TEMPLATE)).close()

    def url(self, database: str) -> str:
        """As `store:` has it."""
        return f"postgresql://bidder@127.0.0.1:{self.port}/{database}"

    def new_database(self) -> str:
        """An empty store of its own: its URL."""
        name = f"t{next(self._number)}"
        self.run("postgres", f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        return self.url(name)

    def bare_database(self) -> str:
        """A database with nothing in it."""
        name = f"t{next(self._number)}"
        self.run("postgres", f"CREATE DATABASE {name}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Forgets a database, whoever is connected."""
        self.run("postgres", f"DROP DATABASE {url.rpartition('/')[2].partition('?')[0]} WITH (FORCE)")

    def own(self, folder: Path) -> Path:
        """Makes a folder that the server may write to."""
        folder.mkdir()
        if self._user is not None:
            shutil.chown(folder, self._user)
        return folder

    def run(self, database: str, *statements: str) -> None:
        """As somebody with psql would."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def start(self) -> None:
        """Starts it and waits until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": "",
            "fsync": "off",
            "shared_buffers": "32MB",
            "max_wal_size": "256MB",
            "autovacuum": "off",
            "log_min_messages": "fatal",
        }
        words = [word for key, value in settings.items() for word in ("-c", f"{key}={value}")]
        command = [str(self._bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port), *words]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(command, user=self._user, cwd="/", stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(self.url("postgres"), connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                assert self._server.poll() is None, (self.folder / "log").read_text("utf-8", "replace")
                assert time.monotonic() < deadline, "PostgreSQL does not start"
                time.sleep(0.02)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT: whoever is connected is thrown out. SIGQUIT: as a crash, recovered from its log at the next start."""
        if self._server is not None:
            self._server.send_signal(how)
            self._server.wait(60)
            self._server = None

    def _call(self, name: str, *words: str) -> None:
        said = subprocess.run(
            [self._bin / name, *words], user=self._user, cwd="/", capture_output=True, text=True, timeout=120
        )
        assert said.returncode == 0, said.stderr


@contextmanager
def a_server(bin_folder: Path) -> Iterator[PostgresServer]:
    """A server for as long as it is needed, in a folder that its user may enter."""
    folder = Path(tempfile.mkdtemp(prefix="bidder-pg-"))
    server = None
    try:
        server = PostgresServer(folder, bin_folder)
        yield server
    finally:
        if server is not None:
            with contextlib.suppress(ProcessLookupError):
                server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])

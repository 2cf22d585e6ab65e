"""A mail server and a web server on this host, as real as a socket: what arrives is kept."""

from __future__ import annotations

import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class _Smtp(socketserver.StreamRequestHandler):
    """The few words of SMTP that a client needs to leave a mail."""

    def handle(self) -> None:
        self._say("220 here")
        while line := self.rfile.readline():
            word = line.decode().strip().upper()
            if word.startswith("DATA"):
                self._say("354 go on")
                content = b"".join(iter(self._line, b".\r\n"))
                mail = message_from_bytes(content, policy=policy.default)
                assert isinstance(mail, EmailMessage)
                self.server.mails.append(mail)  # type: ignore[attr-defined]  # of the server below
                self._say("250 taken")
            elif word.startswith("QUIT"):
                self._say("221 bye")
                return
            else:
                self._say("250 ok")

    def _line(self) -> bytes:
        line = self.rfile.readline()
        return line[1:] if line.startswith(b"..") else line or b".\r\n"

    def _say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


@contextmanager
def a_mail_server() -> Iterator[tuple[int, list[EmailMessage]]]:
    """Its port, and the mails that came."""
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), _Smtp) as server:
        mails: list[EmailMessage] = []
        server.mails = mails  # type: ignore[attr-defined]  # the handler reads it
        with _served(server):
            yield server.server_address[1], mails


@contextmanager
def a_web_server() -> Iterator[tuple[int, list[dict[str, Any]], list[int]]]:
    """Its port, the JSON bodies that came, and codes to answer with (200 when there are none left)."""
    posts: list[dict[str, Any]] = []
    codes: list[int] = []

    class Hook(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            posts.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(codes.pop(0) if codes else 200)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing on stderr."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Hook) as server, _served(server):
        yield server.server_address[1], posts, codes


@contextmanager
def _served(server: socketserver.BaseServer) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()

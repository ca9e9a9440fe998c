"""`Server`: the page and its events over HTTP, for programs on this machine that know a random word."""

import hmac
import ipaddress
import json
import secrets
import socket
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib import resources
from typing import Any

from ...errors import InvalidOption

Address = tuple[socket.AddressFamily, str]
_PUSH_SECONDS = 0.5
_PATIENCE = 5.0  # seconds for a client to take what is sent, and to send what it asks
_MOST_BODY = 100  # bytes
_FILES = {
    "": ("index.html", "text/html; charset=utf-8"),
    "app.js": ("app.js", "text/javascript; charset=utf-8"),
    "app.css": ("app.css", "text/css; charset=utf-8"),
    "uplot.min.js": ("uplot.min.js", "text/javascript; charset=utf-8"),
    "uplot.min.css": ("uplot.min.css", "text/css; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; connect-src 'self'; "
    "img-src data:; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


class Server:
    """Listens on a loopback address; each connection has a thread, and `close` waits for all of them."""

    def __init__(self, address: Address, port: int, snapshot: Callable[[], Any], act: Callable[[str, str], str]) -> None:
        self._listening = _Listening(address, port, _Handler)
        self._listening.snapshot, self._listening.act = snapshot, act
        self._thread = threading.Thread(target=self._listening.serve_forever, args=(0.05,), name="dashboard-server", daemon=True)
        self.url = f"http://{self._listening.hosts[0]}/{self._listening.word}/"

    def start(self) -> None:
        """Begin to answer."""
        self._thread.start()

    def close(self) -> None:
        """Send the last state to those who watch, and end all threads."""
        self._listening.closing.set()
        if self._thread.ident is not None:
            self._listening.shutdown()
            self._thread.join()
        self._listening.server_close()


class _Listening(ThreadingHTTPServer):
    """Knows what its handlers need."""

    daemon_threads = False  # so that server_close waits for them; each ends within its patience
    snapshot: Callable[[], Any]
    act: Callable[[str, str], str]

    def __init__(self, address: Address, port: int, handler: type[BaseHTTPRequestHandler]) -> None:
        self.address_family, host = address
        self.word = secrets.token_urlsafe(24)
        self.closing = threading.Event()
        super().__init__((host, port), handler)
        shown = f"[{host}]" if ":" in host else host
        self.hosts = [f"{name}:{self.server_address[1]}" for name in (shown, "localhost")]
        """What a browser on this machine calls it: another name is one that somebody has pointed here."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: whoever watched has gone away."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: _Listening  # type: ignore[mutable-override] # as the standard library's own examples narrow it
    protocol_version = "HTTP/1.1"
    server_version = "threadwork"
    sys_version = ""
    timeout = _PATIENCE  # type: ignore[mutable-override] # it is never another one

    def do_GET(self) -> None:
        """Send a file of the page, or the events."""
        name = self._asked_for()
        if name == "events":
            self._send_events()
        elif name in _FILES:
            file, kind = _FILES[name]
            self._send(200, resources.files(__package__).joinpath("static", file).read_bytes(), kind)
        else:
            self._send(404, b"")

    def do_POST(self) -> None:
        """Do what a button asks for."""
        name, length = self._asked_for(), self.headers.get("Content-Length", "")
        origin = self.headers.get("Origin")
        if name is None or (origin is not None and origin.removeprefix("http://") not in self.server.hosts):
            self._send(404, b"")
        elif not length.isdecimal() or int(length) > _MOST_BODY:
            self._send(400, b"")
        else:
            problem = self.server.act(name, self.rfile.read(int(length)).decode("ascii", "replace"))
            self._send(409 if problem else 200, json.dumps({"problem": problem}).encode(), "application/json")

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name in the standard library
        """Say nothing: standard error belongs to the run."""

    def _asked_for(self) -> str | None:
        """Return what is asked for behind the word; ``None`` for whoever does not know it, or comes by a strange name."""
        word, slash, name = self.path.removeprefix("/").partition("/")
        known = hmac.compare_digest(word.encode(), self.server.word.encode())
        return name if known and slash and self.headers.get("Host") in self.server.hosts else None

    def _send(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, "Content-Type": kind, "Content-Length": str(len(body)), "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _send_events(self) -> None:
        """Send what there is to see, again and again (server-sent events: HTML Living Standard, section 9.2)."""
        self.send_response(200)
        for name, value in {**_HEADERS, "Content-Type": "text/event-stream", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        closing = False
        while not closing:
            closing = self.server.closing.is_set()
            told = {**self.server.snapshot(), "closed": closing}
            self.wfile.write(f"data: {json.dumps(told)}\n\n".encode())
            self.wfile.flush()
            if not closing:
                self.server.closing.wait(_PUSH_SECONDS)


def loopback(host: str) -> Address:
    """Return family and address of `host`. Raises `InvalidOption` for one that other machines can reach."""
    try:
        address = ipaddress.ip_address("127.0.0.1" if host == "localhost" else host.strip("[]"))
    except ValueError:
        address = ipaddress.ip_address("0.0.0.0")  # noqa: S104 - it is refused below
    if not address.is_loopback:
        raise InvalidOption(f"the dashboard is for this machine alone: give a loopback address like 127.0.0.1, not {host!r}")
    return (socket.AF_INET6 if address.version == 6 else socket.AF_INET), str(address)

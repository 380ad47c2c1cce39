"""Health and metrics of the agent over HTTP, for this machine alone."""

from __future__ import annotations

import ipaddress
import socket
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import msgspec

from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.metrics import exposition, health

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from dbdeed.recovery.metrics import Facts

_NAMES = ("localhost", "127.0.0.1", "[::1]", "::1")


def parse_listen(text: str) -> tuple[str, int] | None:
    """`127.0.0.1:9420`, or `none`. Raises `InvalidInput` for what others could reach."""
    if text == "none":
        return None
    host, _, port = text.rpartition(":")
    host = "127.0.0.1" if host == "localhost" else host.strip("[]")
    if not port.isdigit() or int(port) > 65535 or not host:
        raise InvalidInput(f"{text!r} is no address.", hint="It is written 127.0.0.1:9420, or none.")
    try:
        private = ipaddress.ip_address(host).is_loopback
    except ValueError:
        private = False
    if not private:
        raise InvalidInput(
            f"{host} can be reached by others; health and metrics are for this machine alone.",
            hint="Use 127.0.0.1 with a port, and a proxy that asks who is there for others.",
        )
    return host, int(port)


@contextmanager
def serving(
    facts: Callable[[], Facts], listen: tuple[str, int] | None, told: Callable[[str], None]
) -> Iterator[None]:
    """Answer `/health` (200, or 503 where something needs a person) and `/metrics` while the context lasts.

    Raises `Unavailable` where the port is taken.
    """
    if listen is None:
        yield
        return
    try:
        kind = _Server6 if ":" in listen[0] else _Server
        server = kind(listen, _handler(facts))
    except OSError as error:
        raise Unavailable(
            f"{listen[0]}:{listen[1]} cannot be listened on: {error.strerror}.",
            hint="Give another one with --listen, or --listen none.",
            code="port-taken",
        ) from error
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.2}, name="health", daemon=True)
    thread.start()
    host = f"[{listen[0]}]" if ":" in listen[0] else listen[0]
    told(f"health and metrics at http://{host}:{server.server_address[1]}/")
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False


class _Server6(_Server):
    address_family = socket.AF_INET6


def _handler(facts: Callable[[], Facts]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        timeout = 10

        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if not self._asked_here():
                self._answer(403, "text/plain; charset=utf-8", b"for this machine alone\n")
            elif path == "/metrics":
                text = exposition(facts()).encode()
                self._answer(200, "text/plain; version=0.0.4; charset=utf-8", text)
            elif path in ("/", "/health"):
                said = health(facts())
                body = msgspec.json.format(msgspec.json.encode(said), indent=1) + b"\n"
                self._answer(200 if said["ok"] else 503, "application/json", body)
            else:
                self._answer(404, "text/plain; charset=utf-8", b"/health and /metrics are here\n")

        def _asked_here(self) -> bool:
            """A page in a browser may be led here under another name; then its Host says so."""
            host = self.headers.get("Host", "")
            return host.rpartition(":")[0] in _NAMES or host in _NAMES

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
            pass

    return Handler

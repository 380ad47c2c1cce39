"""A TCP port of this machine's own for a server that only has a Unix socket: Java's drivers know no other."""

from __future__ import annotations

import socket
import threading
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from dbdeed.engines.seam import Target

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def tunnel(path: str) -> Iterator[int]:
    """Gives the port; it and its connections close with the context."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        open_: list[socket.socket] = []
        threading.Thread(target=_accept, args=(listener, path, open_), daemon=True).start()
        try:
            yield listener.getsockname()[1]
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            for one in open_:
                with suppress(OSError):
                    one.shutdown(socket.SHUT_RDWR)
                one.close()


def _accept(listener: socket.socket, path: str, open_: list[socket.socket]) -> None:
    with suppress(OSError):
        while True:
            near, _ = listener.accept()
            far = socket.socket(socket.AF_UNIX)
            open_.extend((near, far))
            far.connect(path)
            for source, target in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, target), daemon=True).start()


def _pump(source: socket.socket, target: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_WR)


class Tunnels:
    """One for each server, for as long as `stack` is open."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack
        self._ports: dict[str, int] = {}

    def reach(self, target: Target) -> Target:
        """The same database with an address that Java's drivers understand."""
        parts = urlsplit(target.url)
        if not parts.scheme.startswith("postgresql"):
            return target
        query = {key: values[0] for key, values in parse_qs(parts.query).items()}
        path = f"{query['host']}/.s.PGSQL.{query.get('port', '5432')}"
        if path not in self._ports:
            self._ports[path] = self._stack.enter_context(tunnel(path))
        return Target(f"postgresql://{query['user']}@127.0.0.1:{self._ports[path]}{parts.path}", target.label)

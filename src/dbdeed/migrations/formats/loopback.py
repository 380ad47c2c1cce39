"""A port of this machine for a server that only has a Unix socket: Java's drivers know no other.

It is open while a tool's own program runs, on the loopback address, and lets in only connections that this
user's own processes made: the kernel says whose they are.
"""

from __future__ import annotations

import os
import socket
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from dbdeed.engines.seam import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")


@contextmanager
def by_tcp(target: Target) -> Iterator[Target]:
    """The same database with an address that has a port; the target itself where it has one, or is a file."""
    parts = urlsplit(target.url)
    query = dict(parse_qsl(parts.query))
    folder = query.get("host", "")
    if not parts.scheme.startswith("postgres") or not folder.startswith("/"):
        yield target
        return
    path = f"{folder}/.s.PGSQL.{query.get('port') or parts.port or 5432}"
    rest = {key: value for key, value in query.items() if key not in ("host", "port")}
    user = f"{parts.netloc.rpartition('@')[0]}@" if "@" in parts.netloc else ""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        open_: list[socket.socket] = []
        threading.Thread(target=_accept, args=(listener, path, open_), daemon=True).start()
        try:
            url = f"{parts.scheme}://{user}127.0.0.1:{port}{parts.path}"
            yield Target(f"{url}?{urlencode(rest)}" if rest else url, target.label, target.embedded)
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
            near, address = listener.accept()
            if not _ours(address[1], listener.getsockname()[1]):
                near.close()
                continue
            far = socket.socket(socket.AF_UNIX)
            open_.extend((near, far))
            far.connect(path)
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _ours(theirs: int, port: int) -> bool:
    """Whether a connection from a local port to ours is of a process of this user."""
    wanted = (f":{theirs:04X}", f":{port:04X}")
    for table in _TABLES:
        with suppress(OSError):
            for line in Path(table).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[1].endswith(wanted[0]) and fields[2].endswith(wanted[1]):
                    return int(fields[7]) == os.getuid()
    return False


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)

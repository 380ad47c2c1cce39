"""Counting round trips on the wire: a proxy before the server that sees who speaks.

A round trip begins when the client says something after the server has spoken, or as the first thing: what
the client sends without waiting for an answer belongs to the same trip.
"""

from __future__ import annotations

import selectors
import socket
from contextlib import suppress
from threading import Thread
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from pathlib import Path

_AT_ONCE = 1 << 18


class Proxy:
    """Listens at a Unix socket, and passes everything on to another one; `trips` counts."""

    def __init__(self, here: Path, server: Path) -> None:
        self.trips = 0
        self._server = server
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(here))
        self._listener.listen()
        self._selector = selectors.DefaultSelector()
        self._ended, self._end = socket.socketpair()
        self._thread = Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._end.close()
        self._thread.join()

    def _serve(self) -> None:
        peers: dict[socket.socket, socket.socket] = {}
        clients: set[socket.socket] = set()
        spoken: set[socket.socket] = set()  # clients whose trip is under way
        self._selector.register(self._listener, selectors.EVENT_READ)
        self._selector.register(self._ended, selectors.EVENT_READ)
        while True:
            for key, _ in self._selector.select():
                one = key.fileobj
                assert isinstance(one, socket.socket)
                if one is self._ended:
                    for each in [*peers, self._listener, self._ended]:
                        each.close()
                    self._selector.close()
                    return
                if one is self._listener:
                    client, _ = one.accept()
                    server = socket.socket(socket.AF_UNIX)
                    server.connect(str(self._server))
                    peers[client], peers[server] = server, client
                    clients.add(client)
                    self._selector.register(client, selectors.EVENT_READ)
                    self._selector.register(server, selectors.EVENT_READ)
                    continue
                if one not in peers:
                    continue  # its other end went in this same round
                data = b""
                with suppress(OSError):
                    data = one.recv(_AT_ONCE)
                if one in clients and data and one not in spoken:
                    self.trips += 1
                    spoken.add(one)
                elif one not in clients:
                    spoken.discard(peers[one])
                with suppress(OSError):
                    peers[one].sendall(data)
                if not data:
                    for each in (one, peers[one]):
                        self._selector.unregister(each)
                        each.close()
                        del peers[each]

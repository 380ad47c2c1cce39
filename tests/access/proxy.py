"""A wire between a client and a server that cuts, delays and half-closes at random places."""

from __future__ import annotations

import random
import socket
import struct
import threading
import time
from contextlib import suppress
from itertools import cycle
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from types import TracebackType

Fault = Literal["cut", "reset", "deaf", "mute", "crumble", "none"]
FAULTS: tuple[Fault, ...] = ("cut", "reset", "deaf", "mute", "crumble", "none")
"""What befalls a connection.

cut: closed both ways. reset: the same, as a crash of the machine does it. deaf: the server hears no more.
mute: the client hears no more. crumble: what the server says comes in pieces, and late.
"""

_START = 600  # bytes in either direction that a connection needs to come about
_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a port of this machine and passes on to a server's Unix socket.

    Args:
        target: the socket's path.
        chance: where the faults come from.
        reach: faults come within so many bytes.
    """

    def __init__(self, target: str, chance: random.Random, *, reach: int = 6000) -> None:
        self._target = target
        self._chance = chance
        self._reach = reach
        self._open: set[socket.socket] = set()
        self._guard = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        # Each kind in turn, from somewhere: short runs meet them all.
        self._faults = cycle(chance.sample(FAULTS, len(FAULTS)))
        self.calm = False
        self.flowing = threading.Event()  # while it is clear, nothing passes either way
        self.flowing.set()
        self.met = dict.fromkeys(FAULTS, 0)
        threading.Thread(target=self._accept, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._listener.close()
        self.drop_all()

    def drop_all(self) -> None:
        """Cut every connection there is."""
        with self._guard:
            for one in [*self._open]:
                _close(one)

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(near,), daemon=True).start()

    def _serve(self, near: socket.socket) -> None:
        far = socket.socket(socket.AF_UNIX)
        try:
            far.connect(self._target)
        except OSError:
            near.close()
            return
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._guard:
            self._open |= {near, far}
            fault: Fault = "none" if self.calm else next(self._faults)
            self.met[fault] += 1
            at = _START + self._chance.randrange(self._reach)
            seed = self._chance.random()
        upward = threading.Thread(target=self._pump, args=(near, far, fault, at, seed, True), daemon=True)
        upward.start()
        self._pump(far, near, fault, at, seed, False)
        upward.join()
        for one in (near, far):
            _close(one)
        with self._guard:
            self._open -= {near, far}

    def _pump(
        self, source: socket.socket, sink: socket.socket, fault: Fault, at: int, seed: float, up: bool
    ) -> None:
        chance = random.Random(f"{seed} {up}")
        passed = 0
        # Half of the faults count what the client says, half what the server says.
        mine = (seed < 0.5) == up
        try:
            while data := source.recv(8192):
                self.flowing.wait()
                rest = at - passed
                if mine and fault in ("cut", "reset", "deaf", "mute") and len(data) >= rest:
                    sink.sendall(data[:rest])
                    self._strike(fault, source, sink, up)
                    return
                if fault == "crumble" and not up and not self.calm:
                    _crumble(sink, data, chance)
                else:
                    sink.sendall(data)
                passed += len(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            for one in (source, sink):
                _close(one)

    @staticmethod
    def _strike(fault: Fault, source: socket.socket, sink: socket.socket, up: bool) -> None:
        near, far = (source, sink) if up else (sink, source)
        if fault == "deaf":
            far.shutdown(socket.SHUT_WR)
        elif fault == "mute":
            near.shutdown(socket.SHUT_WR)
        else:
            if fault == "reset":
                near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            for one in (near, far):
                _close(one)


def _crumble(sink: socket.socket, data: bytes, chance: random.Random) -> None:
    while data:
        size = chance.randrange(1, 400)
        sink.sendall(data[:size])
        data = data[size:]
        time.sleep(chance.random() / 500)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    with suppress(OSError):
        one.close()

"""What may stand between the runtime and a server: one that counts, and a pooler in transaction mode."""

from __future__ import annotations

import select
import selectors
import socket
import ssl
import struct
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Self

from psycopg import conninfo

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

_CANCEL, _SSL = 80877102, 80877103


class Between:
    """Listens on a port of this machine and speaks with the server of `address`."""

    def __init__(self, address: str) -> None:
        self._given = conninfo.conninfo_to_dict(address)
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._accept, daemon=True)

    @property
    def address(self) -> str:
        """As `address`, but by way of this."""
        port = self._listener.getsockname()[1]
        name, user = self._given["dbname"], self._given["user"]
        return f"postgresql://{user}@127.0.0.1:{port}/{name}?sslmode=disable&gssencmode=disable"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for one in [self._listener, *self._open]:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
            one.close()
        self._thread.join(5)

    def server(self) -> socket.socket:
        """A new connection to the server."""
        found = socket.socket(socket.AF_UNIX)
        found.connect(f"{self._given['host']}/.s.PGSQL.{self._given['port']}")
        self._open.append(found)
        return found

    def serve(self, client: socket.socket) -> None:
        raise NotImplementedError

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._open.append(client)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with suppress(OSError, EOFError), client:
            self.serve(client)


class Counting(Between):
    """Passes everything on.

    Attributes:
        trips: how often the client spoke after the server had spoken.
        sent: the types of the client's messages, in their order.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.trips = 0
        self.sent = ""

    def forget(self) -> None:
        self.trips, self.sent = 0, ""

    def serve(self, client: socket.socket) -> None:
        server = self.server()
        wait = selectors.DefaultSelector()
        wait.register(client, selectors.EVENT_READ)
        wait.register(server, selectors.EVENT_READ)
        server.sendall(_exactly_startup(client))
        rest = b""
        spoken = True
        with server:
            while True:
                for key, _ in wait.select():
                    if key.fileobj is server:
                        spoken = True
                        client.sendall(_some(server))
                        continue
                    data = _some(client)
                    if spoken:
                        self.trips += 1
                        spoken = False
                    rest += data
                    while len(rest) >= 5 and len(rest) > (size := struct.unpack("!i", rest[1:5])[0]):
                        self.sent += chr(rest[0])
                        rest = rest[1 + size :]
                    server.sendall(data)


class Pooler(Between):
    """As pgbouncer in transaction mode without its support of prepared statements.

    There are two sessions; each client's transaction, or statement outside of one, gets the next of them.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self._lock = threading.Lock()
        self._sessions: list[socket.socket] = []
        self._next = 0

    def serve(self, client: socket.socket) -> None:
        startup = _exactly_startup(client)
        with self._lock:
            if not self._sessions:
                for _ in range(2):
                    session = self.server()
                    session.sendall(startup)
                    self._hello = _until_ready(session)
                    self._sessions.append(session)
        client.sendall(self._hello)
        while True:
            first = _message(client)
            if first[:1] == b"X":
                return
            with self._lock:  # one transaction at a time is enough here
                session = self._sessions[self._next % 2]
                self._next += 1
                message = first
                while True:
                    session.sendall(message)
                    if message[:1] in b"QSFcf":
                        answer = _until_ready(session)
                        client.sendall(answer)
                        if answer[-6:] == b"Z\0\0\0\5I":
                            break
                    message = _message(client)


def _some(one: socket.socket) -> bytes:
    data = one.recv(65536)
    if not data:
        raise EOFError
    return data


def _exactly(one: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        part = one.recv(size - len(data))
        if not part:
            raise EOFError
        data += part
    return data


def _message(one: socket.socket) -> bytes:
    head = _exactly(one, 5)
    return head + _exactly(one, struct.unpack("!i", head[1:])[0] - 4)


def _exactly_startup(client: socket.socket) -> bytes:
    size = _exactly(client, 4)
    return size + _exactly(client, struct.unpack("!i", size)[0] - 4)


def _until_ready(session: socket.socket) -> bytes:
    answer = b""
    while True:
        message = _message(session)
        answer += message
        if message[:1] in b"ZG":  # ready, or ready to be given what is copied
            return answer


class Encrypting(Between):
    """Encrypts what goes between it and the client, in records as large as there are.

    A server of PostgreSQL writes smaller ones, up to version 16; libpq reads a part of a large one at a time,
    and what is left of it is no more at the socket.
    """

    def __init__(self, address: str, certificate: Path) -> None:
        super().__init__(address)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(certificate)

    @property
    def address(self) -> str:
        return super().address.replace("sslmode=disable", "sslmode=require")

    def serve(self, client: socket.socket) -> None:
        asked = _exactly_startup(client)
        if struct.unpack("!i", asked[4:8])[0] == _CANCEL:
            return
        assert struct.unpack("!i", asked[4:8])[0] == _SSL
        client.sendall(b"S")
        self._shuffle(self._context.wrap_socket(client, server_side=True))

    def _shuffle(self, client: ssl.SSLSocket) -> None:
        server = self.server()
        self._open.append(client)
        client.setblocking(False)
        server.setblocking(False)
        wait = selectors.DefaultSelector()
        wait.register(client, selectors.EVENT_READ)
        wait.register(server, selectors.EVENT_READ)
        with server, client:
            while True:
                for key, _ in wait.select():
                    if key.fileobj is server:
                        self._send(client, _some(server))
                    else:
                        with suppress(ssl.SSLWantReadError):
                            while data := client.recv(65536):
                                self._send(server, data)
                            raise EOFError

    def _send(self, to: socket.socket, data: bytes) -> None:
        while data:
            try:
                data = data[to.send(data) :]
            except (BlockingIOError, ssl.SSLWantWriteError):
                select.select([], [to], [], 1)

"""A Unix socket's server behind a port that only this user's own processes reach."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from dbdeed.engines.seam import Target
from dbdeed.migrations.formats.loopback import by_tcp


@pytest.fixture
def echo() -> Iterator[Target]:
    """A server that says everything twice."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{folder}/.s.PGSQL.5433")
        server.listen()

        def serve() -> None:
            with suppress(OSError):
                while True:
                    client, _ = server.accept()
                    client.sendall(client.recv(100) * 2)
                    client.close()

        threading.Thread(target=serve, daemon=True).start()
        yield Target(f"postgresql:///shop?host={folder}&port=5433&user=me&sslmode=disable", "shop")


def test_our_own_processes_come_through(echo: Target) -> None:
    with by_tcp(echo) as reached:
        parts = urlsplit(reached.url)
        assert (parts.hostname, parts.path, parts.query) == ("127.0.0.1", "/shop", "user=me&sslmode=disable")
        with socket.create_connection(("127.0.0.1", parts.port or 0), 5) as client:
            client.sendall(b"hello")
            assert client.recv(100) == b"hellohello"
    with pytest.raises(OSError):
        socket.create_connection(("127.0.0.1", parts.port or 0), 1)


@pytest.mark.skipif(os.getuid() != 0, reason="only root may start a process of another user's")
def test_another_users_do_not(echo: Target) -> None:
    ask = (
        "import socket, sys\n"
        "client = socket.create_connection(('127.0.0.1', int(sys.argv[1])), 5)\n"
        "client.sendall(b'hello')\n"
        "try:\n    print(client.recv(100))\nexcept ConnectionError:\n    print(b'')\n"
    )
    with by_tcp(echo) as reached:
        command = ["/usr/bin/env", "python3", "-c", ask, str(urlsplit(reached.url).port)]
        done = subprocess.run(
            command, user=65534, group=65534, capture_output=True, text=True, cwd="/", timeout=20, check=True
        )
        assert done.stdout == "b''\n", done.stderr


def test_what_has_a_port_or_is_a_file_stays() -> None:
    for url in ("postgresql://me@db.example:5432/shop", f"sqlite:///{Path(sys.prefix)}/shop.db"):
        with by_tcp(Target(url, "shop")) as reached:
            assert reached.url == url

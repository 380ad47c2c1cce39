"""A database's address as other tools are told of it, without a secret on a command line or in an error."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from dbdeed.engines.seam import Target
from dbdeed.errors import InvalidInput
from dbdeed.migrations.formats.alembic import process as alembic
from dbdeed.migrations.formats.knex import process as knex

PASSWORD = "p@ss/w:rd%&?#é"
URL = "postgresql://shop%40eu:p%40ss%2Fw%3Ard%25%26%3F%23%C3%A9@db.example.org:6543/the%20shop"


def test_what_node_is_told() -> None:
    found = knex._address(Target(f"{URL}?sslmode=require&application_name=x", "shop"))
    assert found == {
        "client": "pg",
        "host": "db.example.org",
        "port": "6543",
        "user": "shop@eu",
        "password": PASSWORD,
        "database": "the shop",
        "application_name": "x",
        "ssl": {"rejectUnauthorized": False},
    }
    assert knex._hidden(f"no {PASSWORD} here", found) == "no *** here"


def test_certificates_are_read(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("CA")
    found = knex._address(Target(f"{URL}?sslmode=verify-full&sslrootcert={tmp_path}/ca.pem", "shop"))
    assert found["ssl"] == {"rejectUnauthorized": True, "ca": "CA"}
    assert "ssl" not in knex._address(Target(URL, "shop"))


def test_what_sqlalchemy_is_told() -> None:
    text, password = alembic._url(Target(f"{URL}?sslmode=require", "shop"))
    url = make_url(text)
    assert (url.username, url.password, url.host, url.port, url.database) == (
        "shop@eu", PASSWORD, "db.example.org", 6543, "the shop",
    )  # fmt: skip
    assert url.query == {"sslmode": "require"}
    assert alembic._hidden(f"no {PASSWORD} and {text}", password).count("***") == 2
    assert PASSWORD not in alembic._hidden(f"no {PASSWORD}", password)


def test_sockets_and_files(tmp_path: Path) -> None:
    socket = Target("postgresql:///shop?host=/run/pg&port=5433&user=me", "shop")
    url = make_url(alembic._url(socket)[0])
    assert (url.username, url.host, url.database, url.query) == (
        "me",
        None,
        "shop",
        {"host": "/run/pg", "port": "5433"},
    )
    file = Target(f"sqlite:///{tmp_path}/a%20b.db", "shop")
    assert knex._address(file) == {"client": "sqlite", "filename": f"{tmp_path}/a b.db"}
    assert make_url(alembic._url(file)[0]).database == f"{tmp_path}/a b.db"


def test_what_cannot_be_said() -> None:
    with pytest.raises(InvalidInput, match="several hosts"):
        alembic._url(Target("postgresql://a,b/shop", "shop"))
    with pytest.raises(InvalidInput, match="cannot be read"):
        knex._address(Target("postgresql://a/shop?nothing=1", "shop"))

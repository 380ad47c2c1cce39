from __future__ import annotations

import shlex

import pytest

from dbdeed.engines.postgresql.client import client
from dbdeed.engines.seam import Target


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://ada:s3cret@host/shop", "postgresql://ada@host/shop"),
        (
            "postgresql://ada:s3%40cret@host:5433/shop?sslmode=require",
            "postgresql://ada@host:5433/shop?sslmode=require",
        ),
        ("postgresql://host/shop?user=ada&password=s3cret", "postgresql://host/shop?user=ada"),
        ("postgresql:///shop?host=%2Frun%2Fx&user=ada", "postgresql:///shop?host=%2Frun%2Fx&user=ada"),
    ],
)
def test_the_command_that_opens_a_database_holds_no_password(url: str, shown: str) -> None:
    said = client(Target(url, "shop"))
    assert said.endswith(f" {shlex.quote(shown)}")
    assert "s3" not in said

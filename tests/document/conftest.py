from __future__ import annotations

from collections.abc import Callable

import pytest

from dbdeed.document.architecture import Architecture
from dbdeed.document.read import read
from dbdeed.document.source import Source
from dbdeed.document.template import template
from dbdeed.document.values.problem import Problem


@pytest.fixture(scope="session")
def template_bytes() -> bytes:
    return template()


@pytest.fixture(scope="session")
def document() -> Callable[..., Architecture]:
    """Reads a text as a document; keyword arguments `a_sql="…"` become linked files `a.sql`."""

    def make(text: str | bytes, **files: str | bytes | Problem) -> Architecture:
        def open_link(path: str) -> Source | Problem | None:
            content = files.get(path.replace(".", "_").replace("/", "__"))
            if content is None or isinstance(content, Problem):
                return content
            return Source(path, content.encode() if isinstance(content, str) else content)

        return read(
            Source("DATABASE.md", text.encode() if isinstance(text, str) else text), open_link=open_link
        )

    return make

"""The template that a new document is made from."""

from __future__ import annotations

from pkgutil import get_data  # importlib.resources would cost every command the modules of temporary files


def template() -> bytes:
    """Its bytes, with their two-space line breaks and without a final newline."""
    data = get_data("dbdeed.document", "template.md")
    assert data is not None  # the package has it
    return data

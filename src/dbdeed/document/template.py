"""The template that a new document is made from."""

from __future__ import annotations

from importlib.resources import files


def template() -> bytes:
    """Its bytes, with their two-space line breaks and without a final newline."""
    return files("dbdeed.document").joinpath("template.md").read_bytes()

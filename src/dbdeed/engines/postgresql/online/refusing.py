"""A block that stops a plan where rows are in the way, before anything is changed or locked."""

from __future__ import annotations

from dbdeed.engines.postgresql.quoting import block, literal


def refusal(query: str, condition: str, message: str) -> str:
    """The statement that fails where `query` finds a row, with PostgreSQL's name for what is wrong."""
    said = f"RAISE EXCEPTION USING ERRCODE = {literal(condition)}, MESSAGE = {literal(message)};"
    body = f"BEGIN\n    IF EXISTS ({query}) THEN\n        {said}\n    END IF;\nEND"
    return block(body, "look")

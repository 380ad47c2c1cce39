"""A declared query as its engine describes it: what the generator of typed functions needs, and no more."""

from __future__ import annotations

from dataclasses import dataclass

from dbdeed.models.model import Attribute  # noqa: TC001 - msgspec reads it


@dataclass(frozen=True, slots=True)
class QueryColumn:
    """One column of a query's result.

    Attributes:
        attribute: its name, type and whether it may be null.
        schema, table, column: the table's column that it is taken from as it is; "" where it is computed.
            The schema is "" for the default one.
    """

    attribute: Attribute
    schema: str = ""
    table: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class QueryShape:
    """A declared query.

    Attributes:
        name: as declared.
        lines: the statement in the driver's own placeholders: `$1`, or `?1` for SQLite; joined without
            anything between.
        parameters: in the order of their numbers. One whose type nobody can tell has the type "".
        columns: of the result; empty where it gives no rows.
        writes: it may change or lock rows.
        description: prose of the document.
        returns: as written: "many Order"; what it means is read when the function is written.
        where: the document's file, line and column, for errors.
    """

    name: str
    lines: tuple[str, ...]
    parameters: tuple[Attribute, ...]
    columns: tuple[QueryColumn, ...]
    writes: bool
    description: str = ""
    returns: str = ""
    where: str = ""

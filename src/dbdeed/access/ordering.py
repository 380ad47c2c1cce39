"""How rows sort, and what sorts behind a row of which the values are known."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dbdeed.access.errors import StatementFailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.access.columns import Column
    from dbdeed.access.statements import Dialect

Order = list[tuple[str, bool]]


class Behind(NamedTuple):
    """Rows that sort behind one: SQL, `{}` for each parameter; which of the order's values these are."""

    sql: str
    parameters: tuple[int, ...]


def ordered(names: Sequence[str], columns: Mapping[str, Column], key: Sequence[str], table: str) -> Order:
    """Attributes, and whether each is descending; the key's follow."""
    order: dict[str, bool] = {}
    for name in names:
        attribute = name.removeprefix("-")
        if attribute not in columns:
            raise StatementFailed(f"cannot order {table} by {name!r}: there is no such attribute")
        order.setdefault(attribute, name.startswith("-"))
    for attribute in key:
        order.setdefault(attribute, False)
    return [*order.items()]


def sorted_by(order: Order, columns: Mapping[str, Column], dialect: Dialect) -> str:
    """` ORDER BY …`, or nothing."""
    if not order:
        return ""
    return f" ORDER BY {', '.join(_sorted(columns[name], dialect, down=down) for name, down in order)}"


def _sorted(column: Column, dialect: Dialect, *, down: bool) -> str:
    # PostgreSQL sorts nulls as the largest by itself; SQLite is told to.
    told = column.nullable and dialect == "sqlite"
    nulls = (" NULLS FIRST" if down else " NULLS LAST") if told else ""
    return f"{column.sql}{' DESC' if down else ''}{nulls}"


def behind(order: Order, columns: Mapping[str, Column], nulls: Sequence[bool]) -> Behind:
    """What sorts behind a row: in the first attribute, or equal there and in the next, and so on.

    Args:
        order: as `ordered` gives it; total.
        columns: by attribute.
        nulls: which of the row's values are null.
    """
    every = [(columns[name], down) for name, down in order]
    if len({down for _, down in every}) == 1 and not any(column.nullable for column, _ in every):
        return _as_one(every)
    ways: list[str] = []
    parameters: list[int] = []
    for place, (column, down) in enumerate(every):
        if nulls[place] and not down:
            continue  # nothing sorts behind a null
        same = [_same(every[one][0], null=nulls[one]) for one in range(place)]
        parameters += [one for one in range(place) if not nulls[one]]
        parameters += [] if nulls[place] else [place]
        ways.append(" AND ".join([*same, _further(column, null=nulls[place], down=down)]))
    return Behind(f"({' OR '.join(ways)})" if ways else "1 = 0", tuple(parameters))


def _as_one(every: Sequence[tuple[Column, bool]]) -> Behind:
    """One comparison of rows, which an index over the columns answers."""
    sign = "<" if every[0][1] else ">"
    names = ", ".join(_literal(column) for column, _ in every)
    marks = ", ".join("{}" for _ in every)
    whole = f"{names} {sign} {marks}" if len(every) == 1 else f"({names}) {sign} ({marks})"
    return Behind(whole, tuple(range(len(every))))


def _same(column: Column, *, null: bool) -> str:
    return f"{_literal(column)} IS NULL" if null else f"{_literal(column)} = {{}}"


def _further(column: Column, *, null: bool, down: bool) -> str:
    name = _literal(column)
    if null:
        return f"{name} IS NOT NULL"
    if down:
        return f"{name} < {{}}"
    return f"({name} > {{}} OR {name} IS NULL)" if column.nullable else f"{name} > {{}}"


def _literal(column: Column) -> str:
    """A name that stands in a text with `{}` for parameters."""
    return column.sql.replace("{", "{{").replace("}", "}}")

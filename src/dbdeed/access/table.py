"""A table as generated code knows it, and the statements that are put together when they are used.

What varies with the call (which columns are set, what is asked) is composed from parts that the generator
wrote: column names come from a `Table`, never from a caller, and values always travel as parameters. Each
shape is composed once; the same `Statement` is then used again, so that it is prepared once too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from dbdeed.access.columns import ask, asked
from dbdeed.access.errors import NotFound, StaleRow, StatementFailed
from dbdeed.access.ordering import behind, ordered, sorted_by
from dbdeed.access.pages import Page, cursor_of, position_of
from dbdeed.access.table_writes import TableWrites

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from dbdeed.access.columns import Shape
    from dbdeed.access.statements import Query

T = TypeVar("T")


class Table(TableWrites):
    """A table: what writes it, and what reads it."""

    def select(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        order_by: tuple[str, ...] = (),
        limit: int | None = None,
        with_deleted: bool = False,
        total: bool = True,
    ) -> Query:
        """Rows that meet every filter.

        Args:
            head: the statement up to WHERE.
            filters: values or conditions by attribute; None is null.
            order_by: attributes, `-` before one for descending.
            limit: at most so many rows.
            with_deleted: rows that were deleted too.
            total: the key follows in the order, and makes it total.
        """
        values: list[object] = []
        shapes = self._ask(filters, values)
        if limit is not None:
            values.append(_checked(limit, self.name))
        shape = (head, shapes, order_by, limit is None, with_deleted, total)
        statement = self._statements.get(shape)
        if statement is None:
            order = ordered(order_by, self.columns, self.total if total else (), self.name)
            mark = self._marks()
            text = self._where(head, self._asked(shapes, mark), with_deleted=with_deleted)
            text += sorted_by(order, self.columns, self.dialect)
            text += "" if limit is None else f" LIMIT {mark()}"
            statement = self._keep(shape, text, writes=False)
        return statement, values

    def page(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        order_by: tuple[str, ...],
        first: int,
        after: str | None,
        with_deleted: bool = False,
    ) -> Query:
        """As `select`, behind a cursor, with one row more than a page has.

        Raises:
            InvalidCursor: `after` is not one of this table and order.
        """
        values: list[object] = []
        shapes = self._ask(filters, values)
        order = self.order(order_by)
        columns = [self.columns[name] for name, _ in order]
        position = None if after is None else position_of(after, self.name, order, columns)
        nulls = None if position is None else tuple([value is None for value in position])
        shape = (head, "page", shapes, order_by, nulls, with_deleted)
        statement = self._statements.get(shape)
        place = None if nulls is None else behind(order, self.columns, nulls)
        if place is not None and position is not None:
            values += [columns[one].encode(position[one]) for one in place.parameters]
        if statement is None:
            mark = self._marks()
            conditions = self._asked(shapes, mark)
            conditions += [] if place is None else [place.sql.format(*(mark() for _ in place.parameters))]
            text = self._where(head, conditions, with_deleted=with_deleted)
            text += f"{sorted_by(order, self.columns, self.dialect)} LIMIT {mark()}"
            statement = self._keep(shape, text, writes=False)
        values.append(_checked(first, self.name, least=1) + 1)
        return statement, values

    def paged(self, rows: Sequence[T], order_by: tuple[str, ...], first: int) -> Page[T]:
        """The page that these rows, one more than it has, make."""
        if len(rows) <= first:
            return Page(rows, None)
        kept = rows[:first]
        return Page(kept, cursor_of(kept[-1], self.name, self.order(order_by)))

    def matching(
        self,
        head: str,
        filters: Mapping[str, object],
        *,
        limit: int | None = None,
        with_deleted: bool = False,
    ) -> Query:
        """`head` for the rows that meet every filter, in no order."""
        return self.select(head, filters, limit=limit, with_deleted=with_deleted, total=False)

    def missing(self, present: object) -> NotFound | StaleRow:
        """Why a change with a version found no row: `present` is what is there now, or None."""
        if present is None:
            return NotFound(self.name, self.key)
        return StaleRow(self.name, self.key)

    def _ask(self, filters: Mapping[str, object], values: list[object]) -> tuple[tuple[str, Shape], ...]:
        columns, dialect = self.columns, self.dialect
        for name in filters:
            if name not in columns:
                raise StatementFailed(f"cannot compare {self.name} by {name!r}: there is no such attribute")
        return tuple([(name, ask(columns[name], value, dialect, values)) for name, value in filters.items()])

    def _asked(self, shapes: Iterable[tuple[str, Shape]], mark: Callable[[], str]) -> list[str]:
        return [asked(self.columns[name], shape, self.dialect, mark) for name, shape in shapes]

    def _where(self, head: str, conditions: list[str], *, with_deleted: bool) -> str:
        every = conditions if with_deleted else [*conditions, *self._there()]
        return f"{head} WHERE {' AND '.join(every)}" if every else head


def _checked(limit: int, table: str, *, least: int = 0) -> int:
    if limit < least:
        what = "a limit cannot be negative" if least == 0 else "a page has at least one row"
        raise StatementFailed(f"{table}: {what}: {limit}")
    return limit


def found(row: T | None, table: Table) -> T:
    """The row; raises `NotFound` where there is none."""
    if row is None:
        raise NotFound(table.name, table.key)
    return row


def inserted(row: T | None, table: Table) -> T:
    """The row; raises `StatementFailed` where a trigger or a rule of the database left it out."""
    if row is None:
        raise StatementFailed(f"the database gave no row back for an insert into {table.name}")
    return row

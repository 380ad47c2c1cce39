"""What is known of a table, and what its statements have in common."""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

from dbdeed.access.given import Given
from dbdeed.access.ordering import ordered
from dbdeed.access.statements import Statement

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from dbdeed.access.columns import Column
    from dbdeed.access.statements import Dialect

_KEPT = 1000  # statements of one table; who composes more of them has none that pays


class TableBase:
    """What generated code says of a table.

    Attributes:
        name: quoted and qualified as needed.
        columns: by Python attribute.
        key: the attributes of the primary key; empty where there is none.
        total: the attributes that make an order total: the key, or another that always has a value.
        returning: what a statement gives back: the row's columns, in the row's order.
        version: the attribute that counts changes, or "".
        deleted: the attribute that says when a row was deleted, or "".
        updated: the attribute that says when the row was changed last, or "".
        now: the moment of a change, in SQL.
    """

    def __init__(
        self,
        *,
        dialect: Dialect,
        name: str,
        columns: Mapping[str, Column],
        key: tuple[str, ...],
        total: tuple[str, ...] | None = None,
        returning: str,
        version: str = "",
        deleted: str = "",
        updated: str = "",
        now: str = "",
    ) -> None:
        self.dialect: Dialect = dialect
        self.name = name
        self.columns = columns
        self.key = key
        self.total = key if total is None else total
        self.returning = returning
        self.version = version
        self.deleted = deleted
        self.updated = updated
        self.now = now
        self._given = Given(columns)
        self._statements: dict[object, Statement] = {}
        self._orders: dict[tuple[str, ...], list[tuple[str, bool]]] = {}

    def order(self, names: tuple[str, ...]) -> list[tuple[str, bool]]:
        """Attributes, and whether each is descending. Raises `StatementFailed` for an unknown one."""
        order = self._orders.get(names)
        if order is None:
            order = ordered(names, self.columns, self.total, self.name)
            if len(self._orders) >= _KEPT:
                self._orders.clear()
            self._orders[names] = order
        return order

    def _there(self) -> list[str]:
        """What tells a row that is not deleted."""
        return [f"{self.columns[self.deleted].sql} IS NULL"] if self.deleted else []

    def _always(self, present: str = "") -> list[str]:
        """What every change sets besides; `present.` stands before what the row has already."""
        sets = []
        if self.version:
            version = self.columns[self.version].sql
            sets.append(f"{version} = {present}{version} + 1")
        if self.updated:
            sets.append(f"{self.columns[self.updated].sql} = {self.now}")
        return sets

    def _sets(self, name: str, mark: Callable[[], str]) -> str:
        column = self.columns[name]
        return f"{column.sql} = {column.mark(mark())}"

    def _marks(self) -> Callable[[], str]:
        """Gives the placeholders one after the other."""
        if self.dialect == "sqlite":
            return lambda: "?"
        numbers = count(1)
        return lambda: f"${next(numbers)}"

    def _keep(self, shape: object, text: str, *, writes: bool = True) -> Statement:
        if len(self._statements) >= _KEPT:
            self._statements.clear()
        statement = Statement(text, writes=writes)
        self._statements[shape] = statement
        return statement

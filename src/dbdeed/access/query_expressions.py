"""Typed columns, and what can be made of them: conditions, orders, aggregates.

An `Expression[V, R]` is compared with values of the type `V` and gives values of the type `R`: a column that
may be null is an `Expression[int, int | None]`. Values are never part of the SQL: they travel as parameters.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import msgspec

from dbdeed.access import conditions
from dbdeed.access.columns import Column as ColumnText
from dbdeed.access.columns import ask, asked
from dbdeed.access.errors import InvalidValue, StatementFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from dbdeed.access.query_select import Rows
    from dbdeed.access.statements import Dialect, Row

V = TypeVar("V")
W = TypeVar("W")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

_PLAIN = ColumnText("")
_TEXT = ColumnText("", "text", str)
_KEY = re.compile(r'[^"\\\x00-\x1f]*')


class Rendering:
    """SQL under way: its parameters, and the tables that each level of it reads.

    Attributes:
        named: how each table is called at each level, the innermost last.
        filled: tables that an outer join fills with nulls.
        used: tables that were named since this was last emptied.
    """

    def __init__(self, dialect: Dialect) -> None:
        self.dialect: Dialect = dialect
        self.values: list[object] = []
        self.named: list[dict[str, object]] = []
        self.filled: set[int] = set()
        self.used: set[int] = set()
        self._marks = 0

    def mark(self) -> str:
        """The placeholder of the next parameter; its value is put into `values` in the same order."""
        self._marks += 1
        return f"{'$' if self.dialect == 'postgresql' else '?'}{self._marks}"

    def value(self, column: ColumnText, value: object) -> str:
        self.values.append(column.encode(value))
        return column.mark(self.mark())

    def condition(self, column: ColumnText, condition: conditions.Condition[Any]) -> str:
        shape = ask(column, condition, self.dialect, self.values)
        return asked(column, shape, self.dialect, self.mark)

    def json_text(self, sql: str, path: Sequence[str | int]) -> str:
        """The SQL of what stands in JSON under `path`, as a text."""
        if self.dialect == "postgresql":
            self.values.append([*map(str, path)])
            return f"({sql}::jsonb #>> {self.mark()}::text[])"
        self.values.append(_json_path(path))
        mark = self.mark()
        # SQLite itself gives numbers for true and false.
        return (
            f"CASE json_type({sql}, {mark}) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' "
            f"ELSE CAST(json_extract({sql}, {mark}) AS TEXT) END"
        )

    def use(self, table: object, reference: str) -> None:
        """Raises `StatementFailed` where the query does not read this table."""
        if not any(level.get(reference) is table for level in reversed(self.named)):
            raise StatementFailed(f"the query names {reference}, and does not read it: join it")
        self.used.add(id(table))


def _json_path(path: Sequence[str | int]) -> str:
    """`$."a"[0]`: as SQLite has it. Raises `InvalidValue` for what it cannot name."""
    if any(isinstance(one, str) and not _KEY.fullmatch(one) for one in path):
        raise InvalidValue("SQLite cannot be asked for a key of JSON with a quotation mark or backslash")
    return "$" + "".join(f"[{one}]" if isinstance(one, int) else f'."{one}"' for one in path)


class Selectable(Generic[R_co]):
    """What a select can give."""

    def columns(self, rendering: Rendering) -> list[str]:
        """The SQL of each of its columns."""
        raise NotImplementedError

    def load(self, rows: Sequence[Row]) -> list[R_co]:
        """Its values, from rows of its own columns only."""
        raise NotImplementedError

    def table(self) -> Any:
        """The table that it is of, where it is of one."""
        return None

    @property
    def may_be_missing(self) -> bool:
        """It says by its type that there may be no row for it."""
        return False


class Where:
    """A condition; combined by `&`, `|` and `~`."""

    __slots__ = ("write",)

    def __init__(self, write: Callable[[Rendering], str]) -> None:
        self.write = write

    def __and__(self, other: Where) -> Where:
        return Where(lambda to: f"({self.write(to)} AND {other.write(to)})")

    def __or__(self, other: Where) -> Where:
        return Where(lambda to: f"({self.write(to)} OR {other.write(to)})")

    def __invert__(self) -> Where:
        return Where(lambda to: f"(NOT {self.write(to)})")

    def __bool__(self) -> bool:
        raise TypeError("a condition is neither true nor false here: combine conditions by &, | and ~")


class Order:
    """By what rows are sorted, nulls being the largest values."""

    __slots__ = ("down", "of")

    def __init__(self, of: Expression[Any, Any], *, down: bool) -> None:
        self.of = of
        self.down = down

    def write(self, to: Rendering, what: str = "") -> str:
        """The SQL; `what` stands for the expression, where it is known by another name."""
        nulls = ""
        if to.dialect == "sqlite" and self.of.nullable:
            nulls = " NULLS FIRST" if self.down else " NULLS LAST"
        return f"{what or self.of.write(to)}{' DESC' if self.down else ''}{nulls}"


class Expression(Selectable[R], Generic[V, R]):
    """Something with a value: a column, an aggregate, a sum of a column and a number.

    Attributes:
        write: its SQL.
        text: how its values are written and read.
        convert: makes a value of the driver's; None where it is that already.
        nullable: it may be null.
        source: the table that it is of.
        aggregate: it is of many rows, so that a row that is missing is none of them.
    """

    def __init__(
        self,
        write: Callable[[Rendering], str],
        text: ColumnText = _PLAIN,
        convert: Callable[[Any], Any] | None = None,
        *,
        nullable: bool = True,
        optional: bool = False,
        source: Any = None,
        aggregate: bool = False,
    ) -> None:
        self.source = source
        self.aggregate = aggregate
        self.write = write
        self.text = text
        self.convert = convert
        self.nullable = nullable
        self._optional = optional

    __hash__ = object.__hash__

    @property
    def may_be_missing(self) -> bool:
        return self._optional

    def columns(self, rendering: Rendering) -> list[str]:
        return [self.write(rendering)]

    def table(self) -> Any:
        return self.source

    def load(self, rows: Sequence[Row]) -> list[R]:
        convert = self.convert
        if convert is None:
            return [row[0] for row in rows]
        found: list[Any] = [None if row[0] is None else convert(row[0]) for row in rows]
        return found

    def optional(self) -> Expression[V, R | None]:
        """The same, of a table that an outer join fills with nulls."""
        made: Expression[Any, Any] = Expression(
            self.write, self.text, self.convert, optional=True, source=self.source
        )
        return made

    # Conditions. `==` with an expression compares two of them.

    def __eq__(self, other: V | Expression[V, Any]) -> Where:  # type: ignore[override]
        return self._compare("=", conditions.eq, other)

    def __ne__(self, other: V | Expression[V, Any]) -> Where:  # type: ignore[override]
        return self._compare("<>", conditions.ne, other)

    def __lt__(self, other: V | Expression[V, Any]) -> Where:
        return self._compare("<", conditions.lt, other)

    def __le__(self, other: V | Expression[V, Any]) -> Where:
        return self._compare("<=", conditions.le, other)

    def __gt__(self, other: V | Expression[V, Any]) -> Where:
        return self._compare(">", conditions.gt, other)

    def __ge__(self, other: V | Expression[V, Any]) -> Where:
        return self._compare(">=", conditions.ge, other)

    def is_null(self) -> Where:
        return Where(lambda to: f"{self.write(to)} IS NULL")

    def is_not_null(self) -> Where:
        return Where(lambda to: f"{self.write(to)} IS NOT NULL")

    def is_true(self: Expression[bool, Any]) -> Where:
        """True: neither false nor null."""
        return Where(lambda to: f"{self.write(to)} IS TRUE")

    def is_false(self: Expression[bool, Any]) -> Where:
        """False: neither true nor null."""
        return Where(lambda to: f"{self.write(to)} IS FALSE")

    def between(self, low: V, high: V) -> Where:
        """From `low` to `high`, both included."""
        return self._asks(conditions.Condition("between", (low, high)))

    def in_(self, values: Iterable[V] | Rows[V] | Rows[V | None]) -> Where:
        """Equal to one of these values, or of the values that a select gives."""
        from dbdeed.access.query_select import Rows

        if isinstance(values, Rows):
            inner = values
            return Where(lambda to: f"{self.write(to)} IN ({inner.write(to)})")
        given = list(values)
        if self.text.type:
            return self._asks(conditions.any_of(given))
        return Where(lambda to: self._listed(to, given))

    def like(self: Expression[str, Any], pattern: str, *, ignore_case: bool = False) -> Where:
        r"""A pattern of SQL: `%` is any text, `_` any character, `\` takes what follows as it is."""
        return self._asks(conditions.like(pattern, ignore_case=ignore_case))

    def starts_with(self: Expression[str, Any], text: str, *, ignore_case: bool = False) -> Where:
        """Begins with exactly this text."""
        return self._asks(conditions.starts_with(text, ignore_case=ignore_case))

    def ends_with(self: Expression[str, Any], text: str, *, ignore_case: bool = False) -> Where:
        """Ends with exactly this text."""
        return self._asks(conditions.ends_with(text, ignore_case=ignore_case))

    def includes(self: Expression[str, Any], text: str, *, ignore_case: bool = False) -> Where:
        """Has exactly this text in it."""
        return self._asks(conditions.includes(text, ignore_case=ignore_case))

    def contains(self: Expression[list[W], Any], items: list[W]) -> Where:
        """An array that has each of these (PostgreSQL)."""
        return self._asks(conditions.contains(items))

    def overlaps(self: Expression[list[W], Any], items: list[W]) -> Where:
        """An array that has at least one of these (PostgreSQL)."""
        return self._asks(conditions.overlaps(items))

    def contains_json(self, value: object) -> Where:
        """JSON that has this in it, as PostgreSQL's `@>` sees it."""
        return self._asks(conditions.contains_json(value))

    # Orders

    def asc(self) -> Order:
        return Order(self, down=False)

    def desc(self) -> Order:
        return Order(self, down=True)

    # Arithmetic, with a value or another expression

    def __add__(self, other: V | Expression[V, Any]) -> Expression[V, R]:
        return self._with("+", other)

    def __sub__(self, other: V | Expression[V, Any]) -> Expression[V, R]:
        return self._with("-", other)

    def __mul__(self, other: V | Expression[V, Any]) -> Expression[V, R]:
        return self._with("*", other)

    # Functions

    def coalesce(self, value: V) -> Expression[V, V]:
        """This value where it would be null."""
        return self._made(lambda to: f"coalesce({self.write(to)}, {to.value(self.text, value)})", sure=True)

    def lower(self: Expression[str, Any]) -> Expression[str, R]:
        return self._made(lambda to: f"lower({self.write(to)})")

    def upper(self: Expression[str, Any]) -> Expression[str, R]:
        return self._made(lambda to: f"upper({self.write(to)})")

    def json_text(self, *path: str | int) -> Expression[str, str | None]:
        """What stands in JSON under these keys and places, as a text; null where there is nothing."""
        return Expression(lambda to: to.json_text(self.write(to), path), _TEXT, source=self.source)

    def over(
        self,
        *,
        partition_by: Sequence[Expression[Any, Any]] = (),
        order_by: Sequence[Expression[Any, Any] | Order] = (),
    ) -> Expression[V, R]:
        """An aggregate beside each row: of rows that are alike in `partition_by`; up to it, if in an order.

        Raises `StatementFailed` where this is no aggregate.
        """
        if not self.aggregate:
            raise StatementFailed("a window is one of an aggregate or of a function such as row_number()")
        orders = [one if isinstance(one, Order) else one.asc() for one in order_by]

        def write(to: Rendering) -> str:
            function, window = self.write(to), []
            if partition_by:
                window.append(f"PARTITION BY {', '.join(one.write(to) for one in partition_by)}")
            if orders:
                window.append(f"ORDER BY {', '.join(one.write(to) for one in orders)}")
            return f"{function} OVER ({' '.join(window)})"

        return Expression(
            write, self.text, self.convert, nullable=self.nullable, source=self.source, aggregate=True
        )

    # Aggregates

    def count(self, *, distinct: bool = False) -> Expression[int, int]:
        """How many rows have a value here."""
        what = "DISTINCT " if distinct else ""
        return self._aggregate(lambda to: f"count({what}{self.write(to)})", nullable=False)

    def sum(self) -> Expression[V, V | None]:
        """Of no rows: None."""
        return self._aggregate(self._summed, self.text, self.convert)

    def min(self) -> Expression[V, V | None]:
        return self._aggregate(lambda to: f"min({self.write(to)})", self.text, self.convert)

    def max(self) -> Expression[V, V | None]:
        return self._aggregate(lambda to: f"max({self.write(to)})", self.text, self.convert)

    def avg(self) -> Expression[float, float | None]:
        """The mean, as a float."""

        def write(to: Rendering) -> str:
            inner = f"avg({self.write(to)})"
            return f"{inner}::float8" if to.dialect == "postgresql" else inner

        return self._aggregate(write)

    # Their SQL

    def _aggregate(
        self,
        write: Callable[[Rendering], str],
        text: ColumnText = _PLAIN,
        convert: Callable[[Any], Any] | None = None,
        *,
        nullable: bool = True,
    ) -> Expression[Any, Any]:
        return Expression(write, text, convert, nullable=nullable, source=self.source, aggregate=True)

    def _asks(self, condition: conditions.Condition[Any]) -> Where:
        def write(to: Rendering) -> str:
            return to.condition(msgspec.structs.replace(self.text, sql=self.write(to)), condition)

        return Where(write)

    def _compare(self, operator: str, make: Callable[[Any], Any], other: object) -> Where:
        if isinstance(other, Expression):
            return Where(lambda to: f"{self.write(to)} {operator} {other.write(to)}")
        return self._asks(make(other))

    def _listed(self, to: Rendering, given: list[V]) -> str:
        if not given:
            return "1 = 0"
        left = self.write(to)
        return f"{left} IN ({', '.join(to.value(self.text, one) for one in given)})"

    def _with(self, operator: str, other: V | Expression[V, Any]) -> Expression[V, Any]:
        def write(to: Rendering) -> str:
            left = self.write(to)
            right = other.write(to) if isinstance(other, Expression) else to.value(self.text, other)
            return f"({left} {operator} {right})"

        found = self._made(write)
        found.nullable = self.nullable or (isinstance(other, Expression) and other.nullable)
        return found

    def _made(self, write: Callable[[Rendering], str], *, sure: bool = False) -> Expression[Any, Any]:
        """Of the same type, by other SQL; `sure`: it is never null."""
        return Expression(
            write,
            self.text,
            self.convert,
            nullable=self.nullable and not sure,
            optional=sure,
            source=self.source,
            aggregate=self.aggregate,
        )

    def _summed(self, to: Rendering) -> str:
        whole = to.dialect == "postgresql" and self.text.python is int
        return f"sum({self.write(to)}){'::bigint' if whole else ''}"


class Column(Expression[V, R]):
    """A column of a table, which an update may set."""

    def __init__(
        self,
        table: Any,
        name: str,
        text: ColumnText,
        convert: Callable[[Any], Any] | None,
        read: str,
    ) -> None:
        super().__init__(self._qualified, text, convert, nullable=text.nullable, source=table)
        self.of = table
        self.name = name
        self.read = read

    def columns(self, rendering: Rendering) -> list[str]:
        """As drivers can read it."""
        return [self.read.format(self.write(rendering))]

    def optional(self) -> Expression[V, R | None]:
        made: Column[Any, Any] = Column(self.of, self.name, self.text, self.convert, self.read)
        made._optional = True
        return made

    def _qualified(self, to: Rendering) -> str:
        reference = self.of.__reference__
        to.use(self.of, reference)
        return f"{reference}.{self.text.sql}"


Value = Column[V, V]
"""A column that always has a value, as generated code names its type."""
Optional = Column[V, V | None]
"""A column that may be null."""

"""Tables in every detail that another description of them needs, engine-neutral as far as SQL is.

What `Model` leaves out since no repository needs it: constraints, indexes, domains, sequences. SQL stands in
the engine's own words.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NamedType:
    """An enum or a domain.

    Attributes:
        values: of an enum; () for a domain.
        base: the type below a domain, "" for an enum.
        checks: (name, condition) of a domain.
    """

    name: str
    schema: str = ""
    values: tuple[str, ...] = ()
    base: str = ""
    default: str = ""
    not_null: bool = False
    checks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Counting:
    """How a sequence counts."""

    start: int
    increment: int
    minimum: int
    maximum: int
    cache: int
    cycle: bool


@dataclass(frozen=True, slots=True)
class SequenceFact:
    """A sequence of its own."""

    name: str
    schema: str
    counting: Counting
    type: str = "bigint"


@dataclass(frozen=True, slots=True)
class ColumnFact:
    """A column.

    Attributes:
        type: in full, in the engine's words.
        named: the enum or domain that it is of (of whose lists it is), or None.
        default: an expression, or "".
        computed: the expression of a generated column, or ""; `stored` or computed when read.
        identity: "", "always" or "by default"; with how it counts.
        serial: it counts by a sequence that belongs to it, or is SQLite's number of the row.
        not_null: NOT NULL is declared; a key's column may be without.
    """

    name: str
    type: str
    nullable: bool
    named: NamedType | None = None
    default: str = ""
    computed: str = ""
    stored: bool = True
    identity: str = ""
    counting: Counting | None = None
    serial: bool = False
    comment: str = ""
    collation: str = ""
    not_null: bool = True


@dataclass(frozen=True, slots=True)
class ConstraintFact:
    """A constraint.

    Attributes:
        kind: "primary", "unique", "check", "foreign" or "exclusion".
        name: "" where it has none.
        text: the condition of a check; the definition of an exclusion.
        schema, table, referenced: what a foreign key points to.
        on_delete, on_update: "" for no action.
        deferrable, deferred: as declared.
        nulls_not_distinct: of a unique constraint.
        at_column: a foreign key that is written behind its column.
    """

    kind: str
    name: str
    columns: tuple[str, ...] = ()
    text: str = ""
    schema: str = ""
    table: str = ""
    referenced: tuple[str, ...] = ()
    on_delete: str = ""
    on_update: str = ""
    deferrable: bool = False
    deferred: bool = False
    nulls_not_distinct: bool = False
    at_column: bool = False


@dataclass(frozen=True, slots=True)
class IndexPart:
    """A key of an index: a column or an expression, and how it is kept.

    Attributes:
        operators: the operator class, or "".
        order: ` DESC NULLS LAST` and the like, or "".
    """

    column: str
    expression: str
    operators: str = ""
    order: str = ""


@dataclass(frozen=True, slots=True)
class IndexFact:
    """An index that is no constraint's own."""

    name: str
    parts: tuple[IndexPart, ...]
    unique: bool = False
    method: str = ""
    where: str = ""
    included: tuple[str, ...] = ()
    nulls_not_distinct: bool = False


@dataclass(frozen=True, slots=True)
class TableFact:
    """A table."""

    name: str
    schema: str
    columns: tuple[ColumnFact, ...]
    constraints: tuple[ConstraintFact, ...] = ()
    indexes: tuple[IndexFact, ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Blueprint:
    """All tables by name, and the sequences that stand by themselves."""

    tables: tuple[TableFact, ...]
    sequences: tuple[SequenceFact, ...] = ()

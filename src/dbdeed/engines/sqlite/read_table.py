"""One table, from SQLite's own answers about it and the text that it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from dbdeed.engines.sql_text import TokenKind
from dbdeed.engines.sqlite.definition import bare, constraint_name, divide_words
from dbdeed.engines.sqlite.kinds.table import Column, ForeignKey, Table
from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.text import form

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.sqlite.definition import ColumnText, TableText
    from dbdeed.engines.sqlite.text import Word

_GENERATED = {2: "virtual", 3: "stored"}


@dataclass
class Facts:
    """What the pragmas say of a table.

    Attributes:
        columns: (name, type, notnull, default, pk, hidden), in order.
        keys: by number, the rows (parent, from, to, on update, on delete); the first declared comes first.
        automatic: for each index its origin: "pk", "u", or "c" for one made by CREATE INDEX.
        unique: the columns of each UNIQUE constraint.
    """

    columns: list[tuple[Any, ...]] = field(default_factory=list)
    keys: dict[int, list[tuple[Any, ...]]] = field(default_factory=dict)
    automatic: dict[str, str] = field(default_factory=dict)
    unique: list[tuple[str, ...]] = field(default_factory=list)


def read_table(name: str, words: Sequence[Word], facts: Facts) -> Table | None:
    """The table; None where its text and SQLite's answers do not go together."""
    text = divide_words(words)
    if text is None or len(text.columns) != len(facts.columns):
        return None
    names = frozenset({fold(name), *(fold(column[0]) for column in facts.columns)})
    options = tuple(sorted(form(one) for one in text.options))
    primary = tuple(column[0] for column in sorted(facts.columns, key=lambda one: one[4]) if column[4])
    alias = _rowid_alias(primary, options, facts)
    implied = {*primary} if options and primary else set()  # both options make keys NOT NULL
    return Table(
        name=name,
        columns=tuple(
            _column(name, one, row, names, nullable=not row[2] and row[0] not in implied and row[0] != alias)
            for one, row in zip(text.columns, facts.columns, strict=True)
        ),
        constraints=tuple(sorted(form(own(one, name), names) for one in text.constraints)),
        options=options,
        primary_key=primary,
        unique=tuple(sorted(facts.unique)),
        foreign_keys=tuple(_foreign_keys(text, facts)),
        rowid_alias=alias,
    )


def own(words: Sequence[Word], table: str) -> list[Word]:
    """Tokens without the table's own name as a qualifier: nothing else can be meant in its definition."""
    dropped: set[int] = set()
    for at in range(len(words) - 1):
        if words[at + 1].key == "." and fold(words[at].name) == fold(table):
            dropped.update((at, at + 1))
    return [word for at, word in enumerate(words) if at not in dropped]


def _rowid_alias(primary: tuple[str, ...], options: tuple[str, ...], facts: Facts) -> str:
    """The INTEGER PRIMARY KEY: SQLite makes no index for it."""
    single = len(primary) == 1 and "without rowid" not in options
    return primary[0] if single and "pk" not in facts.automatic.values() else ""


def _column(
    table: str, text: ColumnText, row: tuple[Any, ...], names: frozenset[str], *, nullable: bool
) -> Column:
    name, _, _, default, _, hidden = row
    return Column(
        name=name,
        type=form(text.type).replace(", ", ","),
        clauses=tuple(sorted(_clause(clause, table, names) for clause in text.clauses)),
        nullable=nullable,
        default=default or "",
        generated=_GENERATED.get(hidden, ""),
    )


def _clause(clause: Sequence[Word], table: str, names: frozenset[str]) -> str:
    if bare(clause)[0].key == "default":
        return " ".join(
            ("" if word.kind is TokenKind.QUOTED else form([word])) or word.raw for word in clause
        )
    return form(own(clause, table), names)


def _foreign_keys(text: TableText, facts: Facts) -> Iterable[ForeignKey]:
    rows = list(facts.keys.values())
    names = list(_key_names(text))
    if len(names) != len(rows):
        names = [""] * len(rows)
    for name, key in zip(names, rows, strict=True):
        parent, _, _, on_update, on_delete = key[0]
        yield ForeignKey(
            columns=tuple(row[1] for row in key),
            table=parent,
            target_columns=tuple(row[2] for row in key) if key[0][2] is not None else (),
            on_delete=on_delete.lower(),
            on_update=on_update.lower(),
            name=name,
        )


def _key_names(text: TableText) -> Iterable[str]:
    """The names of the foreign keys in the order written, which is the order SQLite numbers them down."""
    for column in text.columns:
        for clause in column.clauses:
            if bare(clause)[0].key == "references":
                yield constraint_name(clause)
    for constraint in text.constraints:
        if bare(constraint)[0].key == "foreign":
            yield constraint_name(constraint)

"""A changeset, and the checksum that Liquibase keeps of one of SQL (version 9 of its algorithm)."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from dbdeed.document.source import Source

NEEDS = re.compile(r"-- dbdeed: needs ([A-Za-z_][A-Za-z0-9_]*)")
"""How a file that we wrote says so."""

_WHITE = re.compile(rb"[ \n\r\t]")


@dataclass(frozen=True, slots=True)
class Line:
    """A line of SQL, and the byte of its file where it begins."""

    text: str
    offset: int


@dataclass(frozen=True, slots=True)
class Scope:
    """Contexts and labels of a changelog or an include, which hold for all that is in it."""

    context: str = ""
    labels: str = ""


@dataclass(frozen=True, slots=True)
class ChangeSet:
    """One changeset as it stands in its file.

    Attributes:
        filename: as the history has it.
        source: the file's bytes, under the name that people are shown; None for what is no SQL.
        line: where it begins, from 1.
        lines: of its SQL; () for what is no SQL.
        rollback: lines of its way back; None where there is none, () where there is nothing to do.
        foreign: why only Liquibase can run it; "" where we can.
        described: what the history says that it does: "sql".
        around: what the changelogs and includes around it ask for, the innermost first.
        needs: names of environment variables that `${NAME}` in it stands for.
        checksum: as the history has it; "" where only Liquibase can tell.
    """

    id: str
    author: str
    filename: str
    path: Path
    source: Source | None = None
    line: int = 1
    lines: tuple[Line, ...] = ()
    rollback: tuple[Line, ...] | None = None
    foreign: str = ""
    comment: str = ""
    context: str = ""
    labels: str = ""
    around: tuple[Scope, ...] = ()
    dbms: str = ""
    ignored: bool = False
    in_transaction: bool = True
    on_change: bool = False
    always: bool = False
    splits: bool = True
    delimiter: str = ""
    rollback_delimiter: str = ""
    valid: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    described: str = "sql"
    needs: tuple[str, ...] = ()
    checksum: str = ""

    @property
    def key(self) -> str:
        """As Liquibase itself names it."""
        return f"{self.filename}::{self.id}::{self.author}"

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """All that it must be asked for in, its own last."""
        return (*self.around, Scope(self.context, self.labels))

    @property
    def all_labels(self) -> str:
        """With those of what is around it."""
        texts = [part.strip().lower() for each in self.scopes for part in each.labels.split(",")]
        return ",".join(text for text in texts if text)


@dataclass(frozen=True, slots=True)
class Check:
    """A precondition: a query, and the one value that it must give."""

    expected: str
    sql: str


def sql_checksum(sql: str) -> str:
    """Of a changeset whose one change is this SQL: its white space means nothing."""
    change = f"9:{hashlib.md5(_WHITE.sub(b'', sql.encode()), usedforsecurity=False).hexdigest()}:"
    return f"9:{hashlib.md5(change.encode(), usedforsecurity=False).hexdigest()}"

"""Changes and the steps that make them: small data that a plan is built of."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.engines.catalog import Object, ObjectId


class LockLevel(IntEnum):
    """The strongest lock that a step takes on an existing table, weakest first.

    The names are PostgreSQL's (manual, "Explicit Locking"); an engine with fewer levels uses those that block
    the same work: SQLite's write lock is EXCLUSIVE (readers go on), a rebuild's schema lock ACCESS_EXCLUSIVE.
    """

    NONE = 0
    ACCESS_SHARE = 1
    ROW_SHARE = 2
    ROW_EXCLUSIVE = 3
    SHARE_UPDATE_EXCLUSIVE = 4
    SHARE = 5
    SHARE_ROW_EXCLUSIVE = 6
    EXCLUSIVE = 7
    ACCESS_EXCLUSIVE = 8


class HazardKind(StrEnum):
    """What a person must know before a step runs."""

    DESTROYS = "destroys data"
    REWRITES = "rewrites the table"
    BLOCKS_WRITES = "blocks writes while it works"
    BLOCKS_READS = "blocks reads while it works"
    PAUSES = "keeps others out for a moment"
    MAY_FAIL = "can fail on the data that is there"
    CHANGES_VALUES = "changes values"
    CANNOT_UNDO = "cannot be undone"
    BY_HAND = "leaves work to be done by hand"


@dataclass(frozen=True, slots=True)
class Hazard:
    """One danger of a step, in a sentence."""

    kind: HazardKind
    message: str


class Form(StrEnum):
    """How something is kept in the archive."""

    MOVED = "moved"  # the table itself, under another name
    COPIED = "copied"  # all rows of a table
    VALUES = "values"  # a column's values, with what finds their rows again
    CHANGED = "changed"  # the same for a column that stays, and whose values are converted
    NUMBER = "number"  # how far a sequence has counted
    PARTS = "parts"  # a partitioned table, whose rows are all in its partitions, kept by themselves


@dataclass(frozen=True, slots=True)
class Kept:
    """One thing that a step puts into the archive.

    Attributes:
        object: what it was.
        form: how it is kept.
        place: the table that holds it, as SQL has it: `dbdeed.archive_7_1_orders`; "" for a partitioned one.
        names: of a moved table, what it brings along and what that is called there: ("index", name, name
            there).
        key: of values, the columns that find their rows; () where a row is found by `rest`.
        rest: of values without a key, the other columns, which together find their rows.
        texts: the columns that are kept as text, because their type belongs to the schema.
    """

    object: ObjectId
    form: Form
    place: str
    names: tuple[tuple[str, str, str], ...] = ()
    key: tuple[str, ...] = ()
    rest: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One statement of a plan.

    Attributes:
        sql: one statement, without the ending semicolon (bodies of routines keep theirs inside).
        object: what it is about.
        lock: the strongest lock it takes on something that exists before the plan.
        rewrites: it rewrites a whole table.
        scans: it reads a whole table.
        transactional: it can run in a transaction with others.
        hazards: what a person must know.
        destroys: objects whose data is gone after it; consent is asked by their names.
        after_all: run it after every ordinary step (validation of a constraint, dropping what is kept to
            the end).
        environment: names of environment variables that `${NAME}` in `sql` stands for (secrets in DDL).
        online: steps that do the same and block nobody for long, where the engine has them: an index built
            concurrently. The plan takes them where the table has rows. None where there is no such form, and
            () where the online forms of the steps beside it have done its work.
        batched: it fills rows in parts: `$1` and `$2` in `sql` stand for where a part begins and ends, as
            the engine counts them (`Engine.parts`), and each part is a transaction of its own. All parts are
            gone through until nothing is left to fill.
        keeps: what it puts into the archive.
        changes: columns whose values it converts to what may be less; the archive keeps them as they were.
        joins: how the statement begins where it can be one with others that begin so too: what follows is
            clauses that a comma may part; "" where it stands alone. Such a step destroys and keeps nothing.
    """

    sql: str
    object: ObjectId
    lock: LockLevel = LockLevel.NONE
    rewrites: bool = False
    scans: bool = False
    transactional: bool = True
    hazards: tuple[Hazard, ...] = ()
    destroys: tuple[ObjectId, ...] = ()
    after_all: bool = False
    environment: tuple[str, ...] = ()
    online: tuple[Step, ...] | None = None
    batched: bool = False
    keeps: tuple[Kept, ...] = ()
    changes: tuple[ObjectId, ...] = ()
    joins: str = ""


class Action(StrEnum):
    CREATE = "create"
    ALTER = "alter"
    DROP = "drop"
    RENAME = "rename"


@dataclass(frozen=True, slots=True)
class Detail:
    """One attribute that differs: `type: integer -> bigint`. Empty texts for what is not there."""

    attribute: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Change:
    """One difference between two catalogs, with the steps that make it go away.

    Attributes:
        action: what happens. An object that is replaced gives a DROP and a CREATE with the same id.
        id: the object.
        old, new: it, before and after.
        details: what differs, for people.
        steps: the statements, in order; they stay together in the plan (but for `after_all`).
        covers: ids that this change makes or removes besides `id`: a table's inline columns, a dropped
            table's constraints. They have no change of their own.
        because: the change that makes this one necessary where nothing about the object itself differs (a
            view taken down while a column's type changes), else None.
        disturbs: objects that must be away while it is altered or made; they have changes of their own.
        loosens: objects that are replaced and that an alteration makes its object stop needing before they
            go; what it takes away comes back with the object's other alteration.
        was: what a renamed object, or part of one, was called.
        ahead: it is the first part of an alteration; another one of the object may come after it. What it
            covers, then, is only loosened with it.
        frees, takes: objects of which it gives its share up, or takes one, as partitions have of the tables
            above: whoever takes waits for those who give up.
        joined: its statement is one with that of the change before it.
        watches: its object acts whenever anything changes, so that it goes before all others and comes last.
    """

    action: Action
    id: ObjectId
    old: Object | None
    new: Object | None
    steps: tuple[Step, ...]
    details: tuple[Detail, ...] = ()
    covers: tuple[ObjectId, ...] = ()
    because: ObjectId | None = None
    disturbs: frozenset[ObjectId] = frozenset()
    loosens: frozenset[ObjectId] = frozenset()
    was: ObjectId | None = None
    ahead: bool = False
    frees: frozenset[ObjectId] = frozenset()
    takes: frozenset[ObjectId] = frozenset()
    joined: bool = False
    watches: bool = False

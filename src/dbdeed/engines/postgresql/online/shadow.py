"""A column's shadow: a second column that a trigger gives, row by row, what the first one's value becomes.

What stands beside a column while its type changes (`online.retype`) is known again by its text, so that a
plan that was interrupted is gone on with, and one that is given up leaves nothing that anybody would miss: a
shadow holds nothing but what can be made of the column that it follows.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import LockLevel
from dbdeed.engines.postgresql.online.names import MARK, free
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, pauses, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.column import Column

_FUNCTION = """CREATE OR REPLACE FUNCTION {function}()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO ''
AS $function$
BEGIN
    NEW.{shadow} := {value};
    RETURN NEW;
END
$function$"""
_TRIGGER = (
    "CREATE TRIGGER {name} BEFORE INSERT OR UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION {function}()"
)
# What a value may hang on besides: it shall be that of the session that makes the plan true, whoever writes.
_PINNED = ("TimeZone", "DateStyle", "IntervalStyle", "extra_float_digits")
_OWN_PATH = "\n SET search_path TO ''"
_SETTING = re.compile(r"\n SET (?!search_path )[^\n]+(?=\n(?: SET |AS ))")
_NAME = r'(?:"(?:[^"]|"")+"|[\w$]+)'
_SETS = re.compile(rf"\nBEGIN\n    NEW\.({_NAME}) := (.+);\n    RETURN NEW;\nEND\n")


@dataclass(frozen=True, slots=True)
class Shadow:
    """A shadow column and what keeps it in step.

    Attributes:
        column: the shadow itself.
        name: of the trigger and of its function.
        value: what it is given, an expression over NEW.
        pinned: the value hangs on settings of a session.
    """

    column: Column
    name: str
    value: str
    pinned: bool = False

    @property
    def function(self) -> str:
        return _FUNCTION.format(function=self._function, shadow=ident(self.column.name), value=self.value)

    @property
    def _creation(self) -> str:
        text = self.function.replace("CREATE OR REPLACE ", "CREATE ", 1)
        pins = "".join(f"\n SET {ident(one)} FROM CURRENT" for one in _PINNED if self.pinned)
        return text.replace(_OWN_PATH, _OWN_PATH + pins, 1)

    @property
    def trigger(self) -> str:
        return _TRIGGER.format(name=ident(self.name), table=self.column.table_sql, function=self._function)

    @property
    def _function(self) -> str:
        return qualified(self.column.schema, self.name)

    @property
    def ids(self) -> tuple[ObjectId, ObjectId, ObjectId]:
        """The column, the trigger and the function."""
        schema, table = self.column.schema, self.column.table
        trigger = ObjectId("trigger", (schema, table, self.name))
        return self.column.id, trigger, ObjectId("function", (schema, self.name, ""))

    def made(self, context: Context) -> Iterator[Step]:
        """The steps that bring it up, empty; they belong into one transaction."""
        from dbdeed.engines.postgresql.kinds.column_create import definition, extras

        column, trigger, function = self.ids
        table = self.column.table_sql
        beside = pauses(
            f"Nobody reads or writes {table} for a moment; until the plan ends the table has the column "
            f"{ident(self.column.name)} besides, and {table}'s new column then stands last."
        )
        yield exclusive(f"ALTER TABLE {table} ADD COLUMN {definition(self.column)}", column, beside)
        yield from extras(self.column, context)
        yield step(self._creation, function)
        yield step(self.trigger, trigger, LockLevel.SHARE_ROW_EXCLUSIVE)
        # A writer that applies what another server sent must keep it in step as well.
        always = f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {ident(self.name)}"
        yield step(always, trigger, LockLevel.SHARE_ROW_EXCLUSIVE)

    def let_go(self) -> Iterator[Step]:
        """The steps that leave the column alone."""
        _, trigger, function = self.ids
        yield exclusive(f"DROP TRIGGER {ident(self.name)} ON {self.column.table_sql}", trigger)
        yield step(f"DROP FUNCTION {self._function}()", function)

    def removed(self) -> Iterator[Step]:
        """The steps that take it away, with all that stands on it."""
        yield from self.let_go()
        drop = f"ALTER TABLE {self.column.table_sql} DROP COLUMN {ident(self.column.name)}"
        yield exclusive(drop, self.column.id)


def shadows(table: ObjectId, catalog: Catalog) -> Iterator[Shadow]:
    """Those that a table has: a column, a trigger that always fires, and the function that it calls."""
    for one in catalog.children.get(table, ()):
        if one.id.kind == "trigger" and one.id.name[-1].endswith(MARK):
            found = _of_trigger(one, catalog)
            if found is not None:
                yield found


def _of_trigger(trigger: Any, catalog: Catalog) -> Shadow | None:
    function: Any = catalog.objects.get(ObjectId("function", (trigger.schema, trigger.name, "")))
    sets = _SETS.search(function.definition) if function is not None else None
    if sets is None:
        return None
    name = sets[1][1:-1].replace('""', '"') if sets[1].startswith('"') else sets[1]
    column: Any = catalog.objects.get(ObjectId("column", (trigger.schema, trigger.table, name)))
    if column is None or not name.endswith(MARK):
        return None
    definition = _SETTING.sub("", function.definition)
    found = Shadow(column, trigger.name, sets[2], pinned=definition != function.definition)
    whole = (trigger.definition, trigger.enabled, definition)
    return found if whole == (found.trigger, "always", found.function) else None


def follows(column: Column, catalog: Catalog) -> bool:
    """Whether a column is a shadow, and so holds nothing of its own."""
    return column.name.endswith(MARK) and any(
        one.column.id == column.id for one in shadows(ObjectId("table", column.id.name[:2]), catalog)
    )


def standing_on(shadow: Shadow, catalog: Catalog) -> list[ObjectId]:
    """The indexes and constraints that need the shadow column."""
    return [
        one
        for one in sorted(catalog.needed_by.get(shadow.column.id, ()))
        if one.kind in ("index", "constraint")
    ]


def named_beside(column: Column, catalogs: tuple[Catalog, ...]) -> tuple[str, str]:
    """Free names for a column's shadow and for its trigger and function."""

    def column_taken(name: str) -> bool:
        key = ObjectId("column", (column.schema, column.table, name))
        return any(key in catalog.objects for catalog in catalogs)

    def function_taken(name: str) -> bool:
        claim = ("function", column.schema, name, "")
        trigger = ObjectId("trigger", (column.schema, column.table, name))
        return any(claim in catalog.claimed or trigger in catalog.objects for catalog in catalogs)

    return free(column.name, column_taken), free(f"{column.table}_{column.name}", function_taken)

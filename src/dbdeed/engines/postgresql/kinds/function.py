"""Functions, window functions and procedures."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.kinds import dependence, key_call
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_PROC
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


_BETWEEN = re.compile(r', (?=(?:[^"]*"[^"]*")*[^"]*$)')  # the arguments' types, whose names may have commas


class Function(Named, frozen=True, tag="function"):
    """A routine.

    Attributes:
        arguments: the types that identify it, `integer, text`.
        form: "function", "procedure" or "window".
        result: what it returns, as pg_get_function_result has it; the types of all arguments of a procedure
            that has any for output.
        names: the arguments' names, with modes: what CREATE OR REPLACE may not change.
        defaults: how many arguments have one.
        definition: the statement that pg_get_functiondef writes.
    """

    schema: str
    name: str
    arguments: str
    form: str
    result: str
    names: tuple[str, ...]
    defaults: int
    definition: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("function", (self.schema, self.name, self.arguments))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        """Its name, and how it can be called: of two that can be called alike, a call means neither."""
        types = _BETWEEN.split(self.arguments) if self.arguments else []
        calls = [types[: len(types) - left_out] for left_out in range(self.defaults + 1)]
        return (
            ("function", self.schema, self.name, self.arguments),
            *(("call", self.schema, self.name, *call) for call in calls),
        )

    @property
    def sql_name(self) -> str:
        return f"{qualified(self.schema, self.name)}({self.arguments})"

    @property
    def word(self) -> str:
        return "PROCEDURE" if self.form == "procedure" else "FUNCTION"


_QUERY = f"""
    SELECT p.oid, n.nspname, p.proname, oidvectortypes(p.proargtypes),
        CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'w' THEN 'window' ELSE 'function' END,
        coalesce(pg_get_function_result(p.oid), array_to_string(p.proallargtypes::regtype[], ', '), ''),
        ARRAY(SELECT coalesce(m, 'i') || ':' || coalesce(a, '')
            FROM unnest(p.proargnames, p.proargmodes::text[]) AS k(a, m)),
        p.pronargdefaults::int, btrim(pg_get_functiondef(p.oid), E' \\n')
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prokind IN ('f', 'p', 'w') AND {OURS}
        AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid
            AND d.deptype IN ('e', 'i'))
    ORDER BY n.nspname, p.proname, 4
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        reading.add(Function(*fields), (PG_PROC, oid, 0))


def create(new: Function, context: Context) -> Making:
    text = new.definition
    if new.id not in context.current.objects:
        text = text.replace("CREATE OR REPLACE ", "CREATE ", 1)
    return Making((step(text, new.id),))


def drop(old: Function, context: Context) -> tuple[Step, ...]:
    """What a type's shell was made for is gone with the type, if that goes."""
    needs = context.current.needs.get(old.id, ())
    of_type = any(one.kind == "shell type" for one in needs)
    return (step(f"DROP {old.word}{' IF EXISTS' * of_type} {old.sql_name}", old.id),)


def alter(old: Function, new: Function, context: Context) -> Alteration | None:
    named = len(old.names) == len(new.names) and all(
        was == wanted or was.endswith(":") for was, wanted in zip(old.names, new.names, strict=True)
    )
    other = (old.names and not named) or (old.form, old.result) != (new.form, new.result)
    if other or old.defaults > new.defaults:
        return key_call.function_beside(old, new, context)
    return Alteration((step(new.definition, new.id),), dependence.lost(old.id, context.current))


KINDS = (Kind("function", Function, create, drop, alter),)

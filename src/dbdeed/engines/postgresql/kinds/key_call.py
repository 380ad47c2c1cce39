"""What a partition key calls: a function, or the operator class that it orders or hashes by.

Neither can go while a table is partitioned by it, so that another in its place is made beside it, and the
tables are made anew by that, with their rows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration
from dbdeed.engines.postgresql.kinds.made_anew import lineage
from dbdeed.engines.postgresql.online import names
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.writing import exclusive, step

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from dbdeed.engines.change import Step
    from dbdeed.engines.compare import Context
    from dbdeed.engines.postgresql.kinds.function import Function
    from dbdeed.engines.postgresql.kinds.operator_family import OperatorClass


def function_beside(old: Function, new: Function, context: Context) -> Alteration | None:
    """Another function in the place of one that a partition key calls; None where none does."""
    from dbdeed.engines.postgresql.kinds.default_privileges import neutral
    from dbdeed.engines.postgresql.kinds.function import create

    tables = _tables_anew(old.id, context)
    classes = _classes_anew(old.id, context)
    if not tables and not classes:
        return None
    aside = names.free(
        old.name, lambda one: ("function", old.schema, one, old.arguments) in context.current.claimed
    )
    gone = f"{old.word} {qualified(old.schema, aside)}({old.arguments})"
    making = (
        step(f"ALTER {old.word} {old.sql_name} RENAME TO {ident(aside)}", old.id),
        *create(new, context).steps,
        *neutral(new.id, context),
    )
    after = (*_defaults_again(old.id, tables, context), step(f"DROP {gone}", old.id))
    return _around(old.id, making, {**tables, **classes}, after, context)


def class_beside(old: OperatorClass, new: OperatorClass, context: Context) -> Alteration | None:
    """Another operator class in the place of one that a partition key names; None where none does.

    A family has one operator for each strategy, so that it steps aside with its class; there is no way where
    other classes are in it, or where the class is its type's default, of which there is one at a time.
    """
    from dbdeed.engines.postgresql.kinds.operator_family import create_class, create_family

    current, target = context.current, context.target
    tables = _tables_anew(old.id, context)
    key = next((one for one in current.needs.get(old.id, ()) if one.kind == "operator family"), None)
    if not tables or key is None or key not in target.objects or (old.default and new.default):
        return None
    if new.family != old.family or current.needed_by.get(key, frozenset()) - _parts(key, context) != {old.id}:
        return None
    family: Any = current.objects[key]
    aside = names.free(old.name, lambda one: _there(("operator class", old.schema, one, old.method), context))
    away = names.free(
        family.name, lambda one: _there(("operator family", family.schema, one, family.method), context)
    )
    making = (
        step(f"ALTER {old.reference} RENAME TO {ident(aside)}", old.id),
        step(f"ALTER {family.reference} RENAME TO {ident(away)}", key),
        *create_family(target.objects[key], context).steps,  # type: ignore[arg-type]
        *create_class(new, context).steps,
    )
    using = f"USING {ident(family.method)}"
    after = (step(f"DROP OPERATOR FAMILY {qualified(family.schema, away)} {using}", key),)  # with its class
    way = _around(old.id, making, tables, after, context)
    disturbs = way.disturbs | _parts(key, context)
    return Alteration(way.steps, disturbs, (*way.covers, key), ahead=way.ahead)


def _around(
    old: ObjectId,
    making: Iterable[Step],
    anew: dict[ObjectId, Alteration],
    after: Iterable[Step],
    context: Context,
) -> Alteration:
    """What is made beside the old one, then what is made anew by that, then the old one's end."""
    ways = anew.values()
    disturbs = {one for way in ways for one in way.disturbs} | _parts(old, context)
    disturbs |= {one for one in context.current.needed_by.get(old, ()) if not _stays(one, context)}
    return Alteration(
        (*making, *(one for way in ways for one in way.steps), *after),
        frozenset(disturbs - anew.keys()),
        tuple(dict.fromkeys((*anew, *(one for way in ways for one in way.covers)))),
        ahead=frozenset(one for way in ways for one in way.ahead),
    )


def _tables_anew(called: ObjectId, context: Context) -> dict[ObjectId, Alteration]:
    """The trees of tables in which a key calls it, before and after, by their tops."""
    from dbdeed.engines.postgresql.kinds import table_alter
    from dbdeed.engines.postgresql.kinds.table_rebuild import rebuild

    found: dict[ObjectId, Alteration] = {}
    for one in sorted(context.current.needed_by.get(called, ())):
        if one.kind != "table" or called not in context.target.needs.get(one, ()):
            continue
        *_, top = lineage(one, context.current)
        wanted: Any = context.target.objects.get(top.id)
        if wanted is not None and top.id not in found:
            way = rebuild(top, wanted, context, table_alter.alter)
            if way is not None:
                found[top.id] = way
    return found


def _classes_anew(function: ObjectId, context: Context) -> dict[ObjectId, Alteration]:
    """The operator classes in keys that call it."""
    found: dict[ObjectId, Alteration] = {}
    for one in sorted(context.current.needed_by.get(function, ())):
        was, wanted = context.current.objects[one], context.target.objects.get(one)
        if one.kind == "operator class" and wanted is not None:
            way = class_beside(was, wanted, context)  # type: ignore[arg-type]
            if way is not None:
                found[one] = way
    return found


def _stays(one: ObjectId, context: Context) -> bool:
    """Whether it holds data, and so is never taken down; but what a column computes is made anew."""
    return one.kind in ("table", "column") and not getattr(context.current.objects[one], "generated", "")


def _parts(one: ObjectId, context: Context) -> frozenset[ObjectId]:
    return frozenset(child.id for child in context.current.children.get(one, ()))


def _defaults_again(function: ObjectId, anew: Iterable[ObjectId], context: Context) -> Iterator[Step]:
    """Defaults that call the one that stepped aside call the new one; those that change do so after."""
    for one in sorted(context.current.needed_by.get(function, ())):
        was: Any = context.current.objects[one]
        wanted: Any = context.target.objects.get(one)
        calls = function in context.target.needs.get(one, ())
        if one.kind == "column" and not was.generated and calls and was.parent not in anew:
            text = f"SET DEFAULT {was.default}" if was.default == wanted.default else "DROP DEFAULT"
            sql = f"ALTER TABLE ONLY {was.table_sql} ALTER COLUMN {ident(was.name)} {text}"
            yield exclusive(sql, one)


def _there(one: tuple[str, ...], context: Context) -> bool:
    key = ObjectId(one[0], one[1:])
    return key in context.current.objects or key in context.target.objects

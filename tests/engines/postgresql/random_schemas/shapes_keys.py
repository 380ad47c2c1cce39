"""Constraints, indexes, statistics and sequences."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import looking, names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Name, Part, Place, World

_ACTIONS = (
    "",
    "ON DELETE CASCADE",
    "ON UPDATE SET NULL",
    "ON DELETE SET DEFAULT",
    "ON DELETE RESTRICT ON UPDATE CASCADE",
)
_DEFERRAL = ("", "", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED")


def _columns(draw: Draw, place: Place, most: int = 2) -> Any:
    there = [name for name, _ in looking.columns(place.world, place.name[:-1])]
    return draw.some(there, 1, most)


def _constraint_type(draw: Draw, place: Place) -> str:
    options = ["check", "primary", "unique", "foreign", "foreign", "check", "unique", "exclusion"]
    if place.world.major >= 18:
        options.append("temporal")
    return draw.pick(options)


def _references(draw: Draw, place: Place) -> Any:
    """A key of some table, perhaps its own."""
    keys = [one for one in place.world.of("constraint") if one["type"] in ("primary", "unique")]
    return draw.pick(keys).name if keys else None


def _write_constraint(part: Part, world: World) -> Iterable[str]:
    *table, name = part.name
    there = looking.columns(world, tuple(table))
    chosen = [one for one, _ in there if one in part["columns"]]
    body = _constraint_body(part, there, chosen, world)
    if body:
        late = " NOT VALID" if part["late"] and part["type"] in ("check", "foreign") else ""
        named = "" if part["unnamed"] else f"CONSTRAINT {quoted(name)} "
        yield f"ALTER TABLE {quoted(*table)} ADD {named}{body}{late}"
        if part["enforced"] and part["type"] == "foreign" and world.major >= 18 and not part["unnamed"]:
            yield f"ALTER TABLE {quoted(*table)} ALTER CONSTRAINT {quoted(name)} NOT ENFORCED"
        if part["marks"] and part["type"] in ("primary", "unique") and not part["unnamed"]:
            yield f"ALTER TABLE {quoted(*table)} {part['marks']} {quoted(name)}"


def _constraint_body(part: Part, there: values.Columns, chosen: list[str], world: World) -> str:
    kind, columns = part["type"], ", ".join(quoted(one) for one in chosen)
    include = f" INCLUDE ({quoted(there[0][0])})" if part["include"] and there else ""
    if kind == "check":
        inherit = " NO INHERIT" if part["no_inherit"] else ""
        return f"CHECK ({values.condition(part['condition'], there, world)}){inherit}"
    if kind == "primary":
        return f"PRIMARY KEY ({columns}){include} {part['deferral']}" if columns else ""
    if kind == "unique":
        nulls = "NULLS NOT DISTINCT " if part["nulls"] else ""
        return f"UNIQUE {nulls}({columns}){include}{part['options']} {part['deferral']}" if columns else ""
    if kind == "exclusion":
        where = f" WHERE ({values.condition(part['condition'], there, world)})" if part["include"] else ""
        return f"EXCLUDE USING btree ({quoted(chosen[0])} WITH =){where} {part['deferral']}" if chosen else ""
    if kind == "temporal":
        ranges = [one for one, type_ in there if str(type_) in ("int4range", "tstzrange")]
        others = [one for one in chosen if one not in ranges]
        if not ranges or not others:
            return ""
        return f"UNIQUE ({quoted(others[0])}, {quoted(ranges[0])} WITHOUT OVERLAPS)"
    return _foreign(part, chosen, world)


def _foreign(part: Part, chosen: list[str], world: World) -> str:
    key = world.by_key.get(("constraint", part["references"])) if part["references"] else None
    if key is None:
        return ""
    wanted = [one for one, _ in looking.columns(world, key.name[:-1]) if one in key["columns"]]
    if len(chosen) != len(wanted):
        there = [one for one, _ in looking.columns(world, part.name[:-1])]
        chosen = (chosen + [one for one in there if one not in chosen])[: len(wanted)]
    columns, match = ", ".join(map(quoted, chosen)), " MATCH FULL" if part["nulls"] else ""
    pointed = ", ".join(map(quoted, wanted))
    return (
        f"FOREIGN KEY ({columns}) REFERENCES {quoted(*key.name[:-1])} ({pointed}){match} "
        f"{part['action']} {part['deferral']}"
    )


def _index_name(draw: Draw, world: World) -> Name | None:
    table = names.one_of(draw, world, "table", "table", "materialized view")
    if table is None:
        return None
    taken = {part.name[-1] for part in world.parts if part.name[0] == table[0]}
    free = [name for name in (*names.PARTS, *names.RELATIONS) if name not in taken]
    return (table[0], draw.pick(free)) if free else None


def _index_on(draw: Draw, place: Place) -> Any:
    there = [one for one in place.world.of("table", "materialized view") if one.name[0] == place.name[0]]
    return draw.pick(there).name if there else ("public", "t")


def _index_keys(draw: Draw, place: Place) -> Any:
    """Of each key: (a column's place or an expression, its order)."""
    keys = []
    for _ in range(draw.number(1, 2)):
        key = values.draw_expression(draw, place.world) if draw.chance(3) else draw.number(0, 5)
        keys.append((key, draw.pick(("", "", "DESC", "DESC NULLS LAST", "NULLS FIRST"))))
    return tuple(keys)


def _write_index(part: Part, world: World) -> Iterable[str]:
    there, method = looking.columns(world, part["on"]), part["method"]
    if not there:
        return
    keys = [_key(key, order, there, part, world) for key, order in part["keys"]]
    if method != "btree":
        keys = keys[:1]
    unique = "UNIQUE " if part["unique"] and method == "btree" else ""
    text_ = f"CREATE {unique}INDEX {quoted(part.name[-1])} ON {part['only']}{quoted(*part['on'])} USING {method} ({', '.join(keys)})"
    if part["include"] and method == "btree":
        text_ += f" INCLUDE ({quoted(there[-1][0])})"
    if part["nulls"] and unique:
        text_ += " NULLS NOT DISTINCT"
    if part["options"]:
        option = {"brin": "pages_per_range = 8", "gin": "fastupdate = off"}.get(method, "fillfactor = 60")
        text_ += f" WITH ({option})"
    if part["where"]:
        text_ += f" WHERE {values.condition(part['where'], there, world)}"
    yield text_
    if part["marks"]:
        yield f"ALTER TABLE {quoted(*part['on'])} {part['marks']} {quoted(part.name[-1])}"
    if part["statistics"]:
        yield f"ALTER INDEX {quoted(*part.name)} ALTER COLUMN 1 SET STATISTICS 40"
    if part["attached"]:
        yield f"ALTER INDEX {quoted(*part['attached'])} ATTACH PARTITION {quoted(*part.name)}"


def _key(key: Any, order: str, there: values.Columns, part: Part, world: World) -> str:
    if isinstance(key, int):
        name, type_ = there[key % len(there)]
        sql = quoted(name)
        textual = type_ == "text" or str(type_).startswith("varchar")
        if textual and part["classes"]:
            sql += ' COLLATE "C"' if part["classes"] == "collate" else " text_pattern_ops"
    else:
        sql = f"({values.expression(key, there, world)[0]})"
    return f"{sql} {order}" if part["method"] == "btree" else sql


def _write_statistics(part: Part, world: World) -> Iterable[str]:
    there = looking.columns(world, part["on"])
    if len(there) < 2:
        return
    items = [quoted(there[0][0]), quoted(there[part["second"] % (len(there) - 1) + 1][0])]
    if part["expression"]:
        items.append(f"({values.expression(part['expression'], there, world)[0]})")
    alone = part["expression"] and part["second"] == 3  # of one expression there is one kind
    kinds = f" ({', '.join(part['kinds'])})" if part["kinds"] and not alone else ""
    items = items[-1:] if alone else items
    yield f"CREATE STATISTICS {quoted(*part.name)}{kinds} ON {', '.join(items)} FROM {quoted(*part['on'])}"
    if part["target"]:
        yield f"ALTER STATISTICS {quoted(*part.name)} SET STATISTICS {part['target']}"


def _write_sequence(part: Part, world: World) -> Iterable[str]:
    unlogged = "UNLOGGED " if part["unlogged"] else ""
    yield f"CREATE {unlogged}SEQUENCE {quoted(*part.name)} AS {part['type']} {' '.join(part['options'])}"
    if part["owned"]:
        yield f"ALTER SEQUENCE {quoted(*part.name)} OWNED BY {quoted(*part['owned'])}"


def _owned(draw: Draw, place: Place) -> Any:
    columns = [one for one in place.world.of("column") if one.name[0] == place.name[0]]
    return draw.pick(columns).name if columns and draw.chance(3) else None


def _attached(draw: Draw, place: Place) -> Any:
    """An index above, for one of a partition."""
    table = place.world.by_key.get(("table", place.values["on"]))
    if table is None or table["form"][0] != "partition":
        return None
    above = [one.name for one in place.world.of("index", "constraint") if _stands_on(one, table["form"][1])]
    return draw.pick(above) if above and draw.chance(2) else None


def _stands_on(one: Part, table: Name) -> bool:
    return one.kind == "index" and one["on"] == table


_SEQUENCE = ("START WITH 5", "INCREMENT BY 2", "MINVALUE -9", "MAXVALUE 900", "CACHE 3", "CYCLE")
_MARKS = ("", "", "", "", "CLUSTER ON", "REPLICA IDENTITY USING INDEX")

SHAPES = (
    Shape(
        "constraint", 7, lambda draw, world: names.inside(draw, world, "constraint", "table"),
        {
            "type": _constraint_type,
            "columns": _columns,
            "condition": lambda draw, place: values.draw_condition(draw, place.world),
            "references": _references,
            "action": lambda draw, _: draw.pick(_ACTIONS),
            "deferral": lambda draw, _: draw.pick(_DEFERRAL),
            "nulls": lambda draw, _: draw.chance(4),
            "include": lambda draw, _: draw.chance(5),
            "no_inherit": lambda draw, _: draw.chance(5),
            "late": lambda draw, _: draw.chance(5),
            "enforced": lambda draw, _: draw.chance(5),
            "options": lambda draw, _: draw.pick(("", "", "", " WITH (fillfactor = 80)")),
            "marks": lambda draw, _: draw.pick(_MARKS),
            "unnamed": lambda draw, _: draw.chance(4),
        },
        _write_constraint,
    ),
    Shape(
        "index", 6, _index_name,
        {
            "on": _index_on,
            "method": lambda draw, _: draw.pick(("btree", "btree", "btree", "btree", "hash", "gin", "gist", "brin")),
            "keys": _index_keys,
            "unique": lambda draw, _: draw.chance(4),
            "classes": lambda draw, _: draw.pick(("", "", "", "collate", "pattern")),
            "include": lambda draw, _: draw.chance(5),
            "nulls": lambda draw, _: draw.chance(3),
            "options": lambda draw, _: draw.chance(4),
            "where": lambda draw, place: values.draw_condition(draw, place.world) if draw.chance(3) else None,
            "marks": lambda draw, _: draw.pick(_MARKS),
            "statistics": lambda draw, _: draw.chance(5),
            "only": lambda draw, _: draw.pick(("", "", "", "ONLY ")),
            "attached": _attached,
        },
        _write_index,
    ),
    Shape(
        "statistics", 2, lambda draw, world: names.fresh(draw, world, names.PARTS, "statistics"),
        {
            "on": _index_on,
            "second": lambda draw, _: draw.number(0, 3),
            "kinds": lambda draw, _: draw.some(("ndistinct", "dependencies", "mcv"), 0, 2),
            "expression": lambda draw, place: values.draw_expression(draw, place.world) if draw.chance(3) else None,
            "target": lambda draw, _: draw.pick((0, 0, 60, 90)),
        },
        _write_statistics,
    ),
    Shape(
        "sequence", 3, names.relation,
        {
            "type": lambda draw, _: draw.pick(("bigint", "integer", "smallint")),
            "options": lambda draw, _: draw.some(_SEQUENCE, 0, 3),
            "unlogged": lambda draw, _: draw.chance(9),
            "owned": _owned,
        },
        _write_sequence,
    ),
)  # fmt: skip

"""Tables of every form, and their columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.engines.postgresql.random_schemas import looking, names, values
from tests.engines.postgresql.random_schemas.shape import Shape, quoted, text

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.engines.postgresql.random_schemas.shape import Draw, Part, Place, World

OPTIONS = (
    "fillfactor = 70",
    "autovacuum_enabled = off",
    "parallel_workers = 2",
    "toast.autovacuum_enabled = off",
)
_BOUNDS = ("1", "10", "20", "30")
_DATES = ("2024-01-01", "2024-07-01", "2025-01-01", "2026-01-01")


def _form(draw: Draw, place: Place) -> Any:
    """("plain",), ("partitioned", how, column), ("partition", above, number, how below), ("child", above),
    ("typed", type) or ("foreign", server)."""
    choice = draw.number(0, 15)
    above = [one for one in place.world.of("table") if one.name != place.name]
    partitioned = [one for one in above if one["form"][0] == "partitioned" or one["form"][-1]]
    partitioned = [one for one in partitioned if one["form"][0] in ("partitioned", "partition")]
    if choice >= 10 and partitioned and choice < 13:
        below = _partitioning(draw) if draw.chance(4) else ()
        return ("partition", draw.pick(partitioned).name, draw.number(0, 3), below)
    if choice in (8, 9):
        return ("partitioned", *_partitioning(draw))
    if choice == 13 and above:
        return ("child", draw.pick(above).name)
    if choice == 14 and place.world.of("server"):
        return ("foreign", draw.pick(place.world.of("server")).name)
    if choice == 15 and place.world.of("composite type"):
        return ("typed", draw.pick(place.world.of("composite type")).name)
    return ("plain",)


def _partitioning(draw: Draw) -> tuple[str, int]:
    return draw.pick(("RANGE", "LIST", "HASH")), draw.number(0, 2)


def _write_table(part: Part, world: World) -> Iterable[str]:
    form, name = part["form"], quoted(*part.name)
    unlogged = "UNLOGGED " if part["unlogged"] and form[0] in ("plain", "partition", "child") else ""
    foreign = "FOREIGN " if form[0] == "foreign" else ""
    yield f"CREATE {unlogged}{foreign}TABLE {name} {_body(part, world)}"
    if part["options"] and form[0] not in ("partitioned", "foreign"):
        yield f"ALTER TABLE {name} SET ({', '.join(part['options'])})"
    enabled, forced = part["row_security"]
    if enabled:
        yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY"
    if forced:
        yield f"ALTER TABLE {name} FORCE ROW LEVEL SECURITY"
    if part["identity"]:
        yield f"ALTER TABLE {name} REPLICA IDENTITY {part['identity']}"
    if form[0] == "partition" and part["detached"]:
        yield f"ALTER TABLE {quoted(*form[1])} DETACH PARTITION {name}"


def _body(part: Part, world: World) -> str:
    form = part["form"]
    if form[0] == "partition":
        below = f" {_partitioned_by(form[3], looking.columns(world, part.name))}" if form[3] else ""
        return f"PARTITION OF {quoted(*form[1])} {_bound(part, world)}{below}"
    if form[0] == "typed":
        return f"OF {quoted(*form[1])}"
    own = [one for one in world.under(part.name, "column") if not one["generated"]]
    columns = ", ".join(f"{quoted(one.name[-1])} {values.type_sql(one['type'], world)}" for one in own)
    if form[0] == "partitioned":
        plain = [(one.name[-1], one["type"]) for one in own]
        return f"({columns}) {_partitioned_by(form[1:], plain)}"
    if form[0] == "child":
        return f"({columns}) INHERITS ({quoted(*form[1])})"
    if part["method"] and form[0] == "plain":
        return f"({columns}) USING {quoted(*part['method'])}"
    return f"({columns})" + (f" SERVER {quoted(*form[1])}" if form[0] == "foreign" else "")


def _partitioned_by(how: Any, columns: values.Columns) -> str:
    if not columns:
        return "PARTITION BY LIST ((1))"
    return f"PARTITION BY {how[0]} ({quoted(key_of(columns, how[1])[0])})"


def key_of(columns: values.Columns, at: int) -> tuple[str, Any]:
    """The column of a partition key: one whose type the schema does not make itself, where there is one."""
    plain = [one for one in columns if isinstance(one[1], str)] or columns
    return plain[at % len(plain)]


def _bound(part: Part, world: World) -> str:
    _, above, number, _ = part["form"]
    parent = world.by_key.get(("table", above))
    how = _divided(parent["form"]) if parent is not None else ()
    columns = looking.columns(world, above)
    if not how or not columns:
        return "DEFAULT"
    if how[0] == "HASH":
        return f"FOR VALUES WITH (MODULUS 4, REMAINDER {number})"
    type_ = key_of(columns, how[1])[1]
    if number == 3:
        return "DEFAULT"
    if how[0] == "LIST":
        return f"FOR VALUES IN ({values.value(type_, number, world)})"
    bounds = _DATES if str(type_).startswith(("date", "timestamp")) else _BOUNDS
    return f"FOR VALUES FROM ({text(bounds[number])}) TO ({text(bounds[number + 1])})"


def _divided(form: Any) -> Any:
    """How a table of this form is partitioned; () where it is not."""
    return form[1:3] if form[0] == "partitioned" else form[3] if form[0] == "partition" else ()


def _column_type(draw: Draw, place: Place) -> Any:
    if place.name[-1] == "id" and not draw.chance(4):
        return draw.pick(("integer", "bigint"))
    if draw.chance(14):
        return draw.pick(("serial", "bigserial"))
    return values.draw_type(draw, place.world)


def _collation(draw: Draw, place: Place) -> Any:
    own = place.world.of("collation")
    return (
        draw.pick(own).name if own and draw.chance(2) else draw.pick(("", "", "", "", "", ("C",), ("POSIX",)))
    )


def _default(draw: Draw, place: Place) -> Any:
    """None, a sample's number, a function, or a sequence."""
    functions, sequences = place.world.of("function"), place.world.of("sequence")
    choice = draw.number(0, 7)
    if choice in (4, 5) and functions:
        return ("function", draw.pick(functions).name)
    if choice == 6 and sequences:
        return ("sequence", draw.pick(sequences).name)
    return ("value", draw.number(0, 3)) if choice in (3, 7) else None


def _generated(draw: Draw, place: Place) -> Any:
    if not draw.chance(9):
        return None
    how = "VIRTUAL" if place.world.major >= 18 and draw.chance(3) else "STORED"
    return (values.draw_expression(draw, place.world), how)


def _identity(draw: Draw, place: Place) -> Any:
    """(always or by default, options)."""
    if place.values["type"] not in ("integer", "bigint", "smallint") or not draw.chance(4):
        return None
    options = draw.some(("START WITH 5", "INCREMENT BY 2", "CACHE 3", "CYCLE", "MAXVALUE 900"), 0, 2)
    return (draw.pick(("ALWAYS", "BY DEFAULT")), options)


def _not_null(draw: Draw, place: Place) -> Any:
    """ "", "plain", or (a constraint's name, whether validated) where there are such."""
    choice = draw.number(0, 5)
    if choice < 3:
        return ""
    if choice == 5 and place.world.major >= 18:
        return (draw.pick(names.PARTS[:4]), not draw.chance(3))
    return "plain"


def _write_column(part: Part, world: World) -> Iterable[str]:
    *table, column = part.name
    whose, name = quoted(*table), quoted(column)
    head = f"ALTER TABLE {whose} ALTER COLUMN {name}"
    parent = world.by_key.get(("table", tuple(table)))
    form = parent["form"] if parent else ("plain",)
    if part["generated"] and form[0] not in ("partition", "typed"):
        drawn, how = part["generated"]
        others = [one for one in looking.columns(world, tuple(table)) if one[0] != column]
        sql, type_ = values.expression(drawn, others, world)
        yield f"ALTER TABLE {whose} ADD COLUMN {name} {values.type_sql(type_, world)} GENERATED ALWAYS AS ({sql}) {how}"
    if part["collation"]:
        yield f"{head} TYPE {values.type_sql(part['type'], world)} COLLATE {quoted(*part['collation'])}"
    if part["default"] and not part["generated"]:
        yield f"{head} SET DEFAULT {_default_sql(part, world)}"
    if part["not_null"] == "plain":
        yield f"{head} SET NOT NULL"
    elif part["not_null"]:
        constraint, validated = part["not_null"]
        late = "" if validated or _is_proven_above(form, column, world) else " NOT VALID"
        yield f"ALTER TABLE {whose} ADD CONSTRAINT {quoted(constraint + '_nn')} NOT NULL {name}{late}"
    if part["identity"]:
        kind, options = part["identity"]
        yield f"{head} SET NOT NULL"
        yield f"{head} ADD GENERATED {kind} AS IDENTITY ({' '.join(options)})"
    for clause in part["settings"]:
        yield f"{head} {clause}"
    if form[0] == "foreign" and part["foreign"]:
        yield f"{head} OPTIONS ({part['foreign']} 'true')"


def _is_proven_above(form: Any, column: str, world: World) -> bool:
    """Whether a table above says NOT NULL, and means it.

    PostgreSQL takes that after a table below was given the same NOT VALID, but not before, so that even what
    pg_dump writes cannot be loaded.
    """
    seen = []
    while form[0] in ("partition", "child") and form[1] not in seen:
        seen.append(form[1])
        table, said = world.by_key.get(("table", form[1])), world.by_key.get(("column", (*form[1], column)))
        if said is not None and (said["identity"] or said["not_null"] == "plain"):
            return True
        if said is not None and said["not_null"] and said["not_null"][1]:
            return True
        form = table["form"] if table is not None else ("plain",)
    return False


def _default_sql(part: Part, world: World) -> str:
    what, which = part["default"]
    if what == "value":
        return values.value(part["type"], which, world)
    if what == "sequence":
        return f"nextval({text(quoted(*which))})"
    return values.called(which, [], world) or "NULL"


_SETTINGS = (
    "SET STORAGE EXTERNAL", "SET STORAGE MAIN", "SET STATISTICS 50", "SET (n_distinct = 5)", "SET COMPRESSION pglz",
    "SET (n_distinct_inherited = 7)",
)  # fmt: skip

SHAPES = (
    Shape(
        "table", 5, names.relation,
        {
            "form": _form,
            "unlogged": lambda draw, _: draw.chance(8),
            "options": lambda draw, _: draw.some(OPTIONS, 0, 2) if draw.chance(4) else (),
            "row_security": lambda draw, _: draw.pick(((False, False), (True, False), (True, True), (False, True))),
            "identity": lambda draw, _: draw.pick(("", "", "", "FULL", "NOTHING")),
            "method": lambda draw, place: names.one_of(draw, place.world, "access method") if draw.chance(2) else None,
            "detached": lambda draw, _: draw.chance(6),
        },
        _write_table,
    ),
    Shape(
        "column", 9, lambda draw, world: names.inside(draw, world, "column", "table", pool=names.COLUMNS),
        {
            "type": _column_type,
            "collation": _collation,
            "identity": _identity,
            "generated": _generated,
            "default": _default,
            "not_null": _not_null,
            "settings": lambda draw, _: draw.some(_SETTINGS, 0, 2) if draw.chance(6) else (),
            "foreign": lambda draw, _: draw.pick(("", "force_null")),
        },
        _write_column,
    ),
)  # fmt: skip

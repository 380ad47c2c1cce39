"""What of a data model is drawn: boxes with rows, and lines between them. Nothing about where they stand.

A diagram that shows everything shows nothing: past `FULL_ROWS` rows in all, boxes show their key columns only
and say how many others there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.models.model import Cardinality

if TYPE_CHECKING:
    from dbdeed.models.model import Attribute, DataModel, Model, Relationship

FULL_ROWS = 250


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute of a box; `marks` are of PK, FK and UK."""

    name: str
    type: str
    marks: tuple[str, ...]
    nullable: bool


@dataclass(frozen=True, slots=True)
class Box:
    """One model; `hidden` counts the attributes that are not shown."""

    name: str
    table: str
    rows: tuple[Row, ...]
    hidden: int


@dataclass(frozen=True, slots=True)
class Line:
    """One relationship, drawn from `parent` to `child`: the child holds the foreign key.

    Attributes:
        label: the foreign key's columns, or the join table's name.
        required: a child always has a parent.
        one: a parent has at most one child.
        many: both have many (a join table stands between, and is not drawn).
    """

    parent: str
    child: str
    label: str
    required: bool = False
    one: bool = False
    many: bool = False


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes by name, and the lines between them."""

    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]


def picture(data_model: DataModel) -> Picture:
    """What is drawn of a data model."""
    keys_only = sum(len(model.attributes) for model in data_model.models) > FULL_ROWS
    boxes = tuple(_box(model, keys_only=keys_only) for model in data_model.models)
    lines = {line: None for model in data_model.models for line in _lines(model)}
    return Picture(boxes, tuple(lines))


def _box(model: Model, *, keys_only: bool) -> Box:
    primary = model.primary_key
    foreign = {
        column for one in model.relationships if one.holder and not one.through for column in one.columns
    }
    unique = {key.columns[0] for key in model.keys if not key.primary and len(key.columns) == 1}
    in_primary = set(primary.columns if primary else ())

    def row(attribute: Attribute) -> Row:
        name = attribute.name
        found = (("PK", name in in_primary), ("FK", name in foreign), ("UK", name in unique))
        marks = tuple(mark for mark, there in found if there)
        return Row(name, attribute.type, marks, attribute.nullable)

    rows = tuple(map(row, model.attributes))
    shown = tuple(one for one in rows if one.marks) if keys_only else rows
    return Box(model.name, model.table, shown, len(rows) - len(shown))


def _lines(model: Model) -> list[Line]:
    return [_line(model.name, one) for one in model.relationships if one.holder or one.through]


def _line(name: str, one: Relationship) -> Line:
    if one.cardinality is Cardinality.MANY_TO_MANY:
        first, second = sorted((name, one.target))
        return Line(first, second, one.through, many=True)
    single = one.cardinality is Cardinality.ONE_TO_ONE
    return Line(one.target, name, ", ".join(one.columns), required=one.required, one=single)

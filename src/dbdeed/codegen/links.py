"""Many-to-many: a join table has no model of its own, so each end's repository reads and keeps its links.

async def list_by_category_id(self, keys) -> dict[int, Sequence[Product]]
async def add_category(self, product_id, category_id) -> bool
async def remove_category(self, product_id, category_id) -> bool
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.codegen import types
from dbdeed.codegen.names import Namer, distinct_names, referred
from dbdeed.codegen.python_text import Text
from dbdeed.codegen.sql import any_key, mark, quoted
from dbdeed.models.model import Cardinality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.models.model import DataModel, Dialect, Relationship


@dataclass(frozen=True, slots=True)
class Link:
    """One join table, seen from one of its ends.

    Attributes:
        table: the join table.
        columns: its columns to the other end.
        own, other: the names of its columns as parameters.
        own_fields, other_fields: the columns at either end that these refer to.
        name: of the other end, in `add_NAME` and `remove_NAME`.
        read: the rows of this end that are linked to a list of others, each behind the other's key.
        add, remove: they take this end's key and the other's.
    """

    table: str
    columns: tuple[str, ...]
    own: tuple[str, ...]
    other: tuple[str, ...]
    own_fields: tuple[Field, ...]
    other_fields: tuple[Field, ...]
    name: str
    read: Text
    add: Text
    remove: Text


def links_of(
    picture: Picture, pictures: Mapping[str, Picture], data_model: DataModel, names: Names
) -> tuple[Link, ...]:
    """The links of a model. `pictures` are by model's name."""
    found: list[Link] = []
    namer = Namer(constants=True)
    for relation in picture.model.relationships:
        target = pictures.get(relation.target)
        join = next((one for one in data_model.joins if one.table == relation.through), None)
        if relation.cardinality is Cardinality.MANY_TO_MANY and target is not None and join is not None:
            own, other = picture.of(relation.columns), target.of(relation.target_columns)
            if all(field.equal for field in (*own, *other)):
                plain = tuple(_plain(field, names, picture.dialect) for field in other)
                made = _link(picture, join.sql_name, relation, (own, plain))
                name = namer(referred(made.other, relation.target_columns, target.names.module))
                found.append(replace(made, name=name))
    return tuple(found)


def _plain(field: Field, names: Names, dialect: Dialect) -> Field:
    """The other end's key as this end's file speaks of it: without that file's aliases of modules."""
    load = types.load(field.attribute, names, dialect, "{0}")
    return replace(field, type=types.annotation(field.attribute, names), load=load)


def _link(
    picture: Picture,
    join: str,
    relation: Relationship,
    ends: tuple[tuple[Field, ...], tuple[Field, ...]],
) -> Link:
    dialect = picture.dialect
    columns = (*relation.through_columns, *relation.through_target_columns)
    names, sql = distinct_names(columns), [quoted(column, dialect) for column in columns]
    width = len(relation.through_columns)
    left, right = sql[:width], sql[width:]
    own = [f"dbdeed_own_{n}" if width > 1 else "dbdeed_own" for n in range(1, width + 1)]
    to = [f"dbdeed_to_{n}" if len(right) > 1 else "dbdeed_to" for n in range(1, len(right) + 1)]
    wanted = any_key([replace(field, sql=name) for field, name in zip(ends[1], right, strict=True)], dialect)
    selected = [
        types.selected(field.attribute, name, dialect) for field, name in zip(ends[1], right, strict=True)
    ]
    aliased = [f"{a} AS {b}" for a, b in zip((*left, *selected), (*own, *to), strict=True)]
    on = " AND ".join(f"{name} = {field.sql}" for name, field in zip(own, ends[0], strict=True))
    rest = f" WHERE {picture.deleted.sql} IS NULL" if picture.deleted else ""
    marks = [mark(number, dialect) for number, _ in enumerate(columns, 1)]
    equal = " AND ".join(f"{name} = {value}" for name, value in zip(sql, marks, strict=True))
    other = [names[column] for column in relation.through_target_columns]
    return Link(
        table=relation.through,
        columns=relation.through_target_columns,
        own=tuple(names[column] for column in relation.through_columns),
        other=tuple(other),
        own_fields=ends[0],
        other_fields=ends[1],
        name="",
        read=Text(
            (
                (f"SELECT {', '.join(to)}, ", "COLUMNS", f" FROM {picture.model.sql_name} JOIN ("),
                ("", "", f"SELECT {', '.join(aliased)} FROM {join} "),
                ("", "", f"WHERE {wanted}"),
                ("", "", f") AS dbdeed_links ON {on}{rest}"),
            )
        ),
        add=Text(
            (
                ("", "", f"INSERT INTO {join} ({', '.join(sql)}) "),
                ("", "", f"VALUES ({', '.join(marks)}) ON CONFLICT DO NOTHING"),
            )
        ),
        remove=Text((("", "", f"DELETE FROM {join} "), ("", "", f"WHERE {equal}"))),
    )

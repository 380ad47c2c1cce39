"""Many-to-many: a join table has no model of its own, so each end's repository reads and keeps its links.

async def list_by_category_id(self, keys) -> dict[int, Sequence[Product]]
async def add_category_id(self, product_id, category_id) -> bool
async def remove_category_id(self, product_id, category_id) -> bool
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.codegen import types
from dbdeed.codegen.names import distinct_names
from dbdeed.codegen.python_text import Text
from dbdeed.codegen.sql import mark, quoted
from dbdeed.models.model import Cardinality

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.models.model import DataModel, Dialect


@dataclass(frozen=True, slots=True)
class Link:
    """One join table, seen from one of its ends.

    Attributes:
        own, other: the names of its two columns as parameters; `other` also names the methods.
        own_field, other_field: the columns at either end that it refers to.
        read: the rows of this end linked to a list of others, each behind the other's key.
        add, remove: they take this end's key and the other's.
    """

    own: str
    other: str
    own_field: Field
    other_field: Field
    read: Text
    add: Text
    remove: Text

    @property
    def constants(self) -> tuple[str, str, str]:
        """The names of read, add and remove."""
        other = self.other.upper()
        return f"LINKED_BY_{other}", f"ADD_{other}", f"REMOVE_{other}"


def links_of(
    picture: Picture, pictures: Mapping[str, Picture], data_model: DataModel, names: Names
) -> tuple[Link, ...]:
    """The links of a model; keys of several columns are left out. `pictures` are by model's name."""
    found: dict[str, Link] = {}
    for relation in picture.model.relationships:
        target = pictures.get(relation.target)
        join = next((one for one in data_model.joins if one.table == relation.through), None)
        if relation.cardinality is Cardinality.MANY_TO_MANY and target is not None and join is not None:
            ends = picture.of(relation.columns), target.of(relation.target_columns)
            columns = (*relation.through_columns, *relation.through_target_columns)
            if len(ends[0]) == len(ends[1]) == 1 and len(columns) == 2:
                other = _plain(ends[1][0], names, picture.dialect)
                link = _link(picture, join.sql_name, columns, (ends[0][0], other))
                found.setdefault(link.other, link)
    return tuple(found.values())


def _plain(field: Field, names: Names, dialect: Dialect) -> Field:
    """The other end's key as this end's file speaks of it: without that file's aliases of modules."""
    load = types.load(field.attribute, names, dialect, field.name)
    return replace(field, type=types.annotation(field.attribute, names), load=load)


def _link(picture: Picture, join: str, columns: tuple[str, ...], ends: tuple[Field, Field]) -> Link:
    names, dialect = distinct_names(columns), picture.dialect
    left, right = (quoted(column, dialect) for column in columns)
    if dialect.name == "postgresql":
        wanted = f"{right} = ANY($1::{ends[1].attribute.type}[])"
    else:
        wanted = f"{right} IN (SELECT value FROM json_each(?))"
    first, second = mark(1, dialect), mark(2, dialect)
    return Link(
        own=names[columns[0]],
        other=names[columns[1]],
        own_field=ends[0],
        other_field=ends[1],
        read=Text(
            (
                ("SELECT dbdeed_to, ", "COLUMNS", f" FROM {picture.model.sql_name} JOIN ("),
                ("", "", f"SELECT {left} AS dbdeed_own, {right} AS dbdeed_to FROM {join} "),
                ("", "", f"WHERE {wanted}"),
                ("", "", f") AS dbdeed_links ON dbdeed_own = {ends[0].sql}"),
            )
        ),
        add=Text(
            (
                ("", "", f"INSERT INTO {join} ({left}, {right}) "),
                ("", "", f"VALUES ({first}, {second}) ON CONFLICT DO NOTHING"),
            )
        ),
        remove=Text(
            (("", "", f"DELETE FROM {join} "), ("", "", f"WHERE {left} = {first} AND {right} = {second}"))
        ),
    )

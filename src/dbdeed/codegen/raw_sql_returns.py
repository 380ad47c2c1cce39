"""What a declared query says that it returns: "many Order", "exactly one", "nothing"."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.errors import InvalidInput

if TYPE_CHECKING:
    from dbdeed.models.model import DataModel, Model
    from dbdeed.models.query import QueryShape


class Count(StrEnum):
    """How many rows."""

    NOTHING = "nothing"
    ONE = "one"
    EXACTLY_ONE = "exactly one"
    MANY = "many"


@dataclass(frozen=True, slots=True)
class Returns:
    """How many rows, and the model that each of them is; None where the query's columns decide."""

    count: Count
    model: Model | None = None


_WORDS = {
    **dict.fromkeys(("one", "single", "a", "an", "1", "optional", "maybe"), Count.ONE),
    **dict.fromkeys(("many", "list", "all", "several", "multiple", "rows"), Count.MANY),
    **dict.fromkeys(("nothing", "none", "void"), Count.NOTHING),
    **dict.fromkeys(("exactly", "always"), Count.EXACTLY_ONE),
}
_FILLERS = frozenset({"of", "the", "row", "rows", "record", "records", "value", "values", "or", "no", "none"})
_TYPES = re.compile(r"[^\W_]+")


def returns_of(query: QueryShape, data_model: DataModel) -> Returns:
    """Read it. Raises `InvalidInput` where it is not understood, or the columns do not allow it."""
    text = query.returns.strip().strip("`")
    words = _TYPES.findall(text.replace("`", " "))
    count: Count | None = None
    rest: list[str] = []
    for word in words:
        found = _WORDS.get(word.lower())
        if found is not None and count is None:
            count = found
        elif found is None and word.lower() not in _FILLERS:
            rest.append(word)
    model = _model("".join(rest), data_model) if rest else None
    if rest and model is None:
        raise _wrong(query, f"returns “{text}”, and there is no model “{' '.join(rest)}”")
    if not query.columns:
        if count not in (None, Count.NOTHING):
            raise _wrong(query, f"returns “{text}”, but its SQL gives no rows")
        return Returns(Count.NOTHING)
    if count is Count.NOTHING:
        return Returns(Count.NOTHING)
    of = _equal_model(query, data_model)
    if model is not None and of is not model:
        have = ", ".join(column.attribute.name for column in query.columns)
        raise _wrong(
            query,
            f"returns “{text}”, but its columns ({have}) are not those of {model.name}",
            hint=f"Select all columns of {model.table} in their order, or leave the model out.",
        )
    return Returns(count or Count.MANY, of)


def _model(name: str, data_model: DataModel) -> Model | None:
    folded = name.lower()
    for one in data_model.models:
        known = {one.name.lower(), one.table.replace("_", "").lower()}
        if folded in known or folded.removesuffix("s") in known:
            return one
    return None


def _equal_model(query: QueryShape, data_model: DataModel) -> Model | None:
    """The model whose columns the result has: all, in order, and as surely not null."""
    first = query.columns[0]
    for one in data_model.models:
        if (one.schema, one.table) == (first.schema, first.table):
            columns = tuple((column.column, column.attribute.nullable) for column in query.columns)
            same = {(column.schema, column.table) for column in query.columns} == {(one.schema, one.table)}
            wanted = tuple((each.name, each.nullable) for each in one.attributes)
            return one if same and columns == wanted else None
    return None


def _wrong(query: QueryShape, message: str, hint: str = "") -> InvalidInput:
    known = hint or "Accepted: one, exactly one, many, nothing; and a model's name behind: many Order."
    return InvalidInput(
        f"The query “{query.name}” {message}.", hint=known, where=query.where, code="query-returns"
    )

"""The data model as the document's own Data Models section tells it, where no engine can read the SQL yet."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.models.model import (
    Attribute,
    Cardinality,
    DataModel,
    Dialect,
    Model,
    PythonType,
    Relationship,
    UniqueKey,
)
from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from dbdeed.document.architecture import Architecture, AttributeEntry, ModelEntry

_NO_DIALECT = Dialect("", '"', frozenset(), folds_case=False)


def written_model(architecture: Architecture) -> DataModel:
    """Models with the attributes and relationships that a person wrote down."""
    models = sorted((_model(entry) for entry in architecture.models), key=lambda model: model.name)
    return DataModel(tuple(models), (), (), _NO_DIALECT)


def _model(entry: ModelEntry) -> Model:
    table = entry.table or table_name(entry.name)
    primary = tuple(one.name for one in entry.attributes if "primary key" in one.text.lower())
    return Model(
        name=entry.name,
        table=table,
        schema="",
        sql_name=table,
        attributes=tuple(map(_attribute, entry.attributes)),
        keys=(UniqueKey("primary", primary, primary=True),) if primary else (),
        relationships=tuple(_relationships(entry)),
    )


def _attribute(entry: AttributeEntry) -> Attribute:
    type_, _, constraints = _split_type(entry.text)
    words = constraints.lower()
    required = "not null" in words or "required" in words or "primary key" in words
    return Attribute(entry.name, type_ or "any", PythonType("object"), nullable=not required)


def _split_type(text: str) -> tuple[str, str, str]:
    """`decimal(12,2), not null`: the first comma outside brackets parts type and constraints."""
    depth = 0
    for at, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if character == "," and depth <= 0:
            return text[:at].strip(), ",", text[at + 1 :]
    return text.strip(), "", ""


def _relationships(entry: ModelEntry) -> list[Relationship]:
    """Those that say who holds the key; a one-to-many is told by its other side, if that is written down."""
    found = []
    for one in entry.relationships:
        if not one.kind or not one.target:
            continue
        kind = Cardinality(one.kind)
        through = one.through or (one.target if kind is Cardinality.MANY_TO_MANY else "")
        holder = kind is Cardinality.MANY_TO_ONE
        label = (table_name(one.target),)
        found.append(Relationship(kind, one.target, label, (), through=through, holder=holder))
    return found

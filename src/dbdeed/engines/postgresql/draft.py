"""A CREATE TABLE from a model's attributes: `` `price`: decimal(12,2), required, default 0 ``.

What is written in plain words becomes what a careful person would write for PostgreSQL. A phrase that is not
understood is left out; the draft goes into the document, where its author reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.draft_types import guessed_type, leading_type
from dbdeed.engines.postgresql.quoting import ident, idents, literal
from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.document.architecture import AttributeEntry, ModelEntry

_DEFAULT = re.compile(r"defaults?(?:\s+to|\s*[:=])?\s+(.+)", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(
    r"(?:fk|foreign key|references?|refers to)\b[\s:(]*(?:to|references|->|→)?\s*`?(\w+)`?"
    r"(?:\s*[.(]\s*`?(\w+)`?)?",
    re.IGNORECASE,
)
_CHOICES = re.compile(r"(?:enum|one of)\b[\s:(]*(.+?)\)?", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
# As `sync` writes them from the catalog: 'cart'::order_status, '{}'::text[].
_LITERAL = re.compile(r"'(?:[^']|'')*'(?:::[A-Za-z_][\w .\"]*(?:\(\d+(?:,\s*\d+)?\))?(?:\[\])*)*")
_NOW = re.compile(r"now(?:\(\))?|current[_ ]timestamp(?:\(\))?|current time", re.IGNORECASE)
_UUID = re.compile(r"gen_random_uuid\(\)|uuid_generate_v4\(\)|random( uuid)?|generated", re.IGNORECASE)
_STAMPS = frozenset({"created_at", "updated_at"})


@dataclass
class _Column:
    """What an attribute asks for."""

    name: str
    type: str
    said: bool = True
    primary: bool = False
    required: bool = False
    unique: bool = False
    default: str = ""
    references: tuple[str, str] | None = None
    choices: tuple[str, ...] = ()


def draft_table(model: ModelEntry, models: Sequence[ModelEntry]) -> str:
    """The statement, with its semicolon."""
    tables = {_folded(one.name): _table_of(one) for one in models}
    columns = [_column(attribute, tables) for attribute in model.attributes]
    columns += list(_for_relationships(model, columns, tables))
    if not any(column.primary for column in columns):
        own = next((column for column in columns if column.name.lower() == "id"), None)
        if own is None:
            own = _Column("id", "bigint", said=False)
            columns.insert(0, own)
        own.primary = True
    _match_keys(columns, models)
    lines = [*(_line(column, columns) for column in columns), *_composite_key(columns)]
    body = ",\n".join(f"    {line}" for line in lines)
    return f"CREATE TABLE {ident(_table_of(model))} (\n{body}\n);"


def _table_of(model: ModelEntry) -> str:
    """The table's name: the document's own, or the one that the model's name stands for."""
    return model.table or table_name(model.name)


def _folded(name: str) -> str:
    return re.sub(r"\W+|_", "", name).lower()


def _match_keys(columns: Sequence[_Column], models: Sequence[ModelEntry]) -> None:
    """A foreign key that says no type has the type of the key that it points to."""
    keys = {_table_of(one): _key_type(one) for one in models}
    for column in columns:
        if column.references is not None and column.references[1] == "id" and not column.said:
            column.type = keys.get(column.references[0], column.type)


def _key_type(model: ModelEntry) -> str:
    """Of a model's `id`: a serial counts in integers."""
    for attribute in model.attributes:
        if attribute.name.lower() == "id":
            parts = _parts(attribute.text)
            found = leading_type(parts[0]) if parts else ""
            return {"serial": "integer", "bigserial": "bigint"}.get(found, found or "bigint")
    return "bigint"


def _column(attribute: AttributeEntry, tables: Mapping[str, str]) -> _Column:
    parts = [part for part in _parts(attribute.text) if not part.startswith("[")]
    kind = leading_type(parts[0]) if parts and not _CHOICES.fullmatch(parts[0]) else ""
    column = _Column(attribute.name, kind or guessed_type(attribute.name), said=bool(kind))
    for part in parts:
        _constrain(column, part, tables)
    if column.name.lower() in _STAMPS and not column.default:
        column.required, column.default = True, "now()"
    return column


def _parts(text: str) -> list[str]:
    """The phrases between commas that stand in no parentheses or quotes."""
    found, depth, quote, start = [], 0, "", 0
    for position, character in enumerate(text):
        if quote:
            quote = "" if character == quote else quote
        elif character in "'\"`":
            quote = character
        elif character in "([":
            depth += 1
        elif character in ")]":
            depth -= 1
        elif character == "," and depth <= 0:
            found.append(text[start:position])
            start = position + 1
    return [part for part in (each.strip().strip("`").strip() for each in [*found, text[start:]]) if part]


def _constrain(column: _Column, phrase: str, tables: Mapping[str, str]) -> None:
    """Read one phrase; several may stand in one: `primary key not null`."""
    folded = " ".join(phrase.lower().replace("-", " ").replace("_", " ").split())
    choices = _CHOICES.fullmatch(phrase)
    if choices is not None:
        values = tuple(_choices(choices.group(1)))
        if len(values) > 1:
            column.type, column.choices = "text", values
        return
    default = _DEFAULT.search(phrase)
    if default is not None:
        column.default = _default(default.group(1).strip().strip("`"), column.type)
        folded = folded.partition("default")[0]
    reference = _REFERENCE.search(phrase)
    if reference is not None and "primary" not in folded:
        column.references = _reference(column, reference, tables)
    column.primary |= bool(re.search(r"\b(?:primary key|pk)\b", folded))
    column.required |= bool(re.search(r"\b(?:not null|required|mandatory|non null)\b", folded))
    column.unique |= bool(re.search(r"\bunique\b", folded))


def _choices(text: str) -> Iterator[str]:
    for quoted, double, bare in re.findall(r"""'([^']*)'|"([^"]*)"|([^,|/'"]+)""", text):
        value = quoted or double or bare.strip().strip("`()").strip()
        if value:
            yield value


def _default(value: str, type_name: str) -> str:
    if _NOW.fullmatch(value):
        return "now()"
    if type_name == "uuid" and _UUID.fullmatch(value):
        return "gen_random_uuid()"
    if value.lower() in ("true", "false", "null", "current_date", "current_time"):
        return value.lower()
    if _NUMBER.fullmatch(value) and type_name not in ("text", "uuid"):
        return value
    if _LITERAL.fullmatch(value):
        return value
    return literal(value.strip("'\""))


def _reference(column: _Column, found: re.Match[str], tables: Mapping[str, str]) -> tuple[str, str] | None:
    """The parent's table and key: of a model's name, a table's name, or the attribute's own `customer_id`."""
    named = found.group(1)
    if named in tables.values():
        return named, found.group(2) or "id"
    if _folded(named) in tables:
        return tables[_folded(named)], found.group(2) or "id"
    own = _folded(column.name.lower().removesuffix("_id"))
    return (tables[own], "id") if own in tables else None


def _for_relationships(
    model: ModelEntry, columns: Sequence[_Column], tables: Mapping[str, str]
) -> Iterator[_Column]:
    """A key for each model that this one belongs to: on its attribute, or a new column where none is."""
    by_name = {column.name.lower(): column for column in columns}
    for one in model.relationships:
        target = tables.get(_folded(one.target))
        if one.kind != "many-to-one" or target is None:
            continue
        name = f"{re.sub(r'(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+', '_', one.target).lower()}_id"
        there = by_name.get(name)
        if there is None:
            yield _Column(name, "bigint", said=False, required=True, references=(target, "id"))
        elif there.references is None:
            there.references = (target, "id")


def _line(column: _Column, columns: Sequence[_Column]) -> str:
    single = column.primary and sum(one.primary for one in columns) == 1
    words = [ident(column.name), column.type]
    counted = column.type in ("smallint", "integer", "bigint") and not column.default
    if single and counted and column.references is None:
        words.append("GENERATED BY DEFAULT AS IDENTITY")
    elif single and column.type == "uuid" and not column.default:
        column.default = "gen_random_uuid()"
    if column.default:
        words.append(f"DEFAULT {column.default}")
    if single:
        words.append("PRIMARY KEY")
    elif column.required or column.primary:
        words.append("NOT NULL")
    if column.unique and not column.primary:
        words.append("UNIQUE")
    if column.choices:
        words.append(f"CHECK ({ident(column.name)} IN ({', '.join(map(literal, column.choices))}))")
    if column.references is not None:
        words.append(f"REFERENCES {ident(column.references[0])} ({ident(column.references[1])})")
    return " ".join(words)


def _composite_key(columns: Sequence[_Column]) -> Iterator[str]:
    key = [column.name for column in columns if column.primary]
    if len(key) > 1:
        yield f"PRIMARY KEY ({idents(key)})"

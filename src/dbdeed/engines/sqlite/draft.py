"""A CREATE TABLE from a model's attributes: `` `price`: decimal(12,2), required, default 0 ``.

What is written in plain words becomes what a careful person would write for SQLite. A phrase that is not
understood is left out; the draft goes into the document, where its author reads it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.draft_types import drafted_type, guessed_type
from dbdeed.engines.sqlite.names import fold, literal, written
from dbdeed.engines.sqlite.text import lex
from dbdeed.models.naming import table_name

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from dbdeed.document.architecture import AttributeEntry, ModelEntry

_PART = re.compile(
    r"""(?:[^,(`"']|\((?:[^()]|\([^()]*\))*\)|"[^"]*"|'[^']*'|`[^`]*`|.)*?(?=,|\Z)""", re.DOTALL
)
_DEFAULT = re.compile(r"defaults?(?:\s+to|\s*[:=])?\s+(.+)", re.IGNORECASE | re.DOTALL)
_REFERENCE = re.compile(
    r"(?:fk|foreign\s+key|references?)\b[\s:]*(?:to|references|->|→|\()?\s*`?(\w+)`?(?:\s*[.(]\s*`?(\w+)`?)?",
    re.IGNORECASE,
)
_CHOICES = re.compile(r"(?:enum|one\s+of)\b[\s:(]*(.+?)\)?", re.IGNORECASE | re.DOTALL)
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d+)?")
_NOW = re.compile(r"now(?:\(\))?|current[_ ]timestamp(?:\(\))?|current time", re.IGNORECASE)
_STAMPS = frozenset({"created_at", "updated_at"})


@dataclass
class _Column:
    """What an attribute asks for."""

    name: str
    type: str
    primary: bool = False
    required: bool = False
    unique: bool = False
    default: str = ""
    references: tuple[str, str] | None = None
    choices: tuple[str, ...] = ()
    checks: list[str] = field(default_factory=list)


def draft_table(model: ModelEntry, models: Sequence[ModelEntry]) -> str:
    """The statement, with its semicolon."""
    tables = {fold(re.sub(r"\W+", "", one.name)): table_of(one) for one in models}
    columns = [_column(attribute, tables) for attribute in model.attributes]
    columns += _for_relationships(model, columns, tables)
    if not any(column.primary for column in columns):
        own = next((column for column in columns if fold(column.name) == "id"), None)
        if own is None:
            own = _Column("id", "INTEGER")
            columns.insert(0, own)
        own.primary = True
    lines = [*(_line(column, columns) for column in columns), *_composite_key(columns)]
    body = ",\n".join(f"    {line}" for line in lines)
    return f"CREATE TABLE {written(table_of(model))} (\n{body}\n);"


def table_of(model: ModelEntry) -> str:
    """The table's name: the document's own, or the one that the model's name stands for."""
    return model.table or table_name(model.name)


def _column(attribute: AttributeEntry, tables: Mapping[str, str]) -> _Column:
    parts = [part for part in _parts(attribute.text) if part and not part.startswith("[")]
    kind = drafted_type(parts[0]) if parts and not _CHOICES.fullmatch(parts[0]) else ""
    column = _Column(attribute.name, kind or guessed_type(attribute.name))
    for part in parts[1:] if kind else parts:
        _constrain(column, part, tables)
    if fold(column.name) in _STAMPS and not column.default:
        column.required, column.default = True, "CURRENT_TIMESTAMP"
    return column


def _parts(text: str) -> Iterator[str]:
    """The phrases between commas that stand in no parentheses or quotes."""
    position = 0
    while position <= len(text):
        found = _PART.match(text, position)
        assert found is not None  # it matches the empty text
        yield found.group().strip().strip("`").strip()
        position = found.end() + 1


def _constrain(column: _Column, phrase: str, tables: Mapping[str, str]) -> None:
    """Read one phrase; several may stand in one: `primary key not null`."""
    folded = " ".join(phrase.lower().replace("-", " ").replace("_", " ").split())
    choices = _CHOICES.fullmatch(phrase)
    default = _DEFAULT.search(phrase)
    if choices is not None:
        values = tuple(_choices(choices.group(1)))
        if len(values) > 1:
            column.type, column.choices = "TEXT", values
        return
    if default is not None:
        column.default = _default(default.group(1).strip().strip("`"))
    reference = _REFERENCE.search(phrase)
    if reference is not None and "primary" not in folded:
        column.references = _reference(column, reference, tables)
    if folded.startswith("check") and (check := _check(phrase)):
        column.checks.append(check)
        return
    column.primary |= bool(re.search(r"\b(?:primary key|pk)\b", folded))
    column.required |= bool(re.search(r"\b(?:not null|required|mandatory|non null)\b", folded))
    column.unique |= bool(re.search(r"\bunique\b", folded))


def _choices(text: str) -> Iterator[str]:
    for quoted, double, bare in re.findall(r"""'([^']*)'|"([^"]*)"|([^,|/'"]+)""", text):
        value = quoted or double or bare.strip().strip("`()").strip()
        if value:
            yield value


def _default(value: str) -> str:
    if _NOW.fullmatch(value):
        return "CURRENT_TIMESTAMP"
    if value.lower() in ("true", "false", "null", "current_date", "current_time"):
        return value.upper()
    return value if _NUMBER.fullmatch(value) else literal(value.strip("'\""))


def _reference(column: _Column, found: re.Match[str], tables: Mapping[str, str]) -> tuple[str, str] | None:
    """The parent's table and key: of a model's name, a table's name, or the attribute's own `customer_id`."""
    named = fold(found.group(1))
    if named in tables.values():
        return named, found.group(2) or "id"
    if named in tables:
        return tables[named], found.group(2) or "id"
    own = fold(column.name).removesuffix("_id").replace("_", "")
    return (tables[own], "id") if own in tables else None


def _check(phrase: str) -> str:
    """A check's expression with its parentheses, if that is what it is."""
    opening = phrase.find("(")
    words = lex(phrase[opening:]) if opening >= 0 else []
    depth = 0
    for at, word in enumerate(words):
        depth += {"(": 1, ")": -1}.get(word.key, 0)
        if depth == 0:
            return phrase[opening:] if at == len(words) - 1 else ""
    return ""


def _for_relationships(
    model: ModelEntry, columns: Sequence[_Column], tables: Mapping[str, str]
) -> Iterator[_Column]:
    """A key for each model that this one belongs to: on its attribute, or a new column where none is."""
    by_name = {fold(column.name): column for column in columns}
    for one in model.relationships:
        target = tables.get(fold(re.sub(r"\W+", "", one.target)))
        if one.kind != "many-to-one" or target is None:
            continue
        name = f"{re.sub(r'(?<=[a-z0-9])(?=[A-Z])|[^A-Za-z0-9]+', '_', one.target).lower()}_id"
        there = by_name.get(name)
        if there is None:
            yield _Column(name, "INTEGER", required=True, references=(target, "id"))
        elif there.references is None:
            there.references = (target, "id")


def _line(column: _Column, columns: Sequence[_Column]) -> str:
    single = column.primary and sum(one.primary for one in columns) == 1
    whole = single and column.type in ("INTEGER", "SERIAL")
    words = [written(column.name), "INTEGER" if whole or column.type == "SERIAL" else column.type]
    if (column.required or column.primary) and not whole:
        words.append("NOT NULL")
    if single:
        words.append("PRIMARY KEY")
    elif column.unique:
        words.append("UNIQUE")
    if column.default:
        words.append(f"DEFAULT {column.default}")
    if column.choices:
        words.append(f"CHECK ({written(column.name)} IN ({', '.join(map(literal, column.choices))}))")
    words += [f"CHECK {check}" for check in column.checks]
    if column.references is not None:
        words.append(f"REFERENCES {written(column.references[0])} ({written(column.references[1])})")
    return " ".join(words)


def _composite_key(columns: Sequence[_Column]) -> Iterator[str]:
    key = [written(column.name) for column in columns if column.primary]
    if len(key) > 1:
        yield f"PRIMARY KEY ({', '.join(key)})"

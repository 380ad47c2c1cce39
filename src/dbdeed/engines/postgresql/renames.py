"""Renames that the document declares with `-- renamed from: old`.

The mark stands at the end of a column's line, or above (or in the head of) a statement for the object that
the statement makes. PostgreSQL's own RENAME keeps rows, grants, comments and everything that depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Change, LockLevel
from dbdeed.engines.postgresql.naming import reference
from dbdeed.engines.postgresql.quoting import ident, qualified
from dbdeed.engines.postgresql.sql.lexer import RULES
from dbdeed.engines.postgresql.writing import step
from dbdeed.engines.sql_text import TokenKind, name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.engines.catalog import Catalog
    from dbdeed.engines.seam import Statement
    from dbdeed.engines.sql_text import Token

# What a CREATE statement's word can make, by our kinds.
_MADE = {
    "table": ("table",),
    "view": ("view", "materialized view"),
    "sequence": ("sequence",),
    "index": ("index",),
    "type": ("enum", "composite type", "range type"),
    "domain": ("domain",),
    "function": ("function",),
    "procedure": ("function",),
    "schema": ("schema",),
}
_SKIPPED = frozenset(
    {"or", "replace", "unlogged", "unique", "materialized", "foreign", "recursive", "if", "not", "exists"}
    | {"concurrently", "only"}
)


@dataclass(frozen=True, slots=True)
class _Created:
    """What a statement makes: its word, the name as written, and where its body begins."""

    word: str
    name: tuple[str, ...]
    body: int


def rename_steps(current: Catalog, target: Catalog, statements: Sequence[Statement]) -> list[Change]:
    """Those that still have to happen: the old name is only in `current`, the new one only in `target`."""
    found: list[Change] = []
    for statement in statements:
        if statement.renamed_from:
            found.extend(_renames(current, target, statement))
    return found


def _renames(current: Catalog, target: Catalog, statement: Statement) -> Iterator[Change]:
    made = _created(statement.sql)
    new = _object(target, made) if made is not None else None
    if made is None or new is None:
        return
    was = new
    for offset, old_name in statement.renamed_from:
        if offset < made.body:
            change = _whole(current, target, new, old_name)
            if change is not None and was == new:
                yield change
                assert change.old is not None
                was = change.old.id
    if new.kind != "table":
        return
    for offset, old_name in statement.renamed_from:
        if offset >= made.body:
            yield from _column(current, target, was, new, _column_at(statement.sql, made, offset), old_name)


def _created(sql: str) -> _Created | None:
    """`CREATE … TABLE name`, as its words say."""
    found = [one for one in tokens(sql, RULES) if one.kind not in (TokenKind.SPACE, TokenKind.COMMENT)]
    texts = [sql[one.start : one.end].lower() for one in found]
    if texts[:1] != ["create"]:
        return None
    place = 1
    while place < len(texts) and texts[place] in _SKIPPED:
        place += 1
    word = texts[place] if place < len(texts) else ""
    if word not in _MADE:
        return None
    place += 1
    while place < len(texts) and texts[place] in _SKIPPED:
        place += 1
    return _named(sql, found, place, word)


def _named(sql: str, found: Sequence[Token], place: int, word: str) -> _Created | None:
    names = []
    while place < len(found):
        name = name_of(sql, found[place], fold=True)
        if name is None:
            return None
        names.append(name)
        if place + 1 < len(found) and sql[found[place + 1].start : found[place + 1].end] == ".":
            place += 2
            continue
        break
    if not names:
        return None
    after = found[place + 1 :]
    body = next((one.end for one in after if sql[one.start : one.end] == "("), len(sql))
    return _Created(word, tuple(names), body)


def _object(catalog: Catalog, made: _Created) -> ObjectId | None:
    """The object of that name; one written without a schema is looked for in `public`, then anywhere once."""
    kinds = _MADE[made.word]
    found = [one for one in catalog.objects if one.kind in kinds and _matches(one, made.name)]
    usual = [one for one in found if one.name[0] == "public"] if len(made.name) == 1 else found
    chosen = usual or found
    return chosen[0] if len(chosen) == 1 else None


def _matches(one: ObjectId, name: tuple[str, ...]) -> bool:
    own = one.name[:2] if one.kind == "function" else one.name
    return own[-len(name) :] == name


def _whole(current: Catalog, target: Catalog, new: ObjectId, old_name: str) -> Change | None:
    """The object itself has another name; its schema stays."""
    old = _old_id(new, old_name)
    if new in current.objects or old not in current.objects or old in target.objects:
        return None
    there, wanted = current.objects[old], target.objects[new]
    name = new.name[1] if new.kind == "function" else new.name[-1]
    sql = f"ALTER {reference(old, current)} RENAME TO {ident(name)}"
    return Change(Action.RENAME, new, there, wanted, (step(sql, new, LockLevel.ACCESS_EXCLUSIVE),))


def _old_id(new: ObjectId, old_name: str) -> ObjectId:
    bare = old_name.rpartition(".")[2].strip('"')
    if new.kind == "function":
        return ObjectId(new.kind, (new.name[0], bare, new.name[2]))
    return ObjectId(new.kind, (*new.name[:-1], bare))


def _column_at(sql: str, made: _Created, offset: int) -> str:
    """The column whose definition begins last before the mark: the first name after a comma at the top."""
    depth, name, fresh = 0, "", True
    for one in tokens(sql[made.body : offset], RULES):
        text = sql[made.body + one.start : made.body + one.end]
        if one.kind in (TokenKind.SPACE, TokenKind.COMMENT):
            continue
        if text == "(":
            depth += 1
        elif text == ")":
            depth -= 1
        elif text == "," and depth == 0:
            fresh = True
            continue
        if fresh:
            name = name_of(sql[made.body :], one, fold=True) or ""
            fresh = False
    return name


def _column(
    current: Catalog, target: Catalog, was: ObjectId, new: ObjectId, name: str, old_name: str
) -> Iterator[Change]:
    """A column of a table that may itself just have been renamed."""
    before = {one: ObjectId("column", (*was.name, one)) for one in (name, old_name)}
    after = {one: ObjectId("column", (*new.name, one)) for one in (name, old_name)}
    there: Any = current.objects.get(before[old_name])
    wanted: Any = target.objects.get(after[name])
    if (
        there is None
        or wanted is None
        or before[name] in current.objects
        or after[old_name] in target.objects
    ):
        return
    sql = f"ALTER TABLE {qualified(*new.name)} RENAME COLUMN {ident(old_name)} TO {ident(name)}"
    making = step(sql, after[name], LockLevel.ACCESS_EXCLUSIVE)
    yield Change(Action.RENAME, after[name], there, wanted, (making,))

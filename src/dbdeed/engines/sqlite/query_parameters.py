"""The types of a query's parameters, told from the columns that they stand beside.

SQLite itself gives a parameter no type. One that is compared with a column, set to it or inserted into it has
the column's; one of LIMIT or OFFSET is a number; any other takes what it is given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.sqlite.names import fold
from dbdeed.engines.sqlite.text import closing, lex
from dbdeed.models.model import Attribute, PythonType

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.engines.query_text import NamedQuery
    from dbdeed.engines.sqlite.text import Word
    from dbdeed.models.model import DataModel

_COMPARE = frozenset({"=", "==", "<", ">", "<=", ">=", "<>", "!=", "is", "like", "between", "glob"})
_NUMBER = Attribute("", "INTEGER", PythonType("int"), nullable=False)


def parameter_types(named: NamedQuery, model: DataModel) -> dict[str, Attribute]:
    """What is known of each parameter, by name: the attribute that it stands beside."""
    sql = named.statement.sql
    words = lex(sql)
    columns = _columns(words, model)
    starts = {marker.start: named.names[marker.number - 1] for marker in named.markers}
    inserted = _inserted(words, columns)
    found: dict[str, list[Attribute]] = {name: [] for name in named.names}
    for at, word in enumerate(words):
        name = starts.get(word.start)
        if name is None or word.raw != ":":
            continue
        known = inserted.get(at) or _beside(words, at, columns)
        if known is not None:
            found[name].append(known)
    return {name: many[0] for name, many in found.items() if many and _agree(many)}


def _agree(many: Sequence[Attribute]) -> bool:
    return len({one.python for one in many}) == 1


def _columns(words: Sequence[Word], model: DataModel) -> Mapping[str, Attribute]:
    """Columns of the tables that the query names, by folded name, where all of that name are of one type."""
    named = {fold(word.name) for word in words}
    many: dict[str, list[Attribute]] = {}
    for one in model.models:
        if fold(one.table) in named:
            for attribute in one.attributes:
                many.setdefault(fold(attribute.name), []).append(attribute)
    return {name: found[0] for name, found in many.items() if _agree(found)}


def _beside(words: Sequence[Word], at: int, columns: Mapping[str, Attribute]) -> Attribute | None:
    """What stands at the other side of the parameter whose colon is at `at`."""
    before = words[at - 1].key if at else ""
    if before in ("limit", "offset"):
        return _NUMBER
    if before in _COMPARE or (before == "not" and at > 1 and words[at - 2].key == "is"):
        left = at - 2
        while left > 0 and words[left].key in ("not", "is"):
            left -= 1
        return columns.get(fold(words[left].name)) if left >= 0 else None
    if before == "and" and at > 4 and words[at - 4].key == "between":
        return columns.get(fold(words[at - 5].name))
    if before in ("(", ","):
        opening = _opening(words, at)
        if opening > 1 and words[opening - 1].key == "in":
            left = opening - 3 if words[opening - 2].key == "not" else opening - 2
            return columns.get(fold(words[left].name)) if left >= 0 else None
    after = at + 2
    if words[after : after + 1] and words[after].key in _COMPARE and len(words) > after + 1:
        last = after + 1
        while words[last + 1 : last + 2] and words[last + 1].key == ".":
            last += 2
        if words[last].key != ":" and words[last + 1 : last + 2] and words[last + 1].key == "(":
            return None
        return columns.get(fold(words[last].name)) if last < len(words) else None
    return None


def _opening(words: Sequence[Word], at: int) -> int:
    depth = 0
    for position in range(at, -1, -1):
        depth += {")": 1, "(": -1}.get(words[position].key, 0)
        if depth < 0:
            return position
    return -1


def _inserted(words: Sequence[Word], columns: Mapping[str, Attribute]) -> dict[int, Attribute]:
    """The columns of an INSERT's list, by the positions of the parameters that are their whole values."""
    into = next((at for at, word in enumerate(words) if word.key == "into"), None)
    if into is None:
        return {}
    opening = next((at for at in range(into, len(words)) if words[at].key in ("(", "values", "select")), None)
    if opening is None or words[opening].key != "(":
        return {}
    names = [word.name for word in words[opening + 1 : closing(words, opening)] if word.key != ","]
    at = closing(words, opening) + 1
    found: dict[int, Attribute] = {}
    if words[at : at + 1] and words[at].key == "values":
        at += 1
        while at < len(words) and words[at].key == "(":
            end = closing(words, at)
            for name, (start, stop) in zip(names, _items(words, at, end), strict=False):
                if stop - start == 2 and words[start].raw == ":" and fold(name) in columns:
                    found[start] = columns[fold(name)]
            at = end + 1 + (1 if words[end + 1 : end + 2] and words[end + 1].key == "," else 0)
    return found


def _items(words: Sequence[Word], opening: int, end: int) -> list[tuple[int, int]]:
    items, start, at = [], opening + 1, opening + 1
    while at < end:
        if words[at].key == "(":
            at = closing(words, at)
        elif words[at].key == ",":
            items.append((start, at))
            start = at + 1
        at += 1
    return [*items, (start, end)]

"""CREATE TABLE texts, item by item: a change is carried from one text into another that a person laid out.

What is not changed stays as it is, byte for byte: other lines, comments, where the commas stand. The texts
have been accepted by the engine, so this divides and never judges; whoever uses it lets the engine read the
result.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dbdeed.engines import column_text, string_text
from dbdeed.engines.sql_text import LexicalRules, TokenKind, name_of, tokens

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.engines.sql_text import Token

Key = tuple[str, ...]

_CONSTRAINTS = frozenset({"primary", "unique", "check", "foreign", "exclude"})
_NO_BODY = frozenset({"as", "for", "default", "with", "inherits"})  # before the first parenthesis
_ANY = LexicalRules(dollar_quotes=True, escape_strings=True, nested_comments=True, identifier_quotes='"`')
_QUIET = (TokenKind.SPACE, TokenKind.COMMENT)


@dataclass(frozen=True, slots=True)
class Item:
    """A column or constraint in the parentheses of a CREATE TABLE.

    Attributes:
        key: ("column", name), ("constraint", name), or ("unnamed", its words) for a constraint without name.
        words: its tokens, for comparing.
        lead: white space and comments before it.
        text: itself, comments inside included.
        separator: from its end to what leads the next one: the comma, and a comment on the same line.
    """

    key: Key
    words: Key
    lead: str
    text: str
    separator: str


@dataclass(frozen=True, slots=True)
class Divided:
    """A CREATE TABLE text; `closing` is what stands between the last item and the closing parenthesis."""

    head: str
    items: tuple[Item, ...]
    closing: str
    tail: str

    @property
    def text(self) -> str:
        inside = "".join(one.lead + one.text + one.separator for one in self.items)
        return self.head + inside + self.closing + self.tail

    def find(self, key: Key) -> Item | None:
        """The item of this key; of an unnamed constraint the only one that speaks of the same columns."""
        found = [one for one in self.items if one.key == key]
        if not found and key[0] == "unnamed":
            unnamed = [one for one in self.items if one.key[0] == "unnamed"]
            found = [one for one in unnamed if self._shape(one.key) == self._shape(key)]
        return found[0] if len(found) == 1 else None

    def _shape(self, key: Key) -> tuple[str, frozenset[str]]:
        columns = {one.key[1] for one in self.items if one.key[0] == "column"}
        return key[1], frozenset(word.strip('"') for word in key[1:]) & columns


def carry(written: str, old: str, new: str, rules: LexicalRules, *, fold: bool) -> str | None:
    """The seam's `carry`, for a dialect's rules."""
    parts = [divide(one, rules, fold=fold) for one in (written, old, new)]
    if parts[0] is None or parts[1] is None or parts[2] is None:
        return string_text.carried(written, old, new, rules)
    done = carried(parts[0], parts[1], parts[2], rules)
    return done.text if done is not None else None


def divide(sql: str, rules: LexicalRules, *, fold: bool) -> Divided | None:
    """The parts of a text; None where it has no list of columns.

    Args:
        sql: one statement, without semicolon.
        rules: of the dialect.
        fold: names in quotes are told apart by case, as in PostgreSQL; else they are not.
    """
    found = list(tokens(sql, rules))
    opening = next((at for at, one in enumerate(found) if sql[one.start : one.end] == "("), len(found))
    before = {sql[one.start : one.end].lower() for one in found[:opening] if one.kind is TokenKind.WORD}
    end = _closing(sql, found, opening)
    if "table" not in before or before & _NO_BODY or end >= len(found):
        return None
    items = tuple(_items(sql, found[opening + 1 : end], fold=fold))
    start = found[opening].end
    closing = sql[start + sum(len(one.lead + one.text + one.separator) for one in items) : found[end].start]
    return Divided(sql[:start], items, closing, sql[found[end].start :])


def _closing(sql: str, found: Sequence[Token], opening: int) -> int:
    depth = 0
    for at in range(opening, len(found)):
        mark = sql[found[at].start : found[at].end]
        depth += (mark == "(") - (mark == ")")
        if depth == 0:
            return at
    return len(found)


def _items(sql: str, found: Sequence[Token], *, fold: bool) -> Iterable[Item]:
    group: list[Token] = []
    depth = 0
    at = 0
    while at <= len(found):
        mark = sql[found[at].start : found[at].end] if at < len(found) else ","
        if mark == "," and depth == 0:
            after = at + 1 if at < len(found) else at
            more = _same_line(sql, found, after)
            if any(one.kind not in _QUIET for one in group):
                yield _item(sql, group, found[at : after + more] if at < len(found) else (), fold=fold)
            group = []
            at = after + more if at < len(found) else len(found) + 1
            continue
        depth += (mark == "(") - (mark == ")")
        group.append(found[at])
        at += 1


def _same_line(sql: str, found: Sequence[Token], at: int) -> int:
    """How many tokens from `at` on are a comment on the same line and the blanks before it."""
    count = 0
    for number, one in enumerate(found[at:], start=1):
        text = sql[one.start : one.end]
        if one.kind is TokenKind.COMMENT:
            count = number
        if one.kind not in _QUIET or "\n" in text:
            break
    return count


def _item(sql: str, group: Sequence[Token], behind: Sequence[Token], *, fold: bool) -> Item:
    real = [one for one in group if one.kind not in _QUIET]
    start, end = real[0].start, real[-1].end
    words = tuple(_word(sql, one, fold=fold) for one in real)
    left = group[[one.start for one in group].index(real[-1].start) + 1 :]
    stop = group[-1].end if behind else _line_of(sql, left, end)
    return Item(
        _key(sql, real, words, fold=fold),
        words,
        sql[group[0].start : start],
        sql[start:end],
        sql[end : behind[-1].end if behind else stop],
    )


def _line_of(sql: str, left: Sequence[Token], end: int) -> int:
    """Of the last item: where a comment on its own line ends."""
    more = _same_line(sql, left, 0)
    return left[more - 1].end if more else end


def _word(sql: str, one: Token, *, fold: bool) -> str:
    text = sql[one.start : one.end]
    if one.kind is TokenKind.WORD:
        return text.lower()
    if one.kind is TokenKind.QUOTED and not fold:
        return (name_of(sql, one, fold=False) or text).lower()
    return text


def _key(sql: str, real: Sequence[Token], words: Key, *, fold: bool) -> Key:
    first = words[0] if real[0].kind is TokenKind.WORD else ""
    if first == "constraint" and len(real) > 1:
        return ("constraint", _name(sql, real[1], fold=fold))
    if first in _CONSTRAINTS or first == "like":
        return ("unnamed", *words)
    return ("column", _name(sql, real[0], fold=fold))


def _name(sql: str, one: Token, *, fold: bool) -> str:
    name = name_of(sql, one, fold=fold) or sql[one.start : one.end]
    return name if fold else name.lower()


def carried(written: Divided, old: Divided, new: Divided, rules: LexicalRules) -> Divided | None:
    """A person's text with what leads from `old` to `new` done to it.

    None where a column that changed is not to be found in it. A constraint that is not found is left: whoever
    asks sees by the engine that it is still there.
    """
    before, after = {one.key: one for one in old.items}, {one.key: one for one in new.items}
    items: list[Item] = list(written.items)
    for key, one in before.items():
        wanted = after.get(key)
        if wanted is not None and wanted.words == one.words:
            continue
        mine = replace(written, items=tuple(items)).find(key)
        if mine is not None and wanted is not None:
            items = _changed(written, items, mine, one, wanted, rules)
        elif mine is not None:
            items = _without(items, mine)
        elif key[0] == "column" and wanted is not None:
            return None
    items = _with_added(items, [one for one in new.items if one.key not in before], new)
    head = written.head if _same(old.head, new.head) else new.head
    tail = written.tail if _same(old.tail, new.tail) else new.tail
    return _joined(replace(written, head=head, tail=tail), items)


def _changed(
    written: Divided, items: list[Item], mine: Item, old: Item, new: Item, rules: LexicalRules
) -> list[Item]:
    """A column clause by clause where that can be; else, and a constraint, as a whole."""
    at = items.index(mine)
    done = column_text.carried(mine.text, old.text, new.text, rules) if mine.key[0] == "column" else None
    if done is None:
        items[at] = _instead(mine, new)
        return items
    items[at] = replace(mine, text=done[0])
    for words in done[1]:  # constraints of the column that stand in lines of their own
        column = () if words[0] == "check" else ("(", mine.key[1], ")")
        apart = replace(written, items=tuple(items)).find(("unnamed", *words, *column))
        items = _without(items, apart) if apart is not None else items
    return items


def _same(one: str, other: str) -> bool:
    return one.split() == other.split()


def _instead(mine: Item, wanted: Item) -> Item:
    """Another text in the same place; comments inside move above it."""
    kept = comments_of(mine.text)
    indent = "\n" + _indent(mine.lead)
    above = "".join(one + indent for one in kept)
    return replace(mine, words=wanted.words, text=above + wanted.text)


def comments_of(sql: str) -> list[str]:
    """The comments in a text, one each; none of what stands in strings."""
    return [sql[one.start : one.end] for one in tokens(sql, _ANY) if one.kind is TokenKind.COMMENT]


def _indent(lead: str) -> str:
    last = lead.rpartition("\n")[2]
    return last[: len(last) - len(last.lstrip())] if "\n" in lead else "    "


def _without(items: list[Item], gone: Item) -> list[Item]:
    """The others; comments around the one that goes stay, before the next or after the last."""
    at = items.index(gone)
    kept = [*comments_of(gone.lead), *comments_of(gone.text), *comments_of(gone.separator)]
    rest = [*items[:at], *items[at + 1 :]]
    if at == 0 and rest and "\n" not in gone.lead:
        rest[0] = replace(rest[0], lead=gone.lead)
    if not kept:
        return rest
    indent = "\n" + _indent(gone.lead)
    said = "".join(indent + one for one in kept)
    if at < len(rest):
        rest[at] = replace(rest[at], lead=said + (rest[at].lead if "\n" in rest[at].lead else indent))
    elif rest:
        rest[-1] = replace(rest[-1], separator=rest[-1].separator + said)
    return rest


def _with_added(items: list[Item], added: Sequence[Item], new: Divided) -> list[Item]:
    """Each new item after the one that it follows in `new`."""
    order = [one.key for one in new.items]
    for one in added:
        earlier = order[: order.index(one.key)]
        places = [at for at, item in enumerate(items) if item.key in earlier]
        if one.key[0] != "column" or not any(item.key[0] == "column" for item in items):
            places = [len(items) - 1]
        at = places[-1] + 1 if places else 0
        like = items[min(at, len(items) - 1)].lead if items else "\n    "
        lead = "\n" + _indent(like) if "\n" in like else (" " if at else "")
        items = [*items[:at], replace(one, lead=lead, separator=","), *items[at:]]
        if at == 0 and len(items) > 1 and not items[1].lead:
            items[1] = replace(items[1], lead=" ")
    return items


def _joined(written: Divided, items: Sequence[Item]) -> Divided:
    """The items with a comma after each but the last."""
    fixed = []
    for number, one in enumerate(items):
        has = _comma(one.separator)
        if number == len(items) - 1 and has is not None:
            one = replace(one, separator=one.separator[:has] + one.separator[has + 1 :])  # noqa: PLW2901
        elif number < len(items) - 1 and has is None:
            one = replace(one, separator="," + one.separator)  # noqa: PLW2901
        fixed.append(one)
    closing = written.closing
    if fixed and not closing.startswith("\n") and "--" in fixed[-1].separator.rpartition("\n")[2]:
        closing = "\n" + closing
    return replace(written, items=tuple(fixed), closing=closing)


def _comma(separator: str) -> int | None:
    """Where the comma stands in a separator, comments left aside."""
    for one in tokens(separator, LexicalRules(nested_comments=True)):
        if one.kind is TokenKind.MARK and separator[one.start] == ",":
            return one.start
    return None

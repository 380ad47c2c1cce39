"""The names that PostgreSQL chooses itself where a statement gives none.

Rules: makeObjectName in src/backend/commands/indexcmds.c. They count bytes, at most 63. A name that is
already taken gets a number; that is left to the caller, who knows what is there.
"""

from __future__ import annotations

_LONGEST = 63


def chosen_name(first: str, second: str, label: str) -> str:
    """`first_second_label`, the longer of the first two cut until the whole fits."""
    head, middle = first.encode(), second.encode()
    room = _LONGEST - (len(label.encode()) + 1 if label else 0) - (1 if second else 0)
    while len(head) + len(middle) > room:
        if len(head) > len(middle):
            head = head[:-1]
        else:
            middle = middle[:-1]
    parts = [_clip(head), _clip(middle) if second else "", label]
    return "_".join(part for part in parts if part)


def _clip(name: bytes) -> str:
    """Without a character that was cut in half."""
    return name.decode(errors="ignore")


def addition(columns: tuple[str, ...]) -> str:
    """The columns' part of an index's name: joined until it is long enough."""
    text = ""
    for column in columns:
        if text:
            text += "_"
        text += column
        if len(text.encode()) >= _LONGEST:
            break
    return text.encode()[:_LONGEST].decode(errors="ignore")


def _numbered(columns: tuple[str, ...]) -> tuple[str, ...]:
    """What an index calls its columns: one that stands there again gets a number."""
    found: list[str] = []
    for column in columns:
        name, number = column, 0
        while name in found:
            number += 1
            name = _clip(column.encode()[: _LONGEST - len(str(number))]) + str(number)
        found.append(name)
    return tuple(found)


def index_name(table: str, columns: tuple[str, ...], label: str) -> str:
    """Of an index or an index's constraint; `label` is "pkey", "key", "excl" or "idx"."""
    return chosen_name(table, "" if label == "pkey" else addition(_numbered(columns)), label)


def sequence_name(table: str, column: str) -> str:
    """Of the sequence behind a serial or identity column."""
    return chosen_name(table, column, "seq")


def not_null_name(table: str, column: str) -> str:
    """Of a not-null constraint, from version 18 on."""
    return chosen_name(table, column, "not_null")

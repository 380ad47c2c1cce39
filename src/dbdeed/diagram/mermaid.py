"""The ERD as Mermaid text, which renders where Markdown is read.

Mermaid's grammar takes few characters in names and types, and has no escapes: what does not fit is replaced,
so that no name can end the diagram or the code block that holds it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dbdeed.diagram.picture import Box, Line, Picture, Row

_SHORT_TYPES = (
    ("timestamp with time zone", "timestamptz"),
    ("timestamp without time zone", "timestamp"),
    ("time with time zone", "timetz"),
    ("time without time zone", "time"),
    ("character varying", "varchar"),
    ("double precision", "double"),
    ("bit varying", "varbit"),
    ("character", "char"),
)


def mermaid(drawn: Picture) -> str:
    """An `erDiagram`, with a final newline."""
    names = _names(drawn)
    lines = ["erDiagram"]
    for box in drawn.boxes:
        lines += _box(box, names[box.name])
    lines += [_line(line, names) for line in drawn.lines if line.parent in names and line.child in names]
    return "\n".join(lines) + "\n"


def _names(drawn: Picture) -> dict[str, str]:
    """A Mermaid name for each box; two that become the same text are told apart by a number."""
    names: dict[str, str] = {}
    taken: set[str] = set()
    for box in drawn.boxes:
        base = _word(box.name)
        name, number = base, 2
        while name in taken:
            name, number = f"{base}_{number}", number + 1
        taken.add(name)
        names[box.name] = name
    return names


def _box(box: Box, name: str) -> list[str]:
    if not box.rows:
        return [f"    {name}"]
    return [f"    {name} {{", *(f"        {_row(row)}" for row in box.rows), "    }"]


def _row(row: Row) -> str:
    parts = [_type(row.type), _word(row.name), ", ".join(row.marks)]
    note = " ".join(filter(None, ("" if _word(row.name) == row.name else _quoted(row.name), _null(row))))
    return " ".join(filter(None, [*parts, f'"{note}"' if note else ""]))


def _null(row: Row) -> str:
    return "null" if row.nullable else ""


def _line(line: Line, names: dict[str, str]) -> str:
    if line.many:
        shape = "}o--o{"
    else:
        parent = "||" if line.required else "|o"
        shape = f"{parent}--{'o|' if line.one else 'o{'}"
    return f'    {names[line.parent]} {shape} {names[line.child]} : "{_quoted(line.label)}"'


def _word(text: str) -> str:
    word = re.sub(r"[^A-Za-z0-9_]", "_", text)
    return word if re.match(r"[A-Za-z_]", word) else f"_{word}"


def _type(text: str) -> str:
    """`numeric(12,2)` is `numeric(12-2)`: Mermaid takes brackets and hyphens, but no comma and no space."""
    for long, short in _SHORT_TYPES:
        text = text.replace(long, short)
    word = re.sub(r"[^A-Za-z0-9_()\[\]-]", "_", re.sub(r",\s*", "-", text))
    return word if re.match(r"[A-Za-z]", word) else f"t{word}"


def _quoted(text: str) -> str:
    return re.sub(r'["\\%`<>\x00-\x1f\x7f-\x9f\u2028\u2029]', "_", text)

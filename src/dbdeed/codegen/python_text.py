"""Python text that its usual formatters leave as it is (ruff and black, 88 columns).

A bracket either fits on its line, or has one item on each line and a comma behind the last: both forms are
stable under either formatter.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Sequence

WIDTH = 88
_ONE_TEXT = re.compile(r""" *f?("([^"\\]|\\.)*"|'([^'\\]|\\.)*'),?""")
STEP = "    "


@dataclass(frozen=True, slots=True)
class Group:
    """Items in brackets: `head` ends with the opening one, `tail` begins with the closing one."""

    head: str
    items: tuple[Code, ...]
    tail: str = ")"

    def flat(self) -> str:
        """On one line."""
        items = (item if isinstance(item, str) else item.flat() for item in self.items)
        return f"{self.head}{', '.join(items)}{self.tail}"


@dataclass(frozen=True, slots=True)
class Text:
    """A long text, cut where a person would cut it. Each piece is as `f_string` takes it, one has a name."""

    pieces: tuple[tuple[str, str, str], ...]

    def flat(self) -> str:
        """As one literal."""
        name = next((name for _, name, _ in self.pieces if name), "")
        before, after = "", ""
        for start, own, end in self.pieces:
            if own or not name:
                before, after = before + after + start, end
            else:
                after += start + end
        return f_string(before, name, after)


@dataclass(frozen=True, slots=True)
class Choice:
    """One expression if a condition holds, else another."""

    one: str
    condition: str
    other: str

    def flat(self) -> str:
        """On one line."""
        return f"{self.one} if {self.condition} else {self.other}"


Code: TypeAlias = "Group | Text | Choice | str"


def fold(code: Code, indent: str = "", suffix: str = "") -> str:
    """The code on one line where it fits, else opened up, its inner brackets likewise."""
    flat = code if isinstance(code, str) else code.flat()
    if len(indent) + len(flat) + len(suffix) <= WIDTH or isinstance(code, str):
        return f"{indent}{flat}{suffix}"
    if isinstance(code, Choice):
        parts = (code.one, f"if {code.condition}", f"else {code.other}")
        lines = "\n".join(f"{indent}{STEP}{part}" for part in parts)
        return f"{indent}(\n{lines}\n{indent}){suffix}"
    if isinstance(code, Text):
        return "\n".join(f"{indent}{f_string(*piece)}" for piece in code.pieces) + suffix
    if not code.items:
        return f"{indent}{flat}{suffix}"
    inner = [fold(item, indent + STEP, ",") for item in code.items]
    return "\n".join([f"{indent}{code.head}", *inner, f"{indent}{code.tail}{suffix}"])


def comprehension(head: str, made: Code, over: str, indent: str) -> str:
    """`[made for over]` behind `head`, which ends with the bracket."""
    flat = made if isinstance(made, str) else made.flat()
    line = f"{indent}{head}{flat} for {over}]"
    if len(line) <= WIDTH:
        return line
    inner = indent + STEP
    return f"{indent}{head}\n{fold(made, inner)}\n{inner}for {over}\n{indent}]"


def import_order(name: str) -> tuple[int, str, str]:
    """As isort has it: constants, then classes, then the rest."""
    kind = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    return kind, name.lower(), name


def import_line(module: str, names: tuple[str, ...]) -> str:
    """`from module import …`, in brackets only where it must be."""
    line = f"from {module} import {', '.join(names)}"
    return line if len(line) <= WIDTH else fold(Group(f"from {module} import (", names))


def block(code: str) -> str:
    """A statement at the top of a file, kept from formatters where a name is too long for any line.

    A line that is one text, or begins a docstring, is left alone by them, however long it is.
    """
    fits = all(len(line) <= WIDTH or _is_text(line) for line in code.splitlines())
    return code if fits else f"# fmt: off\n{code}# fmt: on\n"


def _is_text(line: str) -> bool:
    return _ONE_TEXT.fullmatch(line) is not None or line.lstrip().startswith('"""')


def literal(text: str) -> str:
    """A text as Python writes it, in the quotes that formatters prefer; any character may be in it."""
    return _in_quotes("".join(map(_escaped, text)))


def f_string(before: str, name: str, after: str) -> str:
    """An f-string of a text, the value of `name`, and another text; a plain one where there is no `name`."""
    if not name:
        return literal(before + after)
    parts = ("".join(map(_escaped, text)).replace("{", "{{").replace("}", "}}") for text in (before, after))
    return "f" + _in_quotes(f"{{{name}}}".join(parts))


def _in_quotes(body: str) -> str:
    quote = "'" if body.count('"') > body.count("'") else '"'
    return quote + body.replace(quote, f"\\{quote}") + quote


def wrapped(parts: Sequence[str], before: str) -> str:
    """Texts joined by ", ", as one literal or, where that is too long for a line, as several in brackets."""
    whole = literal(", ".join(parts))
    if len(before) + len(whole) <= WIDTH or len(parts) == 1:
        return whole
    lines = [""]
    for piece in [*(f"{part}, " for part in parts[:-1]), parts[-1]]:
        if lines[-1] and len(STEP) + len(literal(lines[-1] + piece)) > WIDTH:
            lines.append("")
        lines[-1] += piece
    inner = "".join(f"{STEP}{literal(line)}\n" for line in lines)
    return f"(\n{inner})"


def sentence(text: str) -> str:
    """A text for a docstring or a comment: one line, nothing that ends it or escapes."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line.replace("\\", "/").replace('"""', "'''").replace('"', "'")


def _escaped(character: str) -> str:
    if character == "\\":
        return "\\\\"
    if character.isprintable():
        return character
    return repr(character)[1:-1]

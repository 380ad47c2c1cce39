"""The types of a model: its row, what an insert takes, what an update may change, and how it sorts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.python_text import STEP, WIDTH, Group, fold, literal, sentence

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.picture import Field, Picture

_PLAIN = frozenset({"int", "str", "bool", "float", "bytes", "decimal.Decimal", "uuid.UUID"}) | frozenset(
    f"datetime.{name}" for name in ("datetime", "date", "time", "timedelta")
)


def row_class(picture: Picture) -> str:
    """The row as it is loaded."""
    body = [_described(field, f"{field.name}: {field.loaded_type}") for field in picture.fields]
    about = sentence(picture.model.comment) or f"A row of `{sentence(picture.model.table)}`."
    options = ("msgspec.Struct", "frozen=True", *_untracked(picture.fields))
    return _struct(Group(f"class {picture.names.row}(", options, "):"), about, body)


def _untracked(fields: Sequence[Field]) -> tuple[str, ...]:
    """Whether every value is one that holds no other.

    Such a struct can be part of no cycle, so that Python's collector need not look at it: many are made in
    half the time.
    """
    types = (field.attribute.python for field in fields)
    return (
        ("gc=False",) if all(one.expression in _PLAIN or one.expression == one.enum for one in types) else ()
    )


def new_class(picture: Picture) -> str:
    """What an insert takes: nothing that the database decides alone."""
    body = [f"{field.name}: {new_type(field)}" for field in picture.writable]
    return _struct(
        _keyword_only(picture.names.new, picture.writable),
        "What an insert takes; UNSET is the column's default.",
        body,
    )


def changes_class(picture: Picture) -> str:
    """What an update may set."""
    body = [f"{field.name}: {field.loaded_type} | UnsetType = UNSET" for field in picture.changeable]
    return _struct(
        _keyword_only(picture.names.changes, picture.changeable),
        "What an update changes; UNSET stays as it is.",
        body,
    )


def filter_class(picture: Picture) -> str:
    """What rows may be compared with."""
    body = [f"{field.name}: {field.filter_type}" for field in picture.fields if field.filter_type]
    head = Group(f"class {picture.names.filter}(", ("TypedDict", "total=False"), "):")
    return _struct(head, "What rows may be asked to meet: a value, a condition, or None for null.", body)


def sort_type(picture: Picture) -> str:
    """By what a list may be sorted."""
    names = [name for field in picture.fields if field.sortable for name in (field.name, f"-{field.name}")]
    return fold(Group(f"{picture.names.sort} = Literal[", tuple(map(literal, names)), "]")) + "\n"


def from_rows(picture: Picture) -> str:
    """The function that makes rows from what the driver gives."""
    row = picture.names.row
    head = fold(Group("def from_rows(", ("rows: Iterable[access.Row]",), f") -> list[{row}]:"))
    if all(field.as_it_is for field in picture.fields):
        return f"{head}\n{fold(Group('return list(', (f'starmap({row}, rows)',)), STEP)}\n"
    made = Group(f"{row}(", tuple(field.load_from(field.name) for field in picture.fields))
    names = tuple(field.name for field in picture.fields)
    return f"{head}\n{_comprehension(made, names)}\n"


def _comprehension(made: Group, names: tuple[str, ...]) -> str:
    """`return [made for names in rows]`."""
    flat = f"({names[0]},)" if len(names) == 1 else ", ".join(names)
    line = f"{STEP}return [{made.flat()} for {flat} in rows]"
    if len(line) <= WIDTH:
        return line
    inner = STEP * 2
    each = f"{inner}for {flat} in rows"
    if len(each) > WIDTH:
        each = fold(Group("for (", names, ") in rows"), inner)
    return f"{STEP}return [\n{fold(made, inner)}\n{each}\n{STEP}]"


def _keyword_only(name: str, fields: Sequence[Field]) -> Group:
    options = ("msgspec.Struct", "frozen=True", "kw_only=True", *_untracked(fields))
    return Group(f"class {name}(", options, "):")


def new_type(field: Field) -> str:
    optional = field.has_default or field.attribute.nullable
    return f"{field.loaded_type} | UnsetType = UNSET" if optional else field.type


def _described(field: Field, line: str) -> str:
    comment = sentence(field.attribute.comment)
    return f"# {comment}\n{STEP}{line}" if comment else line


def _struct(head: Group, about: str, body: list[str]) -> str:
    lines = [fold(head), f'{STEP}"""{about}"""']
    if body:
        lines += ["", *(f"{STEP}{line}" for line in body)]
    return "\n".join(lines) + "\n"

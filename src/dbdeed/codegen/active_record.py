"""Active Record: the rows again, as objects that know their operations.

customer = await Customer.get(session, 1)
customer = await customer.update(session, name="Ann")
orders = await customer.orders(session)

A record is what the database said at one moment, and never changes: a change gives a new record. Nothing
knows a session that it was not given.
"""

from __future__ import annotations

import keyword
import re
from typing import TYPE_CHECKING

from dbdeed.codegen.package import CHECK, FUTURE
from dbdeed.codegen.picture import imports_of
from dbdeed.codegen.python_text import STEP, Group, block, fold, import_line, import_order, sentence
from dbdeed.codegen.rows import new_type
from dbdeed.codegen.unasync import to_sync
from dbdeed.codegen.words import says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.codegen.relations import Relation

_BODY = STEP * 2
_LIST = re.compile(r"(?<![\w.])list\[")


def record_files(pictures: Sequence[Picture], names: Names) -> dict[str, str]:
    """`records.py` and its synchronous form."""
    classes = [_Record(one).text() for one in pictures]
    plain = "\n\n".join(block(one) for one in classes)
    sync = "\n\n".join(block(to_sync(one)) for one in classes)
    about = "The rows as objects that know their operations"
    return {
        "records.py": _file(about, "from dbdeed import access", pictures, names, plain),
        "sync/records.py": _file(
            f"{about}, without asyncio", "from dbdeed.access import sync as access", pictures, names, sync
        ),
    }


class _Record:
    """One class under way. Methods step aside for attributes: `delete_` where a column is called `delete`."""

    def __init__(self, picture: Picture) -> None:
        self._picture = picture
        self._names = picture.names
        self._taken = {field.name for field in picture.fields}
        self._session = self._free("session")
        self._methods: list[str] = []

    def text(self) -> str:
        names, picture = self._names, self._picture
        self._reads()
        self._create()
        if picture.key:
            self._own()
        for relation in picture.relations:
            self._relation(relation)
        self._links()
        head = fold(Group(f"class {names.row}(", (f"{names.row}Row", "frozen=True"), "):"))
        about = f'{STEP}"""A row of `{sentence(picture.model.table)}`, and what can be done with it."""\n\n'
        return f"{head}\n{about}" + "\n".join(self._methods)

    def _free(self, name: str) -> str:
        while name in self._taken:
            name += "_"
        return name

    def _method(
        self,
        name: str,
        parameters: Sequence[str],
        result: str,
        about: str,
        *body: str | Group,
        of_class: bool = False,
    ) -> None:
        called = self._free(name)
        self._taken.add(called)
        every = ("cls" if of_class else "self", f"{self._session}: access.Session", *parameters)
        typed = tuple(_LIST.sub("builtins.list[", one) for one in every)
        head = fold(Group(f"async def {called}(", typed, f") -> {result}:"), STEP)
        mark = f"{STEP}@classmethod\n" if of_class else ""
        lines = "\n".join(one if isinstance(one, str) else fold(one, _BODY) for one in body)
        self._methods.append(f'{mark}{head}\n{_BODY}"""{about}"""\n{lines}\n')

    @property
    def _repository(self) -> str:
        return f"{self._names.repository}({self._session})"

    def _reads(self) -> None:
        picture, key = self._picture, self._picture.key
        if key:
            made = Group("return access.as_record(", ("cls", f"await {self._repository}.get({_given(key)})"))
            about = "The one with this key; raises `access.NotFound`."
            self._method("get", _typed(key), "Self", about, made, of_class=True)
            self._find("find", key)
        for one in picture.finders:
            self._find(f"find_{one.name}", one.fields)
        filters = f"**filters: Unpack[{self._names.filter}]"
        sorts = [f"*order_by: {self._names.sort}", "limit: int | None = None", filters]
        called = Group(f"await {self._repository}.list(", ("*order_by", "limit=limit", "**filters"))
        self._method(
            "list",
            sorts,
            "Sequence[Self]",
            "All that meet every filter, by `order_by` (`-` is descending).",
            Group("return access.as_records(", ("cls", called)),
            of_class=True,
        )
        for name, result, words in (
            ("count", "int", "How many meet every filter."),
            ("exists", "bool", "Whether one meets every filter."),
        ):
            body = f"{_BODY}return await {self._repository}.{name}(**filters)"
            self._method(name, [filters], result, words, body, of_class=True)

    def _find(self, name: str, key: tuple[Field, ...]) -> None:
        called = f"await {self._repository}.{name}({_given(key)})"
        made = Group("return access.as_optional_record(", ("cls", called))
        self._method(name, _typed(key), "Self | None", "The one with this key, or None.", made, of_class=True)

    def _create(self) -> None:
        fields = self._picture.writable
        parameters = [f"{field.name}: {new_type(field)}" for field in fields]
        new = Group(f"{self._names.new}(", tuple(f"{field.name}={field.name}" for field in fields))
        called = Group(f"await {self._repository}.insert(", (new,))
        self._method(
            "create",
            ["*", *parameters] if parameters else [],
            "Self",
            "Insert it; UNSET is the column's default.",
            Group("return access.as_record(", ("cls", called)),
            of_class=True,
        )

    def _own(self) -> None:
        picture = self._picture
        key = tuple(f"self.{field.name}" for field in picture.key)
        version = picture.version
        versioned = (f"{version.name}=self.{version.name}",) if version is not None else ()
        about = "The same row as the database has it now; raises `access.NotFound`."
        called = Group(f"await {self._repository}.get(", key)
        self._method("refresh", [], "Self", about, _made(called))
        if picture.has_changes:
            parameters = [f"{one.name}: {one.loaded_type} | UnsetType = UNSET" for one in picture.changeable]
            stale = "; raises `access.StaleRow` where it was changed meanwhile" if version is not None else ""
            self._change(
                "update", ["*", *parameters], f"Change what is given, and give the row{stale}.", "", versioned
            )
            self._change("save", [], f"Write every attribute, and give the row{stale}.", "self.", versioned)
        body = Group(f"return await {self._repository}.delete(", (*key, *versioned))
        self._method("delete", [], "bool", "Delete the row; False where it was gone.", body)
        if picture.deleted is not None:
            called = Group(f"await {self._repository}.restore(", key)
            about = "Undo its deletion; raises `access.NotFound` where it was not deleted."
            self._method("restore", [], "Self", about, _made(called))
            body = Group(f"return await {self._repository}.purge(", key)
            self._method("purge", [], "bool", "Delete the row for good; False where it was gone.", body)

    def _change(
        self, name: str, parameters: list[str], about: str, of: str, versioned: tuple[str, ...]
    ) -> None:
        picture = self._picture
        key = tuple(f"self.{field.name}" for field in picture.key)
        values = tuple(f"{one.name}={of}{one.name}" for one in picture.changeable)
        changes = Group(f"{self._names.changes}(", values)
        called = Group(f"await {self._repository}.update(", (*key, changes, *versioned))
        self._method(name, parameters, "Self", about, _made(called))

    def _relation(self, relation: Relation) -> None:
        target = relation.target.names.row
        if relation.many:
            result, made = f"Sequence[{target}]", f"access.as_records({target}, {{}})"
        elif relation.optional:
            result, made = f"{target} | None", f"access.as_optional_record({target}, {{}})"
        else:
            result, made = target, f"access.as_record({target}, {{}})"
        name = relation.method.removeprefix("with_")
        words = name.replace("_", " ")
        call = f"{_BODY}((_, found),) = await {self._repository}.{relation.method}([self])"
        own = f"{name}_" if keyword.iskeyword(name) else name
        own = own if own not in self._taken else f"{name}_{'rows' if relation.many else 'row'}"
        self._method(own, [], result, f"Its {words}.", call, f"{_BODY}return {made.format('found')}")
        pairs = f"{_BODY}found = await {self._repository}.{relation.method}(rows)"
        inner = _BODY + STEP
        each = f"{inner}(row, {made.format('each')})"
        over = f"{inner}for row, (_, each) in zip(rows, found, strict=True)"
        self._method(
            relation.method,
            ["rows: Sequence[Self]"],
            f"Sequence[tuple[Self, {result}]]",
            f"Each beside its {words}, in one query for all.",
            pairs,
            f"{_BODY}return [",
            each,
            over,
            f"{_BODY}]",
            of_class=True,
        )

    def _links(self) -> None:
        for link in self._picture.links:
            own = tuple(f"self.{field.name}" for field in link.own_fields)
            parameters = [f"{n}: {f.type}" for n, f in zip(link.other, link.other_fields, strict=True)]
            for verb, about in (
                ("add", "Link the two; False where they were linked already."),
                ("remove", "Unlink the two; False where they were not linked."),
            ):
                body = Group(f"return await {self._repository}.{verb}_{link.name}(", (*own, *link.other))
                self._method(f"{verb}_{link.name}", parameters, "bool", about, body)


def _made(called: Group) -> Group:
    return Group("return access.as_record(", ("type(self)", called))


def _typed(fields: Sequence[Field]) -> list[str]:
    return [f"{field.name}: {field.type}" for field in fields]


def _given(fields: Sequence[Field]) -> str:
    return ", ".join(field.name for field in fields)


def _file(about: str, access: str, pictures: Sequence[Picture], names: Names, code: str) -> str:
    sync = "sync" in access
    package = ".." if sync else "."
    every = {line for one in pictures for line in imports_of(one)}
    every |= {
        f"import {module}"
        for one in pictures
        for link in one.links
        for field in link.other_fields
        for module in field.attribute.python.imports
    }
    modules = sorted(line for line in every if says(line.split()[-1].partition(".")[0], code))
    standard = [*(["import builtins"] if says("builtins", code) else [])]
    standard += [line for line in modules if not line.startswith("import psycopg")]
    standard += ["from collections.abc import Sequence"] if says("Sequence", code) else []
    standard.append(import_line("typing", tuple(one for one in ("Self", "Unpack") if says(one, code))))
    third = [line for line in modules if line.startswith("import psycopg")]
    third += [access, *(["from msgspec import UNSET, UnsetType"] if says("UNSET", code) else [])]
    enums = {*names.enums.values()}
    used = tuple(sorted((name for name in enums if says(name, code)), key=import_order))
    lines: list[tuple[bool, str, tuple[int, str, str], str]] = []
    lines += [(False, "enums", (0, "", ""), import_line(f"{package}enums", used))] if used else []
    for one in pictures:
        own = one.names
        types = (own.new, own.changes, own.filter, own.sort, *(() if sync else (own.repository,)))
        said = tuple(sorted((name for name in types if says(name, code)), key=import_order))
        module = f"{package}{own.module}"
        lines.append((False, own.module, import_order(said[0]), import_line(module, said)))
        row = f"from {module} import {own.row} as {own.row}Row"
        lines.append((False, own.module, import_order(own.row), row))
        repository = f"from .{own.module} import {own.repository}"
        lines += [(True, own.module, import_order(own.repository), repository)] if sync else []
    lines.sort()
    groups = [f'"""{about}."""\n', FUTURE, *standard, "", *third, "", *(line for *_, line in lines)]
    return "\n".join(groups) + f"\n\n{CHECK}\n\n{code}"

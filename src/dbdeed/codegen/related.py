"""Methods that load what belongs together, each in one query for a whole list; and that link rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.codegen.method import BODY, WITH_DELETED, either, line, method, reads
from dbdeed.codegen.python_text import WIDTH, Choice, Group, comprehension, fold

if TYPE_CHECKING:
    from dbdeed.codegen.links import Link
    from dbdeed.codegen.lookups import Lookup
    from dbdeed.codegen.picture import Field, Picture
    from dbdeed.codegen.relations import Relation


def lookup(one: Lookup, picture: Picture) -> str:
    """The rows of a list of keys."""
    parameters = [f"keys: Collection[{one.key_type}]", *reads(picture)]
    fold = ("fold=True",) if any(field.attribute.type == "citext" for field in one.fields) else ()
    if one.link is not None:
        load = Group("access.beside(", ("from_rows", str(len(one.fields)), _key_of(one.fields)))
        body = Group("return access.linked(", ("keys", _all(one, picture, load), *fold))
        about = "The rows that are linked to each of these, in one query."
    elif one.single:
        rows = ("keys", _all(one, picture), _key_function(one.fields), *fold)
        body = Group("return access.keyed(", rows)
        about = "The rows with these keys, by key, in one query."
    else:
        rows = ("keys", _all(one, picture), _key_function(one.fields), *fold)
        body = Group("return access.grouped(", rows)
        about = "The rows of each of these, in one query; none is an empty list."
    row = picture.names.row if one.single else f"Sequence[{picture.names.row}]"
    return method(one.method, parameters, f"dict[{one.key_type}, {row}]", about, body)


def relation(one: Relation, picture: Picture) -> str:
    """Each row of a list beside what belongs to it."""
    target, row = one.target.names, picture.names.row
    itself = one.target.names == picture.names
    finder = "self" if itself else f"{target.repository}(self._session)"
    some = "some" if one.nullable else "keys"
    passed = ("with_deleted=with_deleted",) if one.target.deleted else ()
    body = [] if itself else [_import(target.module, target.repository)]
    body.append(comprehension("keys = [", _key("row", one.keys), "row in rows", BODY))
    if one.nullable:
        body.append(line("some = [key for key in keys if key is not None]"))
    if len(f"{BODY}found = await {finder}.{one.lookup.method}(") > WIDTH:
        body.append(line(f"other = {finder}"))
        finder = "other"
    body.append(fold(Group(f"found = await {finder}.{one.lookup.method}(", (some, *passed)), BODY))
    if one.many:
        result, helper = f"Sequence[{target.row}]", "each_with_many"
    elif one.optional:
        result, helper = f"{target.row} | None", "each_with_optional"
    else:
        result, helper = target.row, "each_with"
    name, _, by = one.method.removeprefix("with_").partition("_by_")
    what = f"{name.replace('_', ' ')} ({by})" if by else name.replace("_", " ")
    return method(
        one.method,
        [f"rows: Sequence[{row}]", *(WITH_DELETED if one.target.deleted else ())],
        f"Sequence[tuple[{row}, {result}]]",
        f"Each row beside its {what}, in one query for all.",
        *body,
        Group(f"return access.{helper}(", ("rows", "keys", "found")),
    )


def links(link: Link) -> list[str]:
    """Methods that link two rows and part them."""
    fields = (*link.own_fields, *link.other_fields)
    both = (*link.own, *link.other)
    parameters = [f"{name}: {field.type}" for name, field in zip(both, fields, strict=True)]
    made = []
    for verb, about in (
        ("add", "Link the two; False where they were linked already."),
        ("remove", "Part the two; False where they were not linked."),
    ):
        constant = f"{verb}_{link.name}".upper()
        body = Group("return await self._session.affects(", (constant, f"({', '.join(both)})"))
        made.append(method(f"{verb}_{link.name}", parameters, "bool", about, body))
    return made


def _all(one: Lookup, picture: Picture, load: Group | str = "from_rows") -> Group:
    postgresql, several = picture.dialect.name == "postgresql", len(one.fields) > 1
    if postgresql:
        keys = f"access.distinct_columns(keys, {len(one.fields)})" if several else "access.distinct(keys)"
    else:
        keys = "access.distinct_json_rows(keys)" if several else "access.distinct_json(keys)"
    return Group("await self._session.all(", (either(one.constant, picture), keys, load))


def _key_function(fields: tuple[Field, ...]) -> str:
    values = [f"row.{field.name}" for field in fields]
    return f"lambda row: {_together(values)}"


def _key_of(fields: tuple[Field, ...]) -> str:
    """The key in front of a row of the driver's, as its types are."""
    values = [field.load_from(f"row[{place}]") for place, field in enumerate(fields)]
    return f"lambda row: {_together(values)}"


def _together(values: list[str]) -> str:
    return values[0] if len(values) == 1 else f"({', '.join(values)})"


def _key(row: str, fields: tuple[Field, ...]) -> Choice | str:
    """A row's key; None where a part of it is null."""
    values = [f"{row}.{field.name}" for field in fields]
    if len(values) == 1:
        return values[0]
    nullable = [f"{row}.{field.name} is None" for field in fields if field.attribute.nullable]
    whole = _together(values)
    return Choice("None", " or ".join(nullable), whole) if nullable else whole


def _import(module: str, repository: str) -> str:
    text = f"from .{module} import {repository}"
    if len(BODY) + len(text) > WIDTH:
        text = fold(Group(f"from .{module} import (", (repository,)), BODY).lstrip()
    return f"{BODY}{text}\n"

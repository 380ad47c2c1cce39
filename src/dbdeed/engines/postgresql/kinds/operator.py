"""Operators.

An operator and its commutator or negator name each other. PostgreSQL links both sides when the second one is
made, and leaves a shell in place of what is not there yet; so neither needs the other. A shell that nobody
fills is no operator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_OPERATOR
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading

_LINKS_SINCE = 17
"""The version in which ALTER OPERATOR learned to add links and HASHES, MERGES."""


class Operator(Named, frozen=True, tag="operator"):
    """An operator.

    Attributes:
        left, right: its operands' types as SQL; `left` is "" for a prefix operator.
        function, restrict, join: qualified SQL, "" for none.
        commutator, negator: (schema, name) of the operator, or ().
    """

    schema: str
    name: str
    left: str
    right: str
    function: str
    commutator: tuple[str, ...]
    negator: tuple[str, ...]
    restrict: str
    join: str
    hashes: bool
    merges: bool

    @property
    def id(self) -> ObjectId:
        return ObjectId("operator", (self.schema, self.name, self.left, self.right))

    @property
    def reference(self) -> str:
        return f"OPERATOR {_reference(self.id)}"

    @property
    def links(self) -> dict[str, ObjectId]:
        """The operators that it names, by the word for it; a commutator takes the operands turned round."""
        found = {}
        if self.commutator:
            found["COMMUTATOR"] = ObjectId("operator", (*self.commutator, self.right, self.left))
        if self.negator:
            found["NEGATOR"] = ObjectId("operator", (*self.negator, self.left, self.right))
        return found


_LINK = """(SELECT ARRAY[ln.nspname::text, l.oprname::text] FROM pg_operator l
        JOIN pg_namespace ln ON ln.oid = l.oprnamespace WHERE l.oid = o.{})"""

_QUERY = f"""
    SELECT o.oid, n.nspname, o.oprname, coalesce(format_type(nullif(o.oprleft, 0), NULL), ''),
        format_type(o.oprright, NULL), o.oprcode::regproc::text,
        coalesce({_LINK.format("oprcom")}, '{{}}'), coalesce({_LINK.format("oprnegate")}, '{{}}'),
        CASE WHEN o.oprrest::oid = 0 THEN '' ELSE o.oprrest::regproc::text END,
        CASE WHEN o.oprjoin::oid = 0 THEN '' ELSE o.oprjoin::regproc::text END,
        o.oprcanhash, o.oprcanmerge
    FROM pg_operator o JOIN pg_namespace n ON n.oid = o.oprnamespace
    WHERE o.oprcode::oid <> 0 AND {OURS} ORDER BY n.nspname, o.oprname, 4, 5
"""


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_OPERATOR, oid) not in reading.members:
            reading.add(Operator(*fields), (PG_OPERATOR, oid, 0))


def _settings(new: Operator) -> Iterator[str]:
    yield f"FUNCTION = {new.function}"
    if new.left:
        yield f"LEFTARG = {new.left}"
    yield f"RIGHTARG = {new.right}"
    for word, link in new.links.items():
        yield f"{word} = {_named(link)}"
    if new.restrict:
        yield f"RESTRICT = {new.restrict}"
    if new.join:
        yield f"JOIN = {new.join}"
    if new.hashes:
        yield "HASHES"
    if new.merges:
        yield "MERGES"


def _named(one: ObjectId) -> str:
    return f"OPERATOR({ident(one.name[0])}.{one.name[1]})"


def create(new: Operator, _: Context) -> Making:
    text = f"CREATE OPERATOR {ident(new.schema)}.{new.name} ({', '.join(_settings(new))})"
    return Making((step(text, new.id),))


def drop(old: Operator, context: Context) -> tuple[Step, ...]:
    """With the bare names that it links to, and that nobody made an operator of."""
    known = {*context.current.objects, *context.target.objects}
    names = sorted(one for one in old.links.values() if one not in known)
    bare = (f"DROP OPERATOR IF EXISTS {_reference(one)}" for one in dict.fromkeys(names))
    return (step(f"DROP {old.reference}", old.id), *(step(sql, old.id) for sql in bare))


def _reference(one: ObjectId) -> str:
    schema, name, left, right = one.name
    return f"{ident(schema)}.{name} ({left or 'NONE'}, {right})"


def alter(old: Operator, new: Operator, context: Context) -> Alteration | None:
    if old.function != new.function:
        return None
    settings = []
    if old.restrict != new.restrict:
        settings.append(f"RESTRICT = {new.restrict or 'NONE'}")
    if old.join != new.join:
        settings.append(f"JOIN = {new.join or 'NONE'}")
    added = _added(old, new, context)
    if added is None or (added and context.current.version[0] < _LINKS_SINCE):
        return None
    settings += added
    steps = (step(f"ALTER {new.reference} SET ({', '.join(settings)})", new.id),) if settings else ()
    return Alteration(steps)


def _added(old: Operator, new: Operator, context: Context) -> list[str] | None:
    """What ALTER OPERATOR must add; None where something would have to be taken away.

    A link goes by itself with the operator that it leads to, and comes by itself with one that is made.
    """
    if (old.hashes and not new.hashes) or (old.merges and not new.merges):
        return None
    found = []
    had, wanted = old.links, new.links
    for word in ("COMMUTATOR", "NEGATOR"):
        was, will = had.get(word), wanted.get(word)
        if was == will:
            continue
        if was is not None and (was in context.target.objects or was not in context.current.objects):
            return None
        if will is not None and will in context.current.objects:
            if was is not None:
                return None
            found.append(f"{word} = {_named(will)}")
    found += ["HASHES"] * (new.hashes and not old.hashes)
    return found + ["MERGES"] * (new.merges and not old.merges)


KINDS = (Kind("operator", Operator, create, drop, alter),)

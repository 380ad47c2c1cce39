"""Subscriptions. Nothing that is written here reaches the publisher, but for what only it can grant.

A subscription's connection is a secret: it is never read, never compared, and written as the name of an
environment variable. What an ordinary user may not read of pg_subscription is not asked for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Hazard, HazardKind
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, idents, literal
from dbdeed.engines.postgresql.secrets import variable, with_environment
from dbdeed.engines.postgresql.system import PG_SUBSCRIPTION
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Subscription(Named, frozen=True, tag="subscription"):
    """A subscription.

    Attributes:
        publications: on the publisher, in the order in which they are kept.
        slot: the replication slot's name on the publisher, "" for NONE.
        enabled: whether it receives.
        options: (name, value) as SQL of every option that the server's version has.
    """

    name: str
    publications: tuple[str, ...]
    slot: str
    enabled: bool
    options: tuple[tuple[str, str], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("subscription", (self.name,))


# A boolean up to version 15.
_STREAMING = "CASE left(substream::text, 1) WHEN 'p' THEN 'parallel' WHEN 't' THEN 'on' ELSE 'off' END"

# (option, SQL for its value, the version that brought it)
_OPTIONS = (
    ("binary", "subbinary::text", 14),
    ("streaming", _STREAMING, 14),
    ("synchronous_commit", "quote_literal(subsynccommit)", 10),
    ("two_phase", "(subtwophasestate <> 'd')::text", 15),
    ("disable_on_error", "subdisableonerr::text", 15),
    ("password_required", "subpasswordrequired::text", 16),
    ("run_as_owner", "subrunasowner::text", 16),
    ("origin", "suborigin", 16),
    ("failover", "subfailover::text", 17),
)  # fmt: skip

_QUERY = """
    SELECT s.oid, s.subname, s.subpublications, coalesce(s.subslotname, ''), s.subenabled, ARRAY[{values}]
    FROM pg_subscription s
    WHERE s.subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()) ORDER BY s.subname
"""

_AT_THE_SLOT = frozenset({"failover", "two_phase"})
"""Options that the publisher's slot has too: the server sets them there, so it must reach the publisher."""

_FIXED_BEFORE_18 = frozenset({"two_phase"})


def read(reading: Reading) -> None:
    known = [one for one in _OPTIONS if reading.major >= one[2]]
    values = ", ".join(value for _, value, _ in known)
    for oid, *fields, options in reading.fetch(_QUERY.format(values=values)):
        pairs = tuple((name, value) for (name, _, _), value in zip(known, options, strict=True))
        reading.add(Subscription(*(*fields, pairs)), (PG_SUBSCRIPTION, oid, 0))


def create(new: Subscription, _: Context) -> Making:
    connection = f"'${{{variable(new.name, 'connection')}}}'"
    options = {"connect": "false", "slot_name": _slot(new), **dict(new.options)}
    text = f"CREATE SUBSCRIPTION {ident(new.name)} CONNECTION {connection}"
    text += f" PUBLICATION {idents(new.publications)} WITH ({_written(options)})"
    making = with_environment(step(text, new.id, hazards=_by_hand(new)))
    return Making((making, _change(new, "ENABLE")) if new.enabled else (making,))


def _slot(one: Subscription) -> str:
    return literal(one.slot) if one.slot else "NONE"


def _written(options: dict[str, str]) -> str:
    return ", ".join(f"{name} = {value}" for name, value in options.items())


def _by_hand(new: Subscription) -> tuple[Hazard, ...]:
    todo = [
        *([f"make the slot {new.slot} on the publisher"] if new.slot else ["give it a slot"]),
        *([] if new.enabled else ["enable it"]),
        f"run ALTER SUBSCRIPTION {ident(new.name)} REFRESH PUBLICATION",
    ]
    message = f"{new.name} is made without reaching the publisher; for it to receive, {', '.join(todo)}."
    return (Hazard(HazardKind.BY_HAND, message),)


def _change(one: Subscription, what: str, *hazards: Hazard) -> Step:
    return step(f"ALTER SUBSCRIPTION {ident(one.name)} {what}", one.id, hazards=hazards)


def drop(old: Subscription, _: Context) -> tuple[Step, ...]:
    """Without its slot: dropping that would need the publisher, and could not be taken back."""
    going = step(f"DROP SUBSCRIPTION {ident(old.name)}", old.id)
    if not old.slot:
        return (going,)
    message = f"The slot {old.slot} stays on the publisher and holds back its log until it is dropped there."
    left = Hazard(HazardKind.BY_HAND, message)
    return (_change(old, "DISABLE"), _change(old, "SET (slot_name = NONE)", left), going)


def alter(old: Subscription, new: Subscription, context: Context) -> Alteration | None:
    had, wanted = dict(old.options), dict(new.options)
    changed = {name: value for name, value in wanted.items() if had.get(name) != value}
    if context.current.version[0] < 18 and _FIXED_BEFORE_18 & changed.keys():
        return None
    return Alteration(tuple(_steps(old, new, changed)))


def _steps(old: Subscription, new: Subscription, changed: dict[str, str]) -> Iterator[Step]:
    at_slot = {name: changed.pop(name) for name in _AT_THE_SLOT & changed.keys()}
    if old.slot != new.slot:
        changed["slot_name"] = _slot(new)
    quiet = bool(at_slot or old.slot != new.slot)
    if old.enabled and (quiet or not new.enabled):
        stops = Hazard(HazardKind.BY_HAND, f"{new.name} receives nothing until somebody enables it.")
        yield _change(old, "DISABLE", *([] if new.enabled else [stops]))
    if old.publications != new.publications:
        yield _change(
            new, f"SET PUBLICATION {idents(new.publications)} WITH (refresh = false)", _refresh(new)
        )
    if changed:
        yield _change(new, f"SET ({_written(changed)})")
    for name, value in sorted(at_slot.items()):
        yield replace(_change(new, f"SET ({name} = {value})", _reaches(new)), transactional=False)
    if new.enabled and (quiet or not old.enabled):
        yield _change(new, "ENABLE")


def _refresh(new: Subscription) -> Hazard:
    sql = f"ALTER SUBSCRIPTION {ident(new.name)} REFRESH PUBLICATION"
    return Hazard(HazardKind.BY_HAND, f"Tables come and go with {sql}, which asks the publisher.")


def _reaches(new: Subscription) -> Hazard:
    return Hazard(
        HazardKind.MAY_FAIL, f"It sets the slot {new.slot} on the publisher, which must be reached."
    )


KINDS = (Kind("subscription", Subscription, create, drop, alter),)

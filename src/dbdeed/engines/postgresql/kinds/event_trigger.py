"""Event triggers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import ident, literal
from dbdeed.engines.postgresql.system import PG_EVENT_TRIGGER
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class EventTrigger(Named, frozen=True, tag="event trigger"):
    """An event trigger; `function` is qualified SQL, `enabled` as for triggers."""

    name: str
    event: str
    tags: tuple[str, ...]
    function: str
    enabled: str

    @property
    def id(self) -> ObjectId:
        return ObjectId("event trigger", (self.name,))


_QUERY = """
    SELECT e.oid, e.evtname, e.evtevent, coalesce(e.evttags, '{}'), e.evtfoid::regproc::text,
        CASE e.evtenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'replica' WHEN 'A' THEN 'always' ELSE
            'origin' END
    FROM pg_event_trigger e ORDER BY e.evtname
"""

_WORDS = {"disabled": "DISABLE", "origin": "ENABLE", "replica": "ENABLE REPLICA", "always": "ENABLE ALWAYS"}


def read(reading: Reading) -> None:
    for oid, *fields in reading.fetch(_QUERY):
        if (PG_EVENT_TRIGGER, oid) not in reading.members:
            reading.add(EventTrigger(*fields), (PG_EVENT_TRIGGER, oid, 0))


def _state(new: EventTrigger) -> Step:
    return step(f"ALTER EVENT TRIGGER {ident(new.name)} {_WORDS[new.enabled]}", new.id)


def create(new: EventTrigger, _: Context) -> Making:
    text = f"CREATE EVENT TRIGGER {ident(new.name)} ON {new.event}"
    if new.tags:
        text += f" WHEN TAG IN ({', '.join(literal(tag) for tag in new.tags)})"
    making = step(f"{text} EXECUTE FUNCTION {new.function}()", new.id)
    return Making((making,) if new.enabled == "origin" else (making, _state(new)))


def drop(old: EventTrigger, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP EVENT TRIGGER {ident(old.name)}", old.id),)


def alter(old: EventTrigger, new: EventTrigger, _: Context) -> Alteration | None:
    if (old.event, old.tags, old.function) != (new.event, new.tags, new.function):
        return None
    return Alteration((_state(new),))


_PARTS = frozenset({"column", "constraint", "trigger"})


def steps_aside(old: EventTrigger, context: Context) -> ObjectId | None:
    """What differs of all that its function uses: half changed, it would stop the plan."""
    current, target = context.current, context.target
    waiting = [one for one in current.needs.get(old.id, ()) if one.kind == "function"]
    seen = set(waiting)
    while waiting and old.enabled != "disabled":
        one = waiting.pop()
        for side, other in ((current, target), (target, current)):
            parts = [child.id for child in side.children.get(one, ()) if child.id.kind in _PARTS]
            if any(side.objects.get(each) != other.objects.get(each) for each in (one, *parts)):
                return one
        used = current.needs.get(one, frozenset()) | current.mentions.get(one, frozenset())
        waiting.extend(used - seen)
        seen |= used
    return None


KINDS = (Kind("event trigger", EventTrigger, create, drop, alter, steps_aside=steps_aside, watches=True),)

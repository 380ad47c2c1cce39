"""Mistakes that a planner could make, to see that the random schemas would show them.

For each kind of object a comparison that overlooks one attribute (or, of a kind that has none, that there is a
new one or one too many), and an order turned round: what an object of the kind needs comes after it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec
from tests.engines.postgresql.random_schemas.ground import load
from tests.engines.postgresql.random_schemas.judge import Counterexample, judge, plan
from tests.engines.postgresql.random_schemas.sweep import trials

from dbdeed.engines.postgresql.engine import ENGINE
from dbdeed.errors import DbdeedError
from dbdeed.planning.order import order_changes
from dbdeed.planning.plan import assemble

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.engines.postgresql.random_schemas.ground import Ground
    from tests.engines.postgresql.random_schemas.judge import Planner, Trial

    from dbdeed.engines.catalog import Catalog, ObjectId
    from dbdeed.planning.plan import Plan


def blind(kind: str, attribute: str) -> Planner:
    """A planner whose comparison overlooks an attribute; with "" that an object is new, or is to go."""

    def planner(current: Catalog, target: Catalog, empty: bool) -> Plan:
        return plan(current, _overlooked(current, target, kind, attribute), empty)

    return planner


def _overlooked(current: Catalog, target: Catalog, kind: str, attribute: str) -> Catalog:
    objects: dict[ObjectId, Any] = dict(target.objects)
    for key, old in current.objects.items():
        if key.kind == kind and attribute and key in objects:
            objects[key] = msgspec.structs.replace(objects[key], **{attribute: getattr(old, attribute)})
        elif key.kind == kind and not attribute:
            objects.setdefault(key, old)
    if not attribute:
        objects = {key: one for key, one in objects.items() if key.kind != kind or key in current.objects}
    return replace(target, objects=objects)


def backwards(kind: str) -> Planner:
    """A planner that takes what objects of a kind need, and what needs them, the wrong way round."""

    def planner(current: Catalog, target: Catalog, empty: bool) -> Plan:
        changes = ENGINE.compare(current, target).changes
        ordered = order_changes(changes, _turned(current, kind), _turned(target, kind))
        return assemble(current, target, ordered, lambda _: empty)

    return planner


def _turned(catalog: Catalog, kind: str) -> Catalog:
    needs: defaultdict[ObjectId, set[ObjectId]] = defaultdict(set)
    for one, needed in catalog.needs.items():
        for other in needed:
            if kind in (one.kind, other.kind):
                needs[other].add(one)
            else:
                needs[one].add(other)
    return replace(catalog, needs={key: frozenset(value) for key, value in needs.items()})


@dataclass
class Corpus:
    """Pairs of schemas aimed at one kind, with their catalogs, made as far as they are asked for."""

    ground: Ground
    aim: str
    most: int
    _made: list[tuple[Trial, Catalog, Catalog]] = field(default_factory=list)
    _drawn: Iterator[Trial] | None = None

    def __iter__(self) -> Iterator[tuple[Trial, Catalog, Catalog]]:
        yield from self._made
        if self._drawn is None:
            self._drawn = trials(self.ground.major, self.most, 1, self.aim)
        for trial in self._drawn:
            empty = replace(trial, rows=False, dump=False)
            try:
                made = (empty, self._read(trial.first), self._read(trial.second))
            except DbdeedError:
                continue
            self._made.append(made)
            yield made

    def _read(self, statements: Any) -> Catalog:
        with self.ground.passing() as session:
            load(session, statements)
            return ENGINE.inspect(session)


def found(corpus: Corpus, planner: Planner) -> int | None:
    """After how many pairs the planner's fault shows; None where none of the corpus shows it."""
    for number, (trial, first, second) in enumerate(corpus, 1):
        if _differs(planner, first, second) or _differs(planner, second, first):
            try:
                judge(corpus.ground, trial, planner)
            except Counterexample:
                return number
    return None


def _differs(planner: Planner, current: Catalog, target: Catalog) -> bool:
    """Whether the fault makes another plan here: only then is it worth a run."""
    try:
        return planner(current, target, True).groups != plan(current, target, True).groups
    except DbdeedError:
        return True

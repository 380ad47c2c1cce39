"""What differs between two catalogs, and the changes that make it go away: the same for every SQL engine.

An engine lists its `Kind`s. For an object that is only in the target its kind writes a creation, for one
only in the current catalog a drop, for one in both an alteration, or, where the engine has no way to alter
it, both. What needs an object that goes away or is replaced is taken down first and brought back after, and
so on for what needs that in turn; what holds data stays, and is loosened from it for that while. No order is
decided here: `dbdeed.planning.order` does that from the catalogs' needs.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.engines.change import Action, Change, Detail
from dbdeed.engines.seam import Comparison
from dbdeed.errors import OurFault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from dbdeed.engines.catalog import Catalog, Object, ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Backfill


@dataclass(frozen=True, slots=True)
class Context:
    """What a kind may look at while it writes.

    Attributes:
        current, target: both catalogs.
        backfills: by column, what the document gives rows that have no value in it yet.
    """

    current: Catalog
    target: Catalog
    backfills: Mapping[ObjectId, Backfill] = field(default_factory=dict)

    def value_for(self, column: ObjectId) -> str:
        """The expression for rows that have no value yet, or ""."""
        found = self.backfills.get(column)
        return found.expression if found is not None else ""


@dataclass(frozen=True, slots=True)
class Making:
    """How an object comes to be.

    Attributes:
        steps: in order.
        covers: children that these steps make as well, such as the columns in a CREATE TABLE.
    """

    steps: tuple[Step, ...]
    covers: tuple[ObjectId, ...] = ()


@dataclass(frozen=True, slots=True)
class Alteration:
    """How an object changes in place.

    Attributes:
        steps: in order.
        disturbs: objects of the current catalog that must be out of the way meanwhile: they, and what
            needs them, are dropped before and made again after.
        covers: other objects whose difference these steps also make go away.
        first: what comes before these steps, as a change of its own, so that others have their way: a
            partition leaves its place to another.
        ahead: those of `covers` whose own alterations' first parts are changes all the same.
    """

    steps: tuple[Step, ...]
    disturbs: frozenset[ObjectId] = frozenset()
    covers: tuple[ObjectId, ...] = ()
    first: Loosening | None = None
    ahead: frozenset[ObjectId] = frozenset()

    @property
    def all_steps(self) -> tuple[Step, ...]:
        return (*self.first.steps, *self.steps) if self.first is not None else self.steps


@dataclass(frozen=True, slots=True)
class Loosening:
    """How an object that holds data stops needing others for a while, such as a column by losing its default.

    Attributes:
        steps: in order.
        left: the object after them; `alter` then leads from it to the target.
        covers: parts of the object that it loosens as well: a partition's indexes.
        loosens: what they need no more, where that is not what they are loosened for.
    """

    steps: tuple[Step, ...]
    left: Any
    covers: tuple[ObjectId, ...] = ()
    loosens: frozenset[ObjectId] = frozenset()


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object of one engine.

    Attributes:
        name: the `kind` of its objects' ids.
        type: its frozen struct.
        create, drop, alter: write its steps; `alter` gives None where only replacing helps.
        holds_data: rows or numbers would be lost by dropping it and making it again; such an object is
            never taken down for another's sake.
        ignore: fields that `details` leaves out because they mean nothing to people.
        computed: whether the data of this one object can be made again, so that it may be taken down all the
            same (a generated column's).
        takes_along: objects that cannot stay when this one goes, though they do not need it: the index above
            a partition's.
        loosen: write how an object that holds data stops needing others that are replaced; None where it
            cannot.
        shares: objects of which one takes a share that another may want: a partition of the tables above.
        steps_aside: the difference for which an object that could stay goes all the same, and comes back.
        disturbs: objects of the current catalog that must be out of the way while a new one is made.
        watches: its objects act whenever anything changes, as event triggers do.
    """

    name: str
    type: type[Any]
    create: Callable[[Any, Context], Making]
    drop: Callable[[Any, Context], tuple[Step, ...]]
    alter: Callable[[Any, Any, Context], Alteration | None]
    holds_data: bool = False
    computed: Callable[[Any], bool] | None = None
    ignore: frozenset[str] = frozenset()
    loosen: Callable[[Any, frozenset[ObjectId], Context], Loosening | None] | None = None
    takes_along: Callable[[Any, Context], Iterable[ObjectId]] | None = None
    shares: Callable[[Any, Catalog], Iterable[ObjectId]] | None = None
    steps_aside: Callable[[Any, Context], ObjectId | None] | None = None
    disturbs: Callable[[Any, Context], frozenset[ObjectId]] | None = None
    watches: bool = False


@dataclass
class _Work:
    """What is decided so far about each object."""

    context: Context
    kinds: Mapping[str, Kind]
    altered: dict[ObjectId, Alteration] = field(default_factory=dict)
    down: dict[ObjectId, ObjectId | None] = field(default_factory=dict)  # id -> because of
    loosened: dict[ObjectId, tuple[Loosening, frozenset[ObjectId]]] = field(default_factory=dict)
    settled: set[ObjectId] = field(default_factory=set)  # looked at for rings, whatever came of it

    def kind(self, one: ObjectId) -> Kind:
        return self.kinds[one.kind]

    def holds_data(self, one: ObjectId) -> bool:
        kind = self.kinds[one.kind]
        return kind.holds_data and not (kind.computed and kind.computed(self.context.current.objects[one]))


def compare_catalogs(
    current: Catalog,
    target: Catalog,
    kinds: Sequence[Kind],
    backfills: Mapping[ObjectId, Backfill] | None = None,
) -> Comparison:
    """The changes that lead from `current` to `target`, in no order that matters."""
    work = _Work(Context(current, target, backfills or {}), {kind.name: kind for kind in kinds})
    _decide(work)
    return Comparison(
        changes=tuple(_write(work)),
        unmodelled_current=tuple(f"{one.kind} {one.name}" for one in current.unmodelled),
        unmodelled_target=tuple(f"{one.kind} {one.name}" for one in target.unmodelled),
    )


def _decide(work: _Work) -> None:
    """Choose for each object that differs: alter in place, or take down with all that needs it."""
    current, target = work.context.current, work.context.target
    waiting: deque[tuple[ObjectId, ObjectId | None]] = deque()
    for one, old in current.objects.items():
        new, steps_aside = target.objects.get(one), work.kind(one).steps_aside
        if new is None:
            waiting.append((one, None))
        elif steps_aside is not None and (cause := steps_aside(old, work.context)) is not None:
            waiting.append((one, cause))
        elif new != old:
            alteration = work.kind(one).alter(old, new, work.context)
            if alteration is None:
                waiting.append((one, None))
            else:
                work.altered[one] = alteration
                waiting.extend((disturbed, one) for disturbed in alteration.disturbs)
    for one, new in target.objects.items():
        if one not in current.objects:
            waiting.extend((disturbed, one) for disturbed in _disturbed_by_new(work, new))
    _take_down(work, waiting)
    while ring := next(_rings(work), None):
        one, fallen = ring
        if work.kind(one).holds_data:
            waiting.extend((disturbed, one) for disturbed in _loosen(work, one))
            work.settled.add(one)
        else:
            waiting.append((one, fallen))
        _take_down(work, waiting)


def _disturbed_by_new(work: _Work, new: Object) -> frozenset[ObjectId]:
    disturbs = work.kind(new.id).disturbs
    return disturbs(new, work.context) if disturbs is not None else frozenset()


def _take_down(work: _Work, waiting: deque[tuple[ObjectId, ObjectId | None]]) -> None:
    """Take down what waits, and all that cannot stay without it."""
    while waiting:
        one, because = waiting.popleft()
        if one not in work.down and one in work.context.current.objects:
            work.down[one] = because
            work.altered.pop(one, None)
            work.loosened.pop(one, None)
            waiting.extend((other, one) for other in _fall_with(work, one))
            for other in _holding(work, one):
                waiting.extend((disturbed, other) for disturbed in _loosen(work, other))


def _fall_with(work: _Work, fallen: ObjectId) -> Iterable[ObjectId]:
    """What cannot stay while `fallen` is away: its children, and what needs it and holds no data."""
    current = work.context.current
    takes_along = work.kind(fallen).takes_along
    if takes_along is not None:
        yield from takes_along(current.objects[fallen], work.context)
    for child in current.children.get(fallen, ()):
        if not _outlives(work, child, fallen):
            yield child.id
    for one in current.needed_by.get(fallen, ()):
        if not work.holds_data(one) and not _lets_go(work, one, fallen):
            yield one


def _outlives(work: _Work, child: Object, fallen: ObjectId) -> bool:
    """Whether a part holds data and is nobody's, or another's, afterwards: a sequence of a dropped column."""
    there = work.context.target.objects.get(child.id)
    kind = work.kind(child.id)
    return (
        there is not None and there.parent != fallen and kind.loosen is not None and work.holds_data(child.id)
    )


def _lets_go(work: _Work, one: ObjectId, fallen: ObjectId) -> bool:
    """Whether its alteration alone makes an object stop needing what falls."""
    needs = work.context.target.needs.get(one, frozenset())
    return one in work.altered and one not in work.loosened and fallen not in needs


def _rings(work: _Work) -> Iterator[tuple[ObjectId, ObjectId]]:
    """What is altered to let go of something, where the alteration waits for what waits for that to fall.

    A default moves from function f to g, and g needs a function that is replaced and that f needed; a view
    moves from a table to another object of the same name.
    """
    current, target = work.context.current, work.context.target
    names = {claim for one in work.down for claim in current.objects[one].claims}

    def cause(fallen: ObjectId) -> ObjectId | None:
        """The alteration that something falls for: what falls with what it disturbs may be that itself."""
        found, seen = work.down.get(fallen), {fallen}
        while found in work.down and found not in seen:
            seen.add(found)
            found = work.down[found]
        return found

    def waits(need: ObjectId) -> bool:
        had = current.objects[need].claims if need in current.objects else ()
        return need in work.down or any(
            one in names and one not in had for one in target.objects[need].claims
        )

    for fallen in list(work.down):
        for one in current.needed_by.get(fallen, ()):
            open_still = one in work.altered and one not in work.loosened and one not in work.settled
            if not open_still:
                continue
            needs = target.all_needs(one)
            if cause(fallen) in needs or any(map(waits, needs)):
                yield one, fallen


def _holding(work: _Work, fallen: ObjectId) -> Iterable[ObjectId]:
    """What holds data, stays, and must let go of what falls."""
    for one in work.context.current.needed_by.get(fallen, ()):
        stays = one in work.context.target.objects and one not in work.down
        if stays and work.holds_data(one) and not _lets_go(work, one, fallen):
            yield one
    for child in work.context.current.children.get(fallen, ()):
        if _outlives(work, child, fallen):
            yield child.id


def _loosen(work: _Work, one: ObjectId) -> Iterable[ObjectId]:
    """Let an object that holds data need nothing that falls, for a while; gives what that disturbs."""
    kind, context = work.kind(one), work.context
    needs = {*context.current.needs.get(one, ()), context.current.objects[one].parent}
    fallen = frozenset(other for other in needs if other in work.down)
    loosening = kind.loosen(context.current.objects[one], fallen, context) if kind.loosen else None
    if loosening is None:
        return ()  # the engine will refuse to drop what falls, and the plan's proof will say so
    alteration = kind.alter(loosening.left, context.target.objects[one], context)
    if alteration is None:
        return ()
    work.loosened[one] = (loosening, fallen)
    work.altered[one] = alteration
    return alteration.disturbs


def _write(work: _Work) -> Iterable[Change]:
    covered = {one for alteration in work.altered.values() for one in alteration.covers}
    ahead = {one for alteration in work.altered.values() for one in alteration.ahead}
    others = covered - ahead  # by alterations, which do all of it; what a creation covers is there before
    yield from (_sharing(work, change, change.old) for change in _drops(work, covered))
    yield from (_sharing(work, change, change.old) for change in _creations(work, covered))
    for one, alteration in work.altered.items():
        start: Object | None = work.context.current.objects[one]
        if one in work.loosened:
            change = _letting_go(work, one)
            yield _sharing(work, change, start)
            start = change.new
        if alteration.first is not None and (one in covered or alteration.steps) and one not in others:
            change = _going_ahead(work, one, alteration.first)
            yield _sharing(work, change, start)
            start = change.new
        if one not in covered:
            yield _sharing(work, _altering(work, one, alteration), start)


def _sharing(work: _Work, change: Change, start: Object | None) -> Change:
    """With what it gives up and takes, from an object as it is at the start."""
    kind = work.kind(change.id)
    shares = kind.shares
    if shares is None:
        return replace(change, watches=True) if kind.watches else change
    current, target = work.context.current, work.context.target
    was = start if change.action is not Action.CREATE else None
    now = change.new if change.action is not Action.DROP else None
    had = frozenset(shares(was, current) if was is not None else ())
    has = frozenset(shares(now, target) if now is not None else ())
    return replace(change, frees=had - has, takes=has - had)


def _going_ahead(work: _Work, one: ObjectId, first: Loosening) -> Change:
    old = work.context.current.objects[one]
    return Change(
        Action.ALTER,
        one,
        old,
        first.left,
        first.steps,
        covers=first.covers,
        because=one,
        loosens=first.loosens,
        ahead=True,
    )


def _letting_go(work: _Work, one: ObjectId) -> Change:
    old, (loosening, fallen) = work.context.current.objects[one], work.loosened[one]
    left, because = loosening.left, min(fallen)
    disturbs: frozenset[ObjectId] = work.altered[one].disturbs if one in work.altered else frozenset()
    return Change(
        Action.ALTER,
        one,
        old,
        left,
        loosening.steps,
        because=because,
        disturbs=disturbs,
        loosens=fallen,
        ahead=True,
    )


def _altering(work: _Work, one: ObjectId, alteration: Alteration) -> Change:
    old, new = work.context.current.objects[one], work.context.target.objects[one]
    because = min(work.loosened[one][1]) if one in work.loosened else None
    alone = alteration.first is not None and not alteration.steps
    return Change(
        Action.ALTER,
        one,
        old,
        new,
        alteration.all_steps if alone else alteration.steps,
        details=details(old, new, work.kind(one).ignore),
        covers=alteration.covers,
        because=because if old == new else None,
        disturbs=alteration.disturbs,
        ahead=alone,
    )


def _drops(work: _Work, covered: set[ObjectId]) -> Iterable[Change]:
    current = work.context.current
    for one, because in work.down.items():
        old = current.objects[one]
        if old.parent in work.down or one in covered:
            continue
        new = work.context.target.objects.get(one)
        yield Change(
            Action.DROP,
            one,
            old,
            new,
            work.kind(one).drop(old, work.context),
            details=details(old, new, work.kind(one).ignore) if new is not None else (),
            covers=tuple(below for below in _descendants(current, one) if below in work.down),
            because=because,
        )


def _creations(work: _Work, covered: set[ObjectId]) -> Iterable[Change]:
    current, target = work.context.current, work.context.target
    missing = [new for one, new in target.objects.items() if one not in current.objects or one in work.down]
    missing.sort(key=lambda new: _depth(target, new))
    for new in missing:
        if new.id in covered:
            continue
        making = work.kind(new.id).create(new, work.context)
        covered.update(making.covers)
        yield Change(
            Action.CREATE,
            new.id,
            current.objects.get(new.id),
            new,
            making.steps,
            covers=making.covers,
            because=work.down.get(new.id),
            disturbs=_disturbed_by_new(work, new) if new.id not in current.objects else frozenset(),
        )


def _descendants(catalog: Catalog, root: ObjectId) -> Iterable[ObjectId]:
    waiting = [root]
    while waiting:
        for child in catalog.children.get(waiting.pop(), ()):
            yield child.id
            waiting.append(child.id)


def _depth(catalog: Catalog, one: Object) -> int:
    """How many parents stand above it; parents are written first, since they may cover their children."""
    depth = 0
    parent = one.parent
    while parent is not None:
        depth += 1
        if depth > len(catalog.objects):
            raise OurFault(f"{one.id} is its own ancestor in the catalog.")
        above = catalog.objects.get(parent)
        parent = above.parent if above is not None else None
    return depth


def details(old: Object, new: Object, ignore: frozenset[str] = frozenset()) -> tuple[Detail, ...]:
    """The fields that differ, as texts for people; of lists of parts only the parts that do."""
    names: Iterable[str] = getattr(type(old), "__struct_fields__", ())
    return tuple(
        Detail(name, *_texts(getattr(old, name), getattr(new, name)))
        for name in names
        if name not in ignore and getattr(old, name) != getattr(new, name)
    )


def _texts(old: Any, new: Any) -> tuple[str, str]:
    if _of_parts(old) or _of_parts(new):
        was, becomes = (tuple(map(_part, one)) for one in (old, new))
        if set(was) != set(becomes):  # else only their order is another
            old = tuple(one for one in was if one not in becomes)
            new = tuple(one for one in becomes if one not in was)
    elif isinstance(old, msgspec.Struct) and type(old) is type(new):
        names = [one for one in old.__struct_fields__ if getattr(old, one) != getattr(new, one)]
        old, new = (", ".join(f"{name} {_text(getattr(one, name))}" for name in names) for one in (old, new))
    return _text(old), _text(new)


def _of_parts(value: object) -> bool:
    return isinstance(value, tuple) and any(_fields(one) is not None for one in value)


def _fields(value: object) -> tuple[object, ...] | None:
    """What a part has: a column's name and type, a grant's role and right."""
    if isinstance(value, tuple):
        return value
    return msgspec.structs.astuple(value) if isinstance(value, msgspec.Struct) else None


def _text(value: object) -> str:
    if value is None or value in ("", ()):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, tuple):
        return ", ".join(_part(one) for one in value)
    return str(value) if _fields(value) is None else _part(value)


def _part(value: object) -> str:
    fields = _fields(value)
    return _text(value) if fields is None else " ".join(filter(None, map(_text, fields)))

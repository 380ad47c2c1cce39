"""A plan as a file: `plan --format json` writes it, `apply PLAN.json` reads it.

The form is stable: it has a version, unknown fields are refused, and a checksum over its content tells a plan
that was damaged or edited by hand. (It is no signature: who may write the file may also make a new plan.)
"""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.document.values.types import How, Status, Strategy, TargetState, When
from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.change import Action, Detail, Form, Hazard, HazardKind, Kept, LockLevel, Step
from dbdeed.errors import InvalidInput
from dbdeed.planning.consent import Terms
from dbdeed.planning.plan import Data, Difference, Group, Plan, PlannedStep, Return

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = "dbdeed.plan/1"
_LARGEST = 256 * 1024 * 1024  # bytes; a plan of 5,000 tables is about 10 MB


class _Wire(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Strict on purpose: what is not understood is refused, never skipped."""


class _Object(_Wire, frozen=True):
    kind: str
    name: tuple[str, ...]


class _Detail(_Wire, frozen=True):
    attribute: str
    old: str
    new: str


class _Difference(_Wire, frozen=True, omit_defaults=True):
    action: Action
    object: _Object
    details: tuple[_Detail, ...]
    because: _Object | None
    joined: bool = False


class _Hazard(_Wire, frozen=True):
    kind: HazardKind
    message: str


class _Kept(_Wire, frozen=True):
    object: _Object
    form: Form
    place: str
    names: tuple[tuple[str, str, str], ...]
    key: tuple[str, ...]
    rest: tuple[str, ...]
    texts: tuple[str, ...]


class _Step(_Wire, frozen=True, omit_defaults=True):
    sql: str
    object: _Object
    why: int
    lock: str
    rewrites: bool
    scans: bool
    hazards: tuple[_Hazard, ...]
    destroys: tuple[_Object, ...]
    after_all: bool
    environment: tuple[str, ...]
    batched: bool = False  # left out where false, so that a plan without one reads as it always did
    keeps: tuple[_Kept, ...] = ()


class _Group(_Wire, frozen=True):
    transactional: bool
    steps: tuple[_Step, ...]


class _Strategy(_Wire, frozen=True):
    when: When | None
    how: How | None
    expand_contract: bool
    reversible: bool | None


class _Terms(_Wire, frozen=True):
    status: Status | None
    target_state: TargetState | None
    strategy: _Strategy | None


class _Return(_Wire, frozen=True):
    object: _Object
    data: Data


class _Way(_Wire, frozen=True):
    """The reverse of a plan."""

    current: str
    target: str
    generation: int
    differences: tuple[_Difference, ...]
    groups: tuple[_Group, ...]
    returns: tuple[_Return, ...]


class _Plan(_Wire, frozen=True, omit_defaults=True):
    engine: str
    version: tuple[int, ...]
    current: str
    target: str
    proven: bool
    differences: tuple[_Difference, ...]
    groups: tuple[_Group, ...]
    unmodelled: tuple[str, ...]
    terms: _Terms
    private: bool
    generation: int = 0
    returns: tuple[_Return, ...] = ()
    renames: tuple[tuple[tuple[_Object, _Object], ...], ...] = ()
    reverse: _Way | None = None
    irreversible: str = ""


def plan_data(plan: Plan, terms: Terms | None = None, *, private: bool = False) -> dict[str, Any]:
    """The plan as plain data, ready for JSON.

    Args:
        plan: what to write.
        terms: of the document that it was made for; without a document none, and apply will refuse it.
        private: it was made for the project's own embedded database.
    """
    terms = terms or Terms()
    strategy = terms.strategy
    body = _Plan(
        engine=plan.engine,
        version=plan.version,
        current=plan.current,
        target=plan.target,
        proven=plan.proven,
        differences=_differences_data(plan),
        groups=_groups_data(plan),
        unmodelled=plan.unmodelled,
        terms=_Terms(
            terms.status,
            terms.target_state,
            None
            if strategy is None
            else _Strategy(strategy.when, strategy.how, strategy.expand_contract, strategy.reversible),
        ),
        private=private,
        generation=plan.generation,
        returns=_returns_data(plan),
        renames=tuple(tuple((_Object(*old), _Object(*new)) for old, new in one) for one in plan.renames),
        reverse=_way_data(plan.reverse) if plan.reverse is not None else None,
        irreversible=plan.irreversible,
    )
    data: dict[str, Any] = msgspec.to_builtins(body, str_keys=True)
    return {"format": FORMAT, **data, "checksum": _checksum(data)}


def dump_plan(plan: Plan, terms: Terms | None = None, *, private: bool = False) -> bytes:
    """The plan as JSON, indented, ending in a line end."""
    data = plan_data(plan, terms, private=private)
    return msgspec.json.format(msgspec.json.encode(data), indent=2) + b"\n"


class PlanFile(msgspec.Struct, frozen=True):
    """What a plan's file holds."""

    plan: Plan
    terms: Terms
    private: bool


def load_plan(data: bytes, name: str = "the plan") -> PlanFile:
    """Read a plan's file. Raises `InvalidInput` for what is damaged, edited or of another version."""
    content = _content(data, name)
    checksum = content.pop("checksum", None)
    content.pop("format")
    if checksum != _checksum(content):
        raise InvalidInput(
            "This plan was changed after it was made: its checksum does not fit.",
            where=name,
            hint="Make a new plan; a plan is proven as a whole and cannot be edited.",
            code="plan-edited",
        )
    try:
        body = msgspec.convert(content, _Plan)
        return _from_wire(body)
    except (msgspec.ValidationError, ValueError, KeyError) as error:
        raise InvalidInput(f"This is no plan: {error}.", where=name, code="plan-damaged") from error


def _content(data: bytes, name: str) -> dict[str, Any]:
    if len(data) > _LARGEST:
        raise InvalidInput("This file is too large to be a plan.", where=name, code="plan-damaged")
    try:
        content = msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidInput(f"This is no JSON: {error}.", where=name, code="plan-damaged") from error
    if isinstance(content, dict) and isinstance(content.get("plan"), dict):
        content = content[
            "plan"
        ]  # as the command line prints it: inside the object that every command prints
    found = content.get("format") if isinstance(content, dict) else None
    if found != FORMAT:
        said = f'its "format" is {found!r}' if isinstance(found, str) else 'it has no "format"'
        raise InvalidInput(
            f"This is no plan that this version reads: {said}.",
            where=name,
            hint=f'A plan has "format": "{FORMAT}"; `dbdeed plan --format json` writes one.',
            code="plan-format",
        )
    assert isinstance(content, dict)
    return content


def _checksum(data: dict[str, Any]) -> str:
    return hashlib.sha256(msgspec.json.encode(data, order="sorted")).hexdigest()


def _way_data(plan: Plan) -> _Way:
    return _Way(
        plan.current,
        plan.target,
        plan.generation,
        _differences_data(plan),
        _groups_data(plan),
        _returns_data(plan),
    )


def _differences_data(plan: Plan) -> tuple[_Difference, ...]:
    return tuple(
        _Difference(
            one.action,
            _Object(*one.object),
            tuple(_Detail(each.attribute, each.old, each.new) for each in one.details),
            _Object(*one.because) if one.because is not None else None,
            one.joined,
        )
        for one in plan.differences
    )


def _groups_data(plan: Plan) -> tuple[_Group, ...]:
    return tuple(
        _Group(group.transactional, tuple(_step_data(planned) for planned in group.steps))
        for group in plan.groups
    )


def _returns_data(plan: Plan) -> tuple[_Return, ...]:
    return tuple(_Return(_Object(*one.object), one.data) for one in plan.returns)


def _kept_data(one: Kept) -> _Kept:
    return _Kept(_Object(*one.object), one.form, one.place, one.names, one.key, one.rest, one.texts)


def _step_data(planned: PlannedStep) -> _Step:
    step = planned.step
    return _Step(
        sql=step.sql,
        object=_Object(*step.object),
        why=planned.difference,
        lock=step.lock.name,
        rewrites=step.rewrites,
        scans=step.scans,
        hazards=tuple(_Hazard(one.kind, one.message) for one in step.hazards),
        destroys=tuple(_Object(*one) for one in step.destroys),
        after_all=step.after_all,
        environment=step.environment,
        batched=step.batched,
        keeps=tuple(_kept_data(one) for one in step.keeps),
    )


def _from_wire(body: _Plan) -> PlanFile:
    plan = Plan(
        engine=body.engine,
        version=body.version,
        current=body.current,
        target=body.target,
        groups=_groups(body),
        differences=_differences(body),
        unmodelled=body.unmodelled,
        proven=body.proven,
        generation=body.generation,
        returns=_returns(body),
        renames=tuple(tuple((_id(old), _id(new)) for old, new in one) for one in body.renames),
        irreversible=body.irreversible,
    )
    if body.reverse is not None:
        plan = replace(plan, reverse=_reverse(plan, body.reverse))
    said = body.terms.strategy
    strategy = None if said is None else Strategy(said.when, said.how, said.expand_contract, said.reversible)
    return PlanFile(plan, Terms(body.terms.status, body.terms.target_state, strategy), body.private)


def _reverse(plan: Plan, way: _Way) -> Plan:
    return Plan(
        engine=plan.engine,
        version=plan.version,
        current=way.current,
        target=way.target,
        groups=_groups(way),
        differences=_differences(way),
        proven=plan.proven,
        generation=way.generation,
        returns=_returns(way),
    )


def _groups(body: _Plan | _Way) -> tuple[Group, ...]:
    groups = tuple(
        Group(tuple(_step(one, group.transactional) for one in group.steps), group.transactional)
        for group in body.groups
    )
    reasons = {planned.difference for group in groups for planned in group.steps}
    if any(not 0 <= one < len(body.differences) for one in reasons):
        raise ValueError("a step names a difference that is not there")
    return groups


def _differences(body: _Plan | _Way) -> tuple[Difference, ...]:
    return tuple(
        Difference(
            one.action,
            _id(one.object),
            tuple(Detail(each.attribute, each.old, each.new) for each in one.details),
            _id(one.because) if one.because is not None else None,
            one.joined,
        )
        for one in body.differences
    )


def _returns(body: _Plan | _Way) -> tuple[Return, ...]:
    return tuple(Return(_id(one.object), one.data) for one in body.returns)


def _step(one: _Step, transactional: bool) -> PlannedStep:
    return PlannedStep(
        Step(
            sql=one.sql,
            object=_id(one.object),
            lock=LockLevel[one.lock],
            rewrites=one.rewrites,
            scans=one.scans,
            transactional=transactional,
            hazards=tuple(Hazard(each.kind, each.message) for each in one.hazards),
            destroys=_ids(one.destroys),
            after_all=one.after_all,
            environment=one.environment,
            batched=one.batched,
            keeps=tuple(
                Kept(_id(kept.object), kept.form, kept.place, kept.names, kept.key, kept.rest, kept.texts)
                for kept in one.keeps
            ),
        ),
        one.why,
    )


def _id(one: _Object) -> ObjectId:
    return ObjectId(one.kind, one.name)


def _ids(objects: Sequence[_Object]) -> tuple[ObjectId, ...]:
    return tuple(_id(one) for one in objects)

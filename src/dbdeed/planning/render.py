"""A plan for people: text that a DBA reads before signing, and a script that psql or sqlite3 runs."""

from __future__ import annotations

from itertools import islice, takewhile
from typing import TYPE_CHECKING

from dbdeed.engines.change import Action, LockLevel
from dbdeed.planning.shown import listed, one_line, shown

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dbdeed.engines.catalog import ObjectId
    from dbdeed.engines.change import Step
    from dbdeed.engines.seam import Engine
    from dbdeed.planning.plan import Data, Difference, Group, Plan

_MARKS = {Action.CREATE: "+", Action.DROP: "-", Action.ALTER: "~", Action.RENAME: ">"}


def render_text(plan: Plan) -> str:
    """What differs, each statement with its cost and its reason, and what is destroyed."""
    lines = [*_differences(plan), ""] if plan.differences else []
    lines += _unmodelled(plan)
    if plan.empty:
        return "\n".join([*lines, "Nothing to do.", ""])
    lines += [
        f"Plan: {_count(len(plan.steps), 'statement')} in {_count(len(plan.groups), 'group')}"
        + (", proven in a scratch database." if plan.proven else ", NOT proven.")
    ]
    number, told = 0, -1
    for group in plan.groups:
        lines += ["", _group_title(group)]
        for planned in group.steps:
            number += 1
            reason = "" if planned.difference == told else _reason(plan, planned.difference)
            told = planned.difference
            lines += _statement(number, planned.step, reason)
    if plan.destroys:
        lines += ["", f"Destroys: {listed(plan.destroys, limit=1000)}"]
        lines += _kept(plan)
    lines += _reverse(plan)
    return "\n".join([*lines, ""])


def _kept(plan: Plan) -> list[str]:
    kept = {one.object for one in plan.keeps}
    gone = [one for one in plan.destroys if one not in kept]
    if not kept:
        return ["          No copy is kept: this plan is only to be seen."] if not plan.generation else []
    said = "          The archive keeps it (`dbdeed archive`), for `dbdeed undo`"
    return [f"{said}, but not {listed(gone)}." if gone else f"{said}."]


def _reverse(plan: Plan) -> list[str]:
    """In a line or two, what the way back would give."""
    if plan.irreversible:
        return ["", f"Reverse: none. {plan.irreversible}"]
    if plan.reverse is None:
        return []
    told: dict[Data, list[ObjectId]] = {}
    for one in plan.reverse.returns:
        told.setdefault(one.data, []).append(one.object)
    parts = [f"data of {listed(objects)} {data}" for data, objects in told.items()]
    if plan.reverse.destroys:
        parts.append(f"it removes {listed(plan.reverse.destroys)}")
    return ["", "; ".join(["Reverse: proven", *parts]) + "."]


def render_differences(plan: Plan) -> str:
    """Only what differs, a line each."""
    return "".join(f"{line}\n" for line in _differences(plan))


def render_sql(plan: Plan, engine: Engine) -> str:
    """A script with the engine's own transactions and settings around each group."""
    head = [
        f"-- Plan for {one_line(plan.engine)} {'.'.join(map(str, plan.version))}",
        f"-- from state {plan.current[:16]} to {plan.target[:16]}",
    ]
    if plan.destroys:
        kept = {one.object for one in plan.keeps}
        gone = [one for one in plan.destroys if one not in kept]
        head.append(f"-- destroys {listed(plan.destroys, limit=1000)}")
        head += [f"-- and keeps no copy of {listed(gone, limit=1000)}"] if gone else []
    head += [f"-- not covered: {one_line(name)}" for name in plan.unmodelled]
    if plan.environment:
        head += [f"-- needs the value of ${{{name}}} in its place" for name in plan.environment]
    return "\n".join([*head, *_scripts(plan, engine), ""])


def _scripts(plan: Plan, engine: Engine) -> Iterable[str]:
    told = -1
    for group in plan.groups:
        before, after = engine.envelope(transactional=group.transactional)
        yield ""
        yield from (_closed(line) for line in before)
        for planned in group.steps:
            if planned.difference != told:
                told = planned.difference
                reason = _reason(plan, told)
                yield from (f"-- {one}" for one in [reason] if one)
            yield from (f"-- {note}" for note in _notes(planned.step))
            yield ended(engine.script(planned.step))
        yield from (_closed(line) for line in after)


def annotated(plan: Plan, group: Group, told: int = -1) -> Iterable[tuple[Step, tuple[str, ...]]]:
    """A group's steps, each with what a reader must know of it, a line each: why, cost, hazards.

    `told`: the difference that the last step before the group was about; it is not told again.
    """
    for planned in group.steps:
        reason = "" if planned.difference == told else _reason(plan, planned.difference)
        told = planned.difference
        yield planned.step, tuple(one for one in (reason, *_notes(planned.step)) if one)


def _closed(line: str) -> str:
    r"""A client's own command (`.bail on`, `\set ON_ERROR_STOP on`) takes no semicolon."""
    return line if line.endswith(";") or line.startswith((".", "\\")) else line + ";"


def ended(sql: str) -> str:
    """The statement with its semicolon, which a comment in its last line must not swallow."""
    return sql + ("\n;" if "--" in sql.rpartition("\n")[2] else ";")


def _notes(step: Step) -> Iterable[str]:
    cost = _cost(step)
    if cost:
        yield cost
    for hazard in step.hazards:
        yield f"{hazard.kind}: {one_line(hazard.message)}"


def _statement(number: int, step: Step, reason: str) -> Iterable[str]:
    margin = " " * 6
    first, *rest = _visible(step.sql)
    yield f"{number:>4}. {first}"
    yield from (margin + line for line in rest)
    if reason:
        yield f"{margin}    why: {reason}"
    cost = _cost(step)
    if cost:
        yield f"{margin}    {cost}"
    yield from (f"{margin}    ! {hazard.kind}: {one_line(hazard.message)}" for hazard in step.hazards)
    if step.environment:
        yield f"{margin}    filled in when it runs: {', '.join(step.environment)}"


def _visible(sql: str) -> list[str]:
    """The statement's lines; what could steer a terminal is escaped, since this form is not for running."""
    return [one_line(line.expandtabs(4)) for line in ended(sql).split("\n")]


def _cost(step: Step) -> str:
    parts = []
    if step.lock is not LockLevel.NONE:
        parts.append(f"lock: {step.lock.name.replace('_', ' ')}")
    if step.rewrites:
        parts.append("rewrites the table")
    elif step.batched:
        parts.append("fills the rows part by part, each in a transaction of its own")
    elif step.scans:
        parts.append("reads the whole table")
    return ", ".join(parts)


def _reason(plan: Plan, number: int) -> str:
    """Why a statement is there: for a difference, and for those that are made with it."""
    with_it = takewhile(lambda one: one.joined, islice(plan.differences, number + 1, None))
    return "; ".join(map(_why, (plan.differences[number], *with_it)))


def _why(difference: Difference) -> str:
    """Empty where the statement itself says it: a new table is created."""
    plain = difference.action in (Action.CREATE, Action.DROP)
    if plain and not difference.details and difference.because is None:
        return ""
    text = f"{difference.action} {shown(difference.object)}"
    if difference.details:
        text += " (" + "; ".join(_details(difference)) + ")"
    if difference.because is not None:
        text += f", because {shown(difference.because)} changes"
    return text


def _details(difference: Difference) -> Iterable[str]:
    for one in difference.details:
        old, new = _where_they_differ(*(one_line(text) or "nothing" for text in (one.old, one.new)))
        yield f"{one_line(one.attribute)}: {_short(old)} -> {_short(new)}"


_LONGEST = 120


def _where_they_differ(old: str, new: str) -> tuple[str, str]:
    """Two long texts that begin alike from a little before where they part."""
    same = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    alike = sum(1 for _ in same) - _LONGEST // 4
    if max(len(old), len(new)) <= _LONGEST or alike <= 0:
        return old, new
    return "…" + old[alike:], "…" + new[alike:]


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _differences(plan: Plan) -> list[str]:
    own = [one for one in plan.differences if one.because is None]
    return [f"{_MARKS[one.action]} {shown(one.object)}" + _detail_list(one) for one in own]


def _detail_list(difference: Difference) -> str:
    return f" ({'; '.join(_details(difference))})" if difference.details else ""


def _unmodelled(plan: Plan) -> list[str]:
    if not plan.unmodelled:
        return []
    return ["Not covered by this plan:", *(f"  {one_line(name)}" for name in plan.unmodelled), ""]


def _group_title(group: Group) -> str:
    if group.transactional:
        return f"In one transaction ({_count(len(group.steps), 'statement')}):"
    return "On its own, in no transaction:"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" + ("" if number == 1 else "s")

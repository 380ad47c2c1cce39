"""What may be done: the document's Status, Target State and Strategy, and consent to what is destroyed.

A missing word never means yes: without a Status a document is a Draft, without a Target State nothing is
applied.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from dbdeed.document.values.types import How, Status, TargetState
from dbdeed.engines.change import HazardKind
from dbdeed.errors import InvalidInput, Refused
from dbdeed.planning.plan import Data
from dbdeed.planning.shown import listed, one_line, shown

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from dbdeed.document.architecture import Architecture
    from dbdeed.document.values.types import Strategy
    from dbdeed.engines.catalog import ObjectId
    from dbdeed.planning.plan import Plan

_OFFLINE = {
    HazardKind.REWRITES: "rewrites a whole table",
    HazardKind.BLOCKS_WRITES: "blocks writes while it works",
    HazardKind.BLOCKS_READS: "blocks reads while it works",
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What a document says on changing its database; None for what it does not say."""

    status: Status | None = None
    target_state: TargetState | None = None
    strategy: Strategy | None = None


def terms_of(architecture: Architecture) -> Terms:
    """A document's terms; a value that is not understood counts as missing."""
    header = architecture.header
    return Terms(header.status.value, header.target_state.value, architecture.migrations.strategy.value)


def check_terms(terms: Terms, *, private: bool, draft: bool = False) -> None:
    """Raises `Refused` where the document does not let its database be changed at all.

    Args:
        terms: of the document that leads.
        private: the database is the project's own embedded one, or a scratch.
        draft: `--draft` was given.
    """
    if terms.status is Status.DEPRECATED:
        raise Refused(
            "The document's Status is Deprecated: nothing may be changed for it.",
            hint="Set Status to Active if the database is in use again.",
            code="status-deprecated",
        )
    if terms.target_state is TargetState.AS_IS:
        raise Refused(
            "The document's Target State is As-Is: the database leads, and apply would overrule it.",
            hint="`dbdeed sync` brings the document up to the database; or set Target State to As-To-Be.",
            code="target-state-as-is",
        )
    if terms.target_state is None:
        raise Refused(
            "The document does not say whether it or the database leads.",
            hint="Set **Target State**: As-To-Be, where the document leads.",
            code="target-state-missing",
        )
    if terms.status is not Status.ACTIVE and not private and not draft:
        said = "is Draft" if terms.status is Status.DRAFT else "is missing, which counts as Draft"
        raise Refused(
            f"The document's Status {said}: only an embedded database may be changed for it.",
            hint="Set Status to Active, or give --draft.",
            code="status-draft",
        )


def in_a_window(strategy: Strategy | None) -> bool:
    """Whether changes are made while nobody works with the database."""
    return strategy is not None and strategy.how is How.MAINTENANCE_WINDOW


def strategy_refusals(plan: Plan, strategy: Strategy | None) -> list[str]:
    """Why the document's Strategy does not let this plan run, a sentence each; empty if it does."""
    if strategy is None:
        return []
    found = []
    for step in plan.steps:
        if strategy.how is How.ONLINE:
            found += [
                f"{shown(step.object)} {_OFFLINE[hazard.kind]}, and the Strategy is online: run it in a "
                "maintenance window (and say so there), or reach the state by steps that do not block."
                for hazard in step.hazards
                if hazard.kind in _OFFLINE
            ]
        if strategy.reversible:
            found += [
                f"{shown(step.object)} cannot be undone, and the Strategy is reversible: {hazard.message}"
                for hazard in step.hazards
                if hazard.kind is HazardKind.CANNOT_UNDO
            ]
    if strategy.reversible:
        found += _irreversible(plan)
    if strategy.expand_contract and _adds_and_destroys(plan):
        found.append(
            "The Strategy is expand and contract: a plan that adds must not destroy "
            f"{listed(plan.destroys)}. Keep it in the document until the readers have moved on, then "
            "remove it in a change of its own; or let `dbdeed migrate new` write both halves as files."
        )
    return found


def _irreversible(plan: Plan) -> Iterable[str]:
    if plan.irreversible:
        yield f"The Strategy is reversible, and this plan has no reverse: {plan.irreversible}"
    lost = [one.object for one in plan.reverse.returns if one.data is Data.NONE] if plan.reverse else []
    if lost:
        yield f"The Strategy is reversible, and the data of {listed(lost)} would not return."


def _adds_and_destroys(plan: Plan) -> bool:
    """Whether some of its differences destroy and others do not; what is kept first belongs to the former."""
    planned = [one for group in plan.groups for one in group.steps]
    destroying = {one.difference for one in planned if one.step.destroys}
    return bool(destroying) and any(one.difference not in destroying for one in planned)


def check_strategy(plan: Plan, strategy: Strategy | None) -> None:
    """Raises `Refused` with the first refusal, and how many more there are."""
    found = strategy_refusals(plan, strategy)
    if found:
        more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
        raise Refused(found[0] + more, code="strategy")


def check_allowed(plan: Plan, allow: Iterable[str]) -> None:
    """Hold what is destroyed against the names that were allowed.

    A name is an object's full name or its end, as far as that is unambiguous: `orders.note`,
    `public.orders.note`, `note`; its kind may stand before it: `column note`. A plan that destroys nothing
    takes any names: whoever was interrupted runs the same command again, and by then it may have happened.

    Raises:
        InvalidInput: a name that fits nothing that is destroyed, or several things.
        Refused: something is destroyed that nobody allowed.
    """
    if plan.destroys:
        allowed_of(plan.destroys, allow, "The plan")


def allowed_of(destroyed: Sequence[ObjectId], allow: Iterable[str], who: str) -> None:
    """The same for what something else destroys, of which `who` is told: "The plan". Raises likewise."""
    allowed = {_meant(name, destroyed) for name in allow}
    missing = [one for one in destroyed if one not in allowed]
    if missing:
        flags = " ".join(f"--allow {quote(one_line('.'.join(one.name)))}" for one in missing)
        raise Refused(
            f"{who} destroys {listed(missing)}, and nobody allowed it.",
            hint=f"If that is meant: {flags}",
            code="destroys",
        )


def destroys(plan: Plan, name: str) -> bool:
    """Whether `--allow NAME` would mean something that a plan destroys."""
    return any(
        name in (".".join(one.name), str(one), end, f"{one.kind} {end}")
        for one in plan.destroys
        for end in _ends(one)
    )


def _meant(name: str, destroyed: Sequence[ObjectId]) -> ObjectId:
    exact = [one for one in destroyed if name in (".".join(one.name), str(one))]
    ends = [one for one in destroyed if any(name in (end, f"{one.kind} {end}") for end in _ends(one))]
    found = exact or ends
    if len(found) == 1:
        return found[0]
    if found:
        raise InvalidInput(
            f"--allow {one_line(name)} could mean {listed(found)}.",
            hint="Give the full name, with its kind before it if need be.",
            code="allow-ambiguous",
        )
    raise InvalidInput(
        f"--allow {one_line(name)}: this destroys nothing of that name.",
        hint=f"It destroys {listed(destroyed)}.",
        code="allow-unknown",
    )


def _ends(one: ObjectId) -> Iterable[str]:
    return (".".join(one.name[start:]) for start in range(len(one.name)))

"""Migrations' Strategy: `on deploy, online, expand and contract, forward only`."""

from __future__ import annotations

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Phrase, phrase, scan
from dbdeed.document.values.types import How, Strategy, When

ACCEPTED = (
    "on deploy, online",
    "on start, maintenance window",
    "manual, online, expand and contract, reversible",
    "on deploy, forward only",
)
_EXPAND, _OR = "expand and contract", "or"
_REVERSIBLE, _FORWARD = "reversible", "forward only"
_PHRASES: tuple[Phrase[object], ...] = (
    phrase(
        When.ON_DEPLOY,
        r"(?:on|at|during|before|in)?(?: the| each| every)? ?deploy(?:s|ment|ments)?(?: pipeline| step)?",
    ),
    phrase(When.ON_DEPLOY, r"(?:in|by|via|through|from)(?: the| a)? ci(?:\s?/\s?cd)?(?: pipelines?)?"),
    phrase(
        When.ON_START, r"(?:on|at|during)?(?: the)?(?: application| app)? ?(?:start|startup|start up|boot)"
    ),
    phrase(When.MANUAL, r"manual(?:ly)?|by hand"),
    phrase(How.ONLINE, r"online|(?:with )?(?:zero|no|without) down ?time"),
    phrase(
        How.MAINTENANCE_WINDOW, r"(?:(?:in|during|with)(?: an?| the)? )?(?:maintenance|downtime) windows?"
    ),
    phrase(_EXPAND, r"expand\s*(?: and|/|&|\+|,|-| then)?\s*contract(?: pattern)?|parallel change"),
    phrase(_REVERSIBLE, r"(?:reversible|with rollbacks?|rollbacks?|up and down|with down migrations)"),
    phrase(
        _FORWARD,
        r"(?:roll )?forward only|(?:roll|fix) forward|irreversible|not reversible"
        r"|(?:no|without) (?:rollbacks?|down migrations)",
    ),
    phrase(_OR, r"or|/|\|"),
)
_FILLER = r"[,;&+]|and|with|runs?|applied|executed|migrations?|are|is|the|always|automatic(?:ally)?|versioned"


def parse_strategy(text: str) -> Strategy | Problem:
    """When and how, and what a migration must allow; what is not said is not held."""
    said = scan(text, _PHRASES, filler=_FILLER, accepted=ACCEPTED)
    if isinstance(said, Problem):
        return said
    names = tuple(dict.fromkeys(word.meaning for word in said))
    if _OR in names:
        return Problem("“or” leaves a choice", ACCEPTED, tuple(str(name) for name in names if name != _OR))
    for choices in (When, How, (_REVERSIBLE, _FORWARD)):
        named = tuple(name for name in names if name in tuple(choices))
        if len(named) > 1:
            return Problem("these exclude each other", ACCEPTED, ambiguous=tuple(str(name) for name in named))
    return Strategy(
        when=next((name for name in names if isinstance(name, When)), None),
        how=next((name for name in names if isinstance(name, How)), None),
        expand_contract=_EXPAND in names,
        reversible=True if _REVERSIBLE in names else False if _FORWARD in names else None,
    )


def write_strategy(strategy: Strategy) -> str:
    parts = [part.value for part in (strategy.when, strategy.how) if part]
    if strategy.expand_contract:
        parts.append(_EXPAND)
    if strategy.reversible is not None:
        parts.append(_REVERSIBLE if strategy.reversible else _FORWARD)
    text = ", ".join(parts)
    return text[:1].upper() + text[1:]

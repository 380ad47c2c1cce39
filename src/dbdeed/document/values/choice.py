"""Values that are one of a few names, or several of them.

Each name has synonyms; two different names where one is wanted are asked about.
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import TYPE_CHECKING, TypeVar

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.scan import Phrase, phrase, scan
from dbdeed.document.values.types import Method, Pattern, Status, TargetState, Tool

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

E = TypeVar("E", bound=StrEnum)


def _phrases(synonyms: Mapping[E, Sequence[str]]) -> tuple[Phrase[E], ...]:
    return tuple(phrase(name, pattern) for name, patterns in synonyms.items() for pattern in patterns)


_STATUS = _phrases({Status.DRAFT: ["draft"], Status.ACTIVE: ["active"], Status.DEPRECATED: ["deprecated"]})
_TARGET_STATE = _phrases({
    TargetState.AS_TO_BE: ["as ?to ?be", "astobe", "to be"],
    TargetState.AS_IS: ["as is", "asis"],
})  # fmt: skip
_TOOL = _phrases({
    Tool.DBDEED: ["dbdeed"],
    Tool.FLYWAY: ["flyway"],
    Tool.LIQUIBASE: ["liquibase"],
    Tool.KNEX: [r"knex(?:\.?js)?"],
    Tool.ALEMBIC: ["alembic"],
    Tool.DBMATE: ["dbmate"],
})  # fmt: skip
_PATTERN = _phrases({
    Pattern.REPOSITORY: [r"repositor(?:y|ies)(?: pattern)?"],
    Pattern.ACTIVE_RECORD: [r"active records?(?: pattern)?", "activerecord"],
    Pattern.QUERY_BUILDER: [r"query builders?(?: pattern)?"],
    Pattern.RAW_SQL: [r"(?:raw|plain|hand ?written) sql(?: queries)?"],
})  # fmt: skip
_METHOD = _phrases({
    Method.SNAPSHOTS: [
        r"(?:(?:disk|volume|storage|physical|provider|automated|database|base|file system) )*snapshots?",
        r"physical(?: base)? backups?", "physical", r"base backups?", "pg_basebackup", "online backups?",
    ],
    Method.LOGICAL_DUMPS: [
        r"(?:logical|sql|text)(?: dumps?| backups?| exports?)", r"(?:database )?dumps?", "logical",
        "pg_dump", "pg_dumpall", "mysqldump", "mariadb-dump", "mongodump",
    ],
    Method.CONTINUOUS_ARCHIVING: [
        r"continuous(?: (?:wal|log|binlog|oplog))?(?: archiving| streaming| shipping| backups?)?",
        r"(?:wal|binlog|log|oplog) (?:archiving|streaming|shipping)", "pg_receivewal", "archiving",
        r"point in time recovery", "pitr",
    ],
})  # fmt: skip
_LIST_FILLER = r"[,;+&/]|and|or|with|plus|via|using|by|a|the|of|through|in|pattern"
_NAME_FILLER = r"[,;/|]|or|and|the|migrations?|cli|community|v?[0-9]+(?:\.[0-9]+){0,3}\+?|is|in|state"

_OR = re.compile(r"(?<!\w)or(?!\w)|/", re.IGNORECASE)

STATUS_FORMS = tuple(Status)
TARGET_STATE_FORMS = tuple(TargetState)
TOOL_FORMS = tuple(Tool)
PATTERN_FORMS = (*Pattern, "Repository Pattern, Raw SQL")
METHOD_FORMS = (*Method, "Snapshots, continuous archiving")


def parse_status(text: str) -> Status | Problem:
    return _one(text, _STATUS, STATUS_FORMS)


def parse_target_state(text: str) -> TargetState | Problem:
    return _one(text, _TARGET_STATE, TARGET_STATE_FORMS)


def parse_tool(text: str) -> Tool | Problem:
    """A migration tool's name; a version after it is allowed."""
    return _one(text, _TOOL, TOOL_FORMS)


def parse_patterns(text: str) -> tuple[Pattern, ...] | Problem:
    """One pattern or several, in the document's order."""
    return _several(text, _PATTERN, PATTERN_FORMS)


def parse_methods(text: str) -> tuple[Method, ...] | Problem:
    """One backup method or several, in the document's order."""
    return _several(text, _METHOD, METHOD_FORMS)


def write_choice(value: StrEnum) -> str:
    return value.value


def write_choices(values: tuple[StrEnum, ...]) -> str:
    return ", ".join(value.value for value in values)


def one_of(names: Sequence[E], accepted: tuple[str, ...]) -> E | Problem:
    """The one name that was said, however often."""
    if len(set(names)) == 1:
        return names[0]
    different = tuple(dict.fromkeys(name.value for name in names))
    return Problem("more than one is named where one is wanted", accepted, ambiguous=different)


def _one(text: str, phrases: Sequence[Phrase[E]], accepted: tuple[str, ...]) -> E | Problem:
    said = scan(text, phrases, filler=_NAME_FILLER, accepted=accepted)
    return said if isinstance(said, Problem) else one_of([name.meaning for name in said], accepted)


def _several(text: str, phrases: Sequence[Phrase[E]], accepted: tuple[str, ...]) -> tuple[E, ...] | Problem:
    said = scan(text, phrases, filler=_LIST_FILLER, accepted=accepted)
    if isinstance(said, Problem):
        return said
    names = tuple(dict.fromkeys(name.meaning for name in said))
    if len(names) > 1 and (choice := _OR.search(text)):
        return Problem(
            "“or” leaves a choice", accepted, tuple(name.value for name in names), offset=choice.start()
        )
    return names

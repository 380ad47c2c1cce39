"""What routines name in their bodies.

PostgreSQL looks into a body that is a string only when it runs: it tracks nothing of it. Words of a body that
are names of other objects are hints for the order in which a plan makes things, and never more than that.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.kinds.function import Function

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.engines.catalog import Object, ObjectId

_WORD = re.compile(r"\w+")
_NAMED = frozenset({"function", "aggregate", "table", "view", "materialized view", "sequence"})


def read_mentions(objects: Mapping[ObjectId, Object]) -> Mapping[ObjectId, frozenset[ObjectId]]:
    """For each routine the objects whose names stand in it."""
    routines = [one for one in objects.values() if isinstance(one, Function)]
    if not routines:
        return {}
    by_name: defaultdict[str, list[ObjectId]] = defaultdict(list)
    for one in objects:
        if one.kind in _NAMED:
            by_name[one.name[1]].append(one)
    found = {}
    for routine in routines:
        words = set(_WORD.findall(routine.definition)) & by_name.keys()
        mentioned = {one for word in words for one in by_name[word]} - {routine.id}
        if mentioned:
            found[routine.id] = frozenset(mentioned)
    return found

"""What people call a changeset: its id, with its author or its file where the id alone is not enough."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dbdeed.migrations.formats.liquibase.changeset import ChangeSet


def versions_of(changesets: Sequence[ChangeSet]) -> Mapping[str, str]:
    """By key; unique."""
    ids = Counter(one.id for one in changesets)
    people = Counter((one.author, one.id) for one in changesets)
    return {
        one.key: one.id
        if ids[one.id] == 1
        else f"{one.author}:{one.id}"
        if people[one.author, one.id] == 1
        else one.key
        for one in changesets
    }

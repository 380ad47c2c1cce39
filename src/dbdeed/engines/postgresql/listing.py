"""All kinds, in the order in which they are read: what others belong to comes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dbdeed.engines.postgresql.kinds import (
    aggregate,
    collation,
    column,
    comment,
    composite_type,
    constraint,
    default_privileges,
    domain,
    enum,
    event_trigger,
    extension,
    foreign,
    function,
    index,
    materialized_view,
    owner,
    policy,
    privileges,
    publication,
    range_type,
    rule,
    schema,
    sequence,
    statistics,
    table,
    trigger,
    view,
)

if TYPE_CHECKING:
    from dbdeed.engines.compare import Kind

MODULES: tuple[Any, ...] = (
    extension,
    schema,
    collation,
    enum,
    domain,
    composite_type,
    range_type,
    foreign,
    table,
    view,
    materialized_view,
    column,
    sequence,
    constraint,
    index,
    statistics,
    function,
    aggregate,
    trigger,
    rule,
    policy,
    event_trigger,
    publication,
    default_privileges,
    comment,
    owner,
    privileges,
)

KINDS: tuple[Kind, ...] = tuple(kind for module in MODULES for kind in module.KINDS)

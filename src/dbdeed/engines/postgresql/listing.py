"""All kinds, in the order in which they are read: what others belong to comes first."""

from __future__ import annotations

from typing import Any

from dbdeed.engines.compare import Kind
from dbdeed.engines.postgresql.kinds import (
    aggregate,
    column,
    comment,
    composite_type,
    constraint,
    domain,
    enum,
    extension,
    function,
    index,
    materialized_view,
    policy,
    range_type,
    rule,
    schema,
    sequence,
    table,
    trigger,
    view,
)

MODULES: tuple[Any, ...] = (
    extension,
    schema,
    enum,
    domain,
    composite_type,
    range_type,
    table,
    view,
    materialized_view,
    column,
    sequence,
    constraint,
    index,
    function,
    aggregate,
    trigger,
    rule,
    policy,
    comment,
)

KINDS: tuple[Kind, ...] = tuple(kind for module in MODULES for kind in module.KINDS)

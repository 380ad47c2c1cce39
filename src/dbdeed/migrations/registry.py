"""The formats, by the document's Tool; each module is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from dbdeed.document.values.types import Tool
from dbdeed.engines.faults import NotYet

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.migrations.seam import Format

_MODULES: dict[Tool, str] = {
    Tool.DBDEED: "dbdeed.migrations.formats.dbdeed",
    Tool.FLYWAY: "dbdeed.migrations.formats.flyway.format",
    Tool.KNEX: "dbdeed.migrations.formats.knex.format",
    Tool.LIQUIBASE: "dbdeed.migrations.formats.liquibase.format",
    Tool.ALEMBIC: "dbdeed.migrations.formats.alembic.format",
    Tool.DBMATE: "dbdeed.migrations.formats.dbmate.format",
}
"""The module of each, which has one object `FORMAT`."""


def formats() -> Iterator[Format]:
    """All of them."""
    return map(format_for, _MODULES)


def format_for(tool: Tool) -> Format:
    """Raises `NotYet` for a tool that has no format."""
    module = _MODULES.get(tool)
    if module is None:
        raise NotYet(
            f"Migrations as files of {tool.value} are not built yet.",
            hint="Tools that are: " + (", ".join(one.value for one in _MODULES) or "none") + ".",
        )
    return cast("Format", import_module(module).FORMAT)

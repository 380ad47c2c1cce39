"""What taking migrations back would destroy for good, and whether somebody allowed it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.errors import InvalidInput, Refused, Unavailable
from dbdeed.migrations.foreign import foreign
from dbdeed.migrations.replay import ReplayFailed, replay, replay_down
from dbdeed.planning.archive import HERE, entries
from dbdeed.planning.consent import allowed_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.app.migrations import Workshop
    from dbdeed.migrations.seam import Migration
    from dbdeed.migrations.standing import Line

ANYTHING = "*"


def require_allowed(
    shop: Workshop, lines: Sequence[Line], back: Sequence[Migration], allow: Sequence[str]
) -> None:
    """Raises `Refused` where rows or values would go that nothing keeps and nobody allowed.

    Args:
        shop: with the live database.
        lines: where each migration stands.
        back: what is taken back, in that order.
        allow: names; "*" for anything.
    """
    if ANYTHING in allow or any(one.standpoint is not None for one in lines):
        return  # one that is under way was allowed when it began
    try:
        lost = _lost(shop, lines, back)
    except (Unavailable, ReplayFailed) as error:
        raise Refused(
            f"It is not known what this would destroy, since the files cannot be run in a scratch database: "
            f"{error.message}",
            where=error.where,
            hint=f"If you know: --allow '{ANYTHING}'.",
            code="destroys",
        ) from error
    if lost:
        allowed_of(lost, allow, "Taking this back")


def _lost(shop: Workshop, lines: Sequence[Line], back: Sequence[Migration]) -> tuple[ObjectId, ...]:
    """What has rows in the live database, is gone afterwards, and is not in the archive then."""
    engine, site = shop.site.engine, shop.site
    there = [one.migration for one in lines if one.is_applied and one.migration is not None]
    carrier = shop.desk.carrier if foreign(there) else None
    with site.scratch.database(reachable=foreign(there)) as session:
        replay(engine, session, there, site.progress, shop.desk.carrier)
        engine.begin_file(session)
        before = engine.inspect(session)
        for one in back:
            replay_down(engine, session, one, carrier)
        engine.begin_file(session)
        after = engine.inspect(session)
        kept = {one.kept.object for one in entries(engine, session) if one.state == HERE}
    changes = engine.compare(before, after).changes
    gone = dict.fromkeys(one for change in changes for step in change.steps for one in step.destroys)
    return tuple(one for one in gone if one not in kept and _used(shop, one))


def _used(shop: Workshop, one: ObjectId) -> bool:
    """Whether it has rows in the live database; what cannot be asked counts as used."""
    table = one if one.kind == "table" else ObjectId("table", one.name[:-1])
    try:
        return shop.site.engine.rows(shop.site.session, table) > 0
    except InvalidInput:
        return False

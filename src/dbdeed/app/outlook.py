"""What is to be expected of recovery, by a project's own history."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.evidence import history_file
from dbdeed.app.vault import promises_of
from dbdeed.recovery.forecast import Drilled, Forecast, forecast
from dbdeed.recovery.history import accounts, read_history

if TYPE_CHECKING:
    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture
    from dbdeed.recovery.manifest import Proof
    from dbdeed.recovery.store import Listing


def outlook(project: Project, architecture: Architecture, listing: Listing, proof: Proof) -> Forecast | None:
    """The forecast as of a drill; None where no RTO is declared or nothing was drilled.

    Sizes are of whole backups by the drill's method: what is in the store, and what the history remembers of
    those that were pruned.
    """
    if not proof.backup:
        return None
    told = [
        one
        for one in accounts(read_history(history_file(project)))
        if one.proof.kind == "drill"
        and one.proof.method == proof.method
        and one.proof.at <= proof.at
        and one.size
    ]
    whole = {
        one.id: (one.finished, one.size)
        for one in listing.backups
        if one.method == proof.method and not one.needs and one.finished <= proof.at
    }
    increments = {one.id for one in listing.backups if one.needs}
    for one in told:
        if one.proof.backup not in whole and one.proof.backup not in increments:
            whole[one.proof.backup] = (one.proof.at, one.size)
    drills = [
        Drilled(one.size, one.proof.recovery_seconds)
        for one in told
        if one.proof.recovery_seconds is not None and one.proof.backup not in increments
    ]
    if proof.backup in whole and proof.recovery_seconds and not any(one.proof.at == proof.at for one in told):
        drills.append(Drilled(whole[proof.backup][1], proof.recovery_seconds))
    return forecast(list(whole.values()), drills, promises_of(architecture).rto, proof.at)

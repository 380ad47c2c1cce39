"""Where a project has migrations as files, they lead: nothing changes its database past them.

`up` runs those that are pending; what is then left to do has to become a file first. A plan that somebody
saved and names (`apply PLAN.json`) is still run: that is how a database that drifted is led back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.app.migrate import MigrateConsent, up_for
from dbdeed.app.migrations import workshop_for
from dbdeed.errors import Refused
from dbdeed.migrations.files import shown_path

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.app.apply import Consent
    from dbdeed.app.site import Site
    from dbdeed.migrations.runner import Files
    from dbdeed.migrations.seam import Migration
    from dbdeed.planning.plan import Plan


def run_pending(
    site: Site, files: Files, consent: Consent, environment: Mapping[str, str]
) -> tuple[Migration, ...]:
    """Run the project's migrations that the database does not have yet; () where it has no files.

    Raises as `migrate up`.
    """
    if not files.migrations:
        return ()
    agreed = MigrateConsent(yes=consent.yes, draft=consent.draft)
    return up_for(workshop_for(site, files, environment), agreed).done


def require_no_files(site: Site, files: Files, plan: Plan) -> None:
    """Raises `Refused` where a plan would change a database whose changes are files."""
    if plan.empty or not files.migrations:
        return
    number = len(files.migrations)
    shown = shown_path(site.project.root, files.layout.folder)
    raise Refused(
        f"This project's changes are files: {number} {'migration' if number == 1 else 'migrations'} in "
        f"{shown}. Changing {site.target.label} past them would part the two.",
        hint='`dbdeed migrate up` runs what is pending there, `dbdeed migrate new "WORDS"` writes what is '
        "missing; `dbdeed migrate status` says which. A plan that was saved with `plan --format json` can "
        "still be applied.",
        code="migrations-as-files",
    )

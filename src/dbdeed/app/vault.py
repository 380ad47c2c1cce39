"""The backups of a document: its store, whose they are, and which methods its Method means."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from dbdeed.document.values.types import HostingKind, Method
from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput
from dbdeed.recovery.destination import open_store
from dbdeed.recovery.drill_plan import Promises

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dbdeed.app.project import Project
    from dbdeed.document.architecture import Architecture, Setting
    from dbdeed.engines.archiving import LogArchiving
    from dbdeed.engines.recovering import BackupMethod
    from dbdeed.engines.seam import Engine
    from dbdeed.recovery.store import Listing, Store


@dataclass(frozen=True, slots=True)
class Vault:
    """A store, and whose backups in it are meant.

    Attributes:
        home: whose backups.
        shared: the store lies outside the project's folder, so that others may use it too.
    """

    store: Store
    home: Project
    shared: bool

    @property
    def project(self) -> str:
        """The id under which backups are kept; made up when the first one is taken."""
        return self.home.identity()

    @property
    def owner(self) -> str | None:
        """Whose backups are looked at: in a shared store only our own; None for all. Writes nothing.

        On a bare machine, which has the repository alone, nobody knows the project's id: what the store holds
        of a single project is then taken for ours, and of several, nothing.
        """
        if not self.shared or (known := self.home.known_identity()):
            return known if self.shared else None
        found = {one.project for one in self.store.listing().backups}
        return found.pop() if len(found) == 1 else ""

    def why_none(self) -> str:
        """What may be done where nothing of ours is found."""
        others = sorted({one.project for one in self.store.listing().backups})
        if self.owner or not self.shared or not others:
            return "`dbdeed backup run` takes one."
        return (
            f"It holds backups of {', '.join(others)}, and this folder does not know its own id. Where it is "
            f"one of these, write that into {self.home.state / 'id'}."
        )

    def own(self) -> Listing:
        """What is certainly ours: what may be deleted."""
        return self.store.listing(self.home.known_identity() if self.shared else None)

    def listing(self) -> Listing:
        """What is there of ours."""
        return self.store.listing(self.owner)


def open_vault(
    project: Project, architecture: Architecture, environment: Mapping[str, str] | None = None
) -> Vault:
    """The store that the document's Destination names. Raises as `open_store`."""
    recovery = architecture.recovery
    for setting in (recovery.destination, recovery.encryption):
        require_understood(setting)
    environment = os.environ if environment is None else environment
    store = open_store(project.root, recovery.destination.value, recovery.encryption.value, environment)
    return Vault(store, project, not store.within(project.root.resolve()))


def require_understood(setting: Setting[Any]) -> None:
    """A value that nobody understood is never taken for its default. Raises `InvalidInput`."""
    if setting.problem is not None:
        raise InvalidInput(
            f"{setting.key} is not understood: {setting.problem.message}.",
            where=str(setting.place) if setting.place is not None else "",
            hint="; ".join(setting.problem.accepted),
        )


def methods_of(
    engine: Engine, architecture: Architecture, *, embedded: bool
) -> tuple[list[BackupMethod], list[str]]:
    """The methods that the document's Method means, and what of it is not built yet, a sentence each.

    Without a Method, the engine's first. Raises `NotYet` where nothing of it can be done.
    """
    setting = architecture.recovery.method
    require_understood(setting)
    wanted = setting.value
    if wanted is None:
        return list(engine.backup_methods()[:1]), []
    chosen: list[BackupMethod] = []
    missing: list[str] = []
    archiving = engine.log_archiving()
    for method in wanted:
        if method is Method.CONTINUOUS_ARCHIVING and archiving is not None:
            # The log leads on from base backups, whether the document names them or not.
            chosen += [one for one in engine.backup_methods() if one.name == archiving.base]
            continue
        found = [one for one in engine.backup_methods() if one.method is method]
        reason = _unavailable(method, architecture, engine, embedded=embedded, built=bool(found))
        if reason:
            missing.append(reason)
        else:
            chosen += found
    if not chosen:
        raise NotYet(" ".join(missing), hint="Set Method to " + _offered(engine) + ".")
    return list(dict.fromkeys(chosen)), missing


def archiving_of(engine: Engine) -> LogArchiving:
    """The engine's continuous archiving. Raises `NotYet` where it has none."""
    archiving = engine.log_archiving()
    if archiving is None:
        raise NotYet(
            f"Continuous archiving of {engine.name} is not built.",
            hint="Set Method to " + _offered(engine) + ".",
        )
    return archiving


def _unavailable(
    method: Method, architecture: Architecture, engine: Engine, *, embedded: bool, built: bool
) -> str:
    if not built:
        return f"{method.value} of {engine.name} is not built yet."
    hosting = architecture.overview.hosting.value
    provided = hosting is not None and hosting.kind is HostingKind.PROVIDER and not embedded
    if method is Method.SNAPSHOTS and hosting is not None and provided:
        return f"Snapshots by {hosting.provider} are not built yet, and the files there are out of reach."
    return ""


def _offered(engine: Engine) -> str:
    return " or ".join(dict.fromkeys(one.method.value for one in engine.backup_methods()))


def promises_of(architecture: Architecture) -> Promises:
    """RPO and RTO as declared."""
    recovery = architecture.recovery
    return Promises(
        recovery.rpo.value.limit if recovery.rpo.value is not None else None,
        recovery.rto.value.limit if recovery.rto.value is not None else None,
    )


def utc_now() -> datetime:
    """The time of day, in UTC."""
    return datetime.now(UTC)


def token() -> str:
    """What tells two runs of one second apart."""
    return secrets.token_hex(4)

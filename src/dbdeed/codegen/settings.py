"""What the document decides about generated code."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from dbdeed.document.values.types import EnvName, Pattern, Pool, Retry, Transactions

if TYPE_CHECKING:
    from dbdeed.document.architecture import Architecture

DEFAULT_FOLDER = "src/repositories"


@dataclass(frozen=True, slots=True)
class Settings:
    """What the document decides.

    Attributes:
        folder: where the files go, relative to the project.
        source: the document's file name, for the files' headers.
        env: the environment variable that holds the address.
        replicas: those that hold the addresses of its replicas.
        pool, retry, transactions: None leaves the runtime's defaults.
        patterns: that the document names; the repositories are below each of them.
    """

    folder: str = DEFAULT_FOLDER
    source: str = "DATABASE.md"
    env: EnvName = field(default_factory=lambda: EnvName("DATABASE_URL"))
    replicas: tuple[EnvName, ...] = ()
    pool: Pool | None = None
    retry: Retry | None = None
    transactions: Transactions | None = None
    patterns: tuple[Pattern, ...] = ()


def settings_of(architecture: Architecture) -> Settings:
    """Read them from a document; what it does not say has its default."""
    access = architecture.access
    return Settings(
        folder=(access.repositories.value or DEFAULT_FOLDER).strip().rstrip("/") or DEFAULT_FOLDER,
        source=architecture.source.name.replace("\\", "/").rsplit("/", 1)[-1],
        env=access.connection_string.value or EnvName("DATABASE_URL"),
        replicas=access.replicas.value or (),
        pool=access.pool.value,
        retry=access.retry.value,
        transactions=architecture.queries.transactions.value,
        patterns=access.patterns.value or (),
    )

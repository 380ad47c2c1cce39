"""A project: a document, the folder that it stands in, and what dbdeed keeps there."""

from __future__ import annotations

import fcntl
import os
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dbdeed.errors import Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from dbdeed.document.architecture import Architecture

STATE_FOLDER = ".dbdeed"


@dataclass(frozen=True, slots=True)
class Project:
    """Attributes: `document` as the person named it; `root`, its folder, absolute."""

    document: Path
    root: Path

    @property
    def state(self) -> Path:
        """Where the embedded database, the project's id and the caches live."""
        return self.root / STATE_FOLDER

    @property
    def cache(self) -> Path:
        """What may be deleted at any time."""
        return self.state / "cache"

    def prepare(self) -> None:
        """Make the state folder, out of version control's sight. Raises `Unavailable`."""
        try:
            self.state.mkdir(exist_ok=True)
            ignore = self.state / ".gitignore"
            if not ignore.exists():
                ignore.write_text("*\n", encoding="ascii")
        except OSError as error:
            raise Unavailable(
                f"Cannot write the folder {self.state}: {error.strerror}.", code="state-folder"
            ) from error

    @contextmanager
    def alone(
        self, who: str = "`dbdeed up`", *, lock: str = "up.lock", hint: str = "Wait until it is done."
    ) -> Iterator[None]:
        """Be the only one of its kind in this project; the system lets go when the process ends.

        Raises `Unavailable` where another one is at work: two of `up` would write the same document and code.
        """
        self.prepare()
        try:
            file = (self.state / lock).open("a")
        except OSError as error:
            raise Unavailable(
                f"Cannot write in {self.state}: {error.strerror}.", code="state-folder"
            ) from error
        with file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise Unavailable(
                    f"Another {who} is at work in {self.root}.",
                    hint=hint,
                    code="locked",
                ) from error
            yield

    def identity(self) -> str:
        """The project's own id, made up once: 32 hexadecimal characters."""
        known = self.known_identity()
        if known:
            return known
        self.prepare()
        # Written aside and linked into place: a kill leaves no empty id, and the first of two at once wins.
        with tempfile.NamedTemporaryFile("w", dir=self.state, prefix=".id-", encoding="ascii") as file:
            file.write(os.urandom(16).hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(file.name, self.state / "id")
        return self.known_identity()

    def known_identity(self) -> str:
        """The id where one was made up already, else ""; writes nothing."""
        try:
            return (self.state / "id").read_text(encoding="ascii").strip()
        except (FileNotFoundError, NotADirectoryError):
            return ""


def open_project(document: Path) -> Project:
    """The project of a document, which need not be readable yet."""
    return Project(document, Path(os.path.abspath(document)).parent)  # noqa: PTH100 - links stay as they are


def read_architecture(project: Project) -> Architecture:
    """Read the project's document. Raises `InvalidInput` where it is no readable text file."""
    from dbdeed.document.load import load

    return load(project.document)

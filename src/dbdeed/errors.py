"""The one tree of errors that the toolbox raises.

    DbdeedError            something a person must act on; carries its exit code
    ├── InvalidInput       2   what was given is wrong: a document, a flag, a value
    ├── Unavailable        3   the surroundings fail: no connection, a program missing, a lock held
    ├── Refused            4   refused for safety: no consent, Status, Target State, Strategy
    └── OurFault          70   an internal promise was broken, for example a plan that its proof refutes

What is merely *found* in a document is a `Finding`, a value; only what stops the work is raised. Rooms add a
small subclass where a caller decides something by it. The runtime (`dbdeed.access`) has a tree of its own,
since it is installed alone.
"""

from __future__ import annotations

from typing import ClassVar


class DbdeedError(Exception):
    """What went wrong, where, and what would be right.

    Args:
        message: what is wrong, one sentence, without secrets.
        hint: what would be right, or what to do next.
        where: the file with line and column, or the object's name.
        code: a stable slug for machines, such as `cannot-connect`.
    """

    exit_code: ClassVar[int] = 70
    default_code: ClassVar[str] = "fault"

    def __init__(self, message: str, *, hint: str = "", where: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.where = where
        self.code = code or self.default_code

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class InvalidInput(DbdeedError):  # noqa: N818 - read as "raise InvalidInput"
    """What a person gave cannot be used."""

    exit_code = 2
    default_code = "invalid-input"


class Unavailable(DbdeedError):  # noqa: N818
    """Something outside the program is missing or does not answer."""

    exit_code = 3
    default_code = "unavailable"


class Refused(DbdeedError):  # noqa: N818
    """The program could do it, and will not without consent."""

    exit_code = 4
    default_code = "refused"


class OurFault(DbdeedError):  # noqa: N818
    """A promise of ours is broken; the message says how to report it."""

    exit_code = 70
    default_code = "our-fault"

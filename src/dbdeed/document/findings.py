"""What a check has to say: values, never exceptions."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from msgspec import Struct

if TYPE_CHECKING:
    from dbdeed.document.edit import Edit
    from dbdeed.document.source import Place


class Severity(StrEnum):
    """Only errors stop `plan`, `apply` and `up`."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


class Finding(Struct, frozen=True):
    """One thing found.

    Attributes:
        code: the rule's slug, stable: `unfilled`, `rpo-unreachable`.
        message: what was found.
        place: where; None speaks of the document as a whole.
        hint: what is accepted, or what would be right.
        fix: edits that `check --fix` applies; empty where none is safe.
    """

    code: str
    severity: Severity
    message: str
    place: Place | None = None
    hint: str = ""
    fix: tuple[Edit, ...] = ()

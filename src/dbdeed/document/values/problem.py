"""Why a value could not be understood."""

from __future__ import annotations

from msgspec import Struct


class Problem(Struct, frozen=True):
    """What was found and what is accepted.

    Attributes:
        message: what is wrong with the text, one sentence.
        accepted: forms that would be understood, each as one would write it.
        ambiguous: the readings between which the text leaves a choice; it is asked about, not guessed.
        offset: where in the text it goes wrong, in characters from its start.
    """

    message: str
    accepted: tuple[str, ...] = ()
    ambiguous: tuple[str, ...] = ()
    offset: int = 0

"""Hosting: `Self-hosted`, `Embedded`, or a provider's name."""

from __future__ import annotations

import re

from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Hosting, HostingKind

ACCEPTED = ("Self-hosted", "Embedded", "AWS RDS", "a provider's name")
_SELF = re.compile(
    r"(?:self[\s-]?(?:hosted|managed|hosting)|on[\s-]?prem(?:ises?)?|own servers?|local(?:host|ly)?"
    r"|docker(?: compose)?|kubernetes|bare[\s-]metal)"
    r"(?:(?:\s*[,(:]\s*|\s+(?:on|at|in|with)\s+)(?P<place>.+))?",
    re.IGNORECASE,
)
_EMBEDDED = re.compile(
    r"(?:embedded|in[\s-]process|local file)(?: \(?(?:by|with) dbdeed\)?| database)?", re.IGNORECASE
)
# A provider's name is whatever someone sells; only what cannot be a name is turned away.
_NAME = re.compile(r"[^\W_][\w .,&+/'’()-]{0,79}")
_CHOICE = re.compile(r"(.{1,60}?)(?:\s+or\s+|\s+/\s+)(.{1,60})")


def parse_hosting(text: str) -> Hosting | Problem:
    """Who runs the server. Behind `Self-hosted` the place may be named: `Self-hosted on Hetzner`."""
    stripped = text.strip().strip("`*").strip().rstrip(".")
    if not stripped:
        return Problem("no hosting is given", ACCEPTED)
    if len(stripped) <= 120 and (choice := _CHOICE.fullmatch(stripped)):
        return Problem("this leaves a choice", ACCEPTED, ambiguous=(choice[1], choice[2]))
    if _EMBEDDED.fullmatch(stripped):
        return Hosting(HostingKind.EMBEDDED)
    if not _NAME.fullmatch(stripped):
        return Problem("this is no name of a place or provider", ACCEPTED)
    own = _SELF.fullmatch(stripped)
    if own:
        return Hosting(HostingKind.SELF_HOSTED, (own["place"] or "").strip(" ()"))
    return Hosting(HostingKind.PROVIDER, stripped)


def write_hosting(hosting: Hosting) -> str:
    if hosting.kind is HostingKind.PROVIDER:
        return hosting.provider
    return f"{hosting.kind.value} on {hosting.provider}" if hosting.provider else hosting.kind.value

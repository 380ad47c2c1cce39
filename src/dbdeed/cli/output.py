"""How results look: one JSON object for machines, coloured lines for people on a terminal."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from dbdeed.document.findings import Finding
    from dbdeed.errors import DbdeedError
    from dbdeed.planning.plan import Plan

ENVELOPE = "dbdeed/1"


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether these arguments ask for JSON; used where an error comes before they are parsed."""
    pairs = zip(arguments, [*arguments, ""][1:], strict=True)
    return any(
        one == "--format=json" or (one == "--format" and following == "json") for one, following in pairs
    )


def json_object(command: str, *, ok: bool, findings: Sequence[Finding] = (), **fields: Any) -> str:
    """The one object that `--format json` prints."""
    import msgspec

    from dbdeed.app.findings_output import finding_object

    body = {
        "format": ENVELOPE,
        "command": command,
        "ok": ok,
        "findings": [finding_object(one) for one in findings],
        **fields,
    }
    return msgspec.json.encode(body, enc_hook=str).decode()


def error_object(command: str, error: DbdeedError) -> str:
    """An error as the same object: `ok` false, and `error` saying why."""
    import msgspec

    said = {"code": error.code, "message": error.message, "hint": error.hint, "where": error.where}
    body = {
        "format": ENVELOPE,
        "command": command,
        "ok": False,
        "findings": [],
        "error": {**said, "exit_code": error.exit_code},
    }
    return msgspec.json.encode(body).decode()


def error_text(error: DbdeedError, stream: TextIO) -> str:
    """`Error: where: what is wrong`, and what would be right on the next line."""
    head = paint("Error:", "31;1", stream)
    text = f"{head} {error}"
    return f"{text}\n  {error.hint}" if error.hint else text


def colours(stream: TextIO) -> bool:
    """Colour only on a terminal, and not where NO_COLOR (no-color.org) or a dumb terminal asks for none."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, code: str, stream: TextIO) -> str:
    """`text` in the ANSI colour `code` where the stream takes colour."""
    return f"\x1b[{code}m{text}\x1b[0m" if colours(stream) else text


def change_objects(plan: Plan) -> list[dict[str, Any]]:
    """What differs, for machines."""
    return [
        {
            "action": one.action.value,
            "kind": one.object.kind,
            "name": list(one.object.name),
            "details": [{"attribute": d.attribute, "old": d.old, "new": d.new} for d in one.details],
            "because": str(one.because) if one.because else None,
        }
        for one in plan.differences
    ]

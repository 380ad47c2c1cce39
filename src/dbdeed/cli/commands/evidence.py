"""`dbdeed evidence verify|key`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from dbdeed.cli import options

if TYPE_CHECKING:
    from dbdeed.app.evidence import Verified


@click.group()
def command() -> None:
    """Verify what a drill found, on any machine.

    `dbdeed drill --evidence FILE` writes the verdict with the digests of the document and of the backup, and
    signs it where DBDEED_EVIDENCE_KEY holds a key.

    Examples:
        dbdeed evidence key drill.key
        dbdeed evidence verify drill.evidence
    """


@command.command("verify")
@click.argument("files", type=click.Path(path_type=Path), nargs=-1, required=True, metavar="FILE...")
@click.option("--public-key", default="", metavar="KEY", help="Whom to believe: `ed25519-public:…`.")
@click.option(
    "--against",
    type=click.Path(path_type=Path),
    default=None,
    metavar="DOCUMENT",
    help="Hold it against this document and its store: the same text, the same backup, every file sound.",
)
@options.formats("text", "json")
def verify(files: tuple[Path, ...], public_key: str, against: Path | None, format_: str) -> None:
    """Say whether evidence can be believed, and what it says.

    Nothing but the file is needed, and the public key to know whose it is. Several files must follow each
    other: then none between them was left out. Exit code 1 where it cannot be believed; what the drill found
    is another matter, and shown.

    Examples:
        dbdeed evidence verify drill.evidence
        dbdeed evidence verify drill.evidence --against DATABASE.md
    """
    from dbdeed.app.evidence import verify_evidence
    from dbdeed.cli.output import json_object
    from dbdeed.cli.proofs import proof_object

    found = verify_evidence(files, public_key=public_key, against=against)
    ok = not any(one.problems for one in found)
    if format_ == "json":
        entries = [
            {
                "believed": not one.problems,
                "signed": one.signed,
                "known_key": one.known,
                "problems": list(one.problems),
                "drill": proof_object(one.account.proof),
            }
            for one in found
        ]
        print(json_object("evidence verify", ok=ok, evidence=entries))
    else:
        for file, one in zip(files, found, strict=True):
            print(_text(file, one))
    raise SystemExit(0 if ok else 1)


@command.command("key")
@click.argument("file", type=click.Path(path_type=Path))
def key(file: Path) -> None:
    """Make a key to sign evidence with; FILE is for its owner alone, the public key is printed.

    Example:
        dbdeed evidence key drill.key
    """
    from dbdeed.app.evidence import make_key

    print(make_key(file))


def _text(file: Path, one: Verified) -> str:
    proof = one.account.proof
    said = f"{proof.verdict} by the drill of {proof.at:%Y-%m-%d %H:%M} UTC, with backup {proof.backup}"
    if one.problems:
        return "\n".join([f"{file}: not to be believed", *(f"  {problem}" for problem in one.problems)])
    lines = [f"{file}: unchanged since it was made", f"  {said}"]
    if not one.signed:
        lines.append("  not signed: whoever made it could have made it up")
    elif one.known:
        lines.append(f"  signed by the key that was given, {one.signed}")
    else:
        lines.append(f"  signed by {one.signed}, which was not held against a key of yours")
    lines += [f"  the same as {what}" for what in one.looked]
    return "\n".join(lines)

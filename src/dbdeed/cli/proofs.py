"""How a proof of a backup is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbdeed.recovery.manifest import Proof


def proof_text(proof: Proof) -> str:
    """The verdict, the times, and each check with what it found."""
    lines = [f"{proof.verdict}  {proof.backup or 'no backup'}"]
    if proof.recovery_seconds is not None:
        phases = ", ".join(f"{one.name.lower()} {one.seconds:.1f} s" for one in proof.phases)
        lines.append(f"  recovered in {proof.recovery_seconds:.1f} s ({phases})")
    if proof.beats_lost is not None and proof.loss_seconds is not None:
        lines.append(
            f"  {proof.loss_seconds:.1f} s of acknowledged changes would have been lost, by the ledger "
            f"({proof.beats_lost} beats)"
        )
    elif proof.loss_seconds is not None:
        lines.append(f"  at most {proof.loss_seconds:.1f} s of changes would have been lost")
    for check in proof.checks:
        lines.append(f"  {check.name}: {check.verdict}{f', {check.detail}' if check.detail else ''}")
        lines += [f"    {problem}" for problem in check.problems]
    return "\n".join(lines)


def proof_object(proof: Proof) -> dict[str, Any]:
    """The same for machines."""
    import msgspec

    body: dict[str, Any] = msgspec.to_builtins(proof)
    return body

"""`dbdeed evidence`: what a drill found, kept as history, written for others and verified by them."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed import __version__
from dbdeed.app.project import open_project, read_architecture
from dbdeed.app.vault import open_vault, promises_of
from dbdeed.errors import DbdeedError, InvalidInput
from dbdeed.recovery.evidence import (
    ED25519,
    PUBLIC,
    Account,
    chain_problems,
    decode_evidence,
    encode_evidence,
    make_evidence,
    manifest_digest,
    new_key,
    public_of,
    read_key,
    signature_problems,
    written_key,
)
from dbdeed.recovery.files import explained, write_durably
from dbdeed.recovery.history import FILE, append
from dbdeed.recovery.manifest import Damaged

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from dbdeed.app.project import Project
    from dbdeed.app.vault import Vault
    from dbdeed.document.architecture import Architecture
    from dbdeed.recovery.evidence import Evidence, Key
    from dbdeed.recovery.manifest import Proof

KEY = "DBDEED_EVIDENCE_KEY"


@dataclass(frozen=True, slots=True)
class Verified:
    """What an evidence file is worth.

    Attributes:
        account: what it says.
        signed: by which public key, "hmac", or "" where it is not signed.
        known: a key was given, and it is the one that signed.
        looked: what else it was held against, for people.
        problems: what is wrong, a sentence each; empty where it can be believed.
    """

    account: Account
    signed: str
    known: bool
    looked: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def history_file(project: Project) -> Path:
    """Where a project's drills are told."""
    return project.state / FILE


def evidence_key(environment: Mapping[str, str]) -> Key | None:
    """The key in the environment; None where there is none. Raises `InvalidInput` for a public one."""
    if not environment.get(KEY):
        return None
    key = read_key(environment[KEY], KEY)
    if key.kind == PUBLIC:
        raise InvalidInput(f"{KEY} holds a public key, which cannot sign.", hint="Give its secret half.")
    return key


def keep_account(
    project: Project, architecture: Architecture, vault: Vault, proof: Proof, key: Key | None
) -> Evidence:
    """Append what a drill found to the history, signed where there is a key."""
    promises = promises_of(architecture)
    manifest = None
    if proof.backup:
        try:
            manifest = vault.store.find(proof.backup)
        except DbdeedError:  # its record is damaged, which the proof says
            manifest = None

    def make(previous: str) -> Evidence:
        account = Account(
            program=__version__,
            project=project.known_identity(),
            document=(project.document.name, document_digest(architecture)),
            manifest=manifest_digest(manifest) if manifest is not None else "",
            size=manifest.size if manifest is not None else 0,
            rpo=promises.rpo.total_seconds() if promises.rpo is not None else None,
            rto=promises.rto.total_seconds() if promises.rto is not None else None,
            proof=proof,
            previous=previous,
        )
        return make_evidence(account, key)

    return append(history_file(project), make)


def document_digest(architecture: Architecture) -> str:
    """The SHA-256 of what people wrote: without what is generated, and whatever the line endings."""
    data, at, parts = architecture.source.data, 0, []
    for block in architecture.generated:
        if block.whole.source is architecture.source:
            parts.append(data[at : block.whole.span.start])
            at = block.whole.span.end
    text = b"".join([*parts, data[at:]]).replace(b"\r\n", b"\n")
    return hashlib.sha256(text).hexdigest()


def write_evidence(file: Path, evidence: Evidence) -> None:
    """Write it for others. Raises `Unavailable`."""
    with explained(file):
        write_durably(file, encode_evidence(evidence))


def verify_evidence(
    files: Sequence[Path],
    *,
    public_key: str = "",
    against: Path | None = None,
    environment: Mapping[str, str] | None = None,
) -> list[Verified]:
    """Verify evidence files; several must follow each other in the order given.

    Args:
        files: of evidence; nothing else is needed.
        public_key: of whoever is believed; "" for the environment's key, if any.
        against: a document whose store must hold the very backup, and whose text must be the same.
        environment: of the process.

    Raises:
        InvalidInput: a file that is not there, or a key that is none.
        Damaged: a file that was changed or is no evidence.
    """
    environment = os.environ if environment is None else environment
    key = None
    if public_key:
        key = read_key(public_key, "--public-key")
    elif environment.get(KEY):
        key = read_key(environment[KEY], KEY)
    evidences = [_read(file) for file in files]
    found = [_verified(one, key, against, environment) for one in evidences]
    chain = tuple(chain_problems(evidences))
    if chain:
        last = found[-1]
        found[-1] = Verified(last.account, last.signed, last.known, last.looked, (*last.problems, *chain))
    return found


def make_key(file: Path) -> str:
    """Write a new key into a file for its owner alone; gives the public key. Raises `InvalidInput`."""
    key = new_key()
    with explained(file):
        try:
            handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError as error:
            raise InvalidInput(f"{file} is there already.", hint="Name a new file.") from error
        with os.fdopen(handle, "w", encoding="ascii") as opened:
            opened.write(written_key(key) + "\n")
    return written_key(public_of(key))


def _read(file: Path) -> Evidence:
    try:
        data = file.read_bytes()
    except OSError as error:
        raise InvalidInput(f"{file} cannot be read: {error.strerror}.") from error
    return decode_evidence(data, str(file))


def _verified(
    evidence: Evidence, key: Key | None, against: Path | None, environment: Mapping[str, str]
) -> Verified:
    account, signature = evidence.account, evidence.signature
    problems = signature_problems(evidence, key)
    known = key is not None and signature is not None and not problems
    signed = ""
    if signature is not None:
        signed = signature.public if signature.algorithm == ED25519 else signature.algorithm
    looked: list[str] = []
    if against is not None:
        problems += _differences(account, against, environment)
        looked = [f"the document {against}", "the store that it names"]
    return Verified(account, signed, known, tuple(looked), tuple(problems))


def _differences(account: Account, document: Path, environment: Mapping[str, str]) -> list[str]:
    """What of a document and its store is not as the evidence says."""
    project = open_project(document)
    architecture = read_architecture(project)
    problems = []
    if document_digest(architecture) != account.document[1]:
        problems.append(f"{document} says something else than {account.document[0]} did when it was drilled.")
    if not account.proof.backup:
        return problems
    store = open_vault(project, architecture, environment).store
    try:
        manifest = store.find(account.proof.backup)
        if manifest_digest(manifest) != account.manifest:
            problems.append(f"The backup {manifest.id} is another one than the one that was drilled.")
        else:
            problems += store.damages(manifest)
    except (InvalidInput, Damaged) as error:
        problems.append(str(error))
    return problems

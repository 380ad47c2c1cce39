"""What a drill found, in a form that another machine can verify.

An evidence file is one JSON object: `content`, the SHA-256 of its canonical form, and a signature of that
digest where a key was given. Canonical is UTF-8 JSON with sorted names and no spaces. Each content names the
digest of the drill before it, so that even without a key one that was changed or left out is noticed by
whoever has the next.

A key is `ed25519:` or `hmac:` and 32 bytes in base64. With Ed25519 a verifier needs the public key alone;
with HMAC it needs the key itself.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import msgspec

from dbdeed.errors import InvalidInput
from dbdeed.recovery.manifest import Damaged, Manifest, Proof

if TYPE_CHECKING:
    from collections.abc import Sequence

FORMAT = "dbdeed-evidence/1"
ED25519, PUBLIC, HMAC = "ed25519", "ed25519-public", "hmac"
_SIZE = 32


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a drill has to say.

    Attributes:
        program: the version of dbdeed.
        project: whose backups; an id.
        document: the file's name and the SHA-256 of its text without what is generated.
        manifest: SHA-256 of the backup's manifest in canonical form; "" where there was no backup.
        size: bytes of the backup.
        rpo, rto: as declared, in seconds.
        proof: the drill.
        previous: the digest of the account before; "" for the first.
    """

    program: str
    project: str
    document: tuple[str, str]
    manifest: str
    size: int
    rpo: float | None
    rto: float | None
    proof: Proof
    previous: str = ""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By which algorithm, over the digest's 64 characters; `public` is the public key, "" for HMAC."""

    algorithm: str
    value: str
    public: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True):
    """The file."""

    format: str
    content: msgspec.Raw
    sha256: str
    signature: Signature | None = None

    @property
    def account(self) -> Account:
        """What it says. Raises `Damaged`."""
        try:
            return msgspec.json.decode(self.content, type=Account)
        except msgspec.MsgspecError as error:
            raise Damaged(f"This evidence cannot be read: {error}.") from error


@dataclass(frozen=True, slots=True)
class Key:
    """A key to sign or to verify with; its secret is never shown."""

    kind: str
    value: bytes = field(repr=False)


def canonical(value: Any) -> bytes:
    """The one way to write a value as JSON."""
    return msgspec.json.encode(value, order="sorted")


def manifest_digest(manifest: Manifest) -> str:
    """The SHA-256 of a backup's record, which holds the digests of all its files."""
    return hashlib.sha256(canonical(manifest)).hexdigest()


def read_key(text: str, where: str) -> Key:
    """Raises `InvalidInput`, without a word of the key."""
    kind, _, value = text.strip().partition(":")
    try:
        data = base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        data = b""
    if kind not in (ED25519, PUBLIC, HMAC) or len(data) != _SIZE:
        raise InvalidInput(
            f"{where} holds no key.",
            hint="It is `ed25519:`, `ed25519-public:` or `hmac:` and 32 bytes in base64; "
            "`dbdeed evidence key FILE` makes one.",
        )
    return Key(kind, data)


def written_key(key: Key) -> str:
    """As `read_key` takes it."""
    return f"{key.kind}:{base64.b64encode(key.value).decode()}"


def new_key() -> Key:
    """A fresh Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Key(ED25519, Ed25519PrivateKey.generate().private_bytes_raw())


def public_of(key: Key) -> Key:
    """The public half of an Ed25519 key."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    return Key(PUBLIC, Ed25519PrivateKey.from_private_bytes(key.value).public_key().public_bytes_raw())


def make_evidence(account: Account, key: Key | None = None) -> Evidence:
    """Evidence of an account, signed where a key is given, which is no public one."""
    content = canonical(account)
    digest = hashlib.sha256(content).hexdigest()
    signature = _sign(digest, key) if key is not None else None
    return Evidence(format=FORMAT, content=msgspec.Raw(content), sha256=digest, signature=signature)


def encode_evidence(evidence: Evidence) -> bytes:
    """As one line."""
    return canonical(evidence) + b"\n"


def decode_evidence(data: bytes, where: str) -> Evidence:
    """Read it and hold its content against its digest. Raises `Damaged`."""
    try:
        evidence = msgspec.json.decode(data, type=Evidence)
        content = canonical(msgspec.json.decode(evidence.content))
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Damaged(f"This is no evidence: {error}.", where=where) from error
    if evidence.format != FORMAT:
        raise Damaged(f"This has the format {evidence.format!r}; {FORMAT!r} is understood.", where=where)
    if hashlib.sha256(content).hexdigest() != evidence.sha256:
        raise Damaged("This evidence was changed after it was made.", where=where)
    return evidence


def signature_problems(evidence: Evidence, key: Key | None) -> list[str]:
    """What is wrong with who signed it, a sentence each; with a key, nothing else will do."""
    signature = evidence.signature
    if signature is None:
        return ["It is not signed, and a key was given."] if key is not None else []
    if signature.algorithm == HMAC:
        if key is None or key.kind != HMAC:
            return ["It is signed with HMAC, and the key was not given."] if key is not None else []
        good = hmac.compare_digest(signature.value, _hmac(evidence.sha256, key))
        return [] if good else ["It was signed with another key, or changed."]
    if signature.algorithm != ED25519:
        return [f"It is signed by {signature.algorithm[:40]!r}, which is not understood."]
    return _ed25519_problems(evidence, signature, key)


def chain_problems(evidences: Sequence[Evidence]) -> list[str]:
    """Where accounts that should follow each other do not, a sentence each."""
    problems = []
    for number, (before, after) in enumerate(pairwise(evidences), 2):
        if after.account.previous != before.sha256:
            problems.append(f"Number {number} does not follow the one before it: one is missing or changed.")
    return problems


def _sign(digest: str, key: Key) -> Signature:
    if key.kind == HMAC:
        return Signature(HMAC, _hmac(digest, key))
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    value = Ed25519PrivateKey.from_private_bytes(key.value).sign(digest.encode())
    return Signature(ED25519, base64.b64encode(value).decode(), written_key(public_of(key)))


def _ed25519_problems(evidence: Evidence, signature: Signature, key: Key | None) -> list[str]:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    if key is not None and key.kind == ED25519:
        key = public_of(key)
    if key is not None and key.kind != PUBLIC:
        return ["It is signed with Ed25519, and the key given is another kind."]
    try:
        known = key or read_key(signature.public, "The evidence")
        if written_key(known) != signature.public:
            return ["It names another key than the one that was given."]
        value = base64.b64decode(signature.value, validate=True)
        if base64.b64encode(value).decode() != signature.value:  # the last character has bits to spare
            return ["Its signature is not written as it was made."]
        Ed25519PublicKey.from_public_bytes(known.value).verify(value, evidence.sha256.encode())
    except (InvalidSignature, InvalidInput, ValueError):
        return ["It was signed with another key, or changed."]
    return []


def _hmac(digest: str, key: Key) -> str:
    return hmac.new(key.value, digest.encode(), hashlib.sha256).hexdigest()

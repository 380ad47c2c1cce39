"""Evidence: what was changed, left out or signed by somebody else is noticed, on a machine that has the file alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest

from dbdeed.errors import InvalidInput
from dbdeed.recovery.evidence import (
    Account,
    Key,
    chain_problems,
    decode_evidence,
    encode_evidence,
    make_evidence,
    new_key,
    public_of,
    read_key,
    signature_problems,
    written_key,
)
from dbdeed.recovery.history import append, read_history
from dbdeed.recovery.junit import render_junit
from dbdeed.recovery.manifest import Check, Damaged, Phase, Proof, Verdict

if TYPE_CHECKING:
    from pathlib import Path

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROOF = Proof(
    backup="20260301T120000Z-physical-00000000",
    kind="drill",
    at=NOON,
    verdict=Verdict.FAILED,
    checks=(
        Check("tables", Verdict.FAILED, "1 table", ('Table <a> & "b" \x00 is gone.', "And so is c.")),
        Check("pages", Verdict.NOT_VERIFIED, problems=("No amcheck.",)),
        Check("schema", Verdict.PROVEN),
    ),
    phases=(Phase("Restore the files", 1.25), Phase("Start and replay", 0.5)),
    recovery_seconds=1.75,
)  # fmt: skip


def account(previous: str = "", size: int = 10) -> Account:
    return Account(
        program="1", project="p", document=("DATABASE.md", "ff"), manifest="aa", size=size,
        rpo=3600, rto=None, proof=PROOF, previous=previous,
    )  # fmt: skip


HMAC = Key("hmac", b"k" * 32)


@pytest.mark.parametrize("key", [None, new_key(), HMAC], ids=["unsigned", "ed25519", "hmac"])
def test_it_comes_back_as_it_was_and_every_byte_counts(key: Key | None) -> None:
    evidence = make_evidence(account(), key)
    data = encode_evidence(evidence)
    again = decode_evidence(data, "here")
    assert again.account == account()
    assert signature_problems(again, key) == []
    for at in range(len(data) - 1):
        changed = bytearray(data)
        changed[at] ^= 1
        try:
            other = decode_evidence(bytes(changed), "here")
        except Damaged:
            continue
        assert signature_problems(other, key) != []


def test_only_the_key_that_signed_is_believed() -> None:
    key = new_key()
    signed = make_evidence(account(), key)
    assert signature_problems(signed, None) == []
    assert signature_problems(signed, public_of(key)) == []
    for other in (new_key(), public_of(new_key()), HMAC):
        assert signature_problems(signed, other)
    assert signature_problems(make_evidence(account()), public_of(key)) == [
        "It is not signed, and a key was given."
    ]
    assert signature_problems(make_evidence(account(), HMAC), Key("hmac", b"x" * 32))
    assert signature_problems(make_evidence(account(), HMAC), public_of(key))


def test_whoever_signs_again_with_another_key_is_noticed_by_the_key() -> None:
    mine, theirs = new_key(), new_key()
    forged = make_evidence(account(size=99), theirs)
    assert signature_problems(forged, None) == []  # as sound as its own key
    assert signature_problems(forged, public_of(mine))


@pytest.mark.parametrize("text", ["", "ed25519:", "ed25519:AAAA", "rsa:" + "A" * 44, "hmac:" + "!" * 44])
def test_what_is_no_key_says_so_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        read_key(text, "KEY")
    assert text == "" or text.partition(":")[2] == "" or text.partition(":")[2] not in str(caught.value)


def test_a_key_is_never_shown() -> None:
    key = new_key()
    assert read_key(written_key(key), "KEY") == key
    assert written_key(key).partition(":")[2] not in repr(key)


def test_history_grows_line_by_line_and_notices_what_was_taken_out(tmp_path: Path) -> None:
    file = tmp_path / "drills.jsonl"
    assert read_history(file).drills == ()
    made = [append(file, lambda previous, n=n: make_evidence(account(previous, n))) for n in range(4)]  # type: ignore[misc]
    known = read_history(file)
    assert known.drills == tuple(made)
    assert known.problems == ()
    lines = file.read_bytes().splitlines(keepends=True)
    file.write_bytes(b"".join([lines[0], *lines[2:]]))
    assert "Number 2 does not follow" in read_history(file).problems[0]
    file.write_bytes(b"".join(lines).replace(b'"size":2', b'"size":7'))
    assert len(read_history(file).problems) == 2
    file.write_bytes(b"".join(lines)[:-30])  # torn by a crash
    assert read_history(file).drills == tuple(made[:3])
    append(file, lambda previous: make_evidence(account(previous, 9)))
    assert [one.account.size for one in read_history(file).drills] == [0, 1, 2, 9]
    assert chain_problems(read_history(file).drills) == []


def test_junit_says_failed_and_not_verified_apart_and_neither_is_green() -> None:
    root = ET.fromstring(render_junit(PROOF))
    suite = root.find("testsuite")
    assert suite is not None
    assert {name: suite.get(name) for name in ("tests", "failures", "errors", "skipped")} == {
        "tests": "3", "failures": "1", "errors": "1", "skipped": None,
    }  # fmt: skip
    cases = {case.get("name"): [child.tag for child in case] for case in suite.iter("testcase")}
    assert cases == {"tables": ["failure"], "pages": ["error"], "schema": []}
    properties = {one.get("name"): one.get("value") for one in suite.iter("property")}
    assert properties["recovery_seconds"] == "1.75"
    assert properties["phase.Restore the files"] == "1.250"

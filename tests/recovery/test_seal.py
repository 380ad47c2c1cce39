"""Sealed objects: a wrong key or a changed byte is always noticed."""

from __future__ import annotations

import base64
import random
from typing import TYPE_CHECKING

import pytest

from dbdeed.errors import InvalidInput
from dbdeed.recovery import seal
from dbdeed.recovery.keys import Keyring, WrongKey, read_keys
from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.objects import FolderObjects
from dbdeed.recovery.seal import Sealed

if TYPE_CHECKING:
    from pathlib import Path

OLD, NEW = (base64.b64encode(bytes([number]) * 32).decode() for number in (1, 2))
DATA = random.Random(3).randbytes(2_500_000)


@pytest.fixture
def objects(tmp_path: Path) -> FolderObjects:
    return FolderObjects(tmp_path)


def codec(objects: FolderObjects, **environment: str) -> Sealed:
    keyring = Keyring(objects, read_keys("KEY", environment))
    keyring.make("one")
    return Sealed(keyring, "one")


@pytest.mark.parametrize("size", [0, 1, 100, (1 << 20) - 40, 1 << 20, (1 << 20) + 1, 2_500_000])
def test_what_was_sealed_opens(objects: FolderObjects, size: int) -> None:
    sealed = codec(objects, KEY=OLD)
    stored = sealed.encode("a/b", DATA[:size])
    assert codec(objects, KEY=OLD).decode("a/b", stored) == DATA[:size]
    assert sealed.encode("a/b", DATA[:size]) != stored
    assert size < 100 or DATA[:50] not in stored


def test_any_change_is_noticed(objects: FolderObjects) -> None:
    sealed = codec(objects, KEY=OLD)
    stored = sealed.encode("a", DATA[:3000])
    for at in range(0, len(stored), 11):
        for bit in (1, 128):
            changed = bytearray(stored)
            changed[at] ^= bit
            with pytest.raises(Damaged):
                sealed.decode("a", bytes(changed))
    for changed_ in (stored[:-1], stored + b"x", stored[:40], b"", stored + stored):
        with pytest.raises(Damaged):
            sealed.decode("a", changed_)


def test_missing_doubled_and_exchanged_chunks_are_noticed(
    objects: FolderObjects, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seal, "_CHUNK", 100)
    sealed = codec(objects, KEY=OLD)
    stored = sealed.encode("a", DATA[:450])
    head = len(seal._MAGIC) + 1 + len("one") + 32
    chunks = [stored[at : at + 116] for at in range(head, len(stored), 116)]
    assert len(chunks) > 3
    assert sealed.decode("a", stored[:head] + b"".join(chunks)) == DATA[:450]
    wrong = [
        chunks[:-1],
        chunks[1:],
        [*chunks, chunks[-1]],
        [chunks[1], chunks[0], *chunks[2:]],
        [chunks[0], chunks[0], *chunks[2:]],
    ]
    for order in wrong:
        with pytest.raises(Damaged):
            sealed.decode("a", stored[:head] + b"".join(order))


def test_an_object_under_anothers_name_does_not_open(objects: FolderObjects) -> None:
    sealed = codec(objects, KEY=OLD)
    with pytest.raises(Damaged, match="another name"):
        sealed.decode("b", sealed.encode("a", b"x"))


def test_a_wrong_key_is_said_and_no_key_is_shown(objects: FolderObjects) -> None:
    stored = codec(objects, KEY=OLD).encode("a", b"x")
    with pytest.raises(WrongKey, match="sealed with the key") as caught:
        codec(objects, KEY=NEW).decode("a", stored)
    assert OLD not in f"{caught.value}{caught.value.hint}"
    assert NEW not in f"{caught.value}{caught.value.hint}"
    assert OLD not in repr(read_keys("KEY", {"KEY": OLD}))


def test_rotation_reads_with_the_old_key_and_wraps_with_the_new(objects: FolderObjects) -> None:
    stored = codec(objects, KEY=OLD).encode("a", b"x")
    both = codec(objects, KEY=NEW, KEY_OLD=f"{'ab' * 32}, {OLD}")
    assert both.decode("a", stored) == b"x"
    assert both.keyring.rewrap("one")
    assert not both.keyring.rewrap("one")
    assert codec(objects, KEY=NEW).decode("a", stored) == b"x"
    with pytest.raises(WrongKey):
        codec(objects, KEY=OLD).decode("a", stored)


def test_a_changed_exchanged_or_missing_data_key_is_noticed(objects: FolderObjects) -> None:
    sealed = codec(objects, KEY=OLD)
    stored = sealed.encode("a", b"x")
    wrapped = objects.get("keys/one")
    for at in range(0, len(wrapped), 3):
        changed = bytearray(wrapped)
        changed[at] ^= 1
        objects.put("keys/one", bytes(changed))
        with pytest.raises(Damaged):
            codec(objects, KEY=OLD).decode("a", stored)
    sealed.keyring.make("two")
    objects.put("keys/one", objects.get("keys/two"))
    with pytest.raises(Damaged, match="data key was changed"):
        codec(objects, KEY=OLD).decode("a", stored)
    objects.delete("keys/one")
    with pytest.raises(Damaged, match="gone"):
        Sealed(Keyring(objects, read_keys("KEY", {"KEY": OLD})), "one").decode("a", stored)


@pytest.mark.parametrize("text", ["", "  ", "secret", "c2hvcnQ=", "zz" * 32, "ab" * 31])
def test_what_is_no_key_is_refused_without_showing_it(text: str) -> None:
    with pytest.raises(InvalidInput, match="KEY") as caught:
        read_keys("KEY", {"KEY": text})
    assert not text.strip() or text not in str(caught.value)

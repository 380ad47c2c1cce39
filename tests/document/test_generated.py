"""Generated blocks: their markers, their checksum, and writing them."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.architecture import Architecture
from dbdeed.document.edit import apply_edits
from dbdeed.document.generated import checksum, opening_marker
from dbdeed.document.read import read
from dbdeed.document.rewrite import generated_block_edit
from dbdeed.document.source import Place, Source, Span
from dbdeed.errors import InvalidInput, Refused

Read = Callable[..., Architecture]


def place(source: Source, offset: int) -> Place:
    return Place(source, Span(offset, offset))


def written(
    architecture: Architecture, name: str, content: str, offset: int, *, overwrite: bool = False
) -> bytes:
    edit = generated_block_edit(
        architecture, name, content, place(architecture.source, offset), overwrite=overwrite
    )
    assert edit is not None
    return apply_edits(architecture.source, [edit])


def test_a_block_and_its_checksum(document: Read) -> None:
    marker = opening_marker("erd", b"x\n")
    read = document(f"a\n\n{marker}\nx\n<!-- /dbdeed:erd -->\nb\n")
    (block,) = read.generated
    assert (block.name, block.checksum, block.edited, block.closed) == ("erd", checksum(b"x\n"), False, True)
    assert read.source.text(block.content.span) == "x\n"
    assert read.source.text(block.whole.span) == f"{marker}\nx\n<!-- /dbdeed:erd -->"
    changed = document(f"{marker}\ny\n<!-- /dbdeed:erd -->\n")
    assert changed.generated[0].edited


@pytest.mark.parametrize("text", ["<!-- dbdeed:a --><!-- /dbdeed:a -->", "<!--dbdeed:a-->\n\n<!--/dbdeed:a-->",
                                  "- x\n  <!-- dbdeed:a -->\n  y\n  <!-- /dbdeed:a -->\n"])  # fmt: skip
def test_other_forms_of_markers(document: Read, text: str) -> None:
    (block,) = document(text).generated
    assert (block.closed, block.edited, block.checksum) == (True, False, "")


def test_a_checkout_with_other_line_endings_is_no_edit(document: Read) -> None:
    text = f"{opening_marker('a', b'x' + bytes([10]) + b'y' + bytes([10]))}\nx\ny\n<!-- /dbdeed:a -->\n"
    assert not document(text).generated[0].edited
    assert not document(text.replace("\n", "\r\n")).generated[0].edited


@pytest.mark.parametrize(
    ("text", "messages"),
    [
        ("<!-- dbdeed:a -->\nx\n", ["this generated block has no end marker"]),
        ("x\n\n<!-- /dbdeed:a -->\n", ["this end marker has no beginning"]),
        ("<!-- dbdeed:a -->\n<!-- dbdeed:b -->\n<!-- /dbdeed:b -->\n<!-- /dbdeed:a -->\n",
         ["generated blocks do not nest or overlap", "generated blocks do not nest or overlap"]),
        ("<!-- dbdeed:a -->\n<!-- /dbdeed:a -->\n\n<!-- dbdeed:a -->\n<!-- /dbdeed:a -->\n",
         ["a generated block named “a” stands further up"]),
        ("```\n<!-- dbdeed:a -->\n```\n", []),
        ("`<!-- dbdeed:a -->`\n", []),
        ("    <!-- dbdeed:a -->\n", []),
        ("<!-- was: <!-- dbdeed:a -->\n", []),
        ("<!-- dbdeed:a -->\n```\n<!-- /dbdeed:a -->\n", ["this generated block has no end marker"]),
    ],
)  # fmt: skip
def test_broken_markers(document: Read, text: str, messages: list[str]) -> None:
    assert [problem.message for _, problem in document(text).problems] == messages


def test_what_is_generated_is_not_read_back(document: Read) -> None:
    read = document(
        "## Backup and Recovery\n- **RTO**: 1 hour\n\n<!-- dbdeed:drill -->\n## Migrations\n- **RTO**: 9 hours\n"
        "- **Strange**: x\n<!-- /dbdeed:drill -->\n"
    )
    assert read.recovery.rto.raw == "1 hour"
    assert (read.unknown_keys, read.problems) == ((), ())
    assert [section.name for section in read.sections] == ["Backup and Recovery"]


@pytest.mark.parametrize("ending", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("tail", ["", "{}", "{}{}more{}"])
def test_a_new_block(document: Read, ending: str, tail: str) -> None:
    text = f"# T{ending}{ending}words{tail.format(*[ending] * 3)}"
    read = document(text)
    after = written(read, "erd", "```mermaid\nx\n```", len(f"# T{ending}{ending}words".encode()))
    (block,) = document(after).generated
    newline = ending
    assert (
        after[block.content.span.start : block.content.span.end].decode()
        == f"```mermaid{newline}x{newline}```{newline}"
    )
    assert after.startswith(f"# T{ending}{ending}words{ending}{ending}<!-- dbdeed:erd sum=".encode())
    assert after.endswith(
        f"<!-- /dbdeed:erd -->{ending}{ending}more{ending}".encode()
        if "more" in tail
        else f"-->{ending}".encode()
    )
    if ending == "\r\n":
        assert after.count(b"\n") == after.count(b"\r\n")
    assert generated_block_edit(document(after), "erd", "```mermaid\nx\n```", place(read.source, 0)) is None


def test_a_block_inside_a_list_keeps_it_whole(document: Read) -> None:
    text = "1. a\n2. b\n3. c\n"
    after = written(document(text), "x", "hello", text.index("3."))
    assert (
        after
        == (
            f"1. a\n2. b\n\n   {opening_marker('x', b'   hello' + bytes([10]))}\n   hello\n   <!-- /dbdeed:x -->\n\n3. c\n"
        ).encode()
    )


def test_a_block_is_placed_outside_other_blocks(document: Read) -> None:
    text = (
        "<!-- dbdeed:a -->\n- x\n- y\n<!-- /dbdeed:a -->\n\n```\ncode\n```\n\n<!-- c\n\nd -->\n\n> q\n> r\n"
    )
    for offset in range(len(text)):
        after = written(document(text), "b", "z", offset)
        names = [(block.name, block.closed, block.edited) for block in document(after).generated]
        assert sorted(names) == [("a", True, False), ("b", True, False)]
        for piece in ("- x\n- y", "```\ncode\n```", "<!-- c\n\nd -->", "> q\n> r"):
            assert piece.encode() in after


def test_a_changed_block(document: Read) -> None:
    first = written(document("x\n\ny\n"), "a", "one\n", 1)
    second = written(document(first), "a", "two\n\nthree", 0)
    assert second.startswith(b"x\n\n<!-- dbdeed:a sum=")
    assert b"two\n\nthree\n<!-- /dbdeed:a -->\n\ny\n" in second
    assert b"one" not in second


def test_a_persons_edit_is_never_overwritten_silently(document: Read) -> None:
    edited = written(document("x\n"), "a", "one\n", 1).replace(b"one", b"mine")
    with pytest.raises(Refused, match="changed by hand") as refused:
        written(document(edited), "a", "two\n", 0)
    assert refused.value.exit_code == 4
    assert b"two" in written(document(edited), "a", "two\n", 0, overwrite=True)


@pytest.mark.parametrize(
    "text",
    [
        "<!-- dbdeed:a -->\n",
        "<!-- dbdeed:a -->\n<!-- /dbdeed:a -->\n\n<!-- dbdeed:a -->\n<!-- /dbdeed:a -->\n",
    ],
)
def test_a_broken_block_is_not_guessed_at(document: Read, text: str) -> None:
    with pytest.raises(InvalidInput):
        written(document(text), "a", "x", 0)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from(["# A", "- a", "  - b", "1. x", "   y", "> q", "", "text", "| a | b |", "|---|---|"]),
        max_size=8,
    ),
    st.integers(0, 60),
    st.sampled_from(["one", "- a\n- b", "```mermaid\nx\n```", "| a |\n|---|\n| b |", ""]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_a_new_block_anywhere_comes_back(lines: list[str], offset: int, content: str, ending: str) -> None:
    data = ending.join(lines).encode()
    architecture = read(Source("d.md", data))
    after = written(architecture, "x", content, min(offset, len(data)))
    again = read(Source("d.md", after))
    (block,) = again.generated
    assert (block.closed, block.edited) == (True, False)
    assert generated_block_edit(again, "x", content, block.whole) is None

"""Blocks and their spans, held against markdown-it-py as the oracle."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.document.blocks import Fence, Heading, Html, IndentedCode, List, Paragraph, Quote, Table, walk
from dbdeed.document.lines import LINE_END
from dbdeed.document.markdown import parse_blocks
from dbdeed.document.source import Span

LINES = [
    "# A", "## B ##", "### C", "text", "**Key**: v", "- a", "  - b", "    - c", "1. x", "   y", "```", "```sql",
    "~~~", "SELECT 1;", "  ```", "    code", "> q", "> ```", "> - z", "", "", "===", "---", "| a | b |", "|---|---|",
    "| 1 | 2 |", "<!-- c -->", "<!--", "-->", "<div>", "* * *", "- ```sql", "  x", "[r]: /u", "a `b", "#no", "1) z",
    "+ p", "   # H3", "naïve — text", "\u2028# no heading", "\x0c# none either",
]  # fmt: skip


def of_ours(text: str) -> list[tuple[object, ...]]:
    data = text.encode()
    starts = [0, *(match.end() for match in LINE_END.finditer(data))]
    found: list[tuple[object, ...]] = []
    for block in walk(parse_blocks(data)):
        line = sum(start <= block.span.start for start in starts) - 1
        if isinstance(block, Heading):
            found.append(("heading", block.level, line))
        elif isinstance(block, Fence):
            info = data[block.info.start : block.info.end].decode().split()
            code = "\n".join(data[span.start : span.end].decode() for span in block.lines)
            found.append(("fence", info[:1], code.rstrip("\n"), line))
    return found


def of_oracle(text: str) -> list[tuple[object, ...]]:
    from markdown_it import MarkdownIt

    found: list[tuple[object, ...]] = []
    for token in MarkdownIt("commonmark").enable("table").parse(text):
        if token.type == "heading_open" and token.map:
            found.append(("heading", int(token.tag[1]), token.map[0]))
        elif token.type == "fence" and token.map:
            found.append(("fence", token.info.split()[:1], token.content.rstrip("\n"), token.map[0]))
    return found


@settings(max_examples=400)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=12), st.booleans())
def test_headings_and_fences_are_the_oracles(lines: list[str], ends: bool) -> None:
    text = "\n".join(lines) + "\n" * ends
    assert of_ours(text) == of_oracle(text)


@pytest.mark.slow
def test_headings_and_fences_are_the_oracles_at_length() -> None:
    chance = random.Random(20261122)
    for _ in range(100_000):
        text = "\n".join(chance.choices(LINES, k=chance.randint(1, 12))) + chance.choice(["", "\n"])
        assert of_ours(text) == of_oracle(text), text


@settings(max_examples=200)
@given(st.lists(st.sampled_from(LINES), min_size=1, max_size=12), st.sampled_from(["\r\n", "\r"]))
def test_line_endings_change_no_structure(lines: list[str], ending: str) -> None:
    lf, other = "\n".join(lines) + "\n", ending.join(lines) + ending
    assert of_ours(lf) == of_ours(other)


def blocks_of(text: str) -> tuple[object, ...]:
    return parse_blocks(text.encode())


def texts(text: str, spans: tuple[Span, ...]) -> list[str]:
    return [text.encode()[span.start : span.end].decode() for span in spans]


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("- ```sql\n  a\n    b\n  ```\n", ["a", "  b"]),
        ("-\t```sql\n\ta\n\t\tb\n\t```\n", ["a", "\tb"]),
        ("- ```sql\n\ta\n  ```\n", ["\ta"]),
        ("> ```\n> a\n>  b\n> ```\n", ["a", " b"]),
        ("> - ```\n>   a\n>   ```\n", ["a"]),
        ("1. x\n\n   ```\n   a\n\n   b\n   ```\n", ["a", "", "b"]),
        ("  ```\n  a\n b\n    c\n  ```\n", ["a", "b", "  c"]),
        ("```\r\na\r\nb\r\n```\r\n", ["a", "b"]),
        ("```\ra\rb\r```", ["a", "b"]),
        ("```\na", ["a"]),
        ("```", []),
        ("```\n\n```", [""]),
        ("- ```\n  a\n\noutside", ["a", ""]),
    ],
)
def test_code_is_dedented_and_located(text: str, lines: list[str]) -> None:
    fence = next(block for block in walk(parse_blocks(text.encode())) if isinstance(block, Fence))
    assert texts(text, fence.lines) == lines


def test_spans_of_every_kind() -> None:
    text = "Set\next\n===\n\n> q\n> r\n\n- a\n\n  b\n- c\n\n| h | i |\n|---|---|\n| `x\\|y` | |\n\n<!-- c\n\nd -->\n\n    code\n"
    heading, quote, items, table, comment, code = blocks_of(text)
    data = text.encode()
    assert isinstance(heading, Heading)
    assert texts(text, (heading.text,)) == ["Set\next"]
    assert isinstance(quote, Quote)
    paragraph = quote.children[0]
    assert isinstance(paragraph, Paragraph)
    assert texts(text, paragraph.lines) == ["q", "r"]
    assert isinstance(items, List)
    assert [data[item.span.start : item.span.end] for item in items.items] == [b"- a\n\n  b", b"- c"]
    assert isinstance(table, Table)
    assert texts(text, table.rows[0]) == ["`x\\|y`", ""]
    assert isinstance(comment, Html)
    assert texts(text, (comment.span,)) == ["<!-- c\n\nd -->"]
    assert isinstance(code, IndentedCode)


def test_a_byte_order_mark_is_nothing() -> None:
    (heading,) = parse_blocks(b"\xef\xbb\xbf# T\n")
    assert heading == Heading(Span(3, 6), Span(5, 6), 1)


def test_a_first_rule_hides_nothing() -> None:
    blocks = parse_blocks(b"---\n# A\n---\n")
    assert [block.level for block in blocks if isinstance(block, Heading)] == [1]


def test_front_matter_is_no_heading() -> None:
    blocks = parse_blocks(b"---\ntitle: x\n---\n# A\n")
    assert [block.span for block in blocks if isinstance(block, Heading)] == [Span(17, 20)]


@pytest.mark.parametrize(
    "data",
    [
        b">" * 5000,
        b"> " * 5000 + b"x",
        b"- " * 5000 + b"x",
        b"".join(b" " * i + b"- a\n" for i in range(0, 3000, 2)),
        b"\t" * 5000 + b"- x",
        b"1. " * 3000 + b"x",
        b"\0" * 5000,
        b"# \0\n\0```\0\n" * 500,
        b"\xff\xfe# A\n- \xf1\x8a\x8a\x8a. x\n",
        "4\U0004a28a. x".encode(),
        b"```\n" * 2001,
        b"<!--" * 2000,
        b"[" * 5000,
        b"|" * 5000 + b"\n|---|\n",
    ],
    ids=range(14),
)
def test_hostile_bytes_are_read(data: bytes) -> None:
    for block in walk(parse_blocks(data)):
        assert 0 <= block.span.start <= block.span.end <= len(data)


@settings(max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_read(data: bytes) -> None:
    for block in walk(parse_blocks(data)):
        assert 0 <= block.span.start <= block.span.end <= len(data)

"""Random documents and random edits: no crash, no lost byte, and what was written is read back.

The bounded form runs always; the long one (`-m slow`) makes 100,000.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct

from dbdeed.document.architecture import Architecture, CodeBlock
from dbdeed.document.edit import Edit, apply_edits
from dbdeed.document.read import read
from dbdeed.document.rewrite import generated_block_edit
from dbdeed.document.rewrite_keys import set_value_edit
from dbdeed.document.rewrite_models import append_table_edit, model_edits
from dbdeed.document.source import Place, Source, Span
from dbdeed.document.template import template
from dbdeed.errors import InvalidInput, Refused

FRAGMENTS = [
    *template().decode().splitlines(),
    "**Status**: Active", "- **RPO**: 1 hour", "| Key | Value |", "|---|---|", "| Tool | Flyway |", "| Column | Type |",
    "| Frequency | Retention |", "| Daily | 30 days |", "  - `id`: int -- key", "\t- `b` (text): x", "* **Table**: `t`",
    "```", "~~~", "    code", "> quote", "> - **Tool**: x", "<!-- dbdeed:a -->", "<!-- /dbdeed:a -->", "<!--", "-->",
    "## Data Models", "### Order", "#### Attributes", "- belongs to User", "### Query: `q`", "Returns one. Budget 5 ms.",
    "CREATE TABLE t (id int);", "Setext", "---", "===", "1. step", "   more", "[x](y.sql)", "[x](../z.md)", "[r]: /u",
    "**a** **b**:", "`un", "\ufeff", "\u2028", "\x0c", "\x00", "naïve ☃ 𝄞", "\\", "postgres://u:p4ss@h/d", "", "", "  ",
]  # fmt: skip
ENDINGS = ["\n", "\n", "\n", "\r\n", "\r"]
KEYS = [
    "Status",
    "Last Updated",
    "Version",
    "Connection Pool",
    "Tool",
    "Retention",
    "RTO",
    "Procedure",
    "Replicas",
]


def document_of(chance: random.Random) -> bytes:
    if chance.random() < 0.3:
        lines = template().decode().splitlines()
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(lines))
            lines[at : at + chance.randint(0, 3)] = chance.choices(FRAGMENTS, k=chance.randint(0, 3))
    else:
        lines = chance.choices(FRAGMENTS, k=chance.randint(0, 25))
    ending = chance.choice(ENDINGS)
    text = "".join(line + (ending if chance.random() < 0.97 else chance.choice(ENDINGS)) for line in lines)
    data = text.encode()
    return data if chance.random() < 0.6 else data[: chance.randint(0, len(data))]


def places(value: object) -> Iterator[Place]:
    if isinstance(value, Place):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from places(item)
    elif isinstance(value, Struct):
        for name in value.__struct_fields__:
            yield from places(getattr(value, name))


def code_of(architecture: Architecture) -> Iterator[CodeBlock]:
    yield from architecture.schema.blocks
    yield from (query.block for query in architecture.queries.queries if query.block)


def check_reading(data: bytes) -> Architecture:
    architecture = read(Source("d.md", data))
    for place in places(architecture):
        assert 0 <= place.span.start <= place.span.end <= len(place.source.data)
    for setting in architecture.settings():
        assert [
            setting.absent,
            setting.unfilled,
            setting.problem is not None,
            setting.value is not None,
        ].count(True) == 1
        assert "p4ss" not in repr(setting)
        if setting.place and "***" not in setting.raw:
            assert setting.raw == architecture.source.text(setting.place.span)
    for found in architecture.placeholders:
        assert found.text == architecture.source.text(found.place.span)
    for block in code_of(architecture):
        check_code(block)
    return architecture


def check_code(block: CodeBlock) -> None:
    lines = block.text.split("\n")[:-1]
    for line, at in zip(lines, block.line_offsets, strict=bool(lines)):
        raw = line.encode()
        assert (
            block.place.source.data[at : at + len(raw)].decode("utf-8", "replace") == line or "\ufffd" in line
        )


def random_edit(chance: random.Random, architecture: Architecture) -> list[Edit]:
    source = architecture.source
    at = chance.randint(0, len(source.data))
    kind = chance.randrange(4)
    if kind == 0:
        edit = set_value_edit(architecture, chance.choice(KEYS), "some value")
        return [edit] if edit else []
    if kind == 1:
        place = chance.choice(
            [Place(source, Span(at, at)), architecture.erd_place, architecture.recovery.plan_place]
        )
        content = chance.choice(["x", "- a\n- b\n", "```mermaid\nx\n```"])
        made = generated_block_edit(architecture, "b", content, place or Place(source, Span(at, at)))
        return [made] if made else []
    if kind == 2 and architecture.models:
        model = chance.choice(architecture.models)
        return list(model_edits(model, [("id", "int"), ("b", "text")], ["belongs to User"]))
    return [append_table_edit(architecture, "orders", "CREATE TABLE orders (id int);")]


def check_editing(chance: random.Random, architecture: Architecture) -> None:
    try:
        edits = random_edit(chance, architecture)
    except (InvalidInput, Refused):
        return  # asked of what cannot be edited: a value over a table's rows, a broken generated block
    check_reading(apply_edits(architecture.source, edits))


def is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def check(seed: int) -> None:
    chance = random.Random(seed)
    data = document_of(chance)
    architecture = check_reading(data)
    if is_text(data):
        check_editing(chance, architecture)


@settings(max_examples=300)
@given(st.integers(0, 2**32))
def test_random_documents(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_a_hundred_thousand_random_documents() -> None:
    for seed in range(100_000):
        check(seed)


@settings(max_examples=200)
@given(st.binary(max_size=400))
def test_binary_junk(data: bytes) -> None:
    check_reading(data)


@settings(max_examples=200)
@given(st.text(max_size=300))
def test_any_text(text: str) -> None:
    check_reading(text.encode("utf-8", "surrogatepass"))

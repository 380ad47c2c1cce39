"""What counts as a placeholder, and what only has brackets."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dbdeed.document.architecture import Architecture

Read = Callable[..., Architecture]


@pytest.mark.parametrize(
    "text",
    ["[Date]", "[date]", "[Model Name 3]", "[Type]", "[Type, NOT NULL]", "[Draft / Active]", "[e.g., Hourly]",
     "[e.g. 15 min]", "[Repeat for each query]", "[How long the backups are kept]", "[Database\nversion]",
     "`[table_name_2]`", "**[Date]**", "| [Type] | x |", "[PostgreSQL / MySQL / SQLite]", "[Date] (when?)",
     "`x`[Date]", "[TODO]", "[YYYY-MM-DD]"],
)  # fmt: skip
def test_placeholders(document: Read, text: str) -> None:
    (found,) = document(f"## Overview\n\n{text}\n").placeholders
    assert found.place.source.text(found.place.span) == found.text
    assert found.text.startswith("[")


@pytest.mark.parametrize(
    "text",
    ["[Date](x.html)", "![Date](x.png)", "[Date][1]", "[Date]: https://x.org", "- [x] done", "- [ ] open", "[^1]", "\\[Date]",
     "`text[]`", "`ARRAY[1]`", "'{}'::int[]", "[1]", "[a, b]", "`[Date]`", "<!-- [Date] -->", "see [the rules]",
     "[Type]\n\n[Type]: https://x.org", "    [Date]", "[]", "[ Order ]", "arr[1:2]"],
)  # fmt: skip
def test_other_brackets(document: Read, text: str) -> None:
    assert document(f"## Overview\n\n{text}\n").placeholders == ()


@pytest.mark.parametrize(
    ("code", "count"),
    [
        ("CREATE TABLE [table_name_1] (id int);\nCOMMENT ON TABLE [table_name_1] IS 'x';", 2),
        ("SELECT tags[1], ARRAY[1, 2], '{}'::int[], a[Type], x [Type];", 0),
        ("CREATE TABLE [Order Details] (id int);", 0),
        ('{"a": ["Date"], "b": [Date]}', 0),
        ("A[Model Name 1] --> B", 0),
    ],
)
def test_placeholders_in_code(document: Read, code: str, count: int) -> None:
    read = document(f"## Schema Design\n\n```sql\n{code}\n```\n", a_sql=code)
    assert len(read.placeholders) == count


def test_placeholders_in_generated_blocks_do_not_count(document: Read) -> None:
    assert document("<!-- dbdeed:x -->\n[Date]\n<!-- /dbdeed:x -->\n").placeholders == ()

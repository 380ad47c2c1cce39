"""SQL of every character that some language, driver or tool takes for something else."""

from __future__ import annotations

from hypothesis import strategies as st

HOSTILE = (
    "`", "${x}", '${env("NAME")}', "\\", "\\\\", "\\`", "?", "??", "\\?", "\\\\?", "?|", "@?", ":name", ":a:", "\\:a", "::text",
    "%", "%%", "%s", "%(a)s", "'", '"', "\r", "\r\n", "\n", "\t", "\u2028", "\u202e", "\ufeff", "$1", "$$", "*/", "//", "-- x",
    "\x00", "é", "𝄞", '"""', "'''", "\\n", "\\u0041", "\\N{DIGIT ONE}", "{", "}", "{x}", ":", "\\:", "});", "#", "\x0c",
)  # fmt: skip
TEXTS = st.lists(st.one_of(st.sampled_from(HOSTILE), st.text(max_size=4)), min_size=1, max_size=12).map(
    "".join
)
TEXTS = TEXTS.filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text))
"""Any text that a UTF-8 file can hold."""

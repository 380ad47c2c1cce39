"""Migrations as Knex runs them: written, and what we wrote read back.

We read back only the forms that we write, in which every character is accounted for; what we read then is
what Knex would run. A file that was edited within the forms, say in its SQL, still is one; any other is
Knex's.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from dbdeed.engines.seam import Statement
from dbdeed.migrations.formats.knex.literal import LITERAL, literal, marked, passes, text_of, unmarked
from dbdeed.migrations.formats.marks import environment_in, origin_in
from dbdeed.migrations.formats.written_groups import comment_lines, groups_of, is_plain, one_line
from dbdeed.migrations.seam import Batch

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.formats.written_groups import Group
    from dbdeed.migrations.seam import Draft, Origin


class Language(StrEnum):
    COMMONJS = "CommonJS"
    MODULE = "ES modules"
    TYPESCRIPT = "TypeScript"


@dataclass(frozen=True, slots=True)
class _Forms:
    first: str
    config: str
    begin: str
    end: str
    nothing: str
    environment: str
    keys_off: str


_CONFIG = "config = { transaction: false };"
_ABOUT_ENVIRONMENT = "// Values of the environment stand inside of quoted SQL literals.\n"
_ENVIRONMENT = """\
const env = (name{string}){returns} => {{
  const value = process.env[name];
  if (value === undefined) throw new Error(`${{name}} is not set in the environment.`);
  return value.replaceAll("'", "''");
}};
"""
_ABOUT_KEYS_OFF = (
    "// A table is rebuilt with foreign keys off, or dropping the old one takes the rows that refer to it.\n"
)
_KEYS_OFF = """\
const rebuilding = async (knex{knex}, work{work}) => {{
  const [{{ foreign_keys: before }}] = await knex.raw("PRAGMA foreign_keys");
  await knex.raw("PRAGMA foreign_keys = OFF");
  try {{
    await knex.transaction(async (trx) => {{
      const broken = (await trx.raw("PRAGMA foreign_key_check")).length;
      await work(trx);
      if ((await trx.raw("PRAGMA foreign_key_check")).length > broken) {{
        throw new Error("Rows would refer to rows that do not exist.");
      }}
    }});
  }} finally {{
    await knex.raw(`PRAGMA foreign_keys = ${{before}}`);
  }}
}};
"""
_PLAIN_ENVIRONMENT = _ENVIRONMENT.format(string="", returns="")
_PLAIN_KEYS_OFF = _KEYS_OFF.format(knex="", work="")
_FORMS = {
    Language.COMMONJS: _Forms(
        "",
        f"exports.{_CONFIG}\n",
        "exports.{way} = async function (knex) {{\n",
        "};\n",
        "exports.down = async function () {\n",
        _PLAIN_ENVIRONMENT,
        _PLAIN_KEYS_OFF,
    ),
    Language.MODULE: _Forms(
        "",
        f"export const {_CONFIG}\n",
        "export async function {way}(knex) {{\n",
        "}\n",
        "export async function down() {\n",
        _PLAIN_ENVIRONMENT,
        _PLAIN_KEYS_OFF,
    ),
    Language.TYPESCRIPT: _Forms(
        'import type { Knex } from "knex";\n',
        f"export const {_CONFIG}\n",
        "export async function {way}(knex: Knex): Promise<void> {{\n",
        "}\n",
        "export async function down(): Promise<void> {\n",
        _ENVIRONMENT.format(string=": string", returns=": string"),
        _KEYS_OFF.format(knex=": Knex", work=": (trx: Knex) => Promise<void>"),
    ),
}
_TOGETHER = "  await knex.transaction(async (trx) => {\n"
_REBUILDING = "  await rebuilding(knex, async (trx) => {\n"
_END_TOGETHER = "  });\n"
_NO_WAY_BACK = "No way back: "


@dataclass(frozen=True, slots=True)
class Script:
    """What a file of ours does; `down` is None where there is no way back."""

    up: tuple[Batch, ...]
    down: tuple[Batch, ...] | None
    origin: Origin
    environment: tuple[str, ...]


# Writing


def written(engine: Engine, language: Language, draft: Draft) -> str:
    """The file of a draft, whole."""
    return "".join(_parts(engine, _FORMS[language], draft))


def _parts(engine: Engine, forms: _Forms, draft: Draft) -> Iterator[str]:
    up, down = groups_of(engine, draft.up), groups_of(engine, draft.down or ())
    plain = is_plain(up, down)
    yield from (f"// {line}\n" if line else "//\n" for line in comment_lines(draft))
    if forms.first:
        yield f"\n{forms.first}"
    if draft.environment:
        yield f"\n{_ABOUT_ENVIRONMENT}{forms.environment}"
    if any(one.keys_off for one in (*up, *down)):
        yield f"\n{_ABOUT_KEYS_OFF}{forms.keys_off}"
    if not plain:
        yield f"\n{forms.config}"
    yield "\n" + forms.begin.format(way="up")
    yield from _groups(engine, draft, up, plain=plain)
    yield forms.end
    if draft.down is None:
        why = literal(f"{_NO_WAY_BACK}{one_line(draft.irreversible) or 'none was written.'}")
        yield f"\n{forms.nothing}  throw new Error({why});\n{forms.end}"
        return
    yield "\n" + forms.begin.format(way="down")
    yield from _groups(engine, draft, down, plain=plain)
    yield forms.end


def _groups(engine: Engine, draft: Draft, groups: Sequence[Group], *, plain: bool) -> Iterator[str]:
    for group in groups:
        together = group.transactional and not plain
        if together:
            yield _REBUILDING if group.keys_off else _TOGETHER
        indent, who = ("    ", "trx") if together else ("  ", "knex")
        for statement in group.statements:
            yield from (f"{indent}// {one_line(note)}\n" for note in statement.notes)
            yield f"{indent}await {who}.{_call(engine, statement.sql, draft.environment)};\n"
        if together:
            yield _END_TOGETHER


def _call(engine: Engine, sql: str, environment: Sequence[str]) -> str:
    if engine.name != "postgresql":
        return f"raw({literal(sql, environment)})"
    if passes(sql) and not any(f"${{{one}}}" in sql for one in environment):
        return f"raw({literal(marked(sql))})"
    return f"raw(`-`).options({{ text: {literal(sql, environment)} }})"


# Reading back

_BLANK = re.compile("[ \t]*(?://[ \t]?([^\n\r\u2028\u2029]*))?\n")
_RAW = re.compile(rf"await (knex|trx)\.raw\({LITERAL}\);\n", re.DOTALL)
_PAST = re.compile(rf"await (knex|trx)\.raw\(`-`\)\.options\(\{{ text: {LITERAL} \}}\);\n", re.DOTALL)
_THROW = re.compile(rf"  throw new Error\({LITERAL}\);\n", re.DOTALL)


class _NotOurs(Exception):  # noqa: N818 - it never leaves this module
    pass


def read_back(engine: Engine, language: Language, block: CodeBlock) -> Script | None:
    """What a file does that is in the forms that we write; None for any other."""
    try:
        return _Reader(engine, _FORMS[language], block).script()
    except _NotOurs:
        return None


class _Reader:
    def __init__(self, engine: Engine, forms: _Forms, block: CodeBlock) -> None:
        self._engine = engine
        self._forms = forms
        self._block = block
        self._text = block.text
        self._at = 0
        self._environment: tuple[str, ...] = ()

    def script(self) -> Script:
        comments = self._blanks()
        origin = origin_in(comments)
        if origin is None:
            raise _NotOurs
        self._environment = environment_in(comments)
        if self._forms.first:
            self._need(self._forms.first)
        if self._environment:
            self._blanks()
            self._need(self._forms.environment)
        self._blanks()
        self._take(self._forms.keys_off)
        self._blanks()
        plain = not self._take(self._forms.config)
        self._blanks()
        self._need(self._forms.begin.format(way="up"))
        up = self._batches(plain=plain)
        self._blanks()
        down = None if self._nothing() else self._way_down(plain=plain)
        self._blanks()
        if self._at != len(self._text):
            raise _NotOurs
        return Script(up, down, origin, self._environment)

    def _way_down(self, *, plain: bool) -> tuple[Batch, ...]:
        self._need(self._forms.begin.format(way="down"))
        return self._batches(plain=plain)

    def _nothing(self) -> bool:
        if not self._take(self._forms.nothing):
            return False
        found = _THROW.match(self._text, self._at)
        if found is None or text_of(found[1]) is None:
            raise _NotOurs
        self._at = found.end()
        self._need(self._forms.end)
        return True

    def _batches(self, *, plain: bool) -> tuple[Batch, ...]:
        found: list[Batch] = []
        while True:
            statements = self._statements("  ", "knex")
            if statements:
                found.append(Batch(statements, transactional=plain))
            if self._take(self._forms.end):
                return tuple(found)
            if plain or not (self._take(_TOGETHER) or self._take(_REBUILDING)):
                raise _NotOurs
            found.append(Batch(self._statements("    ", "trx")))
            self._need(_END_TOGETHER)

    def _statements(self, indent: str, who: str) -> tuple[Statement, ...]:
        found: list[Statement] = []
        while True:
            self._blanks()
            if not self._text.startswith(f"{indent}await {who}.raw(", self._at):
                return tuple(found)
            self._at += len(indent)
            found.append(self._statement(who))

    def _statement(self, who: str) -> Statement:
        raw, past = (one.match(self._text, self._at) for one in (_RAW, _PAST))
        match = raw or past
        if match is None or match[1] != who:
            raise _NotOurs
        self._at = match.end()
        sql = text_of(match[2], self._environment)
        if sql is not None and self._engine.name == "postgresql" and raw is not None:
            sql = unmarked(sql)
        if sql is None or (raw is None and self._engine.name != "postgresql"):
            raise _NotOurs
        return Statement(sql, self._block, match.start(2))

    def _blanks(self) -> list[str]:
        """Pass empty lines and comments; gives the comments."""
        comments = []
        while found := _BLANK.match(self._text, self._at):
            if found[1]:
                comments.append(found[1].rstrip())
            self._at = found.end()
        return comments

    def _take(self, form: str) -> bool:
        if not self._text.startswith(form, self._at):
            return False
        self._at += len(form)
        return True

    def _need(self, form: str) -> None:
        if not self._take(form):
            raise _NotOurs

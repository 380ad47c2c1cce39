"""What we wrote for Alembic, read back.

We read back only functions that are made of nothing but `op.execute` with texts; what we read then is what
Alembic would run. Comments and layout are free: a formatter may have gone over the file.
"""

from __future__ import annotations

import ast
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dbdeed.engines.seam import Statement
from dbdeed.migrations.formats.alembic.literal import unmarked
from dbdeed.migrations.formats.alembic.script import FILLED, REBUILDING, tuple_of
from dbdeed.migrations.formats.keys_off import as_batch
from dbdeed.migrations.formats.marks import environment_in, origin_in
from dbdeed.migrations.seam import Batch

if TYPE_CHECKING:
    from dbdeed.document.architecture import CodeBlock
    from dbdeed.engines.seam import Engine
    from dbdeed.migrations.seam import Origin


@dataclass(frozen=True, slots=True)
class Script:
    """What a file of ours does; `down` is None where there is no way back."""

    up: tuple[Batch, ...]
    down: tuple[Batch, ...] | None
    origin: Origin
    environment: tuple[str, ...]


_COMMENT = re.compile(r"^#[ \t]*(.*?)[ \t]*$", re.MULTILINE)
_CODING = re.compile(r"\A(?:[^\n]*\n)?[ \t\f]*#[^\n]*coding[:=]")
_GIVEN = frozenset({"revision", "down_revision", "branch_labels", "depends_on"})
_IMPORTS = frozenset(
    {
        "import os",
        "from contextlib import contextmanager",
        "from alembic import op",
        "import sqlalchemy as sa",
    }
)
_CALL = ast.dump(ast.parse("rebuilding()", mode="eval").body)
_FORM = ast.dump(ast.parse(REBUILDING).body[0])
_AUTOCOMMIT = ast.dump(ast.parse("op.get_context().autocommit_block()", mode="eval").body)


class _NotOurs(Exception):  # noqa: N818 - it never leaves this module
    pass


def read_back(engine: Engine, block: CodeBlock, tree: ast.Module) -> Script | None:
    """What a file does that is in the forms that we write; None for any other."""
    comments = _COMMENT.findall(block.text[: block.text.find("\ndef ") + 1])
    origin = origin_in(comments)
    if origin is None or _CODING.match(block.text):
        return None
    try:
        reader = _Reader(engine, block, environment_in(comments))
        return reader.script(tree, origin)
    except _NotOurs:
        return None


class _Reader:
    def __init__(self, engine: Engine, block: CodeBlock, environment: tuple[str, ...]) -> None:
        self._engine = engine
        self._block = block
        self._environment = environment
        self._rebuilds = False
        self._lines = [0]
        for line in block.text.split("\n"):
            self._lines.append(self._lines[-1] + len(line) + 1)

    def script(self, tree: ast.Module, origin: Origin) -> Script:
        ways: dict[str, ast.FunctionDef] = {}
        for number, node in enumerate(tree.body):
            if isinstance(node, ast.FunctionDef) and node.name not in ways and self._is_way(node):
                ways[node.name] = node
            elif not (number == 0 and _is_text(node)) and not self._is_head(node):
                raise _NotOurs
        self._rebuilds = "rebuilding" in ways
        if set(ways) - {"filled", "rebuilding"} != {"upgrade", "downgrade"}:
            raise _NotOurs
        down = None if _raises(ways["downgrade"]) else self._way(ways["downgrade"])
        return Script(self._way(ways["upgrade"]), down, origin, self._environment)

    def _is_head(self, node: ast.stmt) -> bool:
        if isinstance(node, ast.Import | ast.ImportFrom):
            return ast.unparse(node) in _IMPORTS
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            name = node.targets[0]
            return isinstance(name, ast.Name) and name.id in _GIVEN and _is_plain(node.value)
        return False

    def _is_way(self, node: ast.FunctionDef) -> bool:
        if node.name == "filled":
            form = ast.parse(FILLED.format(names=tuple_of(self._environment))).body[0]
            return bool(self._environment) and ast.dump(node) == ast.dump(form)
        if node.name == "rebuilding":
            return ast.dump(node) == _FORM
        empty = ast.parse(f"def {node.name}() -> None: pass").body[0]
        assert isinstance(empty, ast.FunctionDef)
        return (
            node.name in ("upgrade", "downgrade")
            and not node.decorator_list
            and ast.dump(node.args) == ast.dump(empty.args)
            and (node.returns is None or ast.unparse(node.returns) == "None")
        )

    def _way(self, node: ast.FunctionDef) -> tuple[Batch, ...]:
        found: list[Batch] = []
        together: list[Statement] = []
        for part in node.body:
            if isinstance(part, ast.With):
                if together:
                    raise _NotOurs  # Alembic commits them with what was before
                found.append(self._block_of(part))
            elif not isinstance(part, ast.Pass) and not _is_text(part):
                if found:
                    raise _NotOurs
                together.append(self._statement(part))
        return tuple([Batch(tuple(together))] if together else found)

    def _block_of(self, node: ast.With) -> Batch:
        call = ast.dump(node.items[0].context_expr)
        if len(node.items) != 1 or node.items[0].optional_vars:
            raise _NotOurs
        if call == _CALL and self._rebuilds:
            return Batch(tuple(map(self._statement, node.body)))
        if call != _AUTOCOMMIT:
            raise _NotOurs
        return as_batch(self._engine, tuple(map(self._statement, node.body)))

    def _statement(self, node: ast.stmt) -> Statement:
        call = node.value if isinstance(node, ast.Expr) else None
        argument = _argument(call, "op.execute")
        inner = _argument(argument, "filled") if self._environment else None
        text = inner if inner is not None else argument
        if not isinstance(text, ast.Constant) or not isinstance(text.value, str):
            raise _NotOurs
        sql = unmarked(text.value, filled=inner is not None)
        if sql is None or (inner is None and any(f"${{{name}}}" in sql for name in self._environment)):
            raise _NotOurs
        return Statement(sql, self._block, self._lines[text.lineno - 1] + text.col_offset + 3)


def _argument(call: ast.expr | None, name: str) -> ast.expr | None:
    """The only argument of a call of this name; None for anything else."""
    if not isinstance(call, ast.Call) or len(call.args) != 1 or call.keywords:
        return None
    return call.args[0] if ast.unparse(call.func) == name else None


def _is_text(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_plain(value: ast.expr) -> bool:
    try:
        ast.literal_eval(value)
    except ValueError:
        return False
    return True


def _raises(node: ast.FunctionDef) -> bool:
    last = node.body[-1]
    if len(node.body) > 1 or not isinstance(last, ast.Raise) or last.cause is not None:
        return False
    return isinstance(getattr(_argument(last.exc, "NotImplementedError"), "value", None), str)

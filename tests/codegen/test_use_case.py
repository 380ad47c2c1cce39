"""`app.generate` over the example documents: what the document says is where and what is written."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from dbdeed.app.generate import generate
from dbdeed.codegen.write import EditedByHand
from dbdeed.document.read import read
from dbdeed.document.source import Source

if TYPE_CHECKING:
    from dbdeed.document.architecture import Architecture
    from dbdeed.models.model import DataModel

_EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


@pytest.fixture
def architecture() -> Architecture:
    return read(Source("docs/DATABASE.md", (_EXAMPLES / "shop" / "DATABASE.md").read_bytes()))


def test_write_check_edit_and_force(
    tmp_path: Path, architecture: Architecture, data_model: DataModel
) -> None:
    before = generate(data_model, architecture, tmp_path, check=True)
    assert (before.written, before.unchanged) == ((), ())
    assert "src/repositories/order.py" in before.different
    assert not (tmp_path / "src").exists()
    done = generate(data_model, architecture, tmp_path)
    assert set(done.written) == set(before.different)
    again = generate(data_model, architecture, tmp_path)
    assert (again.written, again.removed, set(again.unchanged)) == ((), (), set(done.written))
    assert generate(data_model, architecture, tmp_path, check=True).different == ()
    order = tmp_path / "src" / "repositories" / "order.py"
    order.write_text(order.read_text() + "# mine\n")
    assert generate(data_model, architecture, tmp_path, check=True).different == (
        "src/repositories/order.py",
    )
    with pytest.raises(EditedByHand):
        generate(data_model, architecture, tmp_path)
    assert generate(data_model, architecture, tmp_path, force=True).written == ("src/repositories/order.py",)
    assert "# mine" not in order.read_text()


def test_the_documents_settings_are_in_the_database_file(
    tmp_path: Path, architecture: Architecture, data_model: DataModel
) -> None:
    generate(data_model, architecture, tmp_path)
    text = (tmp_path / "src" / "repositories" / "database.py").read_text()
    pool = architecture.access.pool.value
    retry = architecture.access.retry.value
    assert pool is not None
    assert retry is not None
    assert f"max={pool.max}" in text
    assert f"attempts={retry.attempts}" in text
    assert "from DATABASE.md" in text.splitlines()[0]

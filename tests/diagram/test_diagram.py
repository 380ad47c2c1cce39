from __future__ import annotations

import itertools
import shutil
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbdeed.diagram.layout import layout
from dbdeed.diagram.mermaid import mermaid
from dbdeed.diagram.picture import FULL_ROWS, Line, Picture, picture
from dbdeed.diagram.svg import svg
from dbdeed.models.model import (
    Attribute,
    Cardinality,
    DataModel,
    Dialect,
    Model,
    PythonType,
    Relationship,
    UniqueKey,
)

DIALECT = Dialect("postgresql", '"', frozenset(), folds_case=True)


def attribute(name: str, type_: str = "bigint", *, nullable: bool = False) -> Attribute:
    return Attribute(name, type_, PythonType("int"), nullable)


def model(name: str, *attributes: Attribute, relationships: tuple[Relationship, ...] = ()) -> Model:
    keys = (UniqueKey("pkey", (attributes[0].name,), primary=True),) if attributes else ()
    return Model(name, name.lower(), "", name.lower(), attributes, keys, relationships)


def belongs_to(target: str, column: str, *, required: bool = True, one: bool = False) -> Relationship:
    kind = Cardinality.ONE_TO_ONE if one else Cardinality.MANY_TO_ONE
    return Relationship(kind, target, (column,), ("id",), required=required)


def data_model(*models: Model) -> DataModel:
    return DataModel(models, (), (), DIALECT)


SHOP = data_model(
    model("Customer", attribute("id"), attribute("note", "text", nullable=True)),
    model(
        "Order",
        attribute("id"),
        attribute("customer_id"),
        attribute("total", "numeric(12,2)"),
        attribute("placed", "timestamp with time zone"),
        relationships=(belongs_to("Customer", "customer_id"),),
    ),
    model(
        "Passport",
        attribute("id"),
        attribute("customer_id", nullable=True),
        relationships=(belongs_to("Customer", "customer_id", required=False, one=True),),
    ),
)


def test_mermaid_draws_boxes_keys_and_cardinalities() -> None:
    assert mermaid(picture(SHOP)) == (
        "erDiagram\n"
        "    Customer {\n"
        "        bigint id PK\n"
        '        text note "null"\n'
        "    }\n"
        "    Order {\n"
        "        bigint id PK\n"
        "        bigint customer_id FK\n"
        "        numeric(12-2) total\n"
        "        timestamptz placed\n"
        "    }\n"
        "    Passport {\n"
        "        bigint id PK\n"
        '        bigint customer_id FK "null"\n'
        "    }\n"
        '    Customer ||--o{ Order : "customer_id"\n'
        '    Customer |o--o| Passport : "customer_id"\n'
    )


def test_many_to_many_is_drawn_once_from_either_side() -> None:
    def side(other: str) -> tuple[Relationship, ...]:
        return (Relationship(Cardinality.MANY_TO_MANY, other, ("id",), ("id",), through="post_tags"),)

    drawn = picture(
        data_model(
            model("Post", attribute("id"), relationships=side("Tag")),
            model("Tag", attribute("id"), relationships=side("Post")),
        )
    )
    assert drawn.lines == (Line("Post", "Tag", "post_tags", many=True),)
    assert 'Post }o--o{ Tag : "post_tags"' in mermaid(drawn)


def test_a_large_model_shows_key_rows_and_counts_the_rest() -> None:
    wide = [attribute(f"c{number}", "text") for number in range(FULL_ROWS)]
    drawn = picture(data_model(model("Wide", attribute("id"), *wide)))
    assert [row.name for row in drawn.boxes[0].rows] == ["id"]
    assert drawn.boxes[0].hidden == FULL_ROWS
    assert f"and {FULL_ROWS} more" in svg(drawn, "wide")


hostile = st.text(alphabet=st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)


@settings(max_examples=60)
@given(
    names=st.lists(hostile, min_size=1, max_size=4, unique=True), column=hostile, type_=hostile, title=hostile
)
def test_no_name_breaks_out_of_either_drawing(names: list[str], column: str, type_: str, title: str) -> None:
    models = [
        model(name, attribute(column, type_), relationships=(belongs_to(names[0], column),)) for name in names
    ]
    drawn = picture(data_model(*models))
    text = mermaid(drawn)
    assert len(text.splitlines()) == text.count("\n") == 1 + 3 * len(names) + len(names)
    assert not set("`<>%\\") & set(text)
    assert text.count('"') % 2 == 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shutil, "which", lambda _: None)
        root = ET.fromstring(svg(drawn, title))
    boxes = root.findall(".//{http://www.w3.org/2000/svg}rect[@class='box']")
    assert len(boxes) == len(names)


@pytest.mark.parametrize(
    "attack",
    [
        "</text><script>alert(1)</script>",
        '"><image href="file:///etc/passwd"/>',
        "]]>",
        "&lt;!ENTITY x>",
        "\x00\x1b[31m",
    ],
)
def test_markup_in_names_stays_text(attack: str) -> None:
    drawn = picture(data_model(model(attack, attribute(attack, attack))))
    root = ET.fromstring(svg(drawn, attack))
    tags = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert tags <= {"svg", "title", "style", "rect", "path", "text", "tspan", "g", "circle"}


@st.composite
def pictures(draw: st.DrawFn) -> Picture:
    count = draw(st.integers(1, 12))
    models = [model(f"M{number}", attribute("id"), attribute("x")) for number in range(count)]
    ends = st.tuples(st.integers(0, count - 1), st.integers(0, count - 1))
    pairs = draw(st.lists(ends, max_size=20))
    lines = tuple(Line(f"M{a}", f"M{b}", "x") for a, b in pairs)
    return Picture(picture(data_model(*models)).boxes, lines)


@pytest.mark.parametrize("graphviz", [True, False])
def test_boxes_never_overlap(graphviz: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if graphviz and shutil.which("dot") is None:
        pytest.skip("Graphviz (`dot`) is not installed")
    if not graphviz:
        monkeypatch.setattr("dbdeed.diagram.layout.shutil.which", lambda _: None)

    @settings(max_examples=15 if graphviz else 100)
    @given(drawn=pictures())
    def hold(drawn: Picture) -> None:
        places = layout(drawn)
        assert set(places) == {box.name for box in drawn.boxes}
        for one, other in itertools.combinations(places.values(), 2):
            apart_x = one.x + one.width <= other.x + 1 or other.x + other.width <= one.x + 1
            apart_y = one.y + one.height <= other.y + 1 or other.y + other.height <= one.y + 1
            assert apart_x or apart_y

    hold()


def test_a_chain_longer_than_the_stack_is_laid_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dbdeed.diagram.layout.shutil.which", lambda _: None)
    models = [model(f"M{number}", attribute("id")) for number in range(3000)]
    lines = tuple(Line(f"M{number}", f"M{number + 1}", "x") for number in range(2999))
    places = layout(Picture(picture(data_model(*models)).boxes, lines))
    assert places["M0"].x < places["M1500"].x < places["M2999"].x

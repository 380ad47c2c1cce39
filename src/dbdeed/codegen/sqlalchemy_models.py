"""SQLAlchemy 2 models whose metadata equals the database; written where ORM Usage names SQLAlchemy.

class Order(Base):
    __tablename__ = "orders"
    id: Mapped[int] = mapped_column(sa.BigInteger(), sa.Identity(always=True), primary_key=True)
    customer: Mapped[Customer] = relationship(back_populates="orders", …)
"""

from __future__ import annotations

import keyword
from typing import TYPE_CHECKING

from dbdeed.codegen.names import Namer, snake
from dbdeed.codegen.package import CHECK, FUTURE
from dbdeed.codegen.picture import imports_of
from dbdeed.codegen.python_text import (
    STEP,
    Code,
    Group,
    block,
    fold,
    import_line,
    import_order,
    literal,
    sentence,
)
from dbdeed.codegen.sqlalchemy_relations import other_side, sides_of
from dbdeed.codegen.sqlalchemy_types import escaped, mapped_type, postgresql_type, sqlite_type, text
from dbdeed.codegen.words import says

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dbdeed.codegen.names import Names
    from dbdeed.codegen.picture import Picture
    from dbdeed.codegen.sqlalchemy_relations import Side
    from dbdeed.models.blueprint import (
        Blueprint,
        ColumnFact,
        ConstraintFact,
        Counting,
        IndexFact,
        IndexPart,
        TableFact,
    )
    from dbdeed.models.model import Attribute, Dialect

_BASE = '''class Base(DeclarativeBase):
    """What all models share: `Base.metadata` has every table."""
'''
_VALUES = '''def _values(enum: type[StrEnum]) -> list[str]:
    """The texts that the database knows an enum's members by."""
    return [member.value for member in enum]
'''
_DECLARED = '''class Declared(sa.types.UserDefinedType[typing.Any]):
    """A type that SQLAlchemy does not know, by the database's own name."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: object) -> str:
        return self.name
'''
_KEPT = '''def as_it_is(value: typing.Any) -> typing.Any:
    """The value as the driver gives it."""
    return value


class Kept(sa.types.TypeDecorator[typing.Any]):
    """A value as the repositories keep it, in a column of the affinity of `spec`."""

    impl = Declared
    cache_ok = True

    def __init__(self, spec: str, load: Callable[[typing.Any], typing.Any]) -> None:
        super().__init__(spec)
        self.spec = spec
        self.load = load

    def process_bind_param(self, value: typing.Any, dialect: sa.Dialect) -> typing.Any:
        return to_sqlite([value])[0]

    def process_result_value(
        self, value: typing.Any, dialect: sa.Dialect
    ) -> typing.Any:
        return None if value is None else self.load(value)
'''


def sqlalchemy_file(blueprint: Blueprint, pictures: Sequence[Picture], names: Names, dialect: Dialect) -> str:
    """The whole file."""
    return _File(blueprint, pictures, names, dialect).text()


class _File:
    """The file under way."""

    def __init__(
        self, blueprint: Blueprint, pictures: Sequence[Picture], names: Names, dialect: Dialect
    ) -> None:
        self._blueprint = blueprint
        self._pictures = {one.model.name: one for one in pictures}
        self._by_table = {(one.model.schema, one.model.table): one for one in pictures}
        self._names = names
        self._sqlite = dialect.name == "sqlite"
        self._sides = sides_of(self._pictures)
        taken = (
            {one.names.row for one in pictures} | {*names.enums.values()} | {"Base", "sa", "Declared", "Kept"}
        )
        namer = Namer({*taken, *keyword.kwlist})
        self._tables = {
            (one.schema, one.name): namer(snake(one.name) or "table")
            for one in blueprint.tables
            if not self._is_class(one)
        }

    def text(self) -> str:
        sequences = [
            block(_sequence(one.name, one.schema, one.counting)) for one in self._blueprint.sequences
        ]
        parts = [
            block(self._class(one) if self._is_class(one) else self._table(one))
            for one in self._blueprint.tables
        ]
        body = "\n\n".join([*(["".join(sequences)] if sequences else []), *parts])
        helpers = [_BASE]
        helpers += [_VALUES] if says("_values", body) else []
        helpers += [_DECLARED] if says("Declared", body) or says("Kept", body) else []
        helpers += [_KEPT] if says("Kept", body) else []
        code = "\n\n".join([*helpers, body])
        return f"{self._head(code)}\n{CHECK}\n\n{code}"

    def _is_class(self, table: TableFact) -> bool:
        return (table.schema, table.name) in self._by_table and any(
            one.kind == "primary" for one in table.constraints
        )

    def _head(self, code: str) -> str:
        every = {line for one in self._pictures.values() for line in imports_of(one)}
        modules = sorted(line for line in every if says(line.split()[-1].partition(".")[0], code))
        standard = [line for line in modules if not line.startswith("import psycopg")]
        if says("typing", code) and "import typing" not in standard:
            standard = sorted([*standard, "import typing"])
        standard += ["from collections.abc import Callable"] if says("Callable", code) else []
        standard += ["from enum import StrEnum"] if says("StrEnum", code) else []
        third = ["import sqlalchemy as sa", "from dbdeed import access"]
        third += ["from dbdeed.access.sqlite_values import to_sqlite"] if says("to_sqlite", code) else []
        third += ["from sqlalchemy.dialects import postgresql"] if says("postgresql", code) else []
        orm = [
            one for one in ("DeclarativeBase", "Mapped", "mapped_column", "relationship") if says(one, code)
        ]
        third.append(import_line("sqlalchemy.orm", tuple(orm)))
        used = tuple(
            sorted((name for name in self._names.enums.values() if says(name, code)), key=import_order)
        )
        local = [import_line(".enums", used), ""] if used else []
        about = '"""SQLAlchemy models; their metadata equals the database."""\n'
        return "\n".join([about, FUTURE, *standard, *([""] if standard else []), *third, "", *local])

    def _class(self, table: TableFact) -> str:
        picture = self._by_table[table.schema, table.name]
        about = sentence(table.comment) or f"A row of `{sentence(table.name)}`."
        lines = [f"class {picture.names.row}(Base):", f'{STEP}"""{about}"""', ""]
        lines.append(f"{STEP}__tablename__ = {literal(table.name)}")
        items: list[Code] = [*self._constraints(table)]
        options = [f'"schema": {literal(table.schema)}'] if table.schema else []
        options += [f'"comment": {literal(table.comment)}'] if table.comment else []
        items += [Group("{", tuple(options), "}")] if options else []
        if len(items) == 1 and not options:
            flat = items[0] if isinstance(items[0], str) else items[0].flat()
            one = f"{STEP}__table_args__ = ({flat},)"
            lines.append(one if len(one) <= 88 else _opened("__table_args__ = (", items))
        elif items:
            lines.append(fold(Group("__table_args__ = (", tuple(items)), STEP))
        lines.append("")
        facts = {one.name: one for one in table.columns}
        primary = {name for one in table.constraints if one.kind == "primary" for name in one.columns}
        for field in picture.fields:
            fact = facts[field.attribute.name]
            annotation = mapped_type(field.type)
            optional = " | None" if fact.nullable else ""
            named = () if field.name == fact.name else (literal(fact.name),)
            key: tuple[str, ...] = ("primary_key=True",) if fact.name in primary else ()
            key += ("nullable=True",) if key and not fact.not_null else ()
            made = Group("mapped_column(", (*named, *self._column(fact, field.attribute), *key))
            lines.append(fold(_with_head(f"{field.name}: Mapped[{annotation}{optional}] = ", made), STEP))
        lines += [one for side in self._sides[picture.model.name] for one in self._relation(side, picture)]
        return "\n".join(lines) + "\n"

    def _table(self, table: TableFact) -> str:
        name = self._tables[table.schema, table.name]
        columns = []
        primary = {column for one in table.constraints if one.kind == "primary" for column in one.columns}
        attributes: dict[str, Attribute] = {}
        picture = self._by_table.get((table.schema, table.name))
        if picture is not None:
            attributes = {field.attribute.name: field.attribute for field in picture.fields}
        for fact in table.columns:
            key = ("primary_key=True",) if fact.name in primary else ()
            null: tuple[str, ...] = () if fact.nullable or key else ("nullable=False",)
            null += ("nullable=True",) if key and not fact.not_null else ()
            made = self._column(fact, attributes.get(fact.name))
            columns.append(Group("sa.Column(", (literal(fact.name), *made, *key, *null)))
        options = [f"schema={literal(table.schema)}"] if table.schema else []
        options += [f"comment={literal(table.comment)}"] if table.comment else []
        items = (literal(table.name), "Base.metadata", *columns, *self._constraints(table), *options)
        return fold(Group(f"{name} = sa.Table(", items)) + "\n"

    def _column(self, fact: ColumnFact, attribute: Attribute | None) -> tuple[Code, ...]:
        made = (sqlite_type if self._sqlite else postgresql_type)(fact, self._names, attribute)
        items: list[Code] = [made]
        if fact.identity and fact.counting is not None:
            items.append(_identity(fact.identity, fact.counting))
        if fact.computed:
            stored = "persisted=True" if fact.stored else "persisted=False"
            items.append(Group("sa.Computed(", (literal(escaped(fact.computed)), stored)))
        if fact.default and not fact.serial:
            items.append(f"server_default={text(self._default(fact.default))}")
        if fact.comment:
            items.append(f"comment={literal(fact.comment)}")
        return tuple(items)

    def _default(self, expression: str) -> str:
        """SQLite takes an expression in parentheses only."""
        plain = expression.replace("_", "").replace(".", "").replace("-", "").isalnum()
        quoted = expression.startswith("'") and expression.endswith("'")
        return f"({expression})" if self._sqlite and not plain and not quoted else expression

    def _constraints(self, table: TableFact) -> list[Code]:
        made = [code for one in table.constraints if (code := self._constraint(one)) is not None]
        return [*made, *(self._index(one) for one in table.indexes)]

    def _constraint(self, one: ConstraintFact) -> Code | None:
        name: tuple[str, ...] = (f"name={literal(one.name)}",) if one.name else ()
        late: tuple[str, ...] = ("deferrable=True",) if one.deferrable else ()
        late += ('initially="DEFERRED"',) if one.deferred else ()
        columns: tuple[Code, ...] = tuple(map(literal, one.columns))
        if one.kind == "primary":
            return Group("sa.PrimaryKeyConstraint(", (*columns, *name, *late)) if one.name else None
        if one.kind == "unique":
            nulls = ("postgresql_nulls_not_distinct=True",) if one.nulls_not_distinct else ()
            return Group("sa.UniqueConstraint(", (*columns, *name, *late, *nulls))
        if one.kind == "check":
            return Group("sa.CheckConstraint(", (literal(escaped(one.text)), *name))
        if one.kind == "foreign":
            place = f"{one.schema}.{one.table}" if one.schema else one.table
            referenced: tuple[Code, ...] = tuple(literal(f"{place}.{column}") for column in one.referenced)
            actions: list[str] = [f"ondelete={literal(one.on_delete.upper())}"] if one.on_delete else []
            actions += [f"onupdate={literal(one.on_update.upper())}"] if one.on_update else []
            if one.at_column:  # SQLAlchemy reads no name and no action of a key that stands at its column
                name, actions, late = (), [], ()
            items: tuple[Code, ...] = (
                Group("[", columns, "]"),
                Group("[", referenced, "]"),
                *name,
                *actions,
                *late,
            )
            return Group("sa.ForeignKeyConstraint(", items)
        return None  # an exclusion: SQLAlchemy's own form says less than the database knows

    def _index(self, one: IndexFact) -> Code:
        prefix = "sqlite" if self._sqlite else "postgresql"
        keys = tuple(_key(part, sqlite=self._sqlite) for part in one.parts)
        options = ["unique=True"] if one.unique else []
        options += [f"{prefix}_using={literal(one.method)}"] if one.method else []
        where = Group(f"{prefix}_where=sa.text(", (literal(escaped(one.where)),)) if one.where else None
        included = ", ".join(map(literal, one.included))
        options += [f"{prefix}_include=[{included}]"] if included else []
        operators = {part.column: part.operators for part in one.parts if part.operators and _is_plain(part)}
        named = ", ".join(f"{literal(column)}: {literal(value)}" for column, value in operators.items())
        options += [f"{prefix}_ops={{{named}}}"] if named else []
        options += [f"{prefix}_nulls_not_distinct=True"] if one.nulls_not_distinct else []
        return Group("sa.Index(", (literal(one.name), *keys, *options, *([where] if where else [])))

    def _relation(self, side: Side, picture: Picture) -> list[str]:
        relation, target = side.relation, side.target.names.row
        if not self._mapped(side.target) or not self._mapped(picture):
            return []
        other = other_side(side, picture, self._sides)
        options: list[Code] = [f"lambda: {target}"]
        if relation.through:
            found = self._secondary(side, picture)
            if found is None:
                return []
            options += found
        else:
            holder = picture if relation.holder else side.target
            keys = relation.columns if relation.holder else relation.target_columns
            columns = ", ".join(f"{holder.names.row}.{holder.names.attribute(column)}" for column in keys)
            options.append(f"foreign_keys=lambda: [{columns}]")
            if relation.holder and side.target is picture:
                remote = ", ".join(
                    f"{target}.{picture.names.attribute(column)}" for column in relation.target_columns
                )
                options.append(f"remote_side=lambda: [{remote}]")
            if not relation.holder and relation.on_delete in ("cascade", "set null", "set default"):
                options.append("passive_deletes=True")
        if other is not None and other.name:
            options.append(f"back_populates={literal(other.name)}")
        kind = f"list[{target}]" if side.many else target
        if not side.many and not (relation.holder and relation.required):
            kind = f"{target} | None"
        made = _with_head(f"{side.name}: Mapped[{kind}] = ", Group("relationship(", tuple(options)))
        return [fold(made, STEP)]

    def _mapped(self, picture: Picture) -> bool:
        return bool(picture.key)

    def _secondary(self, side: Side, picture: Picture) -> list[Code] | None:
        relation = side.relation
        found = [name for (_, table), name in self._tables.items() if table == relation.through]
        if not found:
            return None
        table, target = found[0], side.target
        own = zip(relation.columns, relation.through_columns, strict=True)
        theirs = zip(relation.target_columns, relation.through_target_columns, strict=True)
        first = _joined([(picture, one, table, column) for one, column in own])
        second = _joined([(target, one, table, column) for one, column in theirs])
        return [
            f"secondary=lambda: {table}",
            f"primaryjoin=lambda: {first}",
            f"secondaryjoin=lambda: {second}",
        ]


def _joined(pairs: list[tuple[Picture, str, str, str]]) -> str:
    parts = [
        f"{one.names.row}.{one.names.attribute(column)} == {table}.c[{literal(key)}]"
        for one, column, table, key in pairs
    ]
    return parts[0] if len(parts) == 1 else f"sa.and_({', '.join(parts)})"


def _with_head(head: str, group: Group) -> Group:
    return Group(f"{head}{group.head}", group.items, group.tail)


def _opened(head: str, items: list[Code]) -> str:
    inner = [fold(item, STEP * 2, ",") for item in items]
    return "\n".join([f"{STEP}{head}", *inner, f"{STEP})"])


def _is_plain(part: IndexPart) -> bool:
    return bool(part.column) and not part.order


def _key(part: IndexPart, *, sqlite: bool) -> str:
    if _is_plain(part):
        return literal(part.column)
    if sqlite and part.column:  # SQLAlchemy reads which column it is, and not its order
        return f"sa.column({literal(part.column)}, sa.types.NullType()).desc()"
    operators = f" {part.operators}" if part.operators else ""
    return text(f"{part.expression}{operators}{part.order}")


def _identity(kind: str, counting: Counting) -> Group:
    return Group("sa.Identity(", (f"always={kind == 'always'}", *_counting(counting)))


def _counting(counting: Counting) -> list[str]:
    options = [f"start={counting.start}"] if counting.start != 1 else []
    options += [f"increment={counting.increment}"] if counting.increment != 1 else []
    options += [f"minvalue={counting.minimum}"] if counting.minimum != 1 else []
    maximum = counting.maximum not in (2**63 - 1, 2**31 - 1, 2**15 - 1)
    options += [f"maxvalue={counting.maximum}"] if maximum else []
    options += [f"cache={counting.cache}"] if counting.cache != 1 else []
    return options + (["cycle=True"] if counting.cycle else [])


def _sequence(name: str, schema: str, counting: Counting) -> str:
    options = [literal(name), *_counting(counting)]
    options += [f"schema={literal(schema)}"] if schema else []
    return fold(Group("sa.Sequence(", (*options, "metadata=Base.metadata"))) + "\n"

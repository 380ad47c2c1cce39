"""SQLAlchemy's types for an engine's own, so that its reflection of the database says the same."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from dbdeed.codegen.python_text import Code, Group, literal

if TYPE_CHECKING:
    from dbdeed.codegen.names import Names
    from dbdeed.models.blueprint import ColumnFact, NamedType
    from dbdeed.models.model import Attribute

_PARTS = re.compile(
    r"(?P<name>[^(]+?)\s*(?:\((?P<arguments>[^)]*)\))?(?P<rest> (?:with|without) time zone)?\Z"
)
_POSTGRESQL = {
    "smallint": "sa.SmallInteger",
    "integer": "sa.Integer",
    "bigint": "sa.BigInteger",
    "numeric": "sa.Numeric",
    "real": "sa.REAL",
    "double precision": "sa.Double",
    "boolean": "sa.Boolean",
    "text": "sa.Text",
    "character varying": "sa.String",
    "character": "sa.CHAR",
    "bytea": "sa.LargeBinary",
    "date": "sa.Date",
    "uuid": "sa.Uuid",
    "interval": "postgresql.INTERVAL",
    "json": "postgresql.JSON",
    "jsonb": "postgresql.JSONB",
    "inet": "postgresql.INET",
    "cidr": "postgresql.CIDR",
    "macaddr": "postgresql.MACADDR",
    "macaddr8": "postgresql.MACADDR8",
    "money": "postgresql.MONEY",
    "oid": "postgresql.OID",
    "tsvector": "postgresql.TSVECTOR",
    "tsquery": "postgresql.TSQUERY",
    "bit": "postgresql.BIT",
    "citext": "postgresql.CITEXT",
    "hstore": "postgresql.HSTORE",
    **{
        f"{kind}{end}": f"postgresql.{kind.upper()}{end.upper()}"
        for kind in ("int4", "int8", "num", "date", "ts", "tstz")
        for end in ("range", "multirange")
    },
}
_TIMES = {"time": "TIME", "timestamp": "TIMESTAMP"}
# As SQLAlchemy reads a declared type of SQLite's: by its name, else by its affinity.
_SQLITE = {
    "integer": "sa.Integer",
    "int": "sa.Integer",
    "bigint": "sa.BigInteger",
    "smallint": "sa.SmallInteger",
    "text": "sa.Text",
    "varchar": "sa.String",
    "nvarchar": "sa.String",
    "char": "sa.CHAR",
    "real": "sa.REAL",
    "float": "sa.Float",
    "blob": "sa.LargeBinary",
    "boolean": "sa.Boolean",
    "date": "sa.Date",
    "datetime": "sa.DateTime",
    "timestamp": "sa.TIMESTAMP",
    "time": "sa.Time",
    "numeric": "sa.Numeric",
    "decimal": "sa.DECIMAL",
    "json": "sa.JSON",
}
_KEPT = {
    "uuid.UUID": "uuid.UUID",
    "decimal.Decimal": "access.to_decimal",
    "datetime.datetime": "access.to_utc",
    "datetime.date": "datetime.date.fromisoformat",
    "datetime.time": "datetime.time.fromisoformat",
    "bool": "bool",
    "float": "float",
    "int": "int",
    "str": "str",
}


def postgresql_type(column: ColumnFact, names: Names, attribute: Attribute | None) -> Code:
    """The type of a column of PostgreSQL's."""
    dimensions = column.type.count("[]")
    element = column.type.removesuffix("[]" * dimensions)
    one = (
        _named(column.named, names, attribute)
        if column.named is not None
        else _plain(element, column.collation)
    )
    # Enums and domains do not say by their type what they hold.
    array = "postgresql.ARRAY(" if column.named is None else "postgresql.ARRAY[typing.Any]("
    return Group(array, (one,)) if dimensions else one


def _named(named: NamedType, names: Names, attribute: Attribute | None) -> Code:
    schema = (f"schema={literal(named.schema)}",) if named.schema else ()
    if named.values:
        enum = names.enums.get(attribute.python.enum) if attribute is not None else None
        values = (enum, "values_callable=_values") if enum else tuple(map(literal, named.values))
        return Group("postgresql.ENUM(", (*values, f"name={literal(named.name)}", *schema))
    options: list[Code] = [literal(named.name), _plain(named.base, "")]
    options += [f"default={text(named.default)}"] if named.default else []
    options += ["not_null=True"] if named.not_null else []
    if named.checks:
        name, check = named.checks[0]
        options += [f"constraint_name={literal(name)}", Group("check=sa.text(", (literal(escaped(check)),))]
    return Group("postgresql.DOMAIN(", (*options, *schema))


def text(sql: str) -> str:
    return f"sa.text({literal(escaped(sql))})"


def escaped(sql: str) -> str:
    """SQL for `text()`, which takes `:name` for a parameter."""
    return re.sub(r"(?<![:\\]):(?=\w)", r"\\:", sql)


def _plain(type_name: str, collation: str) -> str:
    found = _PARTS.match(type_name)
    if found is None:
        return f"Declared({literal(type_name)})"
    name, arguments = found["name"].strip(), found["arguments"] or ""
    if name in _TIMES:
        zone = "True" if (found["rest"] or "").startswith(" with ") else "False"
        precision = f", precision={arguments}" if arguments else ""
        return f"postgresql.{_TIMES[name]}(timezone={zone}{precision})"
    if name == "bit varying":
        return f"postgresql.BIT({f'{arguments}, ' if arguments else ''}varying=True)"
    if name.startswith("interval"):
        fields = name.removeprefix("interval").strip()
        options = [f"fields={literal(fields)}"] if fields else []
        options += [f"precision={arguments}"] if arguments else []
        return f"postgresql.INTERVAL({', '.join(options)})"
    made = _POSTGRESQL.get(name.rpartition(".")[2])
    if made is None:
        return f"Declared({literal(type_name)})"
    options = [arguments.replace(",", ", ")] if arguments else []
    texts = made in ("sa.Text", "sa.String", "sa.CHAR")
    options += [f"collation={literal(collation)}"] if collation and texts else []
    return f"{made}({', '.join(options)})"


def sqlite_type(column: ColumnFact, names: Names, attribute: Attribute | None) -> Code:
    """The type of a column of SQLite's; what SQLAlchemy does not know is read and written as dbdeed does."""
    found = _PARTS.match(column.type)
    name = found["name"].strip().lower() if found is not None else ""
    arguments = (found["arguments"] or "").replace(",", ", ") if found is not None else ""
    enum = names.enums.get(attribute.python.enum) if attribute is not None else None
    if enum is not None:
        return f"Kept({literal(_reflected(name, arguments))}, {enum})"
    collation = [f"collation={literal(column.collation)}"] if column.collation else []
    made = _SQLITE.get(name)
    python = attribute.python.expression if attribute is not None else "typing.Any"
    if made is not None:
        texts = made in ("sa.Text", "sa.String", "sa.CHAR")
        return f"{made}({', '.join([*([arguments] if arguments else []), *(collation if texts else [])])})"
    return f"Kept({literal(_reflected(name, arguments))}, {_KEPT.get(python, 'as_it_is')})"


def _reflected(name: str, arguments: str) -> str:
    """What SQLAlchemy's reflection calls a declared type."""
    known = _SQLITE.get(name)
    if known is not None:
        base = {"sa.Integer": "INTEGER", "sa.String": "VARCHAR"}.get(known, name.upper())
    elif "int" in name:
        base = "INTEGER"
    elif any(part in name for part in ("char", "clob", "text")):
        base = "TEXT"
    elif "blob" in name or not name:
        return "BLOB"
    elif any(part in name for part in ("real", "floa", "doub")):
        base = "REAL"
    else:
        base = "NUMERIC"
    return f"{base}({arguments})" if arguments and base not in ("INTEGER", "REAL", "TEXT") else base


def mapped_type(annotation: str) -> str:
    """The Python type as SQLAlchemy's drivers give it."""
    changed = annotation.replace("psycopg.types.range.Range[", "postgresql.Range[")
    if "psycopg.types.multirange" in changed:
        inner = changed.partition("Multirange[")[2]
        return f"list[postgresql.Range[{inner}]"
    return "str" if changed.startswith("ipaddress.") else changed

"""What operator families and classes are made of: operators by strategy, functions by number.

PostgreSQL keeps each member with a class or, if it is loose, with the family; what an access method can do
without is loose even where it was written with a class.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from dbdeed.engines.postgresql.system import PG_AMOP, PG_AMPROC, PG_OPCLASS, PG_OPFAMILY

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dbdeed.engines.postgresql.reading import Address, Reading

OperatorMember = tuple[int, str, str, str, str]
"""(strategy, left type, right type, operator, family that it orders by or ""), as SQL."""

FunctionMember = tuple[int, str, str, str]
"""(number, left type, right type, function with its arguments), as SQL."""

Members = tuple[tuple[OperatorMember, ...], tuple[FunctionMember, ...]]

_KEPT_WITH = """JOIN pg_depend d ON d.classid = '{0}'::regclass AND d.objid = m.oid
        AND d.deptype IN ('i', 'a') AND d.refclassid IN ('pg_opclass'::regclass, 'pg_opfamily'::regclass)
    WHERE m.oid >= 16384"""

_OPERATORS = f"""
    SELECT d.refclassid, d.refobjid, m.oid, m.amopstrategy::int, format_type(m.amoplefttype, NULL),
        format_type(m.amoprighttype, NULL), quote_ident(n.nspname) || '.' || o.oprname,
        coalesce((SELECT quote_ident(fn.nspname) || '.' || quote_ident(f.opfname) FROM pg_opfamily f
            JOIN pg_namespace fn ON fn.oid = f.opfnamespace WHERE f.oid = m.amopsortfamily), '')
    FROM pg_amop m JOIN pg_operator o ON o.oid = m.amopopr JOIN pg_namespace n ON n.oid = o.oprnamespace
    {_KEPT_WITH.format("pg_amop")} ORDER BY 4, 5, 6
"""

_FUNCTIONS = f"""
    SELECT d.refclassid, d.refobjid, m.oid, m.amprocnum::int, format_type(m.amproclefttype, NULL),
        format_type(m.amprocrighttype, NULL), m.amproc::oid::regprocedure::text
    FROM pg_amproc m {_KEPT_WITH.format("pg_amproc")} ORDER BY 4, 5, 6
"""


def read_members(reading: Reading) -> Mapping[Address, tuple[Members, tuple[Address, ...]]]:
    """The members of each class and family, and the members' own addresses."""
    operators: defaultdict[Address, list[OperatorMember]] = defaultdict(list)
    functions: defaultdict[Address, list[FunctionMember]] = defaultdict(list)
    parts: defaultdict[Address, list[Address]] = defaultdict(list)
    for classid, objid, oid, *member in reading.fetch(_OPERATORS):
        operators[classid, objid, 0].append(tuple(member))
        parts[classid, objid, 0].append((PG_AMOP, oid, 0))
    for classid, objid, oid, *member in reading.fetch(_FUNCTIONS):
        functions[classid, objid, 0].append(tuple(member))
        parts[classid, objid, 0].append((PG_AMPROC, oid, 0))
    _extensions(reading, parts)
    return {
        one: ((tuple(operators[one]), tuple(functions[one])), tuple(addresses))
        for one, addresses in parts.items()
    }


def _extensions(reading: Reading, parts: Mapping[Address, Iterable[Address]]) -> None:
    """Members of an extension's classes and families are the extension's."""
    for (classid, objid, _), addresses in parts.items():
        if classid in (PG_OPCLASS, PG_OPFAMILY) and (classid, objid) in reading.members:
            extension = reading.addresses.get((classid, objid, 0))
            if extension is not None:
                reading.addresses.update(dict.fromkeys(addresses, extension))


def operator_sql(member: OperatorMember) -> str:
    strategy, left, right, operator, family = member
    return f"OPERATOR {strategy} {operator} ({left}, {right})" + f" FOR ORDER BY {family}" * bool(family)


def function_sql(member: FunctionMember, method: str) -> str:
    """Types are written where PostgreSQL would not take them from the function's own arguments."""
    number, left, right, function = member
    types = "" if (left, right) == _usual(number, function, method) else f" ({left}, {right})"
    return f"FUNCTION {number}{types} {function}"


def _usual(number: int, function: str, method: str) -> tuple[str, str] | None:
    arguments = function[function.rindex("(") + 1 : -1].split(",")
    if (method, number) == ("btree", 1) and len(arguments) == 2:
        return arguments[0], arguments[1]
    if (method, number) == ("btree", 3) and len(arguments) == 5:
        return arguments[0], arguments[2]
    if method == "hash" and number in (1, 2):
        return arguments[0], arguments[0]
    return None


def dropped_sql(operators: Iterable[OperatorMember], functions: Iterable[FunctionMember]) -> list[str]:
    return [
        *(f"OPERATOR {strategy} ({left}, {right})" for strategy, left, right, *_ in operators),
        *(f"FUNCTION {number} ({left}, {right})" for number, left, right, _ in functions),
    ]

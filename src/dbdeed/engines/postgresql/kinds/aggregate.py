"""Aggregates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dbdeed.engines.catalog import ObjectId
from dbdeed.engines.compare import Alteration, Context, Kind, Making
from dbdeed.engines.postgresql.named import Named
from dbdeed.engines.postgresql.quoting import literal, qualified
from dbdeed.engines.postgresql.reading import OURS
from dbdeed.engines.postgresql.system import PG_PROC
from dbdeed.engines.postgresql.writing import step

if TYPE_CHECKING:
    from dbdeed.engines.change import Step
    from dbdeed.engines.postgresql.reading import Reading


class Aggregate(Named, frozen=True, tag="aggregate"):
    """An aggregate.

    Attributes:
        arguments: the types that identify it.
        signature: its arguments as CREATE AGGREGATE has them, with names and ORDER BY.
        settings: (option, value) as SQL has them, in the manual's order.
    """

    schema: str
    name: str
    arguments: str
    signature: str
    settings: tuple[tuple[str, str], ...]

    @property
    def id(self) -> ObjectId:
        return ObjectId("aggregate", (self.schema, self.name, self.arguments))

    @property
    def claims(self) -> tuple[tuple[str, ...], ...]:
        return (("function", self.schema, self.name, self.arguments),)

    @property
    def sql_name(self) -> str:
        return f"{qualified(self.schema, self.name)}({self.signature})"


# format_type and regproc/regoperator qualify whatever is not in pg_catalog, since the search path is empty.
_QUERY = f"""
    SELECT p.oid, n.nspname, p.proname, oidvectortypes(p.proargtypes), pg_get_function_arguments(p.oid),
        a.aggkind::text, p.proparallel::text,
        a.aggtransfn::text, format_type(a.aggtranstype, NULL), a.aggtransspace, a.aggfinalfn::text,
        a.aggfinalextra, a.aggfinalmodify::text, a.aggcombinefn::text, a.aggserialfn::text,
        a.aggdeserialfn::text, a.agginitval, a.aggmtransfn::text, a.aggminvtransfn::text,
        format_type(nullif(a.aggmtranstype, 0), NULL), a.aggmtransspace, a.aggmfinalfn::text,
        a.aggmfinalextra, a.aggmfinalmodify::text, a.aggminitval, (SELECT 'OPERATOR(' ||
            quote_ident(opn.nspname) || '.' || o.oprname || ')' FROM
            pg_operator o
            JOIN pg_namespace opn ON opn.oid = o.oprnamespace WHERE o.oid = a.aggsortop)
    FROM pg_proc p
    JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_aggregate a ON a.aggfnoid = p.oid
    WHERE p.prokind = 'a' AND {OURS}
    ORDER BY n.nspname, p.proname, 4
"""

_MODIFY = {"r": "READ_ONLY", "s": "SHAREABLE", "w": "READ_WRITE"}
_PARALLEL = {"s": "SAFE", "r": "RESTRICTED"}


def read(reading: Reading) -> None:
    for oid, schema, name, arguments, signature, *fields in reading.fetch(_QUERY):
        if (PG_PROC, oid) not in reading.members:
            one = Aggregate(schema, name, arguments, signature or "*", tuple(_settings(*fields)))
            reading.add(one, (PG_PROC, oid, 0))


def _settings(
    kind: str,
    parallel: str,
    transition: str,
    state: str,
    space: int,
    final: str,
    final_extra: bool,
    final_modify: str,
    combine: str,
    serial: str,
    deserial: str,
    initial: str | None,
    moving: str,
    moving_inverse: str,
    moving_state: str | None,
    moving_space: int,
    moving_final: str,
    moving_extra: bool,
    moving_modify: str,
    moving_initial: str | None,
    sort_operator: str | None,
) -> list[tuple[str, str]]:
    usual = "w" if kind in ("o", "h") else "r"
    every = (
        ("SFUNC", transition),
        ("STYPE", state),
        ("SSPACE", str(space) if space else "-"),
        ("FINALFUNC", final),
        ("FINALFUNC_EXTRA", "" if final_extra else "-"),
        ("FINALFUNC_MODIFY", _MODIFY[final_modify] if final_modify != usual and final != "-" else "-"),
        ("COMBINEFUNC", combine),
        ("SERIALFUNC", serial),
        ("DESERIALFUNC", deserial),
        ("INITCOND", "-" if initial is None else literal(initial)),
        ("MSFUNC", moving),
        ("MINVFUNC", moving_inverse),
        ("MSTYPE", moving_state or "-"),
        ("MSSPACE", str(moving_space) if moving_space else "-"),
        ("MFINALFUNC", moving_final),
        ("MFINALFUNC_EXTRA", "" if moving_extra else "-"),
        (
            "MFINALFUNC_MODIFY",
            _MODIFY[moving_modify] if moving_modify != usual and moving_final != "-" else "-",
        ),
        ("MINITCOND", "-" if moving_initial is None else literal(moving_initial)),
        ("SORTOP", sort_operator or "-"),
        ("HYPOTHETICAL", "" if kind == "h" else "-"),
        ("PARALLEL", _PARALLEL.get(parallel, "-")),
    )
    return [(word, value) for word, value in every if value != "-"]


def create(new: Aggregate, _: Context) -> Making:
    inside = ",\n    ".join(f"{word} = {value}" if value else word for word, value in new.settings)
    return Making((step(f"CREATE AGGREGATE {new.sql_name} (\n    {inside}\n)", new.id),))


def drop(old: Aggregate, _: Context) -> tuple[Step, ...]:
    return (step(f"DROP AGGREGATE {old.sql_name}", old.id),)


def alter(_old: Aggregate, _new: Aggregate, _: Context) -> Alteration | None:
    return None


KINDS = (Kind("aggregate", Aggregate, create, drop, alter),)

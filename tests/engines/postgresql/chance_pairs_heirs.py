# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs of heirs with not-null constraints of their own, from above, and both (see test_found_by_chance.py).

Their names end in the version that they need.
"""

_ABOVE = "CREATE TABLE p (a integer NOT NULL, b integer);"
_NULLABLE = "CREATE TABLE p (a integer, b integer);"
_LATE = "ALTER TABLE p ADD CONSTRAINT n NOT NULL a NOT VALID;"

PAIRS = {
    "heirs say NOT NULL as well as the table above, 18": (
        f"{_ABOVE} CREATE TABLE c () INHERITS (p); CREATE TABLE d (a integer) INHERITS (p);"
        "CREATE TABLE e () INHERITS (p); CREATE TABLE f (a integer) INHERITS (p); CREATE TABLE g () INHERITS (c)",
        f"{_ABOVE} CREATE TABLE c () INHERITS (p); CREATE TABLE d (a integer NOT NULL) INHERITS (p);"
        "CREATE TABLE e (CONSTRAINT x NOT NULL a) INHERITS (p); CREATE TABLE g () INHERITS (c);"
        "CREATE TABLE f (a integer NOT NULL GENERATED ALWAYS AS IDENTITY) INHERITS (p);"
        "ALTER TABLE c ALTER a SET NOT NULL",
    ),
    "heirs say NOT NULL before the table above does, 18": (
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p); CREATE TABLE e () INHERITS (p);"
        "CREATE TABLE f (a integer) INHERITS (p); CREATE TABLE g () INHERITS (p);"
        "ALTER TABLE c ADD CONSTRAINT x NOT NULL a; ALTER TABLE d ADD CONSTRAINT x NOT NULL a;"
        "ALTER TABLE e ADD CONSTRAINT x NOT NULL a; ALTER TABLE f ADD CONSTRAINT x NOT NULL a;"
        "ALTER TABLE g ALTER a SET NOT NULL",
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); CREATE TABLE d () INHERITS (p); CREATE TABLE e () INHERITS (p);"
        "CREATE TABLE f (a integer) INHERITS (p); CREATE TABLE g () INHERITS (p);"
        "ALTER TABLE d ADD CONSTRAINT x NOT NULL a; ALTER TABLE e ADD CONSTRAINT y NOT NULL a;"
        "ALTER TABLE f ADD CONSTRAINT y NOT NULL a; ALTER TABLE g ALTER a SET NOT NULL;"
        "ALTER TABLE p ALTER a SET NOT NULL",
    ),
    "heirs say NOT NULL by other names, 18": (
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); CREATE TABLE d (a integer) INHERITS (p);"
        "ALTER TABLE c ADD CONSTRAINT x NOT NULL a; ALTER TABLE d ADD CONSTRAINT x NOT NULL a;"
        "CREATE TABLE q (a integer CONSTRAINT n NOT NULL); CREATE TABLE e () INHERITS (q)",
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); CREATE TABLE d (a integer) INHERITS (p);"
        "ALTER TABLE c ADD CONSTRAINT y NOT NULL a; ALTER TABLE d ADD CONSTRAINT y NOT NULL a;"
        "CREATE TABLE q (a integer NOT NULL); CREATE TABLE e (CONSTRAINT x NOT NULL a) INHERITS (q)",
    ),
    "tables with NOT NULL become heirs, 18": (
        f"{_ABOVE} CREATE TABLE c (a integer, b integer CONSTRAINT z NOT NULL);"
        "CREATE TABLE d (a integer CONSTRAINT k NOT NULL, b integer CONSTRAINT z NOT NULL);"
        "CREATE TABLE e (a integer) INHERITS (p); CREATE TABLE f () INHERITS (p); ALTER TABLE f ADD PRIMARY KEY (b)",
        f"{_ABOVE} CREATE TABLE c () INHERITS (p); CREATE TABLE d (a integer) INHERITS (p);"
        "ALTER TABLE d ALTER b SET NOT NULL; CREATE TABLE e (a integer CONSTRAINT y NOT NULL);"
        "CREATE TABLE f () INHERITS (p); ALTER TABLE f ADD PRIMARY KEY (a)",
    ),
    "not null, not valid, above an heir, 18": (
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); ALTER TABLE c ADD CONSTRAINT x NOT NULL a; {_LATE}"
        "CREATE TABLE q (a integer, b integer) PARTITION BY LIST (b); ALTER TABLE q ADD NOT NULL a NOT VALID",
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p);"
        "CREATE TABLE q (a integer, b integer) PARTITION BY LIST (b); CREATE TABLE r PARTITION OF q DEFAULT;"
        "ALTER TABLE q ADD NOT NULL a NOT VALID",
    ),
    "not null, valid in an heir only, 18": (
        f"{_NULLABLE} {_LATE} CREATE TABLE c () INHERITS (p)",
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); {_LATE}",
    ),
    "an heir comes below not null, not valid, 18": (
        f"{_NULLABLE} {_LATE}",
        f"{_NULLABLE} CREATE TABLE c () INHERITS (p); {_LATE}",
    ),
}  # fmt: skip

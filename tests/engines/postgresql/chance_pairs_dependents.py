# ruff: noqa: ISC004 - a pair is two texts, and long ones go over several lines
"""Pairs in which what stands on something that changes must step aside (see test_found_by_chance.py)."""

_PARTED = "CREATE TABLE p (a integer PRIMARY KEY, b integer) PARTITION BY LIST (a);"

PAIRS = {
    "a partition goes, and a key that points to the table above stays": (
        f"{_PARTED} CREATE TABLE a PARTITION OF p FOR VALUES IN (1) PARTITION BY LIST (a);"
        "CREATE TABLE b PARTITION OF a DEFAULT; CREATE TABLE c PARTITION OF p FOR VALUES IN (2);"
        "CREATE TABLE r (a integer REFERENCES p)",
        f"{_PARTED} CREATE TABLE c PARTITION OF p FOR VALUES IN (2); CREATE TABLE r (a integer REFERENCES p)",
    ),
    "a partition goes with the table above, and the key that points there": (
        f"{_PARTED} CREATE TABLE a PARTITION OF p FOR VALUES IN (1); CREATE TABLE r (a integer REFERENCES p)",
        "CREATE TABLE r (a integer)",
    ),
    "a partition goes with the table above, which points to itself": (
        f"{_PARTED} CREATE TABLE a PARTITION OF p FOR VALUES IN (1); ALTER TABLE p ADD FOREIGN KEY (b) REFERENCES p",
        "",
    ),
    "a column changes its type above heirs that say something of it": (
        "CREATE TABLE p (a text); CREATE TABLE h () INHERITS (p); CREATE TABLE i (a text) INHERITS (p);"
        "ALTER TABLE ONLY h ALTER a SET STATISTICS 7; CREATE POLICY p ON h USING (a IS NOT NULL);"
        "CREATE POLICY p ON i USING (a IS NOT NULL); CREATE VIEW v AS SELECT a FROM h;"
        "CREATE TABLE q (a text, b integer) PARTITION BY LIST (b); CREATE TABLE r PARTITION OF q DEFAULT;"
        "ALTER TABLE r ALTER a SET DEFAULT '7'; CREATE POLICY p ON r USING (a IS NOT NULL)",
        "CREATE TABLE p (a bigint); CREATE TABLE h () INHERITS (p); CREATE TABLE i (a bigint) INHERITS (p);"
        "ALTER TABLE ONLY h ALTER a SET STATISTICS 7; CREATE POLICY p ON h USING (a IS NOT NULL);"
        "CREATE POLICY p ON i USING (a IS NOT NULL); CREATE VIEW v AS SELECT a FROM h;"
        "CREATE TABLE q (a bigint, b integer) PARTITION BY LIST (b); CREATE TABLE r PARTITION OF q DEFAULT;"
        "ALTER TABLE r ALTER a SET DEFAULT 7; CREATE POLICY p ON r USING (a IS NOT NULL)",
    ),
    "a base type under default privileges": (
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC",
        "CREATE TYPE b; CREATE FUNCTION b_in(cstring) RETURNS b LANGUAGE internal IMMUTABLE STRICT AS 'int4in';"
        "CREATE FUNCTION b_out(b) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'int4out';"
        "CREATE TYPE b (INPUT = b_in, OUTPUT = b_out, LIKE = integer); GRANT USAGE ON TYPE b TO PUBLIC;"
        "ALTER DEFAULT PRIVILEGES REVOKE ALL ON TYPES FROM PUBLIC",
    ),
    "a function of statements over what an heir has from above": (
        "CREATE TABLE p (a integer, b text); CREATE TABLE h (c integer) INHERITS (p);"
        "CREATE FUNCTION f() RETURNS SETOF h LANGUAGE sql BEGIN ATOMIC SELECT * FROM h; END",
        "CREATE TABLE h (c integer);"
        "CREATE FUNCTION f() RETURNS SETOF h LANGUAGE sql BEGIN ATOMIC SELECT * FROM h; END",
    ),
}  # fmt: skip

"""Random schemas, pairs of related ones, and what must hold of every plan between two of them.

`shape` says what a random schema is made of; the `shapes_*` modules have one `Shape` for each kind of object;
`drawing` draws schemas and turns one into a related one; `ground` is the server that they are loaded into,
`judge` the property, `reduce` makes a counterexample small, `faults` are mistakes that must be found.
"""

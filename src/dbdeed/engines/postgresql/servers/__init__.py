"""PostgreSQL servers of our own: programs found, servers started, throwaway databases, the embedded one.

Hostile SQL is kept in bounds here: who a server runs as, what it reaches, what a guest's login may do.
"""

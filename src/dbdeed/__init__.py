"""dbdeed makes a database architecture document true.

The package is laid out in rooms; `docs/architecture.md` draws them and says what each may import.
"""

__version__ = "0.1.0"

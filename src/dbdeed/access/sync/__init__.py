"""The runtime without asyncio: the same names as `dbdeed.access`, where they differ."""

from dbdeed.access.sync.database import Database
from dbdeed.access.sync.session import Session
from dbdeed.access.sync.transaction import Savepoint, Transaction

__all__ = ["Database", "Savepoint", "Session", "Transaction"]

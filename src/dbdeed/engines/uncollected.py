"""Bulk work without Python's cycle collector."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def uncollected() -> Iterator[None]:
    """While many small objects are made that all stay, do not look through them again and again for cycles.

    The looking took as long as the making: catalogs of some thousand tables are hundreds of thousands of
    objects.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()

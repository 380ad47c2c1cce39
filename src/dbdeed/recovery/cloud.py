"""Objects in an object store, through fsspec: S3 and what speaks its language; Google's and Azure's alike.

Credentials, region and endpoint are the vendor's own business: `AWS_ACCESS_KEY_ID`, `AWS_ENDPOINT_URL`, a
profile, the machine's role. A put of an object store is whole or not at all. What fails for a moment is tried
again, with growing pauses; what fails for good is `Unavailable`, and says nothing of a key.
"""

from __future__ import annotations

import random
import re
import time
from typing import TYPE_CHECKING, Any, TypeVar

from dbdeed.engines.faults import NotYet
from dbdeed.errors import InvalidInput, Unavailable
from dbdeed.recovery.leases import Leases
from dbdeed.recovery.manifest import Damaged
from dbdeed.recovery.objects import Entry, NoObject, checked

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from datetime import datetime

    from dbdeed.recovery.objects import Held

# Scheme: the package that speaks it, and the extra that installs it.
_PACKAGES = {
    "s3": "s3fs",
    "s3a": "s3fs",
    "gs": "gcsfs",
    "gcs": "gcsfs",
    "az": "adlfs",
    "abfs": "adlfs",
    "abfss": "adlfs",
}
_PAUSES = (0.2, 0.8, 2.0, 4.0)
_CHECKSUMS = {"FlexibleChecksumError", "ChecksumError"}
_FINAL = (FileNotFoundError, FileExistsError, PermissionError)
_MODIFIED = ("LastModified", "last_modified", "updated", "mtime")
_URL = re.compile(r"([a-z0-9]+)://([^/?#@\s]+)(/[^?#\s]*)?", re.IGNORECASE)

Result = TypeVar("Result")


class CloudObjects:
    """The objects under one prefix of a bucket.

    Args:
        filesystem: of fsspec, without a cache of listings.
        base: bucket and prefix.
        label: for people.
        lease: seconds that a lock outlives its holder.
    """

    def __init__(self, filesystem: Any, base: str, label: str, *, lease: float = 60.0) -> None:
        self.label = label
        self._files = filesystem
        self._base = base.strip("/")
        self._leases = Leases(self, lease)

    def put(self, name: str, data: bytes) -> None:
        path = self._path(name)
        self._tried(lambda: self._files.pipe_file(path, data))

    def create(self, name: str, data: bytes) -> bool:
        path = self._path(name)
        try:
            self._tried(lambda: self._files.pipe_file(path, data, mode="create"))
        except Unavailable as error:
            if _exists(error.__cause__):
                # An attempt whose answer was lost may have been ours.
                return self.get(name) == data if len(data) > 8 else False
            raise
        return True

    def get(self, name: str) -> bytes:
        path = self._path(name)
        try:
            data: bytes = self._tried(lambda: self._files.cat_file(path))
        except Unavailable as error:
            if isinstance(error.__cause__, FileNotFoundError):
                raise NoObject(f"There is no {name} in {self.label}.") from error
            if _unsound(error.__cause__):
                raise Damaged(
                    "It is no longer what the store was given, by the store's own checksum.", where=name
                ) from error
            raise
        return data

    def listing(self, prefix: str = "") -> list[Entry]:
        folder, _, _ = prefix.rpartition("/")
        base = f"{self._base}/{folder}".rstrip("/")

        def find() -> dict[str, Any]:
            try:
                found: dict[str, Any] = self._files.find(base, detail=True, refresh=True)
            except FileNotFoundError:
                return {}
            return found

        start = len(self._base) + 1
        entries = [
            Entry(path[start:], int(facts["size"]), _modified(facts))
            for path, facts in self._tried(find).items()
            if facts.get("type") == "file"
        ]
        return sorted((one for one in entries if one.name.startswith(prefix)), key=lambda one: one.name)

    def delete(self, name: str) -> None:
        path = self._path(name)
        try:
            self._tried(lambda: self._files.rm_file(path))
        except Unavailable as error:
            if not isinstance(error.__cause__, FileNotFoundError):
                raise

    def exclusive(self, name: str) -> AbstractContextManager[Held]:
        return self._leases.exclusive(checked(name))

    def shared(self, name: str) -> AbstractContextManager[Held]:
        return self._leases.shared(checked(name))

    def forget(self, name: str) -> None:
        self._leases.forget(checked(name))

    def _path(self, name: str) -> str:
        return f"{self._base}/{checked(name)}"

    def _tried(self, work: Callable[[], Result]) -> Result:
        """Do it, again where that may help. Raises `Unavailable` with the last error as its cause."""
        for number, pause in enumerate((*_PAUSES, None)):
            try:
                return work()
            except Exception as error:  # vendors' packages share no root of their errors
                # A wrong checksum may come of the way here, once.
                final = isinstance(error, _FINAL) or _exists(error) or (number and _unsound(error))
                if pause is None or final:
                    raise Unavailable(
                        f"{self.label} cannot be used: {_said(error)}.",
                        hint="Look at its address, its credentials and the network.",
                        code="store",
                    ) from error
                time.sleep(pause * random.uniform(0.5, 1.0))  # noqa: S311 - so that many do not come back at once
        raise AssertionError(self.label)


def open_cloud(url: str, where: str, *, lease: float = 60.0) -> CloudObjects:
    """The place that a URL such as `s3://bucket/prefix` names; `where` is the variable that holds it.

    Raises `InvalidInput` for what is no such URL or holds a password, `NotYet` for other schemes,
    `Unavailable` where the package that speaks it is not installed.
    """
    found = _URL.fullmatch(url)
    if found is None or ".." in (found[3] or "").split("/"):
        raise InvalidInput(
            f"{where} names no bucket and prefix.",
            hint="It is written s3://bucket/prefix; credentials are in the vendor's own variables.",
        )
    scheme, bucket, prefix = found[1].lower(), found[2], (found[3] or "").strip("/")
    if scheme not in _PACKAGES:
        raise NotYet(
            f"{where} names a place by {scheme}://, where backups cannot go.",
            hint=f"A folder can be used, and: {', '.join(f'{one}://' for one in _PACKAGES)}.",
        )
    try:
        import fsspec

        options = _OPTIONS.get(_PACKAGES[scheme], {})
        files = fsspec.filesystem(scheme, skip_instance_cache=True, use_listings_cache=False, **options)
    except ImportError as error:
        extra = "'dbdeed[s3]'" if scheme.startswith("s3") else f"fsspec {_PACKAGES[scheme]}"
        raise Unavailable(
            f"{scheme}:// needs the package {_PACKAGES[scheme]}.", hint=f"pip install {extra}", code="missing"
        ) from error
    base = f"{bucket}/{prefix}".rstrip("/")
    return CloudObjects(files, base, f"{scheme}://{base}", lease=lease)


# Our own tries are enough; a server that is not there should not be waited for minutes.
_OPTIONS: dict[str, dict[str, Any]] = {
    "s3fs": {"config_kwargs": {"connect_timeout": 5, "read_timeout": 60, "retries": {"max_attempts": 1}}}
}


def _modified(facts: dict[str, Any]) -> float:
    moment: datetime | float = next(facts[key] for key in _MODIFIED if facts.get(key) is not None)
    return float(moment) if isinstance(moment, int | float) else moment.timestamp()


def _unsound(error: BaseException | None) -> bool:
    """What arrived is not what the store's own checksum says."""
    return type(error).__name__ in _CHECKSUMS


def _exists(error: BaseException | None) -> bool:
    """A conditional put that came too late."""
    return isinstance(error, FileExistsError) or any(
        word in str(error) for word in ("PreconditionFailed", "ConditionalRequestConflict")
    )


def _said(error: BaseException) -> str:
    """The error's first line, of a bounded length; addresses lose what may be signed into them."""
    text = str(error).strip().splitlines()
    return re.sub(r"\?\S+", "?…", text[0])[:300].rstrip(".") if text else type(error).__name__

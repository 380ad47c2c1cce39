"""A real S3 server for tests: Versity's gateway over a folder, installed by Go's own module proxy."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

NAME = "versitygw"
ROOT = Path(__file__).parents[2]
ACCESS, SECRET = "tests", "secret-of-the-tests"


def program() -> str:
    """Where it is: beside the environment's programs, where `.ci/run` puts it, or on the path; "" if nowhere."""
    here = ROOT / ".venv" / "go" / NAME
    return str(here) if here.exists() else shutil.which(NAME) or ""


class Gateway:
    """One server; `pause`, `stop` and `start` make it unreachable and reachable again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def environment(self) -> dict[str, str]:
        return {
            "AWS_ACCESS_KEY_ID": ACCESS,
            "AWS_SECRET_ACCESS_KEY": SECRET,
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def start(self) -> None:
        (self.folder / "bucket").mkdir(parents=True, exist_ok=True)
        self.process = subprocess.Popen(
            [program(), "--port", f"127.0.0.1:{self.port}", "--quiet", "posix", str(self.folder)],
            env={**os.environ, "ROOT_ACCESS_KEY": ACCESS, "ROOT_SECRET_KEY": SECRET},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for _ in range(200):
            with suppress(OSError):
                try:
                    urllib.request.urlopen(f"http://127.0.0.1:{self.port}/", timeout=1).close()
                except urllib.error.HTTPError as error:
                    error.close()
                return
            time.sleep(0.05)
        raise AssertionError("the gateway does not answer")

    def stop(self) -> None:
        if self.process is not None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait()
            self.process = None


@contextmanager
def running(folder: Path) -> Iterator[Gateway]:
    gateway = Gateway(folder)
    gateway.start()
    try:
        yield gateway
    finally:
        gateway.stop()

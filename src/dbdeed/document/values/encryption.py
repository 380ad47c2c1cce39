"""Encryption of backups: `none`, or the environment variable that holds the key."""

from __future__ import annotations

import re

from dbdeed.document.values.environment import parse_env_name, write_env_name
from dbdeed.document.values.problem import Problem
from dbdeed.document.values.types import Encryption

ACCEPTED = ("none", "`BACKUP_KEY`", "key in environment variable `BACKUP_KEY`")
_NONE = re.compile(
    r"[`*\s]*(?:none|no|off|disabled|unencrypted|not encrypted|no encryption)[`*\s.]*", re.IGNORECASE
)


def parse_encryption(text: str) -> Encryption | Problem:
    """`none`, or where the key is; the key itself never stands in a document."""
    if _NONE.fullmatch(text):
        return Encryption()
    name = parse_env_name(text)
    if isinstance(name, Problem):
        return Problem(
            "this names no environment variable that holds the key", ACCEPTED, name.ambiguous, name.offset
        )
    return Encryption(name)


def write_encryption(encryption: Encryption) -> str:
    return f"key in environment variable {write_env_name(encryption.key)}" if encryption.key else "none"

"""Generated files onto the disk, and nothing else.

What may be written over or removed is only a file that carries our mark and is as we wrote it. Everything
else in the folder is a person's: it is left alone where nothing of ours has its name, and refused where
something has.
"""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from dbdeed.codegen.header import is_generated, is_untouched
from dbdeed.errors import InvalidInput, Refused, Unavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class EditedByHand(Refused):
    """A generated file was changed by a person, or a person's file stands where a generated one should."""

    default_code = "generated-file-edited"


@dataclass(frozen=True, slots=True)
class Comparison:
    """What stands in the folder against what should; paths relative to the project, `/` between parts.

    Attributes:
        new: files that are not there yet.
        changed: generated files whose text is out of date.
        unchanged: as they should be.
        vanished: generated files of models that are no more.
        edited: where something should be written, a person's work stands: edited, or never generated.
        left: generated files of models that are no more, edited by hand: they stay.
    """

    new: tuple[str, ...]
    changed: tuple[str, ...]
    unchanged: tuple[str, ...]
    vanished: tuple[str, ...]
    edited: tuple[str, ...]
    left: tuple[str, ...]

    @property
    def different(self) -> tuple[str, ...]:
        return tuple(sorted((*self.new, *self.changed, *self.vanished, *self.edited)))


def folder_within(root: Path, folder: str) -> PurePosixPath:
    """The folder's path, relative to the project.

    Raises:
        InvalidInput: it is absolute, leads out of the project, or is the project itself.
    """
    path = PurePosixPath(folder.replace("\\", "/"))
    bad = path.is_absolute() or ".." in path.parts or ":" in folder or not folder.isprintable()
    if bad or not path.parts or path.parts[0] in (".git", ".dbdeed"):
        raise InvalidInput(
            f"repositories cannot be generated into {folder!r}",
            hint="name a folder inside the project, such as src/repositories/",
            code="repositories-folder",
        )
    _no_way_out(root, root / path)
    return path


def compare(root: Path, folder: str, files: Mapping[str, str]) -> Comparison:
    """Compare, and change nothing. `files` as `generate_files` gives them."""
    base = folder_within(root, folder)
    wanted = {str(base / name): text for name, text in files.items()}
    found: dict[str, list[str]] = {"new": [], "changed": [], "unchanged": [], "edited": []}
    for path, text in wanted.items():
        found[_state(root, path, text)].append(path)
    leftovers = [path for path in _generated(root, base) if path not in wanted]
    vanished = [path for path in leftovers if is_untouched(_read(root / path) or "")]
    return Comparison(
        new=tuple(found["new"]),
        changed=tuple(found["changed"]),
        unchanged=tuple(found["unchanged"]),
        vanished=tuple(sorted(vanished)),
        edited=tuple(sorted(found["edited"])),
        left=tuple(sorted(set(leftovers) - set(vanished))),
    )


def write(root: Path, folder: str, files: Mapping[str, str], *, force: bool = False) -> Comparison:
    """Write what is new or changed, and remove what vanished; what stands as it should is not touched.

    Raises:
        EditedByHand: a person's edit would be lost, and nothing was written. `force` overwrites it.
        InvalidInput: the folder is not inside the project.
        Unavailable: the disk refuses.
    """
    base = folder_within(root, folder)
    compared = compare(root, folder, files)
    if compared.edited and not force:
        names = ", ".join(compared.edited)
        raise EditedByHand(
            f"{names}: edited by hand since it was generated, or never generated",
            hint="move the change to a file of your own, or overwrite it with --force",
        )
    wanted = {str(base / name): text for name, text in files.items()}
    try:
        for path in (*compared.new, *compared.changed, *compared.edited):
            _replace(root, root / path, wanted[path])
        for path in compared.vanished:
            (root / path).unlink()
    except OSError as error:
        raise Unavailable(f"cannot write {error.filename or base}: {error.strerror}") from error
    return compared


def _state(root: Path, path: str, text: str) -> str:
    there = _read(root / path)
    if there is None:
        return "new"
    if there == text:
        return "unchanged"
    return "changed" if is_untouched(there) else "edited"


def _read(path: Path) -> str | None:
    """A file's text; None where nothing is there. What cannot be ours (a link, binary) reads as empty."""
    if path.is_symlink() or path.is_dir():
        return ""
    try:
        return path.read_bytes().decode()
    except FileNotFoundError:
        return None
    except (NotADirectoryError, UnicodeDecodeError):
        return ""
    except OSError as error:
        raise Unavailable(f"cannot read {path}: {error.strerror}") from error


def _generated(root: Path, base: PurePosixPath) -> Iterator[str]:
    """Files below the folder that carry our mark; links are not followed."""
    for place in (base, base / "sync"):
        if (root / place).is_symlink():
            continue
        for path in sorted((root / place).glob("*.py")):
            if not path.is_symlink() and path.is_file() and is_generated(_read(path) or ""):
                yield str(place / path.name)


def _replace(root: Path, path: Path, text: str) -> None:
    """Whole or not at all, even if we are killed in the middle."""
    _no_way_out(root, path.parent)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(text.encode())
        Path(temporary).chmod(path.stat().st_mode & 0o777 if path.exists() else 0o666 & ~_umask())
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _umask() -> int:
    current = os.umask(0o022)
    os.umask(current)
    return current


def _no_way_out(root: Path, path: Path) -> None:
    """Refuses a folder that leaves the project over a symbolic link."""
    if not path.resolve().is_relative_to(root.resolve()):
        raise InvalidInput(
            f"{path} leads out of the project over a link",
            hint="generated files stay inside the project's folder",
            code="repositories-folder",
        )

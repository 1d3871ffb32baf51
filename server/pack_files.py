"""A clinic's pack on disk: read with a bound, and copied into the site's folder."""

import os
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from questionnaires.library import load_library
from questionnaires.table import LARGEST_FILE

MOST_FILES = 100  # of one pack


class PackUnusable(Exception):
    """A pack or a folder that cannot be read, or must not be written."""


@dataclass(frozen=True, slots=True)
class PackFiles:
    """What lies in a folder: its TOML files, and the names of everything else."""

    tables: Mapping[str, bytes]
    others: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """What copying one file does; `keys` are the places that change, without values."""

    file: str
    what: str  # "new", "changed" or "as before"
    keys: tuple[str, ...] = ()


def read_pack(folder: Path) -> PackFiles:
    """The files of this folder.

    Raises:
        PackUnusable: it cannot be read, or is no pack by its size.
    """
    tables: dict[str, bytes] = {}
    others = []
    try:
        found = sorted(folder.iterdir())
        if len(found) > MOST_FILES:
            raise PackUnusable(f"{folder}: has {len(found)} files; is it a pack?")
        for each in found:
            if each.name.startswith("."):
                continue
            if each.suffix != ".toml" or not each.is_file():
                others.append(each.name)
                continue
            with each.open("rb") as stream:
                # One byte more than the reader takes: it then says so by itself.
                tables[each.name] = stream.read(LARGEST_FILE + 1)
    except OSError as failure:
        raise PackUnusable(f"{folder}: cannot be read: {failure.strerror}") from None
    return PackFiles(tables, tuple(others))


def refuse_unreadable(files: Mapping[str, bytes], instrument_id: str) -> None:
    """Reads the pack as the server would at its start.

    Raises:
        InstrumentFileError: the server would refuse it.
    """
    with tempfile.TemporaryDirectory() as root:
        target = Path(root) / "pack" / instrument_id
        target.mkdir(parents=True)
        for name, content in files.items():
            (target / name).write_bytes(content)
        load_library([Path(root) / "pack"])


def changes_in(files: Mapping[str, bytes], target: Path) -> tuple[Change, ...]:
    """What copying these files would do to the site's folder.

    Raises:
        PackUnusable: a wording lies there that the pack lacks; it would lose its hash.
    """
    there = read_pack(target).tables if target.exists() else {}
    left = sorted(set(there) - set(files))
    if left:
        raise PackUnusable(
            f"{target}: has {', '.join(left)}, which the pack lacks: put it into the"
            " pack, or take it out of the site's folder yourself"
        )
    return tuple(_change(name, files[name], there.get(name)) for name in sorted(files))


def copy_pack(files: Mapping[str, bytes], target: Path) -> None:
    """Writes the files; each is there in full or not at all.

    Raises:
        PackUnusable: the folder cannot be written.
    """
    try:
        target.mkdir(parents=True, exist_ok=True)
        for name, content in files.items():
            replace_file(target / name, content)
    except OSError as failure:
        problem = f"cannot be written: {failure.strerror}"
        raise PackUnusable(f"{target}: {problem}") from None


def replace_file(file: Path, content: bytes) -> None:
    """Writes beside the file first, so that no reader ever sees half of it.

    Raises:
        OSError: nothing has changed, and nothing lies beside it.
    """
    beside = file.with_name(f".{file.name}.new")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())  # else a name may outlive what it names
        if file.exists():
            beside.chmod(file.stat().st_mode & 0o777)
        os.replace(beside, file)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def _change(name: str, content: bytes, before: bytes | None) -> Change:
    if before is None:
        return Change(name, "new")
    if before == content:
        return Change(name, "as before")
    old, new = dict(_places(before)), dict(_places(content))
    keys = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
    return Change(name, "changed", tuple(keys) or ("only comments or layout",))


def _places(content: bytes) -> Iterator[tuple[str, str]]:
    try:
        table = tomllib.loads(content.decode("utf-8"))
    except ValueError:
        return
    yield from _below(table, "")


def _below(content: object, place: str) -> Iterator[tuple[str, str]]:
    if isinstance(content, dict):
        for key, each in content.items():
            yield from _below(each, f"{place}.{key}" if place else key)
    else:
        yield place, repr(content)

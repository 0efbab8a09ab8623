"""The whole store in one zip file, taken while the daemon runs, and put back."""

from __future__ import annotations

import sqlite3
import tempfile
import zipfile
from contextlib import closing
from pathlib import Path

from edge.daemon.store.database import FILE
from edge.daemon.store.error import StoreError


def backup(folder: Path, out: Path) -> int:
    """``folder``'s database and recordings -> the zip file ``out``, atomically; the number of recordings.

    Raises StoreError.
    """
    if not (folder / FILE).is_file():
        raise StoreError(f"{folder}: no {FILE} in it; --folder names the state folder (nuthatch config show)")
    part = out.with_name(f".{out.name}.part")
    try:
        with tempfile.TemporaryDirectory() as scratch:
            copy = Path(scratch) / FILE
            with closing(sqlite3.connect(folder / FILE)) as source, closing(sqlite3.connect(copy)) as target:
                source.backup(target)
            sounds = sorted((folder / "recordings").glob("*.opus"))
            with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.write(copy, FILE)
                for sound in sounds:
                    archive.write(sound, f"recordings/{sound.name}", zipfile.ZIP_STORED)
        part.replace(out)
    except (OSError, sqlite3.Error) as e:
        part.unlink(missing_ok=True)
        raise StoreError(f"{out}: the backup could not be made ({e}); give --out a place with space") from None
    return len(sounds)


def restore(archive: Path, folder: Path) -> int:
    """The zip file of ``backup`` into a folder without a store; the number of recordings. Raises StoreError."""
    if (folder / FILE).exists():
        raise StoreError(f"{folder}: has a {FILE} already; move it away first, nothing is overwritten")
    try:
        with zipfile.ZipFile(archive) as source:
            names = source.namelist()
            if FILE not in names or not all(_expected(n) for n in names):
                raise StoreError(f"{archive}: no backup of nuthatch; give the file that `nuthatch store backup` made")
            (folder / "recordings").mkdir(parents=True, exist_ok=True)
            # the database last: a folder with one is a whole store
            for name in sorted(names, key=lambda n: n == FILE):
                part = folder / f".{Path(name).name}.part"
                part.write_bytes(source.read(name))
                part.replace(folder / name)
    except (OSError, zipfile.BadZipFile) as e:
        raise StoreError(f"{archive}: cannot be put back ({e}); take another backup") from None
    return len(names) - 1


def _expected(name: str) -> bool:
    if name == FILE:
        return True
    folder, _, file = name.partition("/")
    return folder == "recordings" and file.endswith(".opus") and file.removesuffix(".opus").isalnum()

"""The shelf: a folder a model, a folder a version in it, ``current`` says which one is used."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.manifest import Bundle, BundleError, open_bundle
from edge.shelf.error import ShelfError

CURRENT = "current"
REJECTED = ".rejected"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


class Shelf:
    """``<folder>/<model>/<when>-<hash>/`` and the link ``<folder>/<model>/current``.

    ``public_key``: if given, only bundles signed with it are taken. ``keep``: versions of a model that stay.
    """

    def __init__(self, folder: Path, public_key: str = "", keep: int = 3) -> None:
        self.folder, self._public_key, self._keep = folder, public_key, keep

    def add(self, source: str) -> Bundle:
        """Check a bundle (folder, zip file or https address) and make it the current version of its model.

        Raises ShelfError; then everything is as it was.
        """
        # what only adding needs is not loaded into a daemon that runs
        from edge.shelf.fetch import fetched
        from edge.shelf.signature import verify
        from edge.shelf.trial import tried

        self.folder.mkdir(parents=True, exist_ok=True)
        with self._locked(), fetched(source, self.folder, bool(self._public_key)) as place:
            try:
                if self._public_key:
                    verify(place, self._public_key)
                bundle = open_bundle(place)
                name = self._name(bundle.manifest.name)
                tried(place)
            except (ShelfError, BundleError) as e:
                # the bundle lies in a folder that nobody knows
                raise ShelfError(f"{source}: {str(e).replace(f'{place}/', '').replace(str(place), 'it')}") from None
            version = f"{_now()}-{_model_hash(bundle)}"
            home = self.folder / name
            home.mkdir(exist_ok=True)
            target = home / version
            _synced(place)
            place.replace(target)
            self._point(home, target.name)
            self._forget(home)
        return open_bundle(target)

    def rollback(self, name: str) -> Bundle | None:
        """Go back to the version before; None when that is the one that comes with nuthatch.

        The version that is left is marked as rejected and kept. Raises ShelfError when there is nothing before.
        """
        home = self.folder / self._name(name)
        with self._locked():
            now = self._current(home)
            if now is None:
                raise ShelfError(
                    f"{name}: no version of it was added; `nuthatch model ls` lists what comes with nuthatch"
                )
            older = [v for v in self.versions(name) if v < now.name]
            if not older and not _is_bundled(name):
                raise ShelfError(f"{name}: {now.name} is the only version; add another one first")
            if older:
                self._point(home, older[-1])
            else:
                (home / CURRENT).unlink()
            now.rename(now.with_name(now.name + REJECTED))
        return open_bundle(home / older[-1]) if older else None

    def open(self, name: str) -> Bundle:
        """The current version of an added model, else what `open_bundle` finds. Raises BundleError."""
        if _NAME.fullmatch(name) and (now := self._current(self.folder / name)) is not None:
            return open_bundle(now)
        return open_bundle(name)

    def has(self, name: str) -> bool:
        """An added model of that name is current."""
        return bool(_NAME.fullmatch(name)) and self._current(self.folder / name) is not None

    def names(self) -> list[str]:
        """Added models."""
        return sorted(p.parent.name for p in self.folder.glob(f"*/{CURRENT}"))

    def versions(self, name: str) -> list[str]:
        """Of one model, the oldest first, without rejected ones."""
        home = self.folder / self._name(name)
        found = [p.name for p in home.iterdir() if p.is_dir() and not p.is_symlink()] if home.is_dir() else []
        return sorted(v for v in found if not v.endswith(REJECTED))

    def stamp(self) -> str:
        """Changes whenever a current version does."""
        return " ".join(f"{n}={(self.folder / n / CURRENT).readlink()}" for n in self.names())

    @staticmethod
    def _name(name: str) -> str:
        if not _NAME.fullmatch(name):
            raise ShelfError(f"{name!r} is no name of a model: letters, digits, _ . and -, at most 64")
        return name

    @staticmethod
    def _current(home: Path) -> Path | None:
        try:
            now = home / (home / CURRENT).readlink()
        except OSError:
            return None
        return now if now.is_dir() else None

    @staticmethod
    def _point(home: Path, version: str) -> None:
        """One step: who opens ``current`` finds the old version or the new one."""
        link = home / f".{CURRENT}.new"
        link.unlink(missing_ok=True)
        link.symlink_to(version)
        link.replace(home / CURRENT)
        _synced(home)

    def _forget(self, home: Path) -> None:
        for version in self.versions(home.name)[: -self._keep]:
            shutil.rmtree(home / version)
        for rejected in sorted(home.glob(f"*{REJECTED}"))[: -self._keep]:
            shutil.rmtree(rejected)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.folder / ".lock").open("w") as f:
            fcntl.flock(f, fcntl.LOCK_EX)
            yield


def _now() -> str:
    """To the millisecond: versions are ordered by their names."""
    now_ms = time.time_ns() // 1_000_000
    return f"{time.strftime('%Y%m%dT%H%M%S', time.gmtime(now_ms // 1000))}.{now_ms % 1000:03d}"


def _model_hash(bundle: Bundle) -> str:
    return bundle.manifest.files["model.tflite"].sha256[:12]


def _is_bundled(name: str) -> bool:
    try:
        open_bundle(name)
    except BundleError:
        return False
    return True


def _synced(folder: Path) -> None:
    """Everything in the folder is on the disk when it returns."""
    for path in [*folder.iterdir(), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

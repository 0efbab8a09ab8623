"""A folder, a zip file or an address -> the files of one bundle in a folder of ours; nothing in them is trusted."""

from __future__ import annotations

import ipaddress
import json
import shutil
import stat
import tempfile
import urllib.error
import urllib.parse
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.shelf.error import ShelfError

LIMIT_BYTES = 64 * 2**20
"""Of a bundle, packed and unpacked."""
TIMEOUT_S = 30.0
SIGNATURE = "manifest.sig"
_BLOCK_BYTES = 65_536


@contextmanager
def fetched(source: str, into: Path, trusted: bool) -> Iterator[Path]:
    """The bundle's files in a new folder inside ``into``, which is gone afterwards.

    ``trusted``: a signature will be asked for, so that an unencrypted address will do. Raises ShelfError.
    """
    with tempfile.TemporaryDirectory(dir=into, prefix=".new-") as scratch:
        place = Path(scratch) / "bundle"
        place.mkdir()
        try:
            _fetch(source, Path(scratch), place, trusted)
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as e:
            raise ShelfError(f"{source}: cannot be read ({e}); give the folder or zip file of a bundle") from None
        yield place


def _fetch(source: str, scratch: Path, place: Path, trusted: bool) -> None:
    if urllib.parse.urlsplit(source).scheme in ("http", "https"):
        archive = scratch / "archive.zip"
        _download(source, archive, trusted)
        _unpack(archive, place, source)
    elif Path(source).is_dir():
        _copy(Path(source), place)
    elif Path(source).is_file():
        _unpack(Path(source), place, source)
    else:
        raise ShelfError(f"{source}: no such folder, zip file or https address")


def _copy(folder: Path, place: Path) -> None:
    if not (folder / "manifest.json").is_file():
        raise ShelfError(f"{folder}: no manifest.json in it; give the folder of a bundle")
    total = 0
    for name in _wanted((folder / "manifest.json").read_bytes(), str(folder)):
        path = folder / name
        if not path.is_file():
            continue  # missing files are found, and named, when the bundle is opened
        total += path.stat().st_size
        _bounded(total, str(folder))
        shutil.copyfile(path, place / name)


def _unpack(archive: Path, place: Path, source: str) -> None:
    """Only the files that the manifest names, and no more than they may be."""
    if not zipfile.is_zipfile(archive):
        raise ShelfError(f"{source}: no zip file; give the folder or zip file of a bundle")
    with zipfile.ZipFile(archive) as opened:
        manifests = [i for i in opened.infolist() if i.filename.split("/")[-1] == "manifest.json"]
        if len(manifests) != 1 or manifests[0].filename.count("/") > 1:
            raise ShelfError(f"{source}: {len(manifests)} manifest.json in it; a zip file holds one bundle")
        prefix = manifests[0].filename.removesuffix("manifest.json")
        wanted = _wanted(_read(opened, manifests[0], LIMIT_BYTES, source), source)
        left = LIMIT_BYTES
        for info in opened.infolist():
            name = info.filename.removeprefix(prefix)
            if info.filename.startswith(prefix) and name in wanted and not stat.S_ISLNK(info.external_attr >> 16):
                content = _read(opened, info, left, source)
                left -= len(content)
                (place / name).write_bytes(content)


def _read(opened: zipfile.ZipFile, info: zipfile.ZipInfo, limit: int, source: str) -> bytes:
    """What is there, not what the archive says of its size."""
    with opened.open(info) as f:
        content = f.read(limit + 1)
    _bounded(LIMIT_BYTES - limit + len(content), source)
    return content


def _wanted(manifest: bytes, source: str) -> set[str]:
    try:
        files = json.loads(manifest)["files"]
        names = {str(name) for name in files}
    except (ValueError, KeyError, TypeError, RecursionError):
        raise ShelfError(f"{source}: its manifest.json is none; take the bundle again from its source") from None
    outside = sorted(n for n in names if Path(n).name != n or n.startswith("."))
    if outside:
        raise ShelfError(f"{source}: its manifest names a file outside the bundle: {outside[0]!r}")
    return {*names, "manifest.json", SIGNATURE}


def _bounded(size: int, source: str) -> None:
    if size > LIMIT_BYTES:
        raise ShelfError(f"{source}: more than {LIMIT_BYTES // 2**20} MB; that is no model for this machine")


def _download(address: str, out: Path, trusted: bool) -> None:
    parts = urllib.parse.urlsplit(address)
    if parts.scheme == "http" and not trusted and not _is_this_machine(parts.hostname or ""):
        raise ShelfError(f"{address}: not encrypted; take https, or set [models] public_key and a signed bundle")
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT_S) as answer, out.open("wb") as f:
            total = 0
            while block := answer.read(_BLOCK_BYTES):
                total += len(block)
                _bounded(total, address)
                f.write(block)
    except (urllib.error.URLError, ValueError) as e:
        raise ShelfError(f"{address}: cannot be fetched ({getattr(e, 'reason', e)}); try it in a browser") from None


def _is_this_machine(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

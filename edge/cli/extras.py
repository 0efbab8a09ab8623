"""Optional packages: which extra of nuthatch brings what, read from its own metadata."""

from __future__ import annotations

import re
from importlib.metadata import PackageNotFoundError, requires
from importlib.util import find_spec

USERS = ("daemon", "camera", "train", "convert", "boards")
"""Extras that a user installs; the others are for developing nuthatch."""
IMPORTED_AS = {"pillow": "PIL", "pyserial": "serial", "scons": "SCons"}
"""Packages that go by another name in Python."""
_REQUIREMENT = re.compile(r"^([A-Za-z0-9._-]+)[^;]*(?:;.*extra\s*==\s*['\"](\w+)['\"])?")


def packages() -> dict[str | None, list[str]]:
    """Import names of each extra; under None those that nuthatch always needs."""
    try:
        lines = requires("nuthatch") or []
    except PackageNotFoundError:
        lines = []
    found: dict[str | None, list[str]] = {}
    for line in lines:
        if match := _REQUIREMENT.match(line):
            name = match[1].replace("-", "_").lower()
            found.setdefault(match[2], []).append(IMPORTED_AS.get(name, name))
    return found


def missing(extra: str) -> list[str]:
    """Packages of an extra that are not installed."""
    return [p for p in packages().get(extra, []) if find_spec(p) is None]


def install_line(module: str, asker: str = "") -> str | None:
    """The command that installs a missing module, or None for one that nuthatch never asked for.

    Where several extras bring it, the one named like the asking package, ``convert`` for ``converters``, or the
    first of ``USERS``.
    """
    top = module.partition(".")[0].lower()
    brought = packages()
    found = [extra for extra in (None, *USERS) if top in map(str.lower, brought.get(extra, []))]
    if not found:
        return None
    extra = next((e for e in found if e and asker.startswith(e)), found[0])
    return "pip install nuthatch" if extra is None else f"pip install 'nuthatch[{extra}]'"

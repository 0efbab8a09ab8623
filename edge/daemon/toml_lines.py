"""Where in a TOML file a value stands: tomllib does not say."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from typing import Any

Key = str | int


def line_of(text: str, path: Sequence[Key]) -> int:
    """The line (from 1) of the statement that makes ``path``, or as much of it as there is; 0 for none of it.

    A statement is complete at the first line with which the file so far can be parsed, so that lists and strings
    over several lines need no grammar of their own. ``text`` is valid TOML.
    """
    lines, begin, known, found = text.splitlines(), 0, 0, 0
    for end in range(1, len(lines) + 1):
        try:
            so_far = tomllib.loads("\n".join(lines[:end]) + "\n")
        except tomllib.TOMLDecodeError:
            continue
        depth = steps_into(so_far, path)
        if depth > known:
            known, found = depth, begin + _first_full(lines[begin:end])
        if known == len(path):
            break
        begin = end
    return found


def steps_into(values: Any, path: Sequence[Key]) -> int:
    """How many keys of the path there are."""
    for depth, key in enumerate(path):
        is_there = key in values if isinstance(values, dict) else isinstance(values, list) and key in range(len(values))
        if not is_there:
            return depth
        values = values[key]
    return len(path)


def _first_full(lines: list[str]) -> int:
    """The first of them, from 1, that is neither empty nor a comment."""
    return next((i for i, line in enumerate(lines, 1) if line.strip() and not line.lstrip().startswith("#")), 1)

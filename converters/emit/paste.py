"""The kernels' C sources, gathered for one generated file."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

OPS = Path(__file__).parents[1] / "ops"
_INCLUDE = re.compile(r'^#include "([^"]+)"\n', re.MULTILINE)


def paste(sources: Iterable[str]) -> str:
    """The sources below ``converters/ops`` with their quoted includes, each file once."""
    done: set[Path] = set()

    def text(file: Path) -> str:
        if file in done:
            return ""
        done.add(file)
        return _INCLUDE.sub(lambda m: text((file.parent / m[1]).resolve()), file.read_text("utf-8"))

    return "\n".join(filter(None, (text((OPS / s).resolve()) for s in sources)))

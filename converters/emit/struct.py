"""Sizes of the parameter structs as a 32-bit core lays them out, read from the C that defines them."""

from __future__ import annotations

import re

from converters.error import ConvertError

POINTER_BYTES = 4
_SIZES = {"char": 1, "float": 4, "double": 8} | {
    f"{u}int{bits}_t": bits // 8 for u in ("", "u") for bits in (8, 16, 32, 64)
}
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
_STRUCT = re.compile(r"typedef struct \{([^{}]*)\} *(\w+) *;")
_DEFINE = re.compile(r"^#define (\w+) (\d+)$", re.MULTILINE)
_MEMBER = re.compile(r"^(?:const +)?(?:struct +)?(\w+)(.*)$", re.DOTALL)


def struct_bytes(name: str, source: str) -> int:
    """``sizeof`` of a typedef in ``source``; raises ConvertError when it is not there or not plain."""
    structs = {n: body for body, n in _STRUCT.findall(_COMMENT.sub("", source))}
    return _layout(name, structs, {n: int(v) for n, v in _DEFINE.findall(source)})[0]


def _layout(name: str, structs: dict[str, str], defines: dict[str, int]) -> tuple[int, int]:
    """(bytes, alignment)."""
    if name in _SIZES:
        return _SIZES[name], _SIZES[name]
    if name not in structs:
        raise ConvertError(f"{name}: no plain struct of the kernel's source; its size is not known")
    end, widest = 0, 1
    for declaration in filter(None, map(str.strip, structs[name].split(";"))):
        match = _MEMBER.match(declaration)
        assert match is not None
        for declarator in match[2].split(","):
            if "*" in declarator:
                size, alignment = POINTER_BYTES, POINTER_BYTES
            else:
                size, alignment = _layout(match[1], structs, defines)
            count = 1
            for length in re.findall(r"\[(\w+)\]", declarator):
                count *= defines[length] if length in defines else int(length)
            end = -(-end // alignment) * alignment + size * count
            widest = max(widest, alignment)
    return -(-end // widest) * widest, widest

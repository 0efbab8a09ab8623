"""The manifest's JSON schema, made from its dataclasses, for editors and other languages."""

from __future__ import annotations

import dataclasses
import types
import typing
from typing import Any

from edge.manifest import FORMAT, Manifest

_SIMPLE: dict[Any, dict[str, Any]] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    Any: {},
}


def schema() -> dict[str, Any]:
    """JSON schema (2020-12) of ``manifest.json``."""
    definitions: dict[str, Any] = {}
    _of(Manifest, definitions)
    manifest = definitions.pop("Manifest")
    manifest["properties"]["format"] = {"const": FORMAT}
    # written always, though the dataclass fills them
    manifest["required"] += ["format", "frontend_hash"]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Nuthatch model bundle",
        **manifest,
        "$defs": definitions,
    }


def _of(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Schema of an annotation; dataclasses go to ``definitions`` and are referred to."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return {"anyOf": [_of(a, definitions) for a in arguments if a is not type(None)] + [{"type": "null"}]}
    if origin is list:
        return {"type": "array", "items": _of(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(arguments[1], definitions)}
    if dataclasses.is_dataclass(kind):
        name = getattr(kind, "__name__", str(kind))
        if name not in definitions:
            definitions[name] = _of_dataclass(kind, definitions)
        return {"$ref": f"#/$defs/{name}"}
    return _SIMPLE[kind]


def _of_dataclass(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints = typing.get_type_hints(kind)
    fields = dataclasses.fields(kind)
    return {
        "type": "object",
        "description": " ".join((kind.__doc__ or "").split()),
        "properties": {f.name: _of(hints[f.name], definitions) for f in fields},
        "required": [f.name for f in fields if f.default is f.default_factory is dataclasses.MISSING],
        "additionalProperties": False,
    }

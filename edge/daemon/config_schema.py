"""The configuration as a JSON schema with every sink, and as tables of fields for documentation and example."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, create_model

from edge.daemon.config import Config
from edge.daemon.sections import Section
from edge.sink.sink import load, sinks

Schema = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One field."""

    name: str
    title: str
    description: str
    kind: str
    """For people: ``integer, 0 to 65535``."""
    is_needed: bool
    has_default: bool
    default: Any
    """None also where the default is nothing."""
    example: Any


@dataclass(frozen=True)
class Table:
    """One table of the file."""

    path: str
    """``audio``, ``sink.mqtt``."""
    title: str
    description: str
    is_list: bool
    """Written ``[[task]]``."""
    is_switch: bool
    """Its presence switches something on."""
    rows: list[Row] = field(default_factory=list)


def schema() -> Schema:
    """JSON schema of the whole file, for editors and for the page's form."""
    fields = {name: found for name in sinks() if (found := _sink(name))}
    all_sinks = create_model("Sinks", __base__=Section, **fields)
    about = Config.model_fields["sink"]
    whole = create_model(
        "Configuration",
        __base__=Config,
        sink=(all_sinks, Field(all_sinks(), title=about.title, description=about.description)),
    )
    made: Schema = whole.model_json_schema()
    for section in made["properties"].values():
        section.pop("default", None)  # its fields have theirs; this machine's name is nobody else's
    made["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    made["title"], made["description"] = "Nuthatch", "The configuration of nuthatch run."
    return made


def _sink(name: str) -> Any:
    """Its field, or None where a library that the sink needs is missing; the first line of its file says what it is."""
    try:
        module = load(name)
    except ImportError:
        return None
    about = (module.__doc__ or name).strip().splitlines()[0]
    return module.Config | None, Field(None, title=name, description=about)


def tables(whole: Schema) -> Iterator[Table]:
    """In the file's order."""
    yield from _tables_of(whole, whole, "")


def _tables_of(whole: Schema, here: Schema, path: str) -> Iterator[Table]:
    for name, found in here.get("properties", {}).items():
        inner, is_list, is_switch = _inner(whole, found)
        if inner is None:
            continue
        below = f"{path}{name}"
        rows = [_row(whole, inner, n, f) for n, f in inner["properties"].items() if _inner(whole, f)[0] is None]
        if rows:
            title = found.get("title", inner.get("title", name))
            about = found.get("description", inner.get("description", ""))
            yield Table(below, title, about, is_list, is_switch, rows)
        yield from _tables_of(whole, inner, f"{below}.")


def _inner(whole: Schema, found: Schema) -> tuple[Schema | None, bool, bool]:
    """(the table that a field is, is it a list of them, may it be absent), or (None, ...) for a value."""
    branches = found.get("anyOf", [found])
    for branch in branches:
        target = _resolved(whole, branch)
        if "properties" in target:
            return target, False, len(branches) > 1
        items = _resolved(whole, target.get("items", {}))
        if "properties" in items:
            return items, True, False
    return None, False, False


def _resolved(whole: Schema, found: Schema) -> Schema:
    reference = found.get("$ref")
    target: Schema = whole["$defs"][reference.removeprefix("#/$defs/")] if reference else found
    return target


def _row(whole: Schema, table: Schema, name: str, found: Schema) -> Row:
    return Row(
        name,
        found.get("title", name),
        found.get("description", ""),
        kind_of(whole, found),
        name in table.get("required", []),
        "default" in found,
        found.get("default"),
        next(iter(found.get("examples", [])), None),
    )


def kind_of(whole: Schema, found: Schema) -> str:
    """The type and its bounds, for people."""
    found = _resolved(whole, found)
    if "anyOf" in found:
        return " or ".join(kind_of(whole, b) for b in found["anyOf"] if b.get("type") != "null")
    if "const" in found or "enum" in found:
        return " or ".join(f'"{v}"' if isinstance(v, str) else str(v) for v in found.get("enum", [found.get("const")]))
    if found.get("type") == "array":
        return f"list of {kind_of(whole, found.get('items', {}))}"
    if found.get("type") == "object":
        inner = found.get("additionalProperties")
        return f"table of {kind_of(whole, inner)}" if isinstance(inner, dict) else "table"
    return _WORDS.get(found.get("format") or found.get("type") or "", "anything") + _bounds(found)


_WORDS = {
    "boolean": "true or false",
    "integer": "whole number",
    "number": "number",
    "password": "secret",
    "path": "path",
    "string": "text",
}


def _bounds(found: Schema) -> str:
    low = found.get("minimum", found.get("exclusiveMinimum"))
    high = found.get("maximum", found.get("exclusiveMaximum"))
    over = "over " if "exclusiveMinimum" in found else ""
    if low is None and high is None:
        return ""
    if high is None:
        return f", {over}{low:,}" if over else f", {low:,} or more"
    return f", {over}{low:,} to {high:,}" if low is not None else f", to {high:,}"

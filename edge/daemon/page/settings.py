"""The configuration for the page's form: every field with its title, value and place; secrets hidden, to be read only.

What may be changed while the daemon runs (thresholds, mute) has its own controls; the rest is in the file, which is
read again when it changes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from edge.daemon.config import Config
from edge.daemon.config_example import plain
from edge.daemon.config_schema import Row, Table, tables


def settings(config: Config) -> dict[str, Any]:
    """Of the sections in force: a sink that is not asked for is not even imported."""
    values = plain(config)
    found = [_table(config, t, path, entry) for t in _tables(config) for path, entry in _entries(values, t)]
    return {"file": str(config.path) if config.path else "", "tables": found}


def _tables(config: Config) -> Iterator[Table]:
    yield from tables(Config.model_json_schema())
    for name, sink in config.sink.items():
        schema = type(sink).model_json_schema()
        inner = {"title": name, **{k: v for k, v in schema.items() if k != "$defs"}}
        yield from tables(
            {"properties": {"sink": {"properties": {name: inner}}}, "$defs": schema.get("$defs", {})},
        )


def _entries(values: dict[str, Any], table: Table) -> Iterator[tuple[tuple[str | int, ...], dict[str, Any]]]:
    """(path, values): one, or one for each entry of a list; none for what is switched off."""
    found: Any = values
    keys: tuple[str | int, ...] = tuple(table.path.split("."))
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    if table.is_list:
        yield from (((*keys, i), entry) for i, entry in enumerate(found or []))
    elif isinstance(found, dict):
        yield keys, found


def _table(config: Config, table: Table, path: tuple[str | int, ...], entry: dict[str, Any]) -> dict[str, Any]:
    number = f" {path[-1] + 1}" if isinstance(path[-1], int) else ""
    return {
        "path": table.path,
        "title": f"{table.title}{number}",
        "description": table.description,
        "fields": [_field(config, row, (*path, row.name), entry.get(row.name)) for row in table.rows],
    }


def _field(config: Config, row: Row, path: tuple[str | int, ...], value: Any) -> dict[str, Any]:
    return {
        "name": row.name,
        "title": row.title,
        "description": row.description,
        "kind": row.kind,
        "value": value,
        "origin": config.origin(path),
    }

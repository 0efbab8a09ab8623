"""The configuration as text: a commented example, the documentation's tables, what is in force."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, SecretStr

from edge.daemon.config import Config
from edge.daemon.config_schema import Row, Table, schema, tables
from edge.daemon.toml_text import key_text, value_text

HIDDEN = "********"
_USER_IN_URL = re.compile(r"(://[^/@\s:]*:)[^/@\s]+@")
_WIDTH = 100
_MARKS = "<!-- nuthatch config schema --table -->\n", "<!-- end -->"


def example() -> str:
    """A file with every field, each explained; what is not a default is in a comment."""
    head = (
        "# Configuration of nuthatch run. Every field is here with its default: remove the # before it to change it.\n"
        "# nuthatch config check says whether all is right.\n"
    )
    return head + "".join(f"\n{_example_table(t)}" for t in tables(schema()))


def _example_table(table: Table) -> str:
    mark = "#" if table.is_switch or "." in table.path and not table.is_list else ""
    name = f"[[{table.path}]]" if table.is_list else f"[{table.path}]"
    about = f"{table.description} Off while the line below is a comment." if mark else table.description
    lines = [*_comment(about), f"{mark}{name}"]
    for row in table.rows:
        lines += _comment(f"{row.title}: {row.description} ({row.kind})")
        lines.append(
            f"{'' if row.is_needed and not mark else '#'}{key_text(row.name)} = {value_text(_shown_value(row))}"
        )
    return "\n".join(lines) + "\n"


def _comment(text: str) -> list[str]:
    return [f"# {line}" for line in textwrap.wrap(text, _WIDTH)]


def _shown_value(row: Row) -> Any:
    """The default, or an example where there is none or it is nothing."""
    if row.has_default and row.default is not None:
        return row.default
    if row.example is not None:
        return row.example
    word = row.kind.partition(",")[0]
    return {"whole number": 1, "number": 1.0, "true or false": True}.get(word, [] if word.startswith("list") else "")


def markdown() -> str:
    """The tables of docs/config.md."""
    return "\n".join(_markdown_table(t) for t in tables(schema()))


def documented(page: str) -> str:
    """A page with the tables between its marks made anew."""
    head, begin, rest = page.partition(_MARKS[0])
    _, end, tail = rest.partition(_MARKS[1])
    return f"{head}{begin}{markdown()}{end}{tail}"


def _markdown_table(table: Table) -> str:
    name = f"[[{table.path}]]" if table.is_list else f"[{table.path}]"
    lines = [f"### `{name}`", table.description, "", "| field | what | type | default |", "|---|---|---|---|"]
    lines += [f"| `{r.name}` | {_cell(r.description)} | {_cell(r.kind)} | {_default(r)} |" for r in table.rows]
    return "\n".join(lines) + "\n"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _default(row: Row) -> str:
    if row.is_needed:
        return "*needed*"
    return f"`{value_text(row.default)}`" if row.has_default and row.default not in (None, "", [], {}) else ""


def shown(config: Config) -> str:
    """What is in force, as TOML, with secrets hidden and with the place of each value that is no default."""
    return "\n".join(_lines(config, (), config)).lstrip("\n") + "\n"


def _lines(config: Config, path: tuple[str | int, ...], model: BaseModel) -> Iterator[str]:
    below: list[tuple[tuple[str | int, ...], str, BaseModel]] = []
    for name in type(model).model_fields:
        value, here = getattr(model, name), (*path, name)
        header = ".".join(key_text(k) for k in here if isinstance(k, str))
        if isinstance(value, BaseModel):
            below.append((here, f"[{header}]", value))
        elif isinstance(value, list) and value and all(isinstance(v, BaseModel) for v in value):
            below += [((*here, i), f"[[{header}]]", v) for i, v in enumerate(value)]
        elif isinstance(value, dict) and value and all(isinstance(v, BaseModel) for v in value.values()):
            below += [((*here, k), f"[{header}.{key_text(k)}]", v) for k, v in value.items()]
        elif value is not None and path:
            origin = config.origin(here)
            yield f"{key_text(name)} = {value_text(_open(value))}" + (f"  # {origin}" if origin else "")
    for here, header, inner in below:
        yield from ("", header, *_lines(config, here, inner))


def plain(config: Config) -> dict[str, Any]:
    """What is in force, as JSON's types, with secrets hidden."""
    found: dict[str, Any] = _open(config)
    return found


def _open(value: Any) -> Any:
    """To the plain types of TOML and JSON, without a secret."""
    if isinstance(value, SecretStr):
        return HIDDEN
    if isinstance(value, BaseModel):
        return {name: _open(getattr(value, name)) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(k): _open(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_open(v) for v in value]
    if value is None or isinstance(value, bool | int | float):
        return value
    return _USER_IN_URL.sub(rf"\g<1>{HIDDEN}@", str(value))

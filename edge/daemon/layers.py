"""What says what: the file, the environment over it, the command line over both."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.daemon.config_error import ConfigError, Problem
from edge.daemon.toml_lines import Key, line_of

PREFIX = "NUTHATCH_"
BETWEEN = "__"


@dataclass(frozen=True)
class Layer:
    """Values from one place."""

    place: str
    """A path, ``environment`` or ``command line``."""
    values: dict[str, Any] = field(default_factory=dict)
    text: str = ""
    """Of a file."""

    def place_of(self, path: Sequence[Key]) -> tuple[str, int]:
        """Where in it: (name, line); the line is 0 for all but files."""
        if self.place == "environment":
            return PREFIX + BETWEEN.join(str(key) for key in path).upper(), 0
        return self.place, line_of(self.text, path)


def from_file(path: Path) -> Layer:
    """Raises ConfigError for a file that cannot be read or is no TOML."""
    try:
        text = path.read_bytes().decode("utf-8")
        return Layer(str(path), tomllib.loads(text), text)
    except OSError as e:
        raise ConfigError([Problem(str(path), 0, "", f"cannot be read ({e.strerror}); give --config")]) from None
    except UnicodeDecodeError as e:
        raise ConfigError([Problem(str(path), 0, "", f"byte {e.start} is not UTF-8; save the file as UTF-8")]) from None
    except tomllib.TOMLDecodeError as e:
        line = _line_in(str(e), text)
        what = str(e).partition(" (at ")[0]
        raise ConfigError(
            [Problem(str(path), line, "", f"not TOML: {what[:1].lower()}{what[1:]}; mend this line")]
        ) from None


def _line_in(message: str, text: str) -> int:
    """tomllib names the line in its message only."""
    words = message.partition("(at line ")[2].partition(",")[0]
    return int(words) if words.isdigit() else max(1, len(text.splitlines()))


def from_environment(environ: Mapping[str, str], sections: Iterable[str]) -> Layer:
    """``NUTHATCH_AUDIO__DEVICE=USB`` is ``audio.device``; other variables with the prefix are not ours."""
    known = set(sections)
    values: dict[str, Any] = {}
    for name, text in environ.items():
        path = name.removeprefix(PREFIX).lower().split(BETWEEN)
        if name.startswith(PREFIX) and (len(path) > 1 or path[0] in known):
            _put(values, path, value_of(text))
    return Layer("environment", values)


def from_command_line(settings: Mapping[str, Any]) -> Layer:
    """``{"audio.device": "USB"}``; text is read as in the environment. Raises ConfigError for what has no place."""
    values: dict[str, Any] = {}
    for name, value in settings.items():
        if not _put(values, name.split("."), value_of(value) if isinstance(value, str) else value):
            raise ConfigError([Problem("command line", 0, name, "there is no such place; the first task is task.0")])
    return Layer("command line", values)


def value_of(text: str) -> Any:
    """Lists and tables as TOML; all else stays text, which the field's type then reads."""
    if text[:1] in ("[", "{"):
        try:
            return tomllib.loads(f"value = {text}")["value"]
        except tomllib.TOMLDecodeError:
            return text
    return text


def _put(values: dict[str, Any], path: Sequence[str], value: Any) -> bool:
    """False when there is no place for it. A number leads into a list that is there: ``task.0.source``."""
    inside: Any = values
    for key in path[:-1]:
        if isinstance(inside, list) and key.isdigit() and int(key) < len(inside):
            inside = inside[int(key)]
        elif isinstance(inside, dict):
            inside = inside.setdefault(key, {})
        else:
            return False
    if isinstance(inside, dict):
        inside[path[-1]] = value
    return isinstance(inside, dict)


def merged(layers: Iterable[Layer]) -> dict[str, Any]:
    """Later layers win; tables are merged, lists are replaced."""
    values: dict[str, Any] = {}
    for layer in layers:
        values = _over(values, layer.values)
    return values


def _over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    values = dict(below)
    for key, value in above.items():
        under = values.get(key)
        values[key] = _over(under, value) if isinstance(under, dict) and isinstance(value, dict) else value
    return values

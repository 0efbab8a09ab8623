"""What pydantic found wrong, as lines for people: the place, the field, the remedy."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from edge.daemon.config_error import Problem
from edge.daemon.layers import Layer
from edge.daemon.toml_lines import Key, steps_into

_SECRET = ("token", "password", "secret", "key")


def problems_of(
    error: ValidationError,
    model: type[BaseModel],
    values: Any,
    layers: Sequence[Layer],
    within: Sequence[Key] = (),
) -> list[Problem]:
    """All that is wrong with ``values``, each field once; ``within`` is where they stand in the whole."""
    problems: dict[str, Problem] = {}
    for found in error.errors(include_url=False, include_input=True):
        path = _path(found["loc"], values, found["type"] == "missing")
        if found["type"] == "extra_forbidden":
            problem = unknown([*within, *path], _known(model, path), layers)
        else:
            problem = problem_at([*within, *path], _text(found, path), layers)
        problems.setdefault(problem.field, problem)
    return list(problems.values())


def unknown(path: Sequence[Key], known: Iterable[str], layers: Sequence[Layer]) -> Problem:
    """A name that there is none of."""
    names = sorted(known)
    near = difflib.get_close_matches(str(path[-1]), names, 1)
    remedy = f"did you mean {near[0]}?" if near else f"there are {', '.join(names) or 'none'}"
    kind = "section" if len(path) == 1 else "sink" if path[0] == "sink" and len(path) == 2 else "field"
    return problem_at(path, f"no such {kind}; {remedy}", layers)


def problem_at(path: Sequence[Key], text: str, layers: Sequence[Layer]) -> Problem:
    """With the place where the path is said last; one that nobody says is missing from the first layer."""
    layer = next((la for la in reversed(layers) if path and steps_into(la.values, path) == len(path)), None)
    if layer is None and layers:
        layer = layers[0]
    place, line = layer.place_of(path) if layer else ("configuration", 0)
    return Problem(place, line, dotted(path), text)


def dotted(path: Sequence[Key]) -> str:
    """``task[1].thresholds.alexa``."""
    text = ""
    for key in path:
        text += f"[{key}]" if isinstance(key, int) else f".{key}" if text else key
    return text


def _path(loc: Sequence[Key], values: Any, is_missing: bool) -> list[Key]:
    """pydantic's location without the branches of a union, which are no keys of the file."""
    steps = steps_into(values, loc)
    return list(loc[: steps + is_missing])


def _known(model: type[BaseModel], path: Sequence[Key]) -> list[str]:
    """The fields beside an unknown one."""
    here: type[BaseModel] | None = model
    for key in path[:-1]:
        if here is not None and not isinstance(key, int):
            here = table_in(here.model_fields[key].annotation)
    return list(here.model_fields) if here else []


def table_in(annotation: Any) -> type[BaseModel] | None:
    """The model that is, or is inside, a type."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (table_in(a) for a in getattr(annotation, "__args__", ()))
    return next((m for m in inner if m is not None), None)


def _text(found: Any, path: Sequence[Key]) -> str:
    """pydantic's words with the value they are about, unless it may be a secret."""
    if found["type"] == "missing":
        return "is missing; give it"
    words = found["msg"].removeprefix("Value error, ")
    if found["type"] == "value_error":
        return " ".join(words.split())
    value, name = found["input"], str(path[-1]) if path else ""
    shows = isinstance(value, (str, int, float, bool)) and not any(s in name for s in _SECRET)
    words = " ".join(words.replace("Input should be", "must be").split())
    return f"{_short(value)} {words}" if shows else words[:1].lower() + words[1:]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."

"""Passwords and tokens: given in the configuration, or in a file of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, SecretStr

CREDENTIALS = "secrets"
"""The service's unit hands its folder of secrets over under this name."""


known: set[str] = set()
"""Every secret that was read in this process: the log leaves them out, whoever wrote them into a line."""


class SecretError(Exception):
    """A secret that cannot be read; one line with the remedy, never the secret."""


def secret_of(given: SecretStr | None, file: Path | None, environ: Mapping[str, str] = os.environ) -> str | None:
    """The secret itself, or None when neither is given; raises SecretError."""
    if given is not None:
        return _noted(given.get_secret_value())
    if file is None:
        return None
    path = find(file, environ)
    try:
        text = path.read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError) as e:
        reason = getattr(e, "strerror", None) or "is not UTF-8"
        raise SecretError(f"{path}: cannot be read ({reason}); a service reads /etc/nuthatch/secrets/<name>") from None
    if not text:
        raise SecretError(f"{path}: is empty; write the secret into it")
    return _noted(text)


def _noted(text: str) -> str:
    if len(text) > 3:  # shorter ones would tear words apart
        known.add(text)
    return text


def find(file: Path, environ: Mapping[str, str] = os.environ) -> Path:
    """Where a secret's file, a certificate or a key is: a bare name lies with the credentials of the service."""
    folder = environ.get("CREDENTIALS_DIRECTORY")
    if folder and len(file.parts) == 1:
        handed = (Path(folder) / file, Path(folder) / f"{CREDENTIALS}_{file}")
        return next((p for p in handed if p.is_file()), file)
    return file.expanduser()


def exposed(config: Any, file: Path | None) -> list[str]:
    """A line for each field of a Config whose secret is in a file that others can read."""
    try:
        is_open = file is not None and file.stat().st_mode & 0o044
    except OSError:
        is_open = False
    names = _secrets_in(config, "") if is_open else ()
    found = [name for name in names if config.origin(name.split(".")).startswith(str(file))]
    return [f"{n} is in {file}, which others can read; give it a file of its own, or chmod 600 {file}" for n in found]


def _secrets_in(value: Any, name: str) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield name
    below = dict(value) if isinstance(value, BaseModel) else value if isinstance(value, dict) else {}
    for key, inner in below.items():
        yield from _secrets_in(inner, f"{name}.{key}" if name else str(key))

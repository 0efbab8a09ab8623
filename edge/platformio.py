"""PlatformIO, as the verbs for boards call it: found beside this Python or on the path, in the firmware's project."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

PROJECT = Path(__file__).parents[1] / "firmware"
INSTALL = "pip install 'nuthatch[boards]'; in a clone: make firmware-setup"


class PlatformioError(Exception):
    """One line: what is missing and how to get it."""


def command() -> list[str]:
    """The start of every command line; raises PlatformioError where it is not installed."""
    if find_spec("platformio") is not None:
        return [sys.executable, "-m", "platformio"]
    found = shutil.which("pio")
    if found is None:
        raise PlatformioError(f"PlatformIO is not installed; {INSTALL}")
    return [found]


def project_boards(project: Path = PROJECT) -> Path:
    """The folder of board files that belongs to a project (``extra_configs`` of its platformio.ini)."""
    return project.resolve().parent / "boards"


def build_folder(environment: str, project: Path = PROJECT) -> Path:
    return project / ".pio" / "build" / environment


def run(arguments: Sequence[str], project: Path = PROJECT, variables: Mapping[str, str] | None = None) -> int:
    """With this terminal; the exit code."""
    _check(project)
    environment = {**os.environ, **(variables or {})}
    return subprocess.run([*command(), *arguments], cwd=project, env=environment, check=False).returncode


def capture(
    arguments: Sequence[str], project: Path = PROJECT, variables: Mapping[str, str] | None = None
) -> tuple[int, str]:
    """The exit code and all that it said."""
    _check(project)
    done = subprocess.run(
        [*command(), *arguments],
        cwd=project,
        env={**os.environ, **(variables or {}), "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


def _check(project: Path) -> None:
    if not (project / "platformio.ini").is_file():
        raise PlatformioError(f"{project}: no platformio.ini there; name the folder of the firmware (--project)")

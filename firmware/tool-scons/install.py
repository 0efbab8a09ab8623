"""Makes PlatformIO's package tool-scons of PyPI's SCons, in this project's own core folder; needs no registry.

``pio`` asks for ``platformio/tool-scons`` in the version that it was written for, X.YYYZZ.N for SCons Y.Y.Z, and
takes any folder ``packages/tool-scons`` that says it is that package.
"""

from __future__ import annotations

import json
import shutil
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
CORE = HERE.parent / ".pio-core"
OWNER, NAME = "platformio", "tool-scons"
SETTINGS = {"enable_telemetry": False, "check_platformio_interval": 36_500, "check_prune_system_threshold": 0}
"""Of this project's core: no call of home, no search for upgrades (days)."""


def main(core: Path = CORE) -> None:
    """Install; exits with one line where SCons or PlatformIO is missing."""
    scons = _package("SCons", "scons==4.11.1")
    version = _wanted()
    folder = core / "packages" / NAME
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    shutil.copytree(scons, folder / "SCons", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(HERE / "scons.py", folder)
    _write(folder / "package.json", {"name": NAME, "version": version, "system": "*", "license": "MIT"})
    spec = {"owner": OWNER, "id": None, "name": NAME, "requirements": None, "uri": None}
    _write(folder / ".piopm", {"type": "tool", "name": NAME, "version": version, "spec": spec})
    _settings(core / "appstate.json")
    print(f"{NAME} {version} in {folder}")


def _wanted() -> str:
    """The lowest version that the installed PlatformIO accepts."""
    _package("platformio", "platformio")
    from platformio.dependencies import get_core_dependencies

    return str(get_core_dependencies()[NAME]).lstrip("~^=> ")


def _package(name: str, requirement: str) -> Path:
    found = find_spec(name)
    if found is None or not found.submodule_search_locations:
        sys.exit(f"{name} is not installed in {sys.executable}; run: {sys.executable} -m pip install {requirement}")
    return Path(found.submodule_search_locations[0])


def _settings(path: Path) -> None:
    """Only what nobody has chosen."""
    state = json.loads(path.read_text("utf-8")) if path.is_file() else {}
    state["settings"] = {**SETTINGS, **state.get("settings", {})}
    _write(path, state)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content), "utf-8")


if __name__ == "__main__":
    main()

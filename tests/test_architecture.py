"""The borders between the packages, and the rules that one thing is one file."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FORBIDDEN = {
    "edge": {"training", "converters", "torch", "tensorflow", "scipy", "matplotlib"},
    "training": {"converters", "tensorflow"},
    "converters": {"tensorflow"},
}


def imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {a.name.split(".")[0] for a in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


@pytest.mark.parametrize("package", FORBIDDEN)
def test_nothing_is_imported_upstream(package):
    files = list((ROOT / package).rglob("*.py"))
    assert files
    for file in files:
        assert not imports(file) & FORBIDDEN[package], file


def test_no_file_is_named_after_nothing():
    for package in FORBIDDEN:
        names = {p.stem for p in (ROOT / package).rglob("*.py")}
        assert not names & {"utils", "helpers", "common", "manager", "misc"}


def test_every_verb_is_a_file_of_a_cli_folder():
    verbs = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["nuthatch.verbs"]
    for verb, target in verbs.items():
        module = target.split(":")[0]
        assert module.endswith(f".cli.{verb}")
        assert (ROOT / (module.replace(".", "/") + ".py")).is_file()


def test_the_command_line_starts_without_torch():
    code = "import sys, edge, edge.cli; sys.exit('torch' in sys.modules or 'ai_edge_litert' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_committed_file_is_large():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=False).stdout.split(b"\0")
    for name in filter(None, listed):
        path = ROOT / name.decode()
        assert not path.is_file() or path.stat().st_size < 5_000_000, path

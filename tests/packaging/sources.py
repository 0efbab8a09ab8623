"""A wheel of this checkout, and programs run with their complaints."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ("boards", "converters", "edge", "firmware", "training")
FILES = ("LICENSE", "MANIFEST.in", "README.md", "pyproject.toml", "setup.py")


def run(*command, environment=None, check=True):
    done = subprocess.run(
        [str(c) for c in command],
        capture_output=True,
        text=True,
        check=False,
        env=dict(os.environ, **environment or {}),
    )
    assert not check or done.returncode == 0, f"{command[:4]}: {done.stdout[-2_000:]}{done.stderr[-2_000:]}"
    return done


def build(folder, environment=None):
    """A wheel of this checkout, from the sources alone."""
    source = folder / "source"
    leave = shutil.ignore_patterns("__pycache__", "*.so", "_native.c", ".pio*", "build", "*.egg-info")
    for name in SOURCES:
        shutil.copytree(ROOT / name, source / name, ignore=leave)
    for name in FILES:
        shutil.copy(ROOT / name, source / name)
    options = ["--no-deps", "--no-build-isolation", "--no-cache-dir", "-w", folder]
    run(sys.executable, "-m", "pip", "wheel", "-q", *options, source, environment=environment)
    return next(folder.glob("*.whl"))

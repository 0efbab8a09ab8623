"""A bundle run for the first time: in a child process that may use little and write nothing.

``python -m edge.shelf.trial FOLDER`` is that child; it exits 0, or 1 with a line on stderr.
"""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from edge.manifest import Bundle, BundleError, open_bundle
from edge.shelf.error import ShelfError

MEMORY_BYTES = 2 * 2**30
"""Of addresses, most of which LiteRT reserves and never touches."""
CPU_S = 60
WALL_S = 120
RUNS = 3


def tried(folder: Path) -> None:
    """Raises ShelfError when the bundle does not run as its manifest says."""
    line = [sys.executable, "-m", "edge.shelf.trial", str(folder)]
    try:
        done = subprocess.run(line, capture_output=True, text=True, timeout=WALL_S, check=False)
    except subprocess.TimeoutExpired:
        raise ShelfError(f"its self-test took more than {WALL_S} s; it is no model for this machine") from None
    if done.returncode < 0:
        raise ShelfError(f"its self-test was ended by signal {-done.returncode}; take the bundle again from its source")
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise ShelfError(f"its self-test failed: {lines[-1][:300]}")


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _run(folder: Path) -> None:
    bundle = open_bundle(folder)
    rng = np.random.default_rng(0)
    if bundle.manifest.picture is not None:
        _run_picture(bundle, rng)
    else:
        _run_sound(bundle, rng)


def _run_picture(bundle: Bundle, rng: np.random.Generator) -> None:
    from edge.runtime.backend import open_picture

    network = open_picture(bundle)
    picture = rng.integers(-128, 128, (network.height, network.width, 3), np.int8)
    _same([network.run(picture).tobytes() for _ in range(RUNS)])


def _run_sound(bundle: Bundle, rng: np.random.Generator) -> None:
    """Opening the task compares graphs and manifest; a stream begun again must say the same again."""
    from edge.tasks.task import open_task

    task = open_task(bundle)
    frames = rng.integers(-128, 128, (2 * bundle.manifest.window_frames, bundle.manifest.frontend.bands), np.int8)
    scores = []
    for _ in range(RUNS):
        task.reset()
        task.push(frames)
        scores.append(task.scores)
    _same(scores)


def _same(results: Sequence[object]) -> None:
    if any(other != results[0] for other in results[1:]):
        raise BundleError("the same input gave other scores the second time; the file is damaged")


if __name__ == "__main__":
    _limit()
    try:
        _run(Path(sys.argv[1]))
    except Exception as e:
        sys.exit(" ".join(str(e).split()) or type(e).__name__)

"""What listening costs: processes measured turn by turn, so that both share the machine's mood."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from edge.manifest import Bundle
from training.bench import pymicro

RATE_HZ = 16_000
OURS = "nuthatch"


class ChildError(Exception):
    """A measured process failed; its last line."""


@dataclass(frozen=True)
class Cost:
    """One process's, or the median of several."""

    cpu_s_per_audio_s: float
    """From the first score on: what listening costs for ever."""
    resident_mb: float
    """Largest resident set, 1 MB = 10**6 bytes."""
    first_result_s: float
    """From the start of the process to its first score."""


def compare(bundle: Bundle, seconds: float = 120.0, repeats: int = 5) -> dict[str, Any]:
    """Ours and the rival, if it knows the word, on the same sound; medians, spreads and ratios."""
    word = bundle.manifest.targets[0]
    children = {OURS: ["ours", str(bundle.folder.resolve())]}
    sizes = {OURS: bundle.manifest.files["stream.tflite"].bytes}
    if word in pymicro.words():
        children[pymicro.NAME] = ["pymicro", word]
        sizes[pymicro.NAME] = pymicro.file_bytes(word)
    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        write_sound(wav, seconds)
        runs = interleaved(children, wav, seconds, repeats, Path(folder) / "pyc")
    found = {name: _median(costs) | {"model_bytes": sizes[name]} for name, costs in runs.items()}
    result: dict[str, Any] = {"audio_s": seconds, "repeats": repeats, "costs": found}
    if pymicro.NAME in found:
        ours, rival = found[OURS], found[pymicro.NAME]
        result["ratio"] = {k: round(ours[k] / rival[k], 3) for k in ours if not k.startswith("spread")}
    return result


def interleaved(
    children: dict[str, list[str]], wav: Path, seconds: float, repeats: int, cache: Path
) -> dict[str, list[Cost]]:
    """Every child once, then again; one round before counts for nothing but warm caches."""
    runs: dict[str, list[Cost]] = {name: [] for name in children}
    for turn in range(repeats + 1):
        for name, arguments in children.items():
            cost = run([*arguments, str(wav)], seconds, cache)
            if turn:
                runs[name].append(cost)
    return runs


def run(arguments: Sequence[str], seconds: float, cache: Path) -> Cost:
    """One child from start to end."""
    # Both sides find their compiled modules: an installed package has them too.
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    environment |= {"PYTHONPYCACHEPREFIX": str(cache), "PYTHONPATH": str(Path(__file__).parents[2])}
    start = time.perf_counter()
    child = subprocess.Popen(
        [sys.executable, "-m", "training.bench.child", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
    )
    assert child.stdout and child.stderr
    first = child.stdout.readline()
    first_result_s = time.perf_counter() - start
    # Not communicate(): it would miss a last line that was read ahead together with the first.
    last, words = child.stdout.read(), child.stderr.read()
    if child.wait() or not last:
        reason = (words.strip().splitlines() or ["no score"])[-1]
        raise ChildError(f"{' '.join(arguments)}: ended with {child.returncode} ({reason}); run it by itself")
    end = json.loads(last.splitlines()[-1])
    cpu_s = end["cpu_s"] - json.loads(first)["cpu_s"]
    return Cost(cpu_s / seconds, end["resident_bytes"] / 1e6, first_result_s)


def write_sound(file: Path, seconds: float) -> None:
    """Noise in bursts of 300 ms, the same every time: the cost hangs little on the sound."""
    rng = np.random.default_rng(0)
    samples = int(seconds * RATE_HZ)
    level = np.repeat(rng.uniform(0, 4_000, samples // 4_800 + 1), 4_800)[:samples]
    with wave.open(str(file), "wb") as out:
        out.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        out.writeframes((rng.standard_normal(samples) * level).clip(-32768, 32767).astype("<i2").tobytes())


def _median(costs: Sequence[Cost]) -> dict[str, float]:
    rows = [asdict(c) for c in costs]
    medians = {k: round(statistics.median(r[k] for r in rows), 5) for k in rows[0]}
    return medians | {f"spread_{k}": round(max(r[k] for r in rows) - min(r[k] for r in rows), 5) for k in rows[0]}

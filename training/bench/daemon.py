"""What the daemon costs in steady state: `nuthatch run` with two models beside pymicro-wakeword with two, in one run.

Both hear the same stream at the speed it sounds, at the same time, in processes of their own.
"""

from __future__ import annotations

import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from edge.daemon.soak import usage
from training.bench.cost import write_sound

MODELS = ("wake_alexa", "wake_computer")
OURS, RIVAL = "nuthatch run", "pymicro-wakeword"
RIVAL_MODELS = ("alexa", "hey_jarvis")
SETTLE_S = 8.0
"""Loading is over by then."""

_RIVAL = """
import sys, time, wave
from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model
networks, front_end = [MicroWakeWord.from_builtin(Model(w)) for w in sys.argv[2:]], MicroWakeWordFeatures()
with wave.open(sys.argv[1], "rb") as file:
    started, given = time.monotonic(), 0
    while block := file.readframes(960):
        given += len(block) // 2
        time.sleep(max(0.0, started + given / 16_000 - time.monotonic()))
        for feature in front_end.process_streaming(block):
            for network in networks:
                network.process_streaming(feature)
"""


class SteadyError(Exception):
    """A process that did not last."""


@dataclass(frozen=True)
class Steady:
    """One process between two moments."""

    models: list[str]
    cpu_percent: float
    """Of one core."""
    resident_mb: float
    """At the end; 1 MB = 10**6 bytes."""


def compare(models: Sequence[str], seconds: float) -> dict[str, Any]:
    """Both at once for ``seconds``; the rival only where it is installed. Raises SteadyError."""
    from training.bench import pymicro

    with tempfile.TemporaryDirectory() as folder:
        wav = Path(folder) / "sound.wav"
        write_sound(wav, seconds + 2 * SETTLE_S)
        lines = {OURS: _ours(models, wav, Path(folder) / "state")}
        rivals = [w for w in RIVAL_MODELS if w in pymicro.words()]
        if rivals:
            lines[RIVAL] = [sys.executable, "-c", _RIVAL, str(wav), *rivals]
        named = {OURS: list(models), RIVAL: rivals}
        found = {name: Steady(named[name], *usage) for name, usage in _watch(lines, seconds).items()}
    result: dict[str, Any] = {"seconds": seconds, "costs": {name: asdict(s) for name, s in found.items()}}
    if RIVAL in found:
        ours, rival = found[OURS], found[RIVAL]
        result["ratio"] = {
            "cpu_percent": round(ours.cpu_percent / rival.cpu_percent, 3),
            "resident_mb": round(ours.resident_mb / rival.resident_mb, 3),
        }
    return result


def _ours(models: Sequence[str], wav: Path, state: Path) -> list[str]:
    line = [sys.executable, "-c", "from edge.cli import main; main()", "run", "--source", str(wav)]
    for model in models:
        line += ["--model", model]
    for assigned in ("audio.realtime=true", "page.port=0", f"store.folder={state}", "log.level=error"):
        line += ["--set", assigned]
    return line


def _watch(lines: dict[str, list[str]], seconds: float) -> dict[str, tuple[float, float]]:
    """(CPU in percent of a core, resident MB) of each process."""
    processes = {n: subprocess.Popen(line, stdout=subprocess.DEVNULL) for n, line in lines.items()}
    try:
        time.sleep(SETTLE_S)
        before = {n: _usage(p) for n, p in processes.items()}
        started = time.monotonic()
        time.sleep(seconds)
        taken_s = time.monotonic() - started
        after = {n: _usage(p) for n, p in processes.items()}
        return {n: (round(100 * (after[n][1] - before[n][1]) / taken_s, 3), round(after[n][0], 1)) for n in lines}
    finally:
        for process in processes.values():
            process.send_signal(signal.SIGKILL)
            process.wait()


def _usage(process: subprocess.Popen[bytes]) -> tuple[float, float]:
    if process.poll() is not None:
        raise SteadyError(f"{process.args!r} ended with {process.returncode}; run it by itself")
    return usage(process.pid)


def text(result: dict[str, Any]) -> str:
    """``docs/benchmarks/daemon.md``."""
    lines = [
        "# The daemon in steady state",
        "",
        f"`nuthatch bench daemon`: {result['seconds']:g} s at the speed it sounds, both processes at the same time "
        "on the same stream; ours with configuration, page (nobody has it open), store and health.",
        "",
        "| | models | CPU, % of a core | resident, MB |",
        "|---|---|---|---|",
    ]
    for name, cost in result["costs"].items():
        lines.append(
            f"| {name} | {', '.join(cost['models'])} | {cost['cpu_percent']:.2f} | {cost['resident_mb']:.1f} |"
        )
    if "ratio" in result:
        lines.append(f"| ratio | | {result['ratio']['cpu_percent']:.2f} | {result['ratio']['resident_mb']:.2f} |")
    return "\n".join(lines) + "\n"

"""A detector on one sound file: `python -m training.bench.child ours|pymicro MODEL WAV`.

Prints a line at the first score and one at the end; the parent takes the times.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path


def ours(model: str, wav: str) -> int:
    """The daemon's loop: file, front end, step graph, decision."""
    from edge.daemon.listen import Listener
    from edge.manifest import open_bundle
    from edge.source.file import File
    from edge.tasks.keyword import KeywordTask

    bundle = open_bundle(model)
    points = bundle.manifest.operating_points
    thresholds = dict.fromkeys(bundle.manifest.targets, 0.5) | (points[0].thresholds if points else {})
    listener = Listener([KeywordTask(bundle, thresholds)])
    assert bundle.manifest.stream
    first_score = bundle.manifest.frontend.samples(bundle.manifest.stream.step_frames)
    seen = events = 0
    for block in File(wav):
        events += len(listener.push(block))
        if seen < first_score <= seen + len(block):
            tell()
        seen += len(block)
    return events


def pymicro(word: str, wav: str) -> int:
    """As in its own command line: blocks of the file through features and network."""
    import wave

    from pymicro_wakeword import MicroWakeWord, MicroWakeWordFeatures, Model

    network, front_end = MicroWakeWord.from_builtin(Model(word)), MicroWakeWordFeatures()
    frames = events = 0
    with wave.open(wav, "rb") as file:
        while block := file.readframes(3_200):
            for feature in front_end.process_streaming(block):
                events += bool(network.process_streaming(feature))
                frames += 1
                if frames == network.stride:
                    tell()
    return events


def resident_bytes() -> int:
    """Largest resident set so far. Not ru_maxrss: that begins with what the parent held when it forked."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise OSError("/proc/self/status has no VmHWM; bench needs Linux")


def tell(**more: int) -> None:
    print(json.dumps({"cpu_s": time.process_time(), **more}), flush=True)


if __name__ == "__main__":
    heard = {"ours": ours, "pymicro": pymicro}[sys.argv[1]](sys.argv[2], sys.argv[3])
    tell(events=heard, resident_bytes=resident_bytes())

"""What one window of a scene model takes of a processor: front end and network."""

from __future__ import annotations

import platform
import statistics
import time
from typing import Any

import numpy as np

from edge.frontend import features
from edge.manifest import Bundle
from edge.runtime.litert import LiteRtModel

WINDOWS = 21


def window_cost(bundle: Bundle) -> dict[str, Any]:
    """Median CPU of WINDOWS windows of noise: a hop's share of the front end and the whole network, one thread."""
    manifest, network = bundle.manifest, LiteRtModel(bundle.file("model.tflite"))
    assert manifest.scene is not None
    rng, hop = np.random.default_rng(0), manifest.scene.hop_frames
    audio = rng.integers(-3000, 3000, manifest.frontend.samples(manifest.window_frames)).astype(np.int16)
    frames = features(audio, manifest.frontend)
    piece, taken = audio[: manifest.frontend.samples(hop)], []
    for _ in range(WINDOWS):
        before = time.process_time()
        features(piece, manifest.frontend)
        network.run(frames)
        taken.append(time.process_time() - before)
    hop_s = hop * manifest.frontend.hop_ms / 1000
    return {
        "measure": "CPU of a window, front end and LiteRT, one thread",
        "milliseconds": round(statistics.median(taken) * 1000, 2),
        "every_s": hop_s,
        "machine": platform.machine(),
    }

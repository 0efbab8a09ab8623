"""From the end of a word to its MQTT message: a benchmark, not a test.

    python tests/edge/sink/latency.py --model wake_alexa FOLDER_OF_CLIPS [--clips 60] [--block-ms 60]

Clips of one word each are played, with silence between, into ``nuthatch run`` as fast as they sound; mosquitto and
this program's own subscription are at the other end. A word ends with its last 10 ms within 30 dB of its loudest;
clips whose noise is above that to their end say nothing and are left out.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import platform
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import numpy as np
import soundfile
import soxr

RATE_HZ = 16_000
GAP_S = 1.6
FRAME = RATE_HZ // 100
BELOW_LOUDEST_DB = 30.0
LATEST_S = 1.5
"""After the end of a word; a detection later than that is not of it."""


@dataclass(frozen=True)
class Played:
    """All clips as one sound."""

    samples: np.ndarray
    """int16 [n]"""
    ends_s: list[float]
    """Of each word."""


@dataclass(frozen=True)
class Part:
    """One detection: where its time went, seconds."""

    decision: float
    """From the end of the word to the last sample that the score needed, on the audio clock."""
    block: float
    """Until the block of that sample was whole and handed over."""
    transport: float
    """From there to the message: front end, network, queue, broker."""


def word_end(sound: np.ndarray) -> float | None:
    """Seconds; None when the sound never falls far enough below its loudest."""
    frames = sound[: len(sound) // FRAME * FRAME].reshape(-1, FRAME).astype(np.float64)
    level_db = 10 * np.log10((frames**2).mean(axis=1) + 1)
    loud = np.nonzero(level_db > level_db.max() - BELOW_LOUDEST_DB)[0]
    return None if loud[-1] >= len(frames) - 3 else (loud[-1] + 1) * FRAME / RATE_HZ


def played(folder: Path, count: int) -> Played:
    """As many clips as there are, at most ``count``, evenly from the folder's list."""
    files = sorted(p for p in folder.rglob("*") if p.suffix in (".wav", ".flac", ".opus", ".ogg"))
    noise = np.random.default_rng(1)
    gap_n = int(GAP_S * RATE_HZ)
    parts, ends, at = [noise.normal(0, 3, gap_n)], [], gap_n
    for file in files[:: max(1, len(files) // (2 * count))]:
        sound, rate = soundfile.read(file, dtype="int16", always_2d=True)
        sound = soxr.resample(sound[:, 0], rate, RATE_HZ)
        end = word_end(sound)
        if end is None or len(ends) == count:
            continue
        ends.append(at / RATE_HZ + end)
        parts += [sound, noise.normal(0, 3, gap_n)]
        at += len(sound) + gap_n
    return Played(np.concatenate(parts).round().astype(np.int16), ends)


@contextlib.contextmanager
def broker(folder: Path, port: int):
    conf = folder / "mosquitto.conf"
    conf.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\n")
    program = shutil.which("mosquitto") or "/usr/sbin/mosquitto"
    process = subprocess.Popen([program, "-c", str(conf)], stderr=subprocess.DEVNULL)
    try:
        for _ in range(500):
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                break
            time.sleep(0.01)
        yield
    finally:
        process.kill()
        process.wait()


async def measure(sound: Played, model: str, block_ms: int, port: int, folder: Path) -> list[Part]:
    """Play it and listen to the broker."""
    program = "from edge.cli import main; main()"
    command = [sys.executable, "-c", program, "run", "--model", model, "--source", "-"]
    settings = {"sink.mqtt.host": "127.0.0.1", "sink.mqtt.port": port, "page.enabled": "false"}
    settings["store.folder"] = str(folder)
    for key, value in settings.items():
        command += ["--set", f"{key}={value}"]
    config = folder / "empty.toml"
    config.write_text("")
    process = await asyncio.create_subprocess_exec(
        *command, "--config", str(config), stdin=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL
    )
    heard: list[tuple[float, dict]] = []
    async with aiomqtt.Client("127.0.0.1", port) as client:
        await client.subscribe("nuthatch/#", 1)
        online = asyncio.Event()

        async def listen():
            async for message in client.messages:
                if message.topic.value.endswith("/event"):
                    heard.append((time.perf_counter(), json.loads(message.payload)))
                elif message.topic.value.endswith("/availability"):
                    online.set()

        listening = asyncio.create_task(listen())
        try:
            await asyncio.wait_for(online.wait(), 30)
            handed = await play(sound.samples, block_ms, process)
            await asyncio.sleep(1.0)
        finally:
            listening.cancel()
            process.stdin.close()
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            await process.wait()
    return parts(sound, heard, handed, block_ms)


async def play(samples: np.ndarray, block_ms: int, process: asyncio.subprocess.Process) -> list[float]:
    """Block by block, each when its last sample sounds; when each was handed over."""
    block, handed, start = block_ms * RATE_HZ // 1000, [], time.perf_counter()
    for at in range(0, len(samples), block):
        end_s = start + min(at + block, len(samples)) / RATE_HZ
        await asyncio.sleep(max(0.0, end_s - time.perf_counter()))
        process.stdin.write(samples[at : at + block].tobytes())
        handed.append(time.perf_counter())
        await process.stdin.drain()
    return handed


def parts(sound: Played, heard: list[tuple[float, dict]], handed: list[float], block_ms: int) -> list[Part]:
    """For each word the first detection after its beginning, if it came in time."""
    found, block = [], block_ms * RATE_HZ // 1000
    for end_s in sound.ends_s:
        for received, record in heard:
            if -0.5 < record["time_s"] - end_s < LATEST_S:
                last_sample = round(record["time_s"] * RATE_HZ) - 1
                index = last_sample // block
                whole_s = min((index + 1) * block, len(sound.samples)) / RATE_HZ
                found.append(Part(record["time_s"] - end_s, whole_s - record["time_s"], received - handed[index]))
                break
    return found


def table(found: list[Part], words: int) -> str:
    rows = {
        "decision: end of word to the last sample that the score needed": [p.decision for p in found],
        "block: until the microphone's block with it is whole": [p.block for p in found],
        "transport: from there to the message received": [p.transport for p in found],
        "end of word to message": [p.decision + p.block + p.transport for p in found],
    }
    lines = ["| ms | median | p95 | largest |", "|---|---|---|---|"]
    for name, values in rows.items():
        median, p95 = np.percentile(values, [50, 95])
        lines.append(f"| {name} | {1000 * median:.1f} | {1000 * p95:.1f} | {1000 * max(values):.1f} |")
    return "\n".join([f"{len(found)} of {words} words detected.", "", *lines])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--model", default="wake_alexa")
    parser.add_argument("--clips", type=int, default=60)
    parser.add_argument("--block-ms", type=int, default=60)
    parser.add_argument("--port", type=int, default=18_883)
    options = parser.parse_args()
    sound = played(options.folder, options.clips)
    print(f"playing {len(sound.samples) / RATE_HZ:.0f} s", file=sys.stderr)
    with tempfile.TemporaryDirectory() as folder, broker(Path(folder), options.port):
        found = asyncio.run(measure(sound, options.model, options.block_ms, options.port, Path(folder)))
    print(f"{platform.machine()}, {os.cpu_count()} cores, blocks of {options.block_ms} ms, {options.model}.")
    print(table(found, len(sound.ends_s)))


if __name__ == "__main__":
    main()

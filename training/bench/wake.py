"""Misses and false accepts of our wake word and the rival's on the same stream, and the page about it."""

from __future__ import annotations

import datetime
import platform
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from edge.manifest import Bundle, BundleError
from training.bench import pymicro
from training.data.audio import DataError
from training.evaluate.detection import Point, measure, sweep
from training.evaluate.material import Folders, load, refuse_trained, split_name
from training.evaluate.stream import Rules, Stream
from training.evaluate.track import bundle_track
from training.evaluate.trial import streams

OURS = "nuthatch"
# What may stand in the stream's background and noise, of the folders below --data.
SPEECH = (
    "arabic_speech_commands",
    "asterisk_prompts",
    "barista_commands",
    "fsdd",
    "librispeech_subset",
    "speech_commands_v2_test",
    "wakewords_mycroft",
    "wakewords_picovoice",
)
NOISE = ("esc10", "noise_lt_speech_commands", "speech_commands_v1_sample/_background_noise_")
PACKAGES = ("nuthatch", "ai-edge-litert", "numpy", "pymicro-wakeword", "pymicro-features")

COUNTING = """
Intervals are 95 % (Wilson for misses, exact Poisson for false accepts). Every detector has its own default
threshold and window; all hear the same samples, and one code counts: an event between the word's onset and .75 s
after its end is a hit, any other a false accept. Refractory time and release are ours for both. Delay is from the
end of the word as estimated by energy: where noise follows the word in a clip, the end is estimated late.
"""
CAUTION = """
The keyword clips name no speakers: blocks of five in file order are kept apart, so a voice may be on both sides
for us. What the rival was trained on is not known; it may have met some of these clips.
"""


@dataclass(frozen=True)
class Row:
    """One detector under one condition."""

    detector: str
    conditions: str
    point: Point
    sweep: list[Point]


def folders_of(bundle: Bundle, data: Path) -> Folders:
    """Folders of `data` for this model's word; those that its licences do not name, it has not seen."""
    word = bundle.manifest.targets[0]
    keyword = next((p for p in sorted(data.glob(f"*/{word}")) if p.is_dir()), None)
    if keyword is None:
        raise DataError(f"{data}: has no */{word} folder; give the folder that holds the data sets")
    learnt = {licence.data for licence in bundle.manifest.licences}
    speech = [data / name for name in SPEECH if (data / name).is_dir()]
    if not speech:
        raise DataError(f"{data}: has none of {', '.join(SPEECH)}; the stream needs other speech")
    seen = tuple(f for f in speech if f.name in learnt or not learnt)
    noise = tuple(data / name for name in NOISE if (data / name).is_dir())
    return Folders(keyword, seen, noise, tuple(f for f in speech if f not in seen))


def compare(
    bundle: Bundle, folders: Folders, snr_db: float, seed: int = 0, say: Callable[[str], None] = print
) -> tuple[list[Row], dict[str, Stream]]:
    """Both detectors with their own thresholds, clean and with noise, on the test part."""
    manifest = bundle.manifest
    word = manifest.targets[0]
    if not manifest.operating_points:
        raise BundleError(f"{manifest.name}: no operating point; make one with nuthatch evaluate --write")
    refuse_trained(manifest.training, "test")
    material = load(folders, word, "test", split_name(manifest.training))
    made = streams(material, [snr_db], Rules(), seed)
    rows = []
    for conditions, stream in made.items():
        say(f"{conditions}: {stream.hours:.2f} h, {len(stream.labels)} keywords")
        rows.append(_ours(bundle, word, conditions, stream))
        if word in pymicro.words():
            rows.append(_rival(bundle, word, conditions, stream))
    return rows, made


def _ours(bundle: Bundle, word: str, conditions: str, stream: Stream) -> Row:
    threshold = bundle.manifest.operating_points[0].thresholds[word]
    track = bundle_track(bundle, stream.audio, word)
    point = measure(track, stream.labels, stream.hours, threshold)
    return Row(OURS, conditions, point, sweep(track, stream.labels, stream.hours))


def _rival(bundle: Bundle, word: str, conditions: str, stream: Stream) -> Row:
    track, threshold, as_integer = pymicro.pymicro_track(stream.audio, word, bundle.manifest.decision)
    point = measure(track, stream.labels, stream.hours, threshold, as_integer)
    return Row(pymicro.NAME, conditions, point, sweep(track, stream.labels, stream.hours))


def as_json(rows: Sequence[Row], made: dict[str, Stream], folders: Folders) -> dict[str, Any]:
    """Everything the page says, for a program."""
    return {
        "date": datetime.date.today().isoformat(),
        "versions": versions(),
        "data": folders.names,
        "streams": {name: stream.composition for name, stream in made.items()},
        "rows": [{"detector": r.detector, "conditions": r.conditions, **r.point.as_json()} for r in rows],
    }


def versions() -> dict[str, str]:
    """Of what took part."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def page(result: dict[str, Any], bundle: Bundle, folders: Folders) -> str:
    """docs/benchmarks/wake.md."""
    name = bundle.manifest.name
    parts = (
        f'# Wake word "{bundle.manifest.targets[0]}": misses and false accepts',
        f"Made on {result['date']} by `nuthatch bench {name} --wake --data DIR --out DIR`; do not edit.",
        "\n".join(table(result["rows"])),
        COUNTING,
        "![Misses over false accepts per hour](wake.png)",
        "## The stream",
        _composition(result),
        f"Test part by speaker or source: {_names(folders.background)}. Not in our training, half of each: "
        f"{_names(folders.unseen)}. Noise, test part: {_names(folders.noise)}.",
        CAUTION,
        "Versions: " + ", ".join(f"{k} {v}" for k, v in result["versions"].items()) + ".",
    )
    return "\n\n".join(_wrapped(p) for p in parts) + "\n"


def _wrapped(paragraph: str) -> str:
    verbatim = paragraph.startswith(("#", "|", "!"))
    return paragraph if verbatim else textwrap.fill(paragraph.strip(), 110, break_on_hyphens=False)


def table(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Markdown rows."""
    head = "| stream | detector | threshold | misses | false accepts per hour | delay median / p95 |"
    return [head, "|---|---|---|---|---|---|", *(_table_row(r) for r in rows)]


def _table_row(row: dict[str, Any]) -> str:
    low, high = row["miss_interval"]
    least, most = row["false_accepts_interval"]
    delay = "-"
    if row["delay_median_s"] is not None:
        delay = f"{row['delay_median_s'] * 1000:.0f} / {row['delay_p95_s'] * 1000:.0f} ms"
    misses = f"{row['misses']} of {row['trials']}"
    if row["miss_rate"] is not None:
        misses = f"{row['miss_rate']:.1%} [{low:.1%}, {high:.1%}] ({misses})"
    return (
        f"| {row['conditions']} | {row['detector']} | {row['threshold']:g} | {misses} | "
        f"{row['false_accepts_per_hour']:.2f} [{least:.2f}, {most:.2f}] ({row['false_accepts']} in "
        f"{row['hours']:.2f} h) | {delay} |"
    )


def _composition(result: dict[str, Any]) -> str:
    name, made = next(reversed(result["streams"].items()))
    return (
        f"{made['hours']:.2f} h: {made['keywords']} keyword clips of the test part at even distances among "
        f"{made['background_clips']} other recordings ({made['background_hours']:.2f} h), each once; pauses of "
        f".3 s, 1 s around a keyword. Every part has its peak at half of full scale. At {name}, "
        f"{made['noise_clips']} noise recordings run on through it, one after the other and over again; the "
        f"loudest 30 ms of a part are that much above the loudest 30 ms of noise beneath it. Seed {made['seed']}."
    )


def _names(folders: Sequence[Path]) -> str:
    return ", ".join(f.name for f in folders) or "none"

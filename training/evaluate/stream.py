"""Long labelled streams: keyword clips at even distances in background speech, with or without noise.

After Picovoice's wake word benchmark, with these rules:
- keyword clips in random order; the background, in random order, fills the gaps between them evenly, each
  recording at most once (`presence` leaves some out and puts silence of equal length in their place);
- every part has its peak at `peak` of full scale; pauses between parts, longer ones around a keyword;
- noise runs on through the whole stream. Its level follows the parts: the ratio of the loudest 30 ms of a
  part to the loudest 30 ms of the noise beneath it is `snr_db`. In a pause the noise's level glides;
- a label spans the word (training.data.clip.word_span), not the clip.
The same seed and clips give the same layout with and without noise.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from training.data.audio import DataError
from training.data.clip import word_span

RATE_HZ = 16_000
FRAME = 480
"""Samples over which loudness is taken: 30 ms."""
FULL_SCALE = 32_767
SHORTEST_WORD_S = 0.2
"""A shorter span is a click, not the word; the label is then the whole clip."""


@dataclass(frozen=True)
class Rules:
    """How a stream is put together."""

    snr_db: float | None = None
    """None: no noise."""
    hours: float | None = None
    """Upper bound; None: as long as the clips reach."""
    presence: float = 1.0
    """Share of the background that is heard; the rest is silence of equal length."""
    pause_s: float = 0.3
    guard_s: float = 1.0
    """Pause on both sides of a keyword clip."""
    peak: float = 0.5


@dataclass(frozen=True)
class Sound:
    """One recording in memory: int16 [n], mono, 16 kHz."""

    name: str
    audio: np.ndarray
    label: str = ""
    """The keyword; empty for background and noise."""


@dataclass(frozen=True)
class Label:
    """Where a keyword is, on the stream's clock."""

    onset_s: float
    offset_s: float
    label: str
    clip: str = ""


@dataclass(frozen=True)
class Stream:
    """int16 [n] with the keywords in it."""

    audio: np.ndarray
    labels: list[Label]
    composition: dict[str, Any] = field(default_factory=dict)

    @property
    def hours(self) -> float:
        return len(self.audio) / RATE_HZ / 3600

    def write(self, audio: Path, labels: Path) -> None:
        """FLAC or WAV by the suffix, and one JSON object per keyword."""
        import soundfile

        soundfile.write(audio, self.audio, RATE_HZ, subtype="PCM_16")
        labels.write_text("".join(json.dumps(asdict(label)) + "\n" for label in self.labels), "utf-8")


@dataclass(frozen=True)
class Slot:
    """A sound at its place; `silent` keeps the place and drops the sound."""

    start: int
    sound: Sound
    silent: bool = False

    @property
    def end(self) -> int:
        return self.start + len(self.sound.audio)


def build(
    keywords: Sequence[Sound],
    background: Sequence[Sound],
    noise: Sequence[Sound] = (),
    rules: Rules = Rules(),
    seed: int = 0,
) -> Stream:
    """The stream of these sounds under these rules; the same arguments give the same samples."""
    if not keywords and not background:
        raise DataError("a stream of no clips; give at least keyword or background clips")
    if rules.snr_db is not None and not noise:
        raise DataError(f"noise at {rules.snr_db:g} dB wants noise clips; give a folder of them, or no SNR")
    slots, samples = layout(keywords, background, rules, np.random.default_rng(seed))
    audio = np.zeros(samples, np.int16)
    tape = Tape(noise, np.random.default_rng([seed, 1])) if rules.snr_db is not None else None
    for start, mixed in _mix(slots, samples, rules, tape):
        audio[start : start + len(mixed)] = np.clip(np.rint(mixed), -FULL_SCALE - 1, FULL_SCALE)
    labels = [_label(slot) for slot in slots if slot.sound.label]
    return Stream(audio, labels, _composition(slots, samples, rules, noise, seed))


def layout(
    keywords: Sequence[Sound], background: Sequence[Sound], rules: Rules, rng: np.random.Generator
) -> tuple[list[Slot], int]:
    """Every sound's place, in order and without overlap, and the stream's length in samples."""
    words = [keywords[i] for i in rng.permutation(len(keywords))]
    filler = _at_most([background[i] for i in rng.permutation(len(background))], words, rules)
    silent = rng.random(len(filler)) >= rules.presence
    pause, guard = int(rules.pause_s * RATE_HZ), int(rules.guard_s * RATE_HZ)
    slots: list[Slot] = []
    at = used = taken = 0
    total = sum(len(s.audio) for s in filler)
    for gap in range(len(words) + 1):
        while taken < len(filler) and used * (len(words) + 1) < total * (gap + 1):
            slots.append(Slot(at + pause, filler[taken], bool(silent[taken])))
            at, used, taken = slots[-1].end, used + len(filler[taken].audio), taken + 1
        if gap < len(words):
            slots.append(Slot(at + guard, words[gap]))
            at = slots[-1].end + guard
    return slots, at + guard


def loudest(audio: np.ndarray) -> float:
    """Mean square of the loudest 30 ms; of the whole sound where it is shorter."""
    frames = len(audio) // FRAME
    squares = np.square(audio.astype(np.float64))
    return float(squares[: frames * FRAME].reshape(frames, FRAME).mean(axis=1).max() if frames else squares.mean())


class Tape:
    """Noise clips in random order, each to the same loudness, one after the other without end."""

    def __init__(self, noise: Sequence[Sound], rng: np.random.Generator) -> None:
        self._sounds = [s for s in noise if s.audio.any()]
        if not self._sounds:
            raise DataError("the noise clips are all silent; give others")
        self._rng = rng
        self._rest = np.zeros(0, np.float32)

    def take(self, samples: int) -> np.ndarray:
        """The next float32 [samples]."""
        pieces = [self._rest]
        have = len(self._rest)
        while have < samples:
            for i in self._rng.permutation(len(self._sounds)):
                sound = self._sounds[i].audio.astype(np.float32)
                pieces.append(sound * np.float32(1_000 / np.sqrt(loudest(sound))))
                have += len(sound)
                if have >= samples:
                    break
        joined = np.concatenate(pieces)
        self._rest = joined[samples:]
        return joined[:samples]


def _mix(slots: list[Slot], samples: int, rules: Rules, tape: Tape | None) -> Iterator[tuple[int, np.ndarray]]:
    """(start, float32 samples) of the slots and, where there is noise, of the pauses between them."""
    at, gain = 0, None
    for slot in slots:
        part = np.zeros(len(slot.sound.audio), np.float32) if slot.silent else levelled(slot.sound.audio, rules.peak)
        if tape is None or rules.snr_db is None:
            yield slot.start, part
            continue
        pause, beneath = tape.take(slot.start - at), tape.take(len(part))
        next_gain = _noise_gain(part, beneath, rules.snr_db, gain)
        yield (
            at,
            pause * np.linspace(next_gain if gain is None else gain, next_gain, len(pause), dtype=np.float32),
        )
        yield slot.start, part + beneath * np.float32(next_gain)
        at, gain = slot.end, next_gain
    if tape is not None:
        yield at, tape.take(samples - at) * np.float32(gain or 1.0)


def levelled(audio: np.ndarray, peak: float) -> np.ndarray:
    """float32 with its largest sample at ``peak`` of full scale; silence stays silence."""
    largest = float(np.abs(audio.astype(np.float32)).max(initial=0.0))
    return audio.astype(np.float32) * np.float32(peak * FULL_SCALE / largest if largest else 1.0)


def _noise_gain(part: np.ndarray, beneath: np.ndarray, snr_db: float, before: float | None) -> float:
    """What brings the noise beneath a part to the ratio; a silent part keeps the level before it."""
    signal, noise = loudest(part), loudest(beneath)
    if not signal or not noise:
        return 1.0 if before is None else before
    return float(np.sqrt(signal / noise / 10 ** (snr_db / 10)))


def _at_most(background: list[Sound], words: list[Sound], rules: Rules) -> list[Sound]:
    """As much of the background as keeps the stream within its hours."""
    if rules.hours is None:
        return background
    left = rules.hours * 3600 * RATE_HZ - sum(len(w.audio) + 2 * rules.guard_s * RATE_HZ for w in words)
    ends = np.cumsum([len(s.audio) + rules.pause_s * RATE_HZ for s in background])
    return background[: int(np.searchsorted(ends, left, side="right"))]


def _label(slot: Slot) -> Label:
    onset_s, offset_s = word_span(slot.sound.audio)
    if offset_s - onset_s < SHORTEST_WORD_S:
        onset_s, offset_s = 0.0, len(slot.sound.audio) / RATE_HZ
    start_s = slot.start / RATE_HZ
    return Label(round(start_s + onset_s, 4), round(start_s + offset_s, 4), slot.sound.label, slot.sound.name)


def _composition(slots: list[Slot], samples: int, rules: Rules, noise: Sequence[Sound], seed: int) -> dict[str, Any]:
    heard = [s for s in slots if not s.silent]
    background = [s for s in heard if not s.sound.label]
    return {
        "hours": round(samples / RATE_HZ / 3600, 4),
        "keywords": len(heard) - len(background),
        "background_clips": len(background),
        "background_hours": round(sum(len(s.sound.audio) for s in background) / RATE_HZ / 3600, 4),
        "noise_clips": len(noise) if rules.snr_db is not None else 0,
        "snr_db": rules.snr_db,
        "presence": rules.presence,
        "seed": seed,
    }


def read_labels(path: Path) -> list[Label]:
    """Labels of a stream; raises DataError naming the line that is not one."""
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise DataError(f"{path}: cannot be read ({e}); give the stream's JSON lines") from None
    return [_read_label(path, number, line) for number, line in enumerate(lines, 1) if line.strip()]


def _read_label(path: Path, number: int, line: str) -> Label:
    try:
        data = json.loads(line)
        label = Label(float(data["onset_s"]), float(data["offset_s"]), str(data["label"]), str(data.get("clip", "")))
        if not 0 <= label.onset_s <= label.offset_s:
            raise ValueError
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError(
            f'{path}:{number}: not a label; each line is {{"onset_s": .., "offset_s": .., "label": ".."}}'
        ) from None
    return label

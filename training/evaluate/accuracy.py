"""Accuracy of labelled clips through the front end and the int8 model, with its interval by speaker."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from training.data.audio import DataError, read_audio
from training.data.clip import Clip
from training.data.speech_commands import SILENCE, UNKNOWN, SpeechCommands
from training.evaluate.interval import clustered, wilson

Scorer = Callable[[np.ndarray], np.ndarray]
"""int16 [window samples] -> scores [labels]."""
PARTS = {"test": "test", "validation": "calibration"}
"""Split on the command line -> part of the data set's split."""


def fit(audio: np.ndarray, samples: int) -> np.ndarray:
    """The middle of a longer clip; a shorter one with zeros on both sides, the odd one at the end."""
    if len(audio) >= samples:
        start = (len(audio) - samples) // 2
        return audio[start : start + samples]
    before = (samples - len(audio)) // 2
    return np.pad(audio, (before, samples - len(audio) - before))


def clips(folder: Path, labels: Sequence[str], split: str = "all", salt: str = "") -> list[Clip]:
    """The folder's clips under the model's labels; raises DataError for one that the model has no label for.

    A split follows the official lists where the folder holds them, else training's rule by speaker.
    """
    data = SpeechCommands(folder, tuple(w for w in labels if w not in (SILENCE, UNKNOWN)))
    found = data.clips if split == "all" else data.split(salt)[PARTS[split]]
    if SILENCE not in labels and UNKNOWN in labels:  # a wake word's model: silence is one more thing it is not
        found = [replace(c, label=UNKNOWN) if c.label == SILENCE else c for c in found]
    if not found:
        raise DataError(f"{folder}: no clip is in its {split} part; take --split all")
    if foreign := next((c for c in found if c.label not in labels), None):
        raise DataError(
            f"{foreign.path.parent.name}: no label of this model, which has {', '.join(labels)}; "
            "give a folder without it"
        )
    return found


def accuracy(found: Sequence[Clip], labels: Sequence[str], score: Scorer, samples: int) -> dict[str, Any]:
    """Share of the clips whose highest score is their label's, and where the others went."""
    return figures(found, labels, [int(np.argmax(score(fit(read_audio(c.path), samples)))) for c in found])


def figures(found: Sequence[Clip], labels: Sequence[str], guessed: Sequence[int]) -> dict[str, Any]:
    """The same from the label that each clip was given."""
    truth, guess = np.array([labels.index(c.label) for c in found]), np.array(guessed)
    speakers = [c.speaker for c in found]
    right = truth == guess
    confusion = np.zeros((len(labels), len(labels)), int)
    np.add.at(confusion, (truth, guess), 1)
    return {
        "accuracy": round(float(right.mean()), 5),
        "interval": [round(x, 5) for x in clustered(right.tolist(), speakers)],
        "clips": len(found),
        "speakers": speaker_count(found),
        "per_class": _per_class(confusion, labels),
        "per_speaker": _per_speaker(found, right),
        "confusion": {"labels": list(labels), "counts": confusion.tolist()},
    }


def _per_class(confusion: np.ndarray, labels: Sequence[str]) -> dict[str, Any]:
    """Share of each label's clips that were recognised; labels without clips are left out."""
    result = {}
    for i, label in enumerate(labels):
        if clips_of_label := int(confusion[i].sum()):
            right = int(confusion[i, i])
            result[label] = {
                "accuracy": round(right / clips_of_label, 5),
                "interval": [round(x, 5) for x in wilson(right, clips_of_label)],
                "clips": clips_of_label,
            }
    return result


def speaker_count(found: Sequence[Clip]) -> int:
    """How many people are heard. Clips of nobody, such as silence, are clusters of their own but no speakers."""
    return len({c.speaker for c in found if c.by_a_speaker})


def _per_speaker(found: Sequence[Clip], right: np.ndarray) -> dict[str, Any]:
    clips_of = Counter(c.speaker for c in found if c.by_a_speaker)
    right_of = Counter(c.speaker for c, ok in zip(found, right, strict=True) if ok)
    return {s: {"accuracy": round(right_of[s] / n, 5), "clips": n} for s, n in sorted(clips_of.items())}

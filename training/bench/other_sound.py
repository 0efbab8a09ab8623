"""Sound that is none of a scene model's classes: speech, noise, an empty room; never what the model learnt from."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.audio import RATE_HZ, read_audio, to_int16
from training.data.draws import coloured_floor
from training.data.sounds import Sounds
from training.data.split import part_of
from training.evaluate.material import WHOLE_S, half_of

SPEECH = ("librispeech_subset", "asterisk_prompts", "barista_commands")
FOLDERS = (*SPEECH, "noise_lt_speech_commands", "speech_commands_v1_sample/_background_noise_")
"""Beside the data, where they are there."""
LONGEST_S = 600.0
"""Of each folder."""
EMPTY_ROOM = "empty room"


@dataclass(frozen=True)
class Other:
    """Recordings of a folder one after the other."""

    name: str
    audio: np.ndarray
    """int16 [n]"""
    speech: bool = False


def others(beside: Path, part: str, learnt: Set[str]) -> list[Other]:
    """`part` is calibration or test. Folders among `learnt` give what training's split kept, others a half each."""
    found = [_of(beside / name, part, learnt) for name in FOLDERS if (beside / name).is_dir()]
    return [o for o in found if len(o.audio)] + [Other(EMPTY_ROOM, _empty_room(part))]


def _of(folder: Path, part: str, learnt: Set[str]) -> Other:
    which = part_of if folder.name in learnt else half_of
    sounds: list[np.ndarray] = []
    for clip in Sounds(folder, "", WHOLE_S).clips:
        if sum(map(len, sounds)) >= LONGEST_S * RATE_HZ:
            break
        if which(clip.speaker) == part:
            sounds.append(read_audio(clip.path))
    audio = np.concatenate(sounds) if sounds else np.zeros(0, np.int16)
    return Other(folder.name, audio[: int(LONGEST_S * RATE_HZ)], folder.name in SPEECH)


def _empty_room(part: str) -> np.ndarray:
    """A minute of converters' own noise, another level and colour every ten seconds."""
    rng = np.random.default_rng(part == "test")
    return to_int16(np.concatenate([coloured_floor(10 * RATE_HZ, rng) for _ in range(6)]))

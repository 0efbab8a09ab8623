"""Folders of sounds as users have them: what is wrong is named, counted, and heard if there is sound in it."""

import numpy as np
import pytest
import soundfile

from training.data.audio import DataError
from training.data.class_folders import ClassFolders
from training.data.clip import Clip
from training.data.heard import MOST, digests, learnt_from
from training.data.recording import recording
from training.evaluate.scene import hear, of_foreign, of_known, remarks

LABELS = ["loud", "quiet"]


def by_loudness(audio):
    """int16 [n] -> a certain answer, but an uncertain one for silence."""
    level = float(np.abs(audio.astype(float)).mean())
    loud = 0.5 if level == 0 else float(level > 3000)
    return np.array([loud, 1 - loud])


@pytest.fixture
def folder(tmp_path):
    """Two classes of the model's, one that it has not, and everything that may be wrong with a file."""
    rng = np.random.default_rng(0)
    noise = rng.uniform(-1, 1, 16_000)
    for name in ("loud", "quiet", "bells"):
        (tmp_path / name).mkdir()
    soundfile.write(tmp_path / "loud" / "1-1-A.wav", 0.9 * noise, 16_000)
    soundfile.write(tmp_path / "loud" / "1-1-B.wav", 0.9 * np.stack([noise, noise], 1), 16_000)
    soundfile.write(tmp_path / "loud" / "2-2-A.wav", np.sign(noise), 16_000)
    soundfile.write(tmp_path / "quiet" / "1-3-A.wav", 0.05 * noise[:4_000], 16_000)
    soundfile.write(tmp_path / "quiet" / "2-4-A.wav", 0.05 * np.tile(noise, 3), 44_100)
    soundfile.write(tmp_path / "quiet" / "2-5-A.wav", np.zeros(16_000), 16_000)
    soundfile.write(tmp_path / "bells" / "2-6-A.wav", 0.9 * noise, 16_000)
    (tmp_path / "quiet" / "2-7-A.wav").write_bytes(b"no sound at all")
    broken = np.full(16_000, np.nan, np.float32)
    soundfile.write(tmp_path / "quiet" / "2-8-A.wav", broken, 16_000, subtype="FLOAT")
    return tmp_path


def test_every_fault_is_counted_and_the_rest_is_heard(folder):
    heard = hear(ClassFolders(folder).clips, by_loudness, 8_000)
    assert len(heard.clips) == 7
    counts = {k: len(v) for k, v in heard.faults.items()}
    assert counts == {
        "several channels": 1, "clipped": 1, "short": 1, "another rate": 1, "silent": 1, "unreadable": 2,
    }  # fmt: skip
    assert heard.faults["clipped"] == ["loud/2-2-A.wav"]
    assert "holds samples that are no numbers" in heard.faults["unreadable"][1]


def test_unknown_confidence_and_foreign_classes_are_told_apart(folder):
    heard = hear(ClassFolders(folder).clips, by_loudness, 8_000)
    result = of_known(heard, LABELS, 0.8)
    assert (result["clips"], result["sources"]) == (6, 5)
    assert result["accuracy"] == round(5 / 6, 5)  # silence is taken for loud
    assert result["named"] == {"enter": 0.8, "share": round(5 / 6, 5), "right": 1.0}
    assert of_foreign(heard, LABELS, 0.8) == {"bells": {"clips": 1, "named": 1}}
    assert of_known(heard, LABELS, 1.0)["named"]["share"] == round(5 / 6, 5)


def test_nothing_readable_is_one_line(tmp_path):
    file = tmp_path / "loud" / "1.wav"
    file.parent.mkdir()
    file.write_bytes(b"")
    with pytest.raises(DataError, match="none of the 1 files can be read"):
        hear([Clip(file, "loud", "1")], by_loudness, 100)
    assert recording(tmp_path / "absent.wav", 10).faults == ("unreadable",)


def test_a_network_knows_its_sources_again(folder):
    clips = ClassFolders(folder).clips
    training = {"sources": digests(c for c in clips if c.speaker == "1")}
    assert {c.path.name for c in learnt_from(training, clips) or []} == {"1-1-A.wav", "1-1-B.wav"}
    assert learnt_from({}, clips) is None
    assert digests(Clip(folder, "x", str(i)) for i in range(MOST + 1)) == ""


def test_remarks_name_what_the_figure_does_not_show():
    result = {
        "clips": 5, "files": {"short": {"clips": 2, "first": "quiet/a.wav"}},
        "foreign": {"bells": {"clips": 3, "named": 1}}, "learnt_from": None,
    }  # fmt: skip
    lines = remarks(result)
    assert lines[0] == "2 files short: quiet/a.wav"
    assert "3 clips left out of the accuracy, 1 of them would be named" in lines[1]
    assert "does not say what it learnt from" in lines[2]
    assert len(remarks({**result, "learnt_from": {"clips": 0, "sources": 0}})) == 2

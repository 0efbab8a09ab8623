"""Accuracy with a stub in place of the network, and through the verb with a real one."""

import json

import numpy as np
import pytest

from training.data.audio import DataError
from training.evaluate.accuracy import accuracy, clips, fit

LABELS = ["_unknown_", "alexa"]


def loudness(audio):
    return np.array([1_000.0, audio.astype(float).std()])


def test_fit_cuts_the_middle_and_pads_both_sides():
    assert fit(np.arange(10), 4).tolist() == [3, 4, 5, 6]
    assert fit(np.arange(1, 4), 6).tolist() == [0, 1, 2, 3, 0, 0]
    assert fit(np.arange(3), 3).tolist() == [0, 1, 2]


def test_a_scorer_that_is_right(clips_folder):
    result = accuracy(clips(clips_folder, LABELS), LABELS, loudness, 16_000)
    assert list(result)[:4] == ["accuracy", "interval", "clips", "speakers"]
    assert (result["accuracy"], result["clips"]) == (1.0, 24)
    assert result["speakers"] == 2  # the six clips of nobody are clusters, not speakers
    assert result["confusion"]["counts"] == [[18, 0], [0, 6]]
    assert result["interval"][0] < 1.0 == result["interval"][1]


def test_a_scorer_that_says_one_thing(clips_folder):
    result = accuracy(clips(clips_folder, LABELS), LABELS, lambda audio: np.array([1, 0]), 16_000)
    assert result["accuracy"] == 0.75
    assert result["per_class"]["alexa"]["accuracy"] == 0.0
    assert result["interval"][0] < 0.75 < result["interval"][1]


def test_words_without_a_label_are_unknown_or_refused(clips_folder):
    assert {c.label for c in clips(clips_folder, ["_unknown_", "_silence_", "cat"])} == {
        "_unknown_",
        "_silence_",
        "cat",
    }
    with pytest.raises(DataError, match="no label of this model"):
        clips(clips_folder, ["alexa", "cat"])


def test_the_official_list_says_what_the_test_is(clips_folder):
    name = next((clips_folder / "cat").iterdir()).name
    (clips_folder / "testing_list.txt").write_text(f"cat/{name}\n")
    assert [c.path.name for c in clips(clips_folder, LABELS, "test")] == [name]
    assert len(clips(clips_folder, LABELS)) == 24


def test_parts_share_no_speaker(clips_folder):
    found = {}
    for split in ("test", "validation"):
        try:
            found[split] = {c.speaker for c in clips(clips_folder, LABELS, split)}
        except DataError:
            found[split] = set()
    assert not found["test"] & found["validation"]


def test_the_verb(nuthatch, wake_bundle, clips_folder, tmp_path):
    code, out, err = nuthatch("evaluate", wake_bundle, "--data", clips_folder, "--json", "--out", tmp_path / "o")
    assert code == 0, err
    result = json.loads(out)
    assert result["accuracy"] == 1.0 and result["clips"] == 24
    assert {p.name for p in (tmp_path / "o").iterdir()} == {"result.json", "confusion.png", "speakers.png"}


def test_the_verb_writes_evidence_once(nuthatch, wake_bundle, clips_folder):
    for _ in range(2):
        assert nuthatch("evaluate", wake_bundle, "--data", clips_folder, "--write")[0] == 0
    evidence = json.loads((wake_bundle / "manifest.json").read_text())["evidence"]
    assert len(evidence) == 1
    assert evidence[0]["measure"] == "accuracy" and evidence[0]["value"] == 1.0
    assert evidence[0]["clips"] == 24


def broken(folder):
    (folder / "cat" / "bad.wav").write_bytes(b"RIFF nothing")


def single(folder):
    (folder / "bird").mkdir()
    (folder / "cat" / "aaaaaaaa_nohash_0.wav").rename(folder / "bird" / "aaaaaaaa_nohash_0.wav")


def empty(folder):
    for file in folder.rglob("*.wav"):
        file.unlink()


def flat(folder):
    for file in folder.rglob("*.wav"):
        file.rename(folder / f"{file.parent.name}_{file.name}")


@pytest.mark.parametrize(
    ("harm", "said"),
    [(broken, "bad.wav"), (single, "bird has one clip"), (empty, "no audio files"), (flat, "no class folder")],
)
def test_bad_folders_are_one_line(nuthatch, wake_bundle, clips_folder, harm, said):
    harm(clips_folder)
    code, out, err = nuthatch("evaluate", wake_bundle, "--data", clips_folder)
    assert code == 1 and not out
    assert said in err and len(err.splitlines()) == 1

"""Readers of scenes: labels, sources, official splits, and folders that cannot be used."""

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from training.data.audio import DataError
from training.data.class_folders import ClassFolders, label_of
from training.data.esc import Esc, fold_of
from training.data.scenes import evaluated, reader
from training.data.tau import Tau, device_of


def put(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, np.zeros(160), 16_000)
    return path


def table(path, *rows, comma="\t"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(comma.join(r) for r in rows) + "\n")


@pytest.fixture
def esc10(tmp_path):
    for label in ("001 - Dog bark", "002_-_Rain"):
        for fold in (1, 2, 3):
            for take in "AB":
                put(tmp_path / "esc10" / label / f"{fold}-{fold}00{label[2]}-{take}.wav")
    return tmp_path / "esc10"


@pytest.fixture
def tau(tmp_path):
    folder = tmp_path / "tau"
    rows = []
    for scene in ("airport", "park"):
        for device in ("a", "b", "s4"):
            name = f"audio/{scene}-lisbon-1000-40000-{device}.wav"
            put(folder / name)
            rows.append((name, scene, "lisbon-1000", device))
    table(folder / "meta.csv", ("filename", "scene_label", "identifier", "source_label"), *rows)
    lists = folder / "evaluation_setup"
    table(lists / "fold1_train.csv", ("filename", "scene_label"), *(r[:2] for r in rows if r[3] == "a"))
    table(lists / "fold1_evaluate.csv", ("filename", "scene_label"), *(r[:2] for r in rows if r[3] == "s4"))
    return folder


def test_esc_folds_come_from_the_names(esc10):
    split = Esc(esc10, 2).split()
    assert {fold_of(c.path) for c in split["test"]} == {2}
    assert {fold_of(c.path) for c in split["train"]} == {1, 3}
    assert {c.label for c in split["train"]} == {"dog_bark", "rain"}
    assert not {c.speaker for c in split["train"]} & {c.speaker for c in split["test"]}
    assert len(Esc(esc10).split()["train"]) == 12
    with pytest.raises(DataError, match=r"has no fold 5; there are 1, 2, 3"):
        Esc(esc10, 5).split()


def test_esc50_is_read_by_its_table(tmp_path):
    for name in ("1-100032-A-0.wav", "2-100038-A-14.wav"):
        put(tmp_path / "audio" / name)
    rows = (("filename", "fold", "category"), ("1-100032-A-0.wav", "1", "dog"), ("2-100038-A-14.wav", "2", "birds"))
    table(tmp_path / "meta" / "esc50.csv", *rows, comma=",")
    clips = reader(tmp_path).clips
    assert [(c.label, c.speaker) for c in clips] == [("dog_bark", "100032"), ("birds", "100038")]
    (tmp_path / "audio" / "1-100032-A-0.wav").unlink()
    with pytest.raises(DataError, match="1 of the 2 files of meta/esc50.csv are missing"):
        reader(tmp_path).clips  # noqa: B018
    table(tmp_path / "meta" / "esc50.csv", ("name",), ("x",), comma=",")
    with pytest.raises(DataError, match="not ESC-50's table"):
        reader(tmp_path).clips  # noqa: B018
    table(tmp_path / "meta" / "esc50.csv", ("filename", "fold", "category"), ("2-100038-A-14.wav",), comma=",")
    with pytest.raises(DataError, match="a row lacks its filename or category"):
        reader(tmp_path).clips  # noqa: B018


def test_tau_has_its_official_split(tau):
    split = reader(tau).split()
    assert {device_of(c.path) for c in split["train"]} == {"a"}
    assert {device_of(c.path) for c in split["test"]} == {"s4"}
    assert {c.label for c in Tau(tau).clips} == {"airport", "park"}
    assert {c.speaker for c in Tau(tau).clips} == {"lisbon-1000"}


def test_tau_that_is_not_whole_is_refused_in_one_line(tau):
    table(tau / "evaluation_setup" / "fold1_train.csv", ("filename", "scene_label"), ("audio/x-a.wav", "park"))
    with pytest.raises(DataError, match=r"lists audio/x-a.wav, which meta.csv does not"):
        Tau(tau).split()
    (tau / "evaluation_setup" / "fold1_train.csv").unlink()
    with pytest.raises(DataError, match="cannot be read"):
        Tau(tau).split()
    (tau / "audio" / "park-lisbon-1000-40000-b.wav").unlink()
    with pytest.raises(DataError, match=r"named in meta.csv but missing"):
        Tau(tau).clips  # noqa: B018
    table(tau / "meta.csv", ("filename", "scene_label", "identifier"), ("audio/x.wav", "", "lisbon"))
    with pytest.raises(DataError, match="a row lacks one of"):
        Tau(tau).clips  # noqa: B018
    table(tau / "meta.csv", ("filename", "scene_label"), ("audio/x.wav", "park"))
    with pytest.raises(DataError, match="has no column 'identifier'"):
        Tau(tau).clips  # noqa: B018


def test_any_folder_of_classes(tmp_path):
    for i in range(40):
        put(tmp_path / ("Kitchen", "the street")[i % 2] / f"{i // 4}" / f"{i}.wav")
    clips = reader(tmp_path).clips
    assert {c.label for c in clips} == {"kitchen", "the_street"}
    split = ClassFolders(tmp_path).split()
    assert sum(map(len, split.values())) == 40
    assert len(split["train"]) > len(split["test"]) > 0


def test_a_part_of_the_split_is_that_part(tmp_path):
    for i in range(40):
        put(tmp_path / ("kitchen", "street")[i % 2] / f"{i}.wav")
    parts = {part: evaluated(tmp_path, part, {}) for part in ("calibration", "test", "all")}
    assert parts["calibration"] == ClassFolders(tmp_path).split()["calibration"]
    assert parts["test"] == ClassFolders(tmp_path).split()["test"]
    assert len(parts["all"]) == 40


def test_folders_that_are_no_classes(tmp_path, esc10):
    put(tmp_path / "a" / "x.wav")
    with pytest.raises(DataError, match="holds the one class 'a'"):
        ClassFolders(_only(tmp_path, "a")).clips  # noqa: B018
    put(esc10 / "3-1-A.wav")
    with pytest.raises(DataError, match="lies in no class folder"):
        reader(esc10).clips  # noqa: B018
    put(esc10 / "002_-_Rain" / "storm.wav")
    with pytest.raises(DataError, match="not named <fold 1-5>"):
        Esc(_without_loose(esc10)).clips  # noqa: B018


def _only(tmp_path, name):
    folder = tmp_path / "only"
    folder.mkdir()
    (folder / name).symlink_to(tmp_path / name)
    return folder


def _without_loose(folder):
    (folder / "3-1-A.wav").unlink()
    return folder


@pytest.mark.parametrize(
    ("name", "label"),
    [("001_-_Dog_bark", "dog_bark"), ("010 - Fire crackling", "fire_crackling"), ("Sea waves", "sea_waves"),
     ("2024", "2024"), ("metro", "metro"), ("Улица 1", "улица_1"), ("Шум 1", "шум_1"), ("cafe\u0301", "café")],
)  # fmt: skip
def test_labels_come_from_the_folders_names(name, label):
    assert label_of(name) == label


@given(st.text(min_size=1))
def test_every_folder_has_a_label(name):
    assert label_of(name)

"""Streams from folders, calibration, the operating point, and the verb for them."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile

from edge.manifest import open_bundle
from training.data.audio import DataError
from training.data.split import part_of
from training.evaluate.material import Folders, half_of, load, refuse_trained
from training.evaluate.stream import Sound, build


@pytest.fixture
def folders(tmp_path, sound):
    """100 loud keywords (20 blocks), quiet speech of 30 speakers, noise."""
    for i in range(100):
        write(tmp_path / "alexa" / f"{i:03}.wav", sound(i, 1.5, 9_000))
    for i in range(30):
        write(tmp_path / "speech" / f"{i:08}_NO_01.wav", sound(100 + i, 2.0, 5))
        write(tmp_path / "noise" / f"1-{i:05}-A.wav", sound(200 + i, 1.0, 30, (0.0, 1.0)))
    return Folders(tmp_path / "alexa", (tmp_path / "speech",), (tmp_path / "noise",))


def write(path, audio):
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, audio, 16_000)


def names(sounds):
    return {s.name for s in sounds}


def test_parts_share_nothing(folders):
    one, other = (load(folders, "alexa", part) for part in ("calibration", "test"))
    for kind in ("keywords", "background", "noise"):
        assert names(getattr(one, kind)) and names(getattr(other, kind))
        assert not names(getattr(one, kind)) & names(getattr(other, kind))


def test_unseen_recordings_are_halved(folders):
    unseen = dataclasses.replace(folders, background=(), unseen=folders.background)
    halves = [load(unseen, "alexa", part).background for part in ("calibration", "test")]
    assert sum(len(h) for h in halves) == 30 and all(len(h) > 5 for h in halves)
    assert half_of("x") == half_of("x")


def test_background_never_says_the_word(folders, tmp_path):
    inner = tmp_path / "speech"
    (inner / "transcripts.tsv").write_text("".join(f"{i:08}_NO_01\thello\n" for i in range(29)))
    everything = dataclasses.replace(folders, background=(tmp_path,), noise=())
    before = names(load(everything, "alexa", "test").background)
    assert before and not any(n.startswith("alexa/") for n in before)
    spoken = next(n for n in sorted(before) if n.startswith("speech/"))
    stem = spoken.split("/")[1].removesuffix(".wav")
    (inner / "transcripts.tsv").write_text(f"{stem}\tAlexa, hello\n")
    assert names(load(everything, "alexa", "test").background) == before - {spoken}


def test_the_split_is_stable_and_as_promised():
    keys = [f"speaker{i}" for i in range(4000)]
    parts = [part_of(k) for k in keys]
    assert parts == [part_of(k) for k in keys]
    for part, share in (("train", 0.7), ("calibration", 0.15), ("test", 0.15)):
        assert abs(parts.count(part) / len(parts) - share) < 0.03
    assert part_of("0c540988") == "train"  # pinned: a change of the rule would mix test into training
    assert [part_of(k, "fold 1") for k in keys] != parts


def test_a_model_is_not_tested_on_what_it_learnt():
    refuse_trained({"parts": ["train"]}, "test", "calibration")
    with pytest.raises(DataError, match="learnt from the test part"):
        refuse_trained({"parts": ["train", "test"]}, "test")


def test_the_verb_calibrates_reports_and_writes(nuthatch, wake_bundle, folders, tmp_path):
    arguments = [
        *("evaluate", wake_bundle, "--keyword", folders.keyword, "--background", folders.background[0]),
        *("--noise", folders.noise[0], "--snr", 20, "--budget", 100, "--write", "--json"),
        *("--out", tmp_path / "out"),
    ]
    code, out, err = nuthatch(*arguments)
    assert code == 0, err
    assert "calibration:" in err and "give more background" in err
    result = json.loads(out)
    assert [r["conditions"] for r in result["results"]] == ["clean", "20 dB"]
    assert (tmp_path / "out" / "det.png").stat().st_size > 10_000
    manifest = open_bundle(wake_bundle).manifest
    assert manifest.operating_points[0].name == "default" and len(manifest.operating_points) == 1
    assert manifest.operating_points[0].thresholds == {"alexa": result["threshold"]}
    assert manifest.operating_points[0].trials == result["results"][0]["trials"]
    assert {e["measure"] for e in manifest.evidence} == {"miss_rate", "false_accepts_per_hour"}
    nuthatch(*arguments)
    assert len(open_bundle(wake_bundle).manifest.evidence) == 4


def test_the_verb_on_a_ready_stream(nuthatch, wake_bundle, tmp_path, sound):
    made = build(
        [Sound(f"{i}", sound(i, 1.0, 9_000), "alexa") for i in range(5)],
        [Sound(f"b{i}", sound(50 + i, 3.0, 3)) for i in range(10)],
    )
    made.write(tmp_path / "s.flac", tmp_path / "s.jsonl")
    code, out, err = nuthatch(
        "evaluate", wake_bundle, "--stream", tmp_path / "s.flac", "--labels", tmp_path / "s.jsonl", "--json"
    )
    assert code == 0, err
    result = json.loads(out)
    assert result["trials"] == 5 and result["threshold"] == 0.9
    assert np.isclose(result["hours"], made.hours, atol=1e-4)
    assert len(result["det"]) > 100


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--stream", "none.wav"], 2, "--labels"),
        (["--data", "a", "--stream", "b"], 2, "one of"),
        (["--data", "nowhere"], 1, "no such folder"),
        (["--keyword", "nowhere"], 1, "no such folder"),
        (["--keyword", "nowhere", "--label", "jarvis"], 1, "its targets are: alexa"),
        (["--data", "x", "--split", "half"], 2, "none of"),
        (["--data", "x", "--out", "/proc/none"], 1, "can be written"),
    ],
)
def test_errors_name_the_thing(nuthatch, wake_bundle, arguments, code, said):
    found, out, err = nuthatch("evaluate", wake_bundle, *arguments)
    assert (found, out) == (code, "") and said in " ".join(err.split())
    assert code == 2 or len(err.splitlines()) == 1


def test_what_is_lacking_is_said(nuthatch, wake_bundle, folders):
    code, _, err = nuthatch(
        *("evaluate", wake_bundle, "--keyword", folders.keyword),
        *("--background", folders.keyword.parent / "speech", "--budget", 0.001),
    )
    # The loudness model is perfect here, so only what is lacking is said.
    assert code == 0 and "3000.0 h without one" in err

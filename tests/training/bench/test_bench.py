"""The rival's adapter, the costs of real processes, the wake table."""

import json

import numpy as np
import pytest

from edge.manifest import Decision, open_bundle
from training.bench import pymicro
from training.bench.cost import ChildError, run, write_sound
from training.bench.wake import folders_of, table
from training.data.audio import DataError

needs_rival = pytest.mark.skipif(not pymicro.words(), reason="pymicro-wakeword is not installed")


def test_more_than_the_cutoff_is_wanted():
    assert pymicro.threshold_integer(0.9, 5) == 1153
    assert pymicro.threshold_integer(0.97, 5) == 1242  # .97 * 1280 = 1241.6


@needs_rival
def test_the_rivals_track_is_what_it_says_itself():
    from pymicro_wakeword import MicroWakeWordFeatures

    audio = np.random.default_rng(0).integers(-8_000, 8_000, 48_000).astype(np.int16)
    track, threshold, as_integer = pymicro.pymicro_track(audio, "alexa", Decision())
    network, front_end = pymicro.detector("alexa"), MicroWakeWordFeatures()
    means = [network.process_streaming_prob(f) for f in front_end.process_streaming(audio.tobytes())]
    assert track.smoothed.tolist() == [round(m * 1280) for m in means[2::3]]
    assert (threshold, as_integer, track.step_ms) == (0.9, 1153, 30)
    assert track.times_s[0] == pytest.approx(0.05)  # three frames: 30 + 2 * 10 ms
    assert track.times_s[-1] <= 3.0


def test_an_unknown_word_is_one_line():
    with pytest.raises(pymicro.AbsentError, match="no model of 'nuthatch'"):
        pymicro.detector("nuthatch")


def test_the_verb_measures_both(nuthatch, wake_bundle):
    code, out, err = nuthatch("bench", wake_bundle, "--seconds", 5, "--repeats", 1, "--json")
    assert code == 0, err
    result = json.loads(out)
    ours = result["costs"]["nuthatch"]
    assert 0 < ours["cpu_s_per_audio_s"] < 1 and 10 < ours["resident_mb"] < 500
    assert 0 < ours["first_result_s"] < 30
    if pymicro.words():
        assert set(result["ratio"]) == {"cpu_s_per_audio_s", "resident_mb", "first_result_s", "model_bytes"}


def test_a_child_that_fails_is_one_line(tmp_path):
    write_sound(tmp_path / "s.wav", 1.0)
    with pytest.raises(ChildError, match="no such model"):
        run(["ours", "nowhere", str(tmp_path / "s.wav")], 1.0, tmp_path / "pyc")


def test_folders_that_the_licences_do_not_name_are_unseen(wake_bundle, tmp_path):
    for name in ("wakewords_picovoice/alexa", "librispeech_subset", "esc10"):
        (tmp_path / "data" / name).mkdir(parents=True)
    found = folders_of(open_bundle(wake_bundle), tmp_path / "data")
    assert [f.name for f in found.background] == ["librispeech_subset", "wakewords_picovoice"]
    manifest = json.loads((wake_bundle / "manifest.json").read_text())
    manifest["licences"] = [{"data": "wakewords_picovoice", "licence": "Apache-2.0"}]
    (wake_bundle / "manifest.json").write_text(json.dumps(manifest))
    found = folders_of(open_bundle(wake_bundle), tmp_path / "data")
    assert [f.name for f in found.unseen] == ["librispeech_subset"]
    with pytest.raises(DataError, match="alexa folder"):
        folders_of(open_bundle(wake_bundle), tmp_path)


def test_the_table():
    row = {
        "conditions": "clean",
        "detector": "nuthatch",
        "threshold": 0.9,
        "misses": 1,
        "trials": 35,
        "miss_rate": 0.0286,
        "miss_interval": [0.005, 0.145],
        "false_accepts": 0,
        "false_accepts_per_hour": 0.0,
        "false_accepts_interval": [0.0, 4.0],
        "hours": 0.92,
        "delay_median_s": 0.15,
        "delay_p95_s": 0.2,
    }
    assert table([row])[-1] == (
        "| clean | nuthatch | 0.9 | 2.9% [0.5%, 14.5%] (1 of 35) | 0.00 [0.00, 4.00] (0 in 0.92 h) | 150 / 200 ms |"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--board", "moon"], 2, "native"),
        (["--wake"], 2, "goes with one of"),
        (["--wake", "--data", "x"], 1, "alexa folder"),
    ],
)
def test_errors(nuthatch, wake_bundle, arguments, code, said):
    found, _, err = nuthatch("bench", wake_bundle, *arguments)
    assert found == code and said in " ".join(err.split())

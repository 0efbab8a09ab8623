"""The scenes experiment on a tiny set: it runs, goes on where it stopped, and its page says what it found."""

import dataclasses
import json

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from training.augment.device_response import REFERENCE
from training.cli.experiment import app
from training.data.audio import DataError
from training.experiment.devices import DeviceDraws, draw_devices
from training.experiment.paired import paired, t_interval
from training.experiment.scenes import ARMS, Outcome, Plan, run
from training.experiment.scenes_page import page, table
from training.keyword import Folders
from training.recipe import RecipeError, load
from training.scene import gather

TINY = ("labels=[]", "model.channels=4", "window_frames=32", "frontend.bands=32", "batch=8", "draws=1", "epochs=1")


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """(ESC of two classes and two folds, 16 impulse responses)"""
    top = tmp_path_factory.mktemp("scenes")
    rng = np.random.default_rng(0)
    for label in ("001 - Hum", "002 - Hiss"):
        (top / "esc" / label).mkdir(parents=True)
        for fold in (1, 2):
            for source in range(4):
                x = rng.normal(0, 0.1, 16_000) if label[2] == "2" else 0.2 * np.sin(np.arange(16_000) * 0.05)
                soundfile.write(top / "esc" / label / f"{fold}-{source}{label[2]}{fold}-A.wav", x, 16_000)
    (top / "responses").mkdir()
    for i in range(16):
        x = np.r_[1.0, rng.normal(0, 0.2, 63)] * np.exp(-np.arange(64) / 8)
        soundfile.write(top / "responses" / f"mic{i}.wav", x * 0.5, 16_000)
    return top / "esc", top / "responses"


def test_no_device_of_the_test_is_in_training(folders):
    devices = draw_devices(folders[1], 6.0)
    test = {d.name for d in devices.unseen}
    assert not test & {d.name for d in devices.seen}
    assert not test & {p.stem for p in devices.others}
    heard = devices.train(2_000, 0)
    assert sum(d is REFERENCE for d in heard) / 2_000 == pytest.approx(0.76, abs=0.03)
    assert not test & {d.name for d in heard}
    with pytest.raises(DataError, match=r"16 impulse responses; 24 or more are needed"):
        draw_devices(folders[1], 6.0, unseen=20)
    for eq_db in (-3.0, 100.0, float("nan")):
        with pytest.raises(DataError, match="give --eq-db 0 to 60"):
            draw_devices(folders[1], eq_db)


def test_features_of_stronger_devices_are_others(folders, tmp_path):
    data = gather(load("scenes_experiment", [*TINY, "data.test_fold=1"]), Folders(folders[0], tmp_path))
    keys = set()
    for eq_db in (6.0, 12.0):
        devices = draw_devices(folders[1], eq_db)
        draws = DeviceDraws(
            data.train, data.recipe.frontend, 32, data.recipe.augment, 0, tmp_path,
            devices=devices.unseen[:1] * len(data.train),
        )  # fmt: skip
        keys.add(draws.key)
    assert len(keys) == 2


def test_a_small_run_goes_on_and_writes_its_page(folders, tmp_path):
    esc, responses = folders
    arguments = [
        "scenes", "--data", esc, "--responses", responses, "--seeds", 2, "--folds", "1,2", "--every-fold",
        "--arm", "ResNorm",
        "--work", tmp_path / "work", "--out", tmp_path / "out", "--json", *(x for s in TINY for x in ("--set", s)),
    ]  # fmt: skip
    first = CliRunner().invoke(app, [str(a) for a in arguments])
    assert first.exit_code == 0, first.output
    rows = json.loads(first.stdout[first.stdout.index("{") :])["rows"]
    assert [r["arm"] for r in rows] == ["plain", "ResNorm"]
    assert all(0 <= r[g] <= 1 for r in rows for g in ("common", "seen", "unseen"))
    results = sorted((tmp_path / "work").glob("*.json"))
    assert len(results) == 8
    results[0].unlink()
    times = {f: f.stat().st_mtime_ns for f in results[1:]}
    again = CliRunner().invoke(app, [str(a) for a in arguments])
    assert again.stderr.count("run ") == 1, "only the one that is missing"
    assert json.loads(again.stdout[again.stdout.index("{") :])["rows"] == rows
    assert all(f.stat().st_mtime_ns == t for f, t in times.items())
    text = (tmp_path / "out" / "scenes.md").read_text()
    assert "| ResNorm |" in text and "**Gate**" in text
    same = Plan(esc, responses, tmp_path / "work", (0,), (1,), ("plain",), 18.0, TINY)
    (tmp_path / "fewer").mkdir()
    for folder in esc.iterdir():
        (tmp_path / "fewer" / folder.name).mkdir()
        for file in sorted(folder.iterdir())[:-1] if folder.name.endswith("Hum") else folder.iterdir():
            (tmp_path / "fewer" / folder.name / file.name).symlink_to(file)
    (tmp_path / "fewer" / "001 - Hum" / "1-900-A.wav").symlink_to(esc / "001 - Hum" / "1-011-A.wav")
    for change in ({"overrides": (*TINY, "rate=0.5")}, {"eq_db": 6.0}, {"data": tmp_path / "fewer"}):
        with pytest.raises(DataError, match="a result of other settings"):
            run(dataclasses.replace(same, **change))


def test_an_interrupted_run_does_not_go_on_with_other_devices(folders, tmp_path):
    plan = Plan(*folders, tmp_path / "work", (0,), (1,), ("plain",), 18.0, (*TINY, "epochs=2"))

    def die(epoch, epochs, figures):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(plan, report=die)
    assert not list(plan.work.glob("*.json"))
    with pytest.raises(RecipeError, match="holds a run on other data"):
        run(dataclasses.replace(plan, eq_db=6.0))
    assert len(run(plan)) == 1


def test_a_page_that_cannot_be_written_is_said_before_the_runs(folders, tmp_path):
    (tmp_path / "file").write_text("x")
    work, file = tmp_path / "work", tmp_path / "file"
    places = [("--work", work, "--out", file), ("--work", file, "--out", tmp_path / "out")]
    for place in places:
        arguments = ["scenes", "--data", folders[0], "--responses", folders[1], *place]
        refused = CliRunner().invoke(app, [str(a) for a in arguments])
        assert "give a folder that can be written" in str(refused.exception)
        assert refused.stderr == ""


@pytest.mark.parametrize("folds", ["", "0", "6", "1,1", "one", "1,,2"])
def test_folds_that_esc_has_not_are_refused(folders, tmp_path, folds):
    arguments = ["scenes", "--data", folders[0], "--responses", folders[1], "--work", tmp_path, "--folds", folds]
    assert CliRunner().invoke(app, [str(a) for a in arguments]).exit_code == 2


def test_folders_without_folds_are_refused(folders, tmp_path):
    for name in ("kitchen", "street"):
        (tmp_path / "rooms" / name).mkdir(parents=True)
        soundfile.write(tmp_path / "rooms" / name / "a.wav", np.zeros(160), 16_000)
    with pytest.raises(DataError, match="rooms: has no folds"):
        run(Plan(tmp_path / "rooms", folders[1], tmp_path / "work", (0,), (1,), ("plain",), overrides=TINY))


def test_a_seed_tests_one_fold_and_the_page_grows_with_the_seeds(folders, tmp_path):
    plan = Plan(*folders, tmp_path / "work", (0, 1, 2), (1, 2), ("plain", "RFN"), overrides=TINY)
    grown = []
    outcomes = run(plan, after=lambda done: grown.append(page(done, plan)))
    assert [(o.seed, o.fold) for o in outcomes] == [(0, 1), (0, 1), (1, 2), (1, 2), (2, 1), (2, 1)]
    assert [text.count("| RFN |") for text in grown] == [1, 1, 1]
    assert "Complete are 2 of 3 seeds, 4 runs; one fold a seed, in turn, of ESC" in grown[1]
    assert "seed: fold 0: 1, 1: 2, 2: 1" in grown[2]
    assert "1 epochs, 4 channels" in grown[2]


def outcome(arm, seed, common, unseen):
    """Of 40 clips, as many right as the shares say, the same ones in every arm."""
    rows = {"common": [common], "seen": [common] * 3, "unseen": [unseen] * 10}
    right = {g: [[int(i < s * 40) for i in range(40)] for s in shares] for g, shares in rows.items()}
    return Outcome(arm, seed, 1, [str(i) for i in range(40)], [str(i) for i in range(40)], right)


def test_the_page_says_gain_null_and_closed_gate(folders, tmp_path):
    def with_(arm, common, unseen, plain_unseen=0.5):
        plain = [outcome("plain", s, 0.9, plain_unseen + 0.025 * (s % 2)) for s in range(5)]
        return [*plain, *(outcome(arm, s, common, unseen) for s in range(5))]

    plan = Plan(*folders, tmp_path)
    assert page(with_("ResNorm", 0.9, 0.8), plan).count("| shown |") == 1
    assert "costs more than 2.5 points" in page(with_("ResNorm", 0.8, 0.8), plan)
    assert "null: interval holds zero" in page(with_("ResNorm", 0.9, 0.525), plan)
    closed = page(with_("ResNorm", 0.9, 0.9, plain_unseen=0.85), plan)
    assert "the claim is not tested" in closed and "no gap to close" in closed
    assert table(with_("ResNorm", 0.9, 0.8))[1]["unseen_difference"].seeds_above == 5


def test_paired_intervals():
    rng = np.random.default_rng(0)
    base = rng.random((5, 60)) < 0.5
    better = base | (rng.random((5, 60)) < 0.5)
    clusters = [[i // 3 for i in range(60)]] * 5
    gain = paired(better.astype(float), base.astype(float), clusters)
    assert gain.shown and gain.mean == pytest.approx(0.25, abs=0.08)
    assert gain.by_cluster[0] < gain.mean < gain.by_cluster[1]
    same = paired(base.astype(float), base.astype(float), clusters)
    assert same.mean == 0 and not same.shown
    low, high = t_interval(np.array([1.0, 2.0, 3.0]))
    assert (low, high) == (pytest.approx(2 - 4.30 / 3**0.5, abs=0.01), pytest.approx(2 + 4.30 / 3**0.5, abs=0.01))
    low, high = t_interval(np.array([0.0, 1.0] * 6))
    assert high - low == pytest.approx(2 * 2.201 * (3 / 11) ** 0.5 / 12**0.5, abs=0.001), "t of 11 degrees of freedom"
    assert t_interval(np.array([1.0])) is None


def test_arms_differ_in_normalization_and_augmentation_only(folders, tmp_path):
    plan = Plan(*folders, tmp_path)
    plain = plan.recipe("plain", 3, 2)
    for arm in ARMS:
        recipe = plan.recipe(arm, 3, 2)
        assert (recipe.seed, recipe.data, recipe.frontend) == (plain.seed, plain.data, plain.frontend)
        assert recipe.model["channels"] == plain.model["channels"]
        assert recipe.fit.epochs == plain.fit.epochs

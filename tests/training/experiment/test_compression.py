"""The compression ladder on a tiny set."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from training.cli.experiment import app
from training.experiment.compression import Plan, Rung
from training.experiment.compression_page import page, table

TINY = ("labels=[]", "model.channels=4", "window_frames=32", "frontend.bands=32", "batch=8", "draws=1", "epochs=2")


def test_the_ladder_has_all_rungs_and_goes_on(tmp_path):
    pytest.importorskip("ai_edge_litert")
    rng = np.random.default_rng(0)
    for label in ("Hum", "Hiss"):
        (tmp_path / "esc" / label).mkdir(parents=True)
        for fold in (1, 2):
            for source in range(6):
                x = rng.normal(0, 0.1, 16_000) if label == "Hiss" else 0.2 * np.sin(np.arange(16_000) * 0.05)
                soundfile.write(tmp_path / "esc" / label / f"{fold}-{source}{len(label)}{fold}-A.wav", x, 16_000)
    arguments = [
        "compression", "--data", tmp_path / "esc", "--folds", "2", "--teachers", 1, "--channels", 6, "--sparsity", 0.5,
        "--qat-epochs", 1, "--work", tmp_path / "work", "--out", tmp_path / "out", "--json",
        *(x for s in TINY for x in ("--set", s)),
    ]  # fmt: skip
    first = CliRunner().invoke(app, [str(a) for a in arguments])
    assert first.exit_code == 0, first.exception
    rows = {r["rung"]: r for r in json.loads(first.stdout[first.stdout.index("{") :])["rows"]}
    assert list(rows) == ["float", "distilled", "pruned"]
    assert rows["float"]["sparsity"] == 0.0
    assert rows["pruned"]["sparsity"] == pytest.approx(0.5, abs=0.02)
    assert rows["pruned"]["non_zero_bytes"] < rows["float"]["non_zero_bytes"]
    assert rows["pruned"]["gzip_bytes"] < rows["float"]["gzip_bytes"]
    low, high = rows["float"]["int8_interval"]
    assert low <= rows["float"]["int8_accuracy"] <= high
    assert rows["pruned"]["int8_gain"]["by_seed"] is None, "one seed says nothing of another training run"
    assert "Pruned against float: of one seed, so nothing is shown" in (tmp_path / "out" / "compression.md").read_text()
    again = CliRunner().invoke(app, [str(a) for a in arguments])
    assert again.stderr == "", "nothing is left to do"
    manifest = tmp_path / "work" / "0-2" / "float" / "bundle" / "manifest.json"
    assert json.loads(manifest.read_text())["training"]["qat_epochs"] == 1
    again = CliRunner().invoke(app, [str(a) for a in [*arguments, "--qat-epochs", 0]])
    assert again.exit_code == 0, again.exception
    assert again.stderr.split("\n")[:-1] == [f"0-2/{name} to int8" for name in rows], "nothing is trained again"
    assert "qat_epochs" not in json.loads(manifest.read_text())["training"]
    soundfile.write(tmp_path / "esc" / "Hum" / "1-999-A.wav", np.zeros(16_000), 16_000)
    other = CliRunner().invoke(app, [str(a) for a in arguments])
    assert "teacher0: a run of other settings or recordings; give another --work" in str(other.exception)


def rung(name: str, seed: int, right: int, right_int8: int) -> Rung:
    """20 clips of ten sources in one fold."""
    sources = [f"s{i // 2}" for i in range(20)]
    weight = {"parameters": 100, "sparsity": 0.0, "non_zero_bytes": 100}
    shares = ([i < right for i in range(20)], [i < right_int8 for i in range(20)])
    return Rung(name, seed, 1, sources, *shares, weight, {"model.tflite": {"bytes": 9, "gzip_bytes": 8}})


def test_rungs_are_compared_pair_by_pair():
    def page_of(pruned: Sequence[int]) -> str:
        both = [(rung("float", s, 18, 17), rung("distilled", s, 18, 17), rung("pruned", s, 18, n))
                for s, n in enumerate(pruned)]  # fmt: skip
        rungs = [r for of_seed in both for r in of_seed]
        rows = table(rungs)
        assert rows[0]["int8_minus_float"].mean == pytest.approx(-0.05)
        assert rows[2]["int8_gain"].mean == pytest.approx((np.mean(pruned) - 17) / 20)
        return page(rungs, Plan(Path(), Path(), Path(), seeds=tuple(range(len(pruned)))))

    assert "Pruned against float: worse" in page_of([6, 6, 7])
    assert "Pruned against float: a null" in page_of([12, 17, 20])
    assert "3 seeds" in page_of([6, 6, 7]) and "(20 clips)" in page_of([6, 6, 7])

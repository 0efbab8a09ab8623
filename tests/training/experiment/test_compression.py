"""The compression ladder on a tiny set."""

import json

import numpy as np
import pytest
import soundfile
from typer.testing import CliRunner

from training.cli.experiment import app

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
    assert "| pruned |" in (tmp_path / "out" / "compression.md").read_text()
    again = CliRunner().invoke(app, [str(a) for a in arguments])
    assert again.stderr == "", "nothing is left to do"

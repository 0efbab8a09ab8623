"""The training loop: it learns, and an interrupted run ends with the bits of an uninterrupted one."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from training.fit import Examples, fit
from training.keyword import Folders, load_trained, train
from training.models import build
from training.recipe import Fit, RecipeError, load

NET = {"kind": "ds_cnn", "stem": 8, "stem_kernel": [5, 5], "blocks": [[12, 3, 1, 2], [12, 3, 2, 1]], "time": "valid"}
SMALL = [
    "model.stem=8", "model.blocks=[[12, 3, 1, 2], [12, 3, 2, 1]]", "model.head=16", "batch=32", "draws=2",
]  # fmt: skip
COMMANDS = ['labels=["_silence_", "_unknown_", "no", "up", "yes"]', *SMALL]


def stripes(n=192, seed=0):
    """Examples whose label is the loud third of the bands."""
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 3, n)
    x = rng.integers(-60, -20, (n, 98, 40))
    for i, label in enumerate(labels):
        x[i, :, label * 13 : label * 13 + 13] += 70
    return Examples(lambda k: x.astype(np.int8), labels, np.full(n, -1), np.ones(n), 1 / 32)


def test_it_learns():
    examples = stripes()
    torch.manual_seed(0)  # the first weights must not hang on what ran before
    net = fit(build(NET, 3, 40, 98), examples, Fit(epochs=10, batch=32, word_weight=0, warmup_epochs=1, ema=0.9), 0)
    x, labels, _ = examples.batch([examples.draw(0)], np.stack([np.arange(192), np.zeros(192, int)], 1), 0)
    assert float((net(x).argmax(1) == labels).float().mean()) > 0.95


def test_a_teacher_is_followed():
    examples = stripes()
    torch.manual_seed(0)
    teacher = build(NET, 3, 40, 98)
    torch.nn.init.zeros_(teacher.classifier.weight)
    with torch.no_grad():
        teacher.classifier.bias.copy_(torch.tensor([0.0, 0.0, 6.0]))
    options = Fit(epochs=6, batch=32, word_weight=0, warmup_epochs=1, teacher_weight=1.0)
    net = fit(build(NET, 3, 40, 98), examples, options, 0, teachers=[teacher.eval()])
    x, _, _ = examples.batch([examples.draw(0)], np.stack([np.arange(192), np.zeros(192, int)], 1), 0)
    assert bool((net(x).argmax(1) == 2).all())


class Killed(Exception):
    pass


def test_a_run_that_dies_ends_with_the_same_weights(tmp_path):
    options = Fit(epochs=3, batch=32, word_weight=0, mixup=0.5)

    def run(checkpoint, die_at=None):
        torch.manual_seed(7)
        net = build(NET, 3, 40, 98)

        def report(epoch, epochs, figures):
            if epoch == die_at:
                raise Killed  # before this epoch's checkpoint is written

        return fit(net, stripes(), options, 5, checkpoint, report=report).state_dict()

    whole = run(tmp_path / "a.pt")
    with pytest.raises(Killed):
        run(tmp_path / "b.pt", die_at=2)
    resumed = run(tmp_path / "b.pt")
    assert all(torch.equal(whole[k], resumed[k]) for k in whole)


def test_commands_from_recordings_to_a_run(commands_folder, tmp_path):
    recipe = load("commands12", [*COMMANDS, "epochs=2"])
    said = []
    out = train(recipe, Folders(commands_folder, tmp_path), tmp_path / "run", tmp_path / "cache", said.append)
    trained = load_trained(out.parent)
    assert trained.labels == ["_silence_", "_unknown_", "no", "up", "yes"]
    assert trained.state["targets"] == ["no", "up", "yes"]
    assert np.load(tmp_path / "run" / "calibration.npy").shape[1:] == (98, 40)
    assert any("librispeech_subset: not in" in line for line in said)
    with pytest.raises(RecipeError, match="another recipe"):
        train(load("commands12", COMMANDS), Folders(commands_folder, tmp_path), tmp_path / "run", tmp_path / "cache")


def command(folder, out, *sets, cache):
    return [
        sys.executable, "-c", "import typer; from training.cli.train import train; typer.run(train)", "commands12",
        "--data", str(folder), "--out", str(out), "--cache", str(cache), "--threads", "1",
        *(part for s in (*COMMANDS, *sets) for part in ("--set", s)),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_killed_process_goes_on_to_the_same_weights(commands_folder, tmp_path):
    sets, cache = ("epochs=6",), tmp_path / "cache"
    subprocess.run(command(commands_folder, tmp_path / "a", *sets, cache=cache), check=True, capture_output=True)
    argv = command(commands_folder, tmp_path / "b", *sets, cache=tmp_path / "cache2")
    process = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 120
    while not (tmp_path / "b" / "last.pt").exists() and time.monotonic() < deadline:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    subprocess.run(argv, check=True, capture_output=True)
    a, b = (load_trained(tmp_path / x).net.state_dict() for x in "ab")
    assert all(torch.equal(a[k], b[k]) for k in a)


@pytest.mark.slow
def test_two_processes_train_together(commands_folder, tmp_path):
    argv = command(commands_folder, tmp_path / "run", "epochs=2", cache=tmp_path / "cache")
    script = tmp_path / "train.py"
    script.write_text(argv[2])
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node=2", str(script), *argv[3:]],
        env=env, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert load_trained(tmp_path / "run").state["facts"]["epochs"] == 2
    assert done.stderr.count("epoch 2/2") == 1, "one process speaks"

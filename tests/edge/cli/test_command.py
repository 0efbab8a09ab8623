"""The command: exit codes, one line of error, nothing loaded that is not needed."""

import json
import os
import signal
import subprocess
import sys

import numpy as np
import pytest
import tiny_model

# What the process had imported, told on stderr as it ends.
SPY = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "


def modules_after(command, *arguments):
    script = SPY + command[0][2]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments], capture_output=True, text=True, env=command[1], timeout=60
    )
    return done, set(done.stderr.split())


def test_help_lists_the_verbs_without_torch(command):
    done, modules = modules_after(command, "--help")
    assert done.returncode == 0
    assert all(verb in done.stdout for verb in ("listen", "model", "doctor", "train", "convert"))
    assert not modules & {"torch", "sounddevice", "soxr", "ai_edge_litert"}


def test_import_edge_is_light(command):
    done = subprocess.run(
        [sys.executable, "-c", "import edge, sys; print(*sys.modules)"],
        capture_output=True,
        text=True,
        env=command[1],
    )
    assert not set(done.stdout.split()) & {"torch", "numpy", "typer", "soundfile"}


def test_listen_imports_only_what_it_uses(command, bundle_path, wav):
    done, modules = modules_after(command, "listen", "--model", str(bundle_path), "--source", str(wav))
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 2
    assert not modules & {"torch", "sounddevice", "soxr", "training", "converters", "edge.cli.doctor"}


def test_version(nuthatch):
    assert nuthatch("--version").stdout.startswith("nuthatch ")


def test_no_verb_is_usage(nuthatch):
    done = nuthatch()
    assert done.returncode == 2 and "listen" in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["frobnicate"],
        ["listen"],
        ["listen", "--bad"],
        ["listen", "--model", "x", "--threshold", "2"],
        ["model", "info"],
    ],
)
def test_wrong_usage_is_2(nuthatch, arguments):
    done = nuthatch(*arguments)
    assert done.returncode == 2 and done.stdout == "" and "Traceback" not in done.stderr


def test_listen_for_people_and_for_programs(nuthatch, bundle_path, wav):
    people = nuthatch("listen", "--model", bundle_path, "--source", wav)
    assert people.stdout.splitlines()[0] == "    1.16 s  loud  1.00  loudness"
    assert people.stderr == ""
    programs = nuthatch("listen", "--model", bundle_path, "--source", wav, "--json")
    first = json.loads(programs.stdout.splitlines()[0])
    assert first == {"time_s": 1.16, "label": "loud", "score": 0.99609, "model": "loudness"}


def test_listen_to_a_pipe_gives_the_same(nuthatch, bundle_path, wav, samples):
    arguments = ["listen", "--json", "--model", bundle_path, "--source"]
    assert nuthatch(*arguments, "-", stdin=samples.tobytes()).stdout == nuthatch(*arguments, wav).stdout


def test_what_is_wrong_with_the_sound_is_told_once(nuthatch, bundle_path):
    square = np.where(np.arange(32_000) // 40 % 2, 32_767, -32_768).astype(np.int16)
    loud = nuthatch("listen", "--model", bundle_path, "--source", "-", stdin=square.tobytes())
    assert loud.returncode == 0 and "100.0% of the samples are cut off" in loud.stderr
    dead = nuthatch("listen", "--model", bundle_path, "--source", "-", stdin=bytes(64_000))
    assert dead.stdout == "" and "nothing but zeros" in dead.stderr and dead.stderr.count("\n") == 1


def test_a_scene_model_prints_its_changes_beside_keywords(nuthatch, bundle_path, wav, tmp_path):
    scene = tiny_model.loudness_scene(tmp_path / "noise", 12)
    done = nuthatch("listen", "--model", bundle_path, "--model", scene.folder, "--source", wav, "--threshold", "0.8")
    lines = [line.split() for line in done.stdout.splitlines()]
    assert done.returncode == 0 and done.stderr == ""
    assert [float(line[0]) for line in lines if line[-1] == "loudness"] == [1.16, 3.14]
    assert {line[2] for line in lines if line[-1] == "noise"} == {"quiet", "loud"}
    assert "every 60 ms the mean of 4 windows" in nuthatch("model", "info", scene.folder).stdout


def test_scores_are_written_for_every_step(nuthatch, bundle_path, wav, tmp_path):
    nuthatch("listen", "--model", bundle_path, "--source", wav, "--scores", tmp_path / "s.jsonl")
    lines = [json.loads(line) for line in (tmp_path / "s.jsonl").read_text().splitlines()]
    assert len(lines) > 20 and set(lines[0]) == {"time_s", "label", "score", "model"}


def test_a_threshold_of_ones_own(nuthatch, bundle_path, wav):
    done = nuthatch("listen", "--model", bundle_path, "--source", wav, "--threshold", "0.999")
    assert done.returncode == 0 and done.stdout == "" and done.stderr == ""


def test_a_model_without_operating_point_says_what_it_uses(nuthatch, tmp_path, wav):
    path = tiny_model.loudness_bundle(tmp_path / "bare", points=())
    done = nuthatch("listen", "--model", path, "--source", wav)
    assert done.returncode == 0 and done.stdout.count("\n") == 2
    assert "no operating point; using 0.5" in done.stderr


def broken_bundle(bundle_path, tmp_path):
    for path in bundle_path.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes()[:1_000])
    (tmp_path / "manifest.json").write_bytes((bundle_path / "manifest.json").read_bytes())
    return tmp_path


def test_failures_are_one_line(nuthatch, bundle_path, wav, tmp_path):
    for model, source, more in [
        ("nope", wav, []),
        (broken_bundle(bundle_path, tmp_path), wav, []),
        (bundle_path, tmp_path / "none.wav", []),
        (bundle_path, bundle_path / "manifest.json", []),
        (bundle_path, "-", []),
        (bundle_path, "-", ["--rate", "5"]),
        (bundle_path, "-", ["--channels", "99"]),
        (bundle_path, wav, ["--scores", tmp_path / "no" / "folder"]),
    ]:
        done = nuthatch("listen", "--model", model, "--source", source, *more)
        assert done.returncode == 1 and done.stdout == "", (model, source)
        assert done.stderr.startswith("nuthatch: ") and done.stderr.count("\n") == 1, done.stderr


def test_a_threshold_that_is_no_number_is_usage(nuthatch, bundle_path, wav):
    done = nuthatch("listen", "--model", bundle_path, "--source", wav, "--threshold", "nan")
    assert done.returncode == 2 and "Traceback" not in done.stderr


def test_interrupt_ends_listening_cleanly(command, bundle_path, samples, interruptible):
    process = subprocess.Popen(
        [*command[0], "listen", "--model", str(bundle_path), "--source", "-"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command[1],
        preexec_fn=interruptible,
    )
    process.stdin.write(samples.tobytes())
    process.stdin.flush()
    first = process.stdout.readline()
    process.send_signal(signal.SIGINT)
    process.wait(timeout=20)
    assert process.returncode == 0 and b"1.16 s" in first
    assert process.stderr.read() == b""


def test_a_reader_that_leaves_is_no_failure(command, bundle_path, wav):
    process = subprocess.Popen(
        [*command[0], "listen", "--model", str(bundle_path), "--source", str(wav)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command[1],
    )
    process.stdout.close()
    assert process.wait(timeout=20) == 0
    assert process.stderr.read() == b""


@pytest.fixture
def plugin(command, tmp_path):
    """Another distribution with verbs: one whose packages are absent, one that fails as ours do not."""
    info = tmp_path / "other-1.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: other\nVersion: 1\n")
    (info / "entry_points.txt").write_text(
        "[nuthatch.verbs]\nneedy = other:needy\nfaulty = other:faulty\nunwritable = other:unwritable\n"
    )
    (tmp_path / "other.py").write_text(
        "def needy():\n import torch\n\ndef faulty():\n raise KeyError('defect')\n"
        "\ndef unwritable():\n open('/dev/null/page.md', 'w')\n"
    )
    (tmp_path / "torch.py").write_text("raise ModuleNotFoundError('No module', name='torch')\n")
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path), command[1]["PYTHONPATH"]])}


def test_a_verb_that_needs_an_extra_names_the_command(nuthatch, plugin):
    done = nuthatch("needy", **plugin)
    assert done.returncode == 1
    assert done.stderr == ("nuthatch: needy: needs torch, which is not installed; pip install 'nuthatch[train]'\n")


def test_a_defect_shows_itself(nuthatch, plugin):
    done = nuthatch("faulty", **plugin)
    assert done.returncode == 1 and "KeyError: 'defect'" in done.stderr


def test_a_path_that_cannot_be_used_is_one_line(nuthatch, plugin):
    done = nuthatch("unwritable", **plugin)
    assert done.returncode == 1
    assert done.stderr == "nuthatch: /dev/null/page.md: Not a directory; give another path, or make room\n"


def test_model_info(nuthatch, bundle_path):
    text = nuthatch("model", "info", bundle_path)
    assert text.returncode == 0
    for said in ("loud", "hash", "stream.tflite", "operating point default", "360 B of state"):
        assert said in text.stdout
    assert json.loads(nuthatch("model", "info", bundle_path, "--json").stdout)["name"] == "loudness"


def test_model_ls_lists_the_bundled(nuthatch):
    from edge.manifest import bundled_names

    done = nuthatch("model", "ls", "--json")
    assert done.returncode == 0
    assert [json.loads(line)["name"] for line in done.stdout.splitlines()] == bundled_names()


def test_model_schema(nuthatch):
    assert json.loads(nuthatch("model", "schema").stdout)["title"]


def test_doctor_finds_what_listening_needs(nuthatch):
    done = nuthatch("doctor", "--json")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0, done.stdout
    assert {"python", "litert", "frontend", "soundfile", "portaudio", "memory"} <= {f["thing"] for f in found}
    assert all(f["ok"] for f in found if f["needed"])


def test_doctor_fails_without_a_needed_part_and_names_the_remedy(nuthatch, command, tmp_path):
    (tmp_path / "soundfile.py").write_text("raise OSError('sndfile library not found')\n")
    path = os.pathsep.join([str(tmp_path), command[1]["PYTHONPATH"]])
    done = nuthatch("doctor", PYTHONPATH=path)
    assert done.returncode == 1
    assert "missing  soundfile" in done.stdout and "pip install" in done.stdout

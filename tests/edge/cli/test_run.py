"""``nuthatch run``: the recording of the README, signals, wrong configurations."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

KITCHEN = Path(__file__).parents[3] / "samples" / "kitchen.opus"
AT_ONCE = ["--set", "audio.realtime=false", "--set", "page.enabled=false", "--set", "log.format=json"]


@pytest.fixture
def run(nuthatch, tmp_path):
    """Run the daemon to its end: (arguments) -> (completed process, its lines of log as objects)."""

    def start(*arguments):
        done = nuthatch("run", *AT_ONCE, *arguments, XDG_STATE_HOME=str(tmp_path / "state"))
        return done, [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]

    return start


def heard(lines):
    return [(line["label"], line["time_s"]) for line in lines if line["event"] == "heard"]


def test_it_ends_at_the_end_of_a_recording_and_says_a_line_for_each_detection(run):
    done, lines = run("--model", "wake_computer", "--model", "wake_alexa", "--source", KITCHEN)
    assert done.returncode == 0 and done.stdout == ""
    assert heard(lines) == [("computer", 2.1), ("alexa", 11.86), ("computer", 17.58)]


def test_a_configuration_file_and_the_command_line_over_it(run, tmp_path):
    path = tmp_path / "nuthatch.toml"
    path.write_text(
        f'[audio]\nsource = "{KITCHEN}"\n[[task]]\nmodel = "wake_computer"\n[[task]]\nmodel = "wake_alexa"\n'
    )
    assert len(heard(run("--config", path)[1])) == 3
    assert [label for label, _ in heard(run("--config", path, "--model", "wake_alexa")[1])] == ["alexa"]
    done, lines = run("--config", path, "--set", "quiet.hours=['00:00-23:59', '23:59-00:00']")
    assert done.returncode == 0 and heard(lines) == []


def test_a_task_that_looks_takes_its_source_from_the_command_line(run, tmp_path):
    done, lines = run("--model", "portrait", "--set", f"task.0.source={tmp_path / 'none'}")
    assert done.returncode == 1 and str(tmp_path / "none") in done.stderr


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        ([], 1, "no task"),
        (["--model", "nope"], 1, "no such model"),
        (["--model", "wake_alexa", "--source", "none.wav"], 1, "no such file"),
        (["--model", "wake_alexa", "--config", "none.toml"], 1, "none.toml"),
        (["--model", "wake_alexa", "--set", "page.prot=1"], 1, "page.prot"),
        (["--set", "nothing"], 2, "KEY=VALUE"),
    ],
)
def test_what_cannot_run_is_one_line(run, arguments, code, said):
    done, lines = run(*arguments)
    assert done.returncode == code and said in done.stderr and "Traceback" not in done.stderr
    if code == 1:
        assert [line for line in done.stderr.splitlines() if line.startswith("nuthatch: ")] != []


@pytest.fixture
def started(command, tmp_path, interruptible):
    """The daemon on a pipe that stays open, after its first detection; (process, configuration file)."""
    path = tmp_path / "nuthatch.toml"
    path.write_text('[[task]]\nmodel = "wake_computer"\n[page]\nenabled = false\n[audio]\nsource = "-"\n')
    process = subprocess.Popen(
        [*command[0], "run", "--config", str(path)],
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command[1] | {"XDG_STATE_HOME": str(tmp_path / "state")},
        preexec_fn=interruptible,
    )
    yield process, path
    process.kill()
    process.wait()
    process.stdin.close()
    process.stderr.close()


def line_with(process, pattern):
    while line := process.stderr.readline().decode():
        if re.search(pattern, line):
            return line
    raise AssertionError(f"the daemon ended without {pattern}")


@pytest.fixture(scope="module")
def kitchen():
    from edge.source.file import File

    return b"".join(block.tobytes() for block in File(KITCHEN))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signals_end_it_cleanly(started, kitchen, number):
    process, _ = started
    process.stdin.write(kitchen)
    process.stdin.flush()
    assert "label=computer" in line_with(process, "heard")
    process.send_signal(number)
    began = time.monotonic()
    assert process.wait(timeout=20) == 0
    assert time.monotonic() - began < 8
    assert b"Traceback" not in (rest := process.stderr.read()) and b"Fatal" not in rest


def test_sighup_reads_the_configuration_again(started, kitchen):
    process, path = started
    process.stdin.write(kitchen)
    process.stdin.flush()
    line_with(process, "heard")
    path.write_text(path.read_text() + "[[task]]\nmodel = 'wake_alexa'\n[sink.none]\n")
    process.send_signal(signal.SIGHUP)
    assert "refused" in (said := line_with(process, "part=config")) and "sink.none" in said
    path.write_text(path.read_text().replace("[sink.none]\n", ""))
    process.send_signal(signal.SIGHUP)
    line_with(process, "configuration read again")
    process.stdin.write(kitchen)
    process.stdin.close()
    said = re.findall(r"label=(\w+)", process.stderr.read().decode())
    assert said[-3:] == ["computer", "alexa", "computer"]
    assert process.wait(timeout=20) == 0


def test_listening_needs_none_of_the_daemons_packages(command):
    """The Pi's small installation: nothing that the extra brings is imported by `nuthatch listen`."""
    spy = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "
    line = ["listen", "--model", "wake_alexa", "--source", str(KITCHEN)]
    done = subprocess.run(
        [sys.executable, "-c", spy + command[0][2], *line], capture_output=True, text=True, env=command[1], timeout=60
    )
    assert done.returncode == 0
    assert not set(done.stderr.split()) & {"pydantic", "structlog", "aiohttp", "aiomqtt", "wyoming", "cryptography"}

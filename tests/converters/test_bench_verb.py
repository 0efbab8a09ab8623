"""`nuthatch bench`: what it says of a file, on a board and on this machine."""

from __future__ import annotations

import json
import shutil

import pytest
from typer.testing import CliRunner

from converters.compile import compile_model
from converters.emit.c import const_bytes
from converters.emit.header import static_bytes
from converters.measure.standin import open_standin
from converters.target import target
from edge.cli.verbs import application

KEYS = {
    *("model", "board", "macs", "instructions", "instructions_per_mac", "init_instructions", "ram_bytes"),
    *("arena_bytes", "stack_bytes", "flash_code_bytes", "flash_const_bytes", "bit_exact", "inputs"),
}


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("bench") / "vad.tflite"
    path.write_bytes(open_standin("vad").content)
    return str(path)


def bench(*arguments: str):
    return CliRunner().invoke(application(["bench"]), ["bench", *arguments])


def need_arm():
    for program in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")


def test_a_file_on_an_emulated_board(file):
    need_arm()
    done = bench(file, "--board", "mps2-an386", "--inputs", "6", "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) >= KEYS
    assert (found["model"], found["board"], found["bit_exact"], found["inputs"]) == ("vad", "mps2-an386", True, 6)
    assert found["ram_bytes"] == found["arena_bytes"] + found["static_bytes"] + found["stack_bytes"]
    assert 10_000 < found["instructions"] < 96_000
    assert sum(x["instructions"] for x in found["layers"]) == pytest.approx(found["instructions"], rel=0.1)
    assert sum(x["macs"] for x in found["layers"]) == found["macs"]


def test_memory_is_what_compile_said(file):
    need_arm()
    found = json.loads(bench(file, "--board", "mps2-an386", "--inputs", "1", "--json").stdout)
    made = compile_model(open_standin("vad"), target("cortex-m4"))
    assert found["arena_bytes"] == made.arena_bytes
    assert found["static_bytes"] == static_bytes(made)
    assert found["flash_const_bytes"] == pytest.approx(const_bytes(made), rel=0.02)


def test_the_same_twice_is_the_same_count(file):
    need_arm()
    first, second = (bench(file, "--board", "mps2-an385", "--json").stdout for _ in range(2))
    assert json.loads(first)["instructions"] == pytest.approx(json.loads(second)["instructions"], abs=1)


def test_the_text_has_every_layer(file):
    need_arm()
    done = bench(file, "--board", "mps3-an547")
    assert done.exit_code == 0, done.output
    assert "vad on mps3-an547 (cortex-m55), 13,770 multiply-accumulates" in done.stdout
    assert done.stdout.count(" nh_") >= 10


def test_a_file_on_this_machine(file):
    done = bench(file, "--json")
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) >= KEYS
    assert found["instructions"] is None
    assert found["bit_exact"]
    assert found["microseconds"] > 0


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["nowhere.tflite", "--board", "mps2-an386"], 1),
        (["vad.tflite", "--board", "moon"], 2),
        (["vad.tflite", "--wake", "--board", "mps2-an386"], 2),
        (["vad.tflite", "--inputs", "0"], 2),
    ],
)
def test_errors(arguments, code):
    assert bench(*arguments).exit_code == code

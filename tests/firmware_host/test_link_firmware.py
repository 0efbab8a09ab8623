"""The firmware's end of the link, on this machine under the sanitizers: the runner's dialogue, garbage, resets."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import firmware_image
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.board import open_board
from edge.link import Link, LinkError
from edge.manifest import open_bundle
from edge.source.file import File
from edge.transport import Process

pytestmark = pytest.mark.skipif(shutil.which("gcc") is None, reason="needs gcc")
MODEL, SAMPLES = "wake_computer", Path(__file__).parents[2] / "samples" / "kitchen.opus"


@pytest.fixture(scope="module")
def files():
    return firmware_image.generated(MODEL, open_board("native"))


@pytest.fixture(scope="module")
def keyword(files, tmp_path_factory):
    return firmware_image.build(
        files, "native", "keyword", tmp_path_factory.mktemp("keyword"), *firmware_image.SANITIZE
    )


@pytest.fixture(scope="module")
def bench(files, tmp_path_factory):
    return firmware_image.build(files, "native", "bench", tmp_path_factory.mktemp("bench"), *firmware_image.SANITIZE)


def said(program: Path, given: bytes, **options) -> list[str]:
    done = subprocess.run([program], input=given, capture_output=True, timeout=60, check=False, **options)
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout.decode("latin-1").split("\r\n")


def test_the_runner_s_dialogue(bench):
    """What the official runner sends and waits for, letter for letter."""
    lines = said(bench, b"profile%name%db load 160%db " + b"00" * 100 + b"%db " + b"ff" * 60 + b"%infer 2 1%results%")
    text = re.sub(r"m-lap-us-\d+", "m-lap-us-N", "\n".join(lines))
    assert text.startswith("m-boot-[nuthatch 1 native bench]\nm-timestamp-mode-performance\nm-lap-us-N\nm-init-done\n")
    dialogue = text.partition("m-init-done\n")[2]
    results = re.search(r"m-results-\[\d\.\d{3},\d\.\d{3}\]", dialogue)[0]
    assert re.sub(r"m-cost-.*\n", "", dialogue).split("\n") == [
        *(
            "m-ready",
            "m-profile-[ULPMark for tinyML Firmware V0.0.1]",
            f"m-model-[{MODEL}]",
            "m-ready",
            "m-name-dut-[native]",
            "m-ready",
        ),
        *("m-[Expecting 160 bytes]", "m-ready", "m-ready", "m-load-done", "m-ready"),
        *("m-warmup-start-1", "m-warmup-done", "m-infer-start-2", "m-lap-us-N", "m-lap-us-N", "m-infer-done"),
        *(results, "m-ready", results, "m-ready", ""),
    ]


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        ("db", "Command 'db' requires a subcommand"),
        ("db load", "Command 'db load' requires the # of bytes"),
        ("db load 0", "Command 'db load' must be >0 bytes"),
        ("db load 161", "Supplied buffer size 161 exceeds maximum of 160"),
        ("db 00", "Command 'db' without 'db load'"),
        ("infer 0", "Inference iterations must be >0"),
        ("infer 1 x", "Inference warmup must be >=0"),
        ("infer 1000001", "Inference iterations and warmup must be <=1000000"),
        ("nonsense of a long kind and more", "Unknown command: nonsense"),
        ("x" * 100, "Unknown command: " + "x" * 24),
        ("x" * 1000, "line is too long"),
        ("na\x07me", "line is no text"),
        ("audio", "audio takes a number of samples"),
        ("audio 4294967296", "audio takes a number of samples"),
        ("events maybe", "events takes on or off"),
        ("set threshold computer 0", "set threshold: the value is above 0 and at most 1, with six decimals at most"),
        ("set threshold nobody .5", "set threshold: no such label"),
        ("set", "set takes threshold LABEL VALUE"),
        ("reset everything", "reset takes nothing, or model"),
    ],
)
def test_what_cannot_be_done_is_said(keyword, line, answer):
    lines = said(keyword, f"{line}\nsync 1\n".encode())
    assert lines[-5:-1] == [f"e-[{answer}]", "m-ready", "m-sync-[1]", "m-ready"]


VOCABULARY = """name timestamp profile help db load infer results info stats sync audio a events steps features cost set
threshold computer save defaults on off 160 0 1 64 0.5 1.0000001 00ff 0000 ffff raw print 4294967295 AAAA AAA= = -1"""
LINE = st.lists(st.sampled_from(VOCABULARY.split()), min_size=1, max_size=5).map(lambda w: " ".join(w).encode())
PIECE = st.one_of(
    st.tuples(LINE, st.sampled_from([b"\n", b"%", b"\r\n", b""])).map(b"".join),
    st.binary(max_size=60),
    st.tuples(st.sampled_from([b"db ", b"a 0000 ", b"", b"infer "]), st.integers(200, 400)).map(
        lambda p: p[0] + b"0" * p[1]
    ),
)


@settings(max_examples=60)
@given(st.lists(PIECE, max_size=30))
def test_the_next_line_is_answered_whatever_came_before(keyword, pieces):
    given = b"".join(pieces)
    if re.search(rb"infer +[0-9]{4}|infer +[0-9]+ +[0-9]{4}", given):  # valid, and takes as long as it says
        given = given.replace(b"infer", b"infix")
    assert said(keyword, given + b"\n\nsync end\n")[-3:] == ["m-sync-[end]", "m-ready", ""]


def test_a_damaged_constant_is_told_at_boot(files, tmp_path):
    place = re.search(r"(static const int(?:8|16|32)_t c\d+\[.*\{\n)(-?\d+)", files["model.c"])
    damaged = files["model.c"][: place.start(2)] + str(int(place[2]) ^ 1) + files["model.c"][place.end(2) :]
    program = firmware_image.build({**files, "model.c": damaged}, "native", "keyword", tmp_path, "-O0")
    lines = said(program, b"info\n")
    assert "e-[the model's constants are damaged: flash the board again]" in lines
    assert "m-info-[constants_ok=0]" in lines


def test_thresholds_are_kept_for_this_model(keyword, tmp_path, monkeypatch):
    monkeypatch.setenv("NUTHATCH_SETTINGS", str(tmp_path / "flash"))
    with Link(Process([str(keyword)])) as link:
        before = link.info()["threshold.computer"]
        link.set_threshold("computer", 0.5)
        link.reset()
        assert link.info()["threshold.computer"] == before
        link.set_threshold("computer", 0.5)
        link.ask("save")
        link.reset()
        assert link.info()["threshold.computer"] == "640"
    with Link(Process([str(keyword)])) as link:
        assert link.info()["threshold.computer"] == "640"
        link.ask("save defaults")
        assert link.info()["threshold.computer"] == before


def test_the_microphone_is_heard_until_a_recording_is_played(keyword, tmp_path, monkeypatch):
    samples = np.concatenate(list(File(SAMPLES)))[16_000:39_000]
    (tmp_path / "microphone").write_bytes(samples.tobytes())
    monkeypatch.setenv("NUTHATCH_MICROPHONE", str(tmp_path / "microphone"))
    with Link(Process([str(keyword)])) as link:
        assert link.info()["microphone"] == "1"
        while link.stats()["steps"] < 35:
            pass
        heard = link.heard.popleft()
        assert not link.heard
        assert list(link.play(samples)) == [heard]


def test_inferences_are_the_model_s(bench):
    """The streaming state goes on from call to call, and begins anew after `reset model`."""
    from converters.compile import open_source
    from converters.run import run_steps

    rng = np.random.default_rng(1)
    graph = open_source(MODEL).graph
    steps = [[rng.integers(-128, 128, graph[graph.inputs[0]].shape).astype(np.int8)] for _ in range(6)]
    expected = [out[0].tobytes() for out in run_steps(graph, steps)]
    with Link(Process([str(bench)])) as link:
        for _ in range(2):
            assert [link.infer(x[0].tobytes()).raw for x in steps] == expected
            link.ask("reset model")
        assert link.infer(steps[0][0].tobytes(), inferences=3, warmup=2).cost.count == 3
        with pytest.raises(LinkError, match="exceeds maximum of 160"):
            link.infer(bytes(161))


def test_a_restart_is_an_error_that_names_it(keyword):
    samples = np.zeros(16_000, np.int16)
    with Link(Process([str(keyword)], "the board"), timeout_s=5) as link:
        link.transport.write(b"reset\n", 1)
        with pytest.raises(LinkError, match="the board: the board has restarted"):
            list(link.play(samples))
        link.synchronize()
        assert list(link.play(samples)) == []
        link.transport._process.kill()
        with pytest.raises(LinkError, match="has closed"):
            link.info()


def test_the_generated_header_refuses_what_a_board_cannot_sum():
    import dataclasses

    from converters.compile import compile_model, open_source
    from converters.error import ConvertError
    from converters.firmware_header import bundle_header
    from converters.target import target

    bundle = open_bundle(MODEL)
    decision = dataclasses.replace(bundle.manifest.decision, window_steps=256)
    bundle = dataclasses.replace(bundle, manifest=dataclasses.replace(bundle.manifest, decision=decision))
    with pytest.raises(ConvertError, match="window_steps is 256; a board sums 255"):
        bundle_header(bundle, compile_model(open_source(MODEL), target("host")), open_board("native"))


@pytest.mark.skipif(shutil.which("clang") is None, reason="needs clang")
@pytest.mark.parametrize("app", ["keyword", "scene", "bench", "portrait"])
def test_another_compiler_has_no_complaint(files, tmp_path, app):
    program = firmware_image.build(files, "native", app, tmp_path, compiler="clang")
    assert f"m-boot-[nuthatch 1 native {app}]" in said(program, b"")

"""What fits a board: known before building, exact after linking, and what is said when it does not."""

from __future__ import annotations

import dataclasses
import json

import pytest

from converters import build, fit
from converters.error import ConvertError
from edge.board import Board, Memory, open_board
from edge.manifest import BUNDLED, open_bundle

SAID = """RAM:   [==        ]  17.5% (used 22960 bytes from 131072 bytes)
Flash: [=         ]   6.2% (used 64896 bytes from 1048576 bytes)
"""
OVER = "ld: firmware.elf section `.bss' will not fit in region `RAM'\nld: region `RAM' overflowed by 1000 bytes\n"


@pytest.fixture
def project(tmp_path):
    """A project with one app and the boards of this checkout."""
    (tmp_path / "firmware" / "apps" / "keyword").mkdir(parents=True)
    (tmp_path / "firmware" / "apps" / "keyword" / "main.c").touch()
    (tmp_path / "firmware" / "apps" / "measure.c").touch()
    (tmp_path / "boards").mkdir()
    for name in ("mps2-an386", "microbit", "netduinoplus2"):
        (tmp_path / "boards" / f"{name}.ini").write_text(
            (build.platformio.project_boards() / f"{name}.ini").read_text()
        )
    return tmp_path / "firmware"


def board(ram_bytes: int, flash_bytes: int = 1 << 20) -> Board:
    return dataclasses.replace(
        open_board("netduinoplus2"), id="small", flash=Memory(0, flash_bytes), ram=Memory(0x20000000, ram_bytes)
    )


def test_a_library_is_written_for_the_board_s_core(project):
    firmware = build.prepare("wake_alexa", open_board("mps2-an386"), "keyword", project)
    names = {p.name for p in firmware.library.iterdir()}
    assert {"model.c", "model.h", "bundle.h", "library.json"} <= names
    assert 'NH_BOARD "mps2-an386"' in (firmware.library / "bundle.h").read_text()
    assert "cortex-m4" in (firmware.library / "model.h").read_text()


def test_equal_files_keep_their_time_and_others_go(project):
    firmware = build.prepare("wake_alexa", open_board("mps2-an386"), "keyword", project)
    before = (firmware.library / "model.c").stat().st_mtime_ns
    (firmware.library / "left.c").touch()
    build.prepare("wake_alexa", open_board("mps2-an386"), "keyword", project)
    assert (firmware.library / "model.c").stat().st_mtime_ns == before
    assert not (firmware.library / "left.c").exists()


def test_what_cannot_fit_is_refused_with_numbers_and_a_remedy(project):
    with pytest.raises(
        fit.FitError, match=r"commands12 needs at least [\d,]+ B of RAM; microbit has 16,384 B\. Try "
    ) as e:
        build.prepare("commands12", open_board("microbit"), "keyword", project)
    assert "netduinoplus2 (131,072 B)" in str(e.value)
    with pytest.raises(fit.FitError, match=r"needs at least [\d,]+ B of flash; small has 40,960 B"):
        build.prepare("commands12", board(1 << 20, 40 << 10), "keyword", project)
    assert not (project / ".pio").exists()


def test_every_bundled_model_is_known_to_need_less_than_a_larger_board_has(project):
    for manifest in BUNDLED.glob("*/stream.tflite"):
        least = build.planned(manifest.parent.name, open_board("netduinoplus2"), "keyword", project).at_least
        assert 5_000 < least.ram < 131_072
        assert 10_000 < least.flash < 1 << 20


def test_a_plan_in_patches_is_taken_where_memory_wants_it(project, tmp_path):
    from converters.emit.tflite import emit
    from converters.measure.random_network import RandomNetwork

    n = RandomNetwork((1, 48, 48, 4))
    n.conv(16, (3, 3), (1, 1))
    n.depthwise((3, 3), (2, 2))
    n.conv(4, (1, 1))
    (tmp_path / "wide.tflite").write_bytes(emit(n.graph()))
    model = str(tmp_path / "wide.tflite")
    whole = build.planned(model, board(1 << 20), "keyword", project)
    tight = build.planned(model, board(whole.at_least.ram - 10_000), "keyword", project)
    assert tight.plan.arena_bytes <= whole.plan.arena_bytes - 10_000
    assert tight.bundle is None


def test_the_linker_s_bytes_are_read():
    assert fit.linked(SAID, open_board("netduinoplus2")) == fit.Bytes(64_896, 22_960 + fit.STACK_BYTES)
    over = fit.linked(OVER, board(16_384))
    assert over is not None and over.ram == 17_384 + fit.STACK_BYTES
    assert fit.linked("error: something else", board(16_384)) is None


def test_a_program_without_room_for_its_stack_does_not_fit():
    taken = fit.linked(SAID, board(23_000))
    with pytest.raises(fit.FitError, match="x needs 23,984 B of RAM; small has 23,000 B. Try y"):
        fit.check("x", board(23_000), taken, False, lambda: "Try y")
    fit.check("x", board(24_000), taken, False, lambda: "Try y")


def test_the_front_end_s_scratch_may_be_the_arena():
    bundle = open_bundle("commands12")
    alone, shared = fit.frontend(bundle, 0), fit.frontend(bundle, 4096)
    assert alone.ram - shared.ram == 4 * bundle.manifest.frontend.fft_size
    assert alone.flash == shared.flash > 5_000
    assert fit.frontend(None, 0) == fit.Bytes(0, 0)


def test_apps_are_the_files_and_folders_of_the_project(project):
    assert build.apps(project) == ["keyword"]
    with pytest.raises(ConvertError, match="no app 'measure'; there are keyword"):
        build.planned("wake_alexa", open_board("mps2-an386"), "measure", project)


@pytest.mark.parametrize(
    ("model", "app", "other"),
    [("portrait", "keyword", "portrait"), ("portrait", "scene", "portrait"), ("sounds10", "keyword", "scene")],
)
def test_an_app_that_the_model_cannot_feed_names_the_one_that_it_can(project, model, app, other):
    with pytest.raises(ConvertError, match=f"{model}: not a model for --app {app}; give --app {other}$"):
        build.prepare(model, open_board("mps2-an386"), app, project)


def test_a_bare_file_is_for_the_bench(project, tmp_path):
    (tmp_path / "x.tflite").touch()
    with pytest.raises(ConvertError, match=r"x.tflite: not a model for --app keyword; give --app bench$"):
        build.prepare(str(tmp_path / "x.tflite"), open_board("mps2-an386"), "keyword", project)


def test_a_frame_and_its_mask_are_memory_too(project):
    firmware = build.planned("portrait", open_board("mps2-an386"), "keyword", project)
    assert fit.link_bytes(firmware.plan) == 160 * 160 * (3 + 1)
    assert fit.frontend(firmware.bundle, 0) == fit.Bytes(0, 0)
    assert firmware.at_least.ram == fit.needed(firmware.plan) + 102_400 + fit.PROGRAM_RAM_BYTES + fit.STACK_BYTES


def test_a_choice_is_remembered(project):
    firmware = build.prepare("wake_alexa", open_board("mps2-an386"), "keyword", project)
    build.choose(firmware, "wake_alexa")
    text = (project / ".pio/models/mps2-an386/chosen.json").read_text()
    assert json.loads(text) == {"model": "wake_alexa", "app": "keyword"}


def test_what_could_not_be_fetched_is_said():
    assert "registry" in build._complaint("HTTPClientError:\n")
    assert build._complaint("x.c:1: error: no\nmore\n") == "x.c:1: error: no"

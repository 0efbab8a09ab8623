"""`nuthatch board`: what is known of boards, for people and for programs."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from edge.board import known
from edge.cli.board import app


def run(*arguments: str):
    return CliRunner().invoke(app, list(arguments))


def test_ls_has_a_line_for_every_board():
    lines = run("ls").stdout.splitlines()
    assert [line.split()[0] for line in lines] == known()
    assert next(x for x in lines if x.startswith("microbit")).split()[1:5] == ["emulated", "cortex-m0", "256K", "16K"]


def test_ls_is_an_object_a_line_for_programs():
    facts = {f["id"]: f for f in map(json.loads, run("ls", "--json").stdout.splitlines())}
    assert facts["nano33ble"]["usb"] == ["2341:805a", "2341:005a"]
    assert facts["rpi5"]["runs"] == "the daemon"
    assert facts["native"]["flash_bytes"] is None


def test_info_says_how_it_is_flashed_and_what_may_fit():
    said = run("info", "nano33ble").stdout
    assert "PDM" in said and "bossac" in said
    assert "commands12" in said and "may fit" in said


def test_info_of_a_model_that_is_too_large_says_so(tmp_path):
    (tmp_path / "tiny.ini").write_text(
        "[env:tiny]\ncustom_title=T\ncustom_target=cortex-m0\ncustom_flash=0x0 32K\ncustom_ram=0x20000000 8K\n"
    )
    done = run("info", "tiny", "--model", "commands12", "--json", "--boards", str(tmp_path))
    fits = json.loads(done.stdout)["fits"]
    assert [f["model"] for f in fits] == ["commands12"]
    assert fits[0]["verdict"].startswith("no: flash: ")
    assert "of 8,192 B" in fits[0]["verdict"]


def test_a_board_that_is_not_there_is_a_usage_error():
    done = run("info", "arduino")
    assert done.exit_code == 2
    assert "no board 'arduino'" in done.output

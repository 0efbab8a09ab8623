"""The report has every layer, needs nothing from elsewhere, and says what limits a model."""

from __future__ import annotations

import dataclasses
import html as html_module
import json
import re
import shutil
import xml.etree.ElementTree as ET

import pytest
from typer.testing import CliRunner

from converters.compile import compile_model
from converters.measure.result import run
from converters.measure.standin import open_standin
from converters.report.advice import advice
from converters.report.facts import facts
from converters.report.html import html
from converters.report.picture import picture
from converters.target import target
from edge.board import open_board
from edge.cli.verbs import application


@pytest.fixture(scope="module")
def planned():
    source = open_standin("vad")
    return facts(source, compile_model(source, target("cortex-m4")))


@pytest.fixture(scope="module")
def measured():
    for program in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    source = open_standin("ad01")
    made = compile_model(source, target("cortex-m4"))
    return facts(source, made, run(source, made, open_board("mps2-an386"), 1))


def test_every_layer_is_in_the_numbers_and_on_the_page(planned):
    page = html(planned)
    assert len(planned.layers) == len(compile_model(open_standin("vad"), target("m4")).steps)
    for layer in planned.layers:
        assert f'title="{html_module.escape(layer.name)}"' in page
    assert sum(x.macs for x in planned.layers) == planned.macs
    assert "not measured" in page


def test_the_page_is_self_contained(planned):
    page = html(planned)
    assert not re.search(r"https?:|src=|href=|@import|url\(", page)
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")


def test_the_picture_has_every_block_where_it_lies(planned):
    svg = ET.fromstring(picture(planned))
    titles = [t.text for t in svg.iter("title")]
    assert len(titles) == len(planned.arena)
    for block in planned.arena:
        assert f"{block.name}: {block.bytes:,} B at {block.offset:,}, layers {block.first} to {block.last}" in titles
    assert all(float(r.attrib["height"]) >= 0.5 and float(r.attrib["y"]) >= 0 for r in svg.iter("rect"))


def test_what_was_measured_adds_up(measured):
    assert sum(x.instructions for x in measured.layers) == pytest.approx(measured.instructions, rel=0.05)
    assert sum(x.share for x in measured.layers) == pytest.approx(1)
    assert "TFLM" in html(measured) or "integer reference" in html(measured)
    assert json.loads(json.dumps(measured.as_json()))["layers"][0]["instructions"] > 1_000


def test_it_says_what_sets_the_memory_and_the_states(planned):
    text = " ".join(advice(planned))
    assert f"The arena's {planned.arena_bytes:,} B are set by layer" in text
    assert f"States take {planned.state_bytes:,} B" in text


def test_it_names_a_layer_that_is_slow_for_its_work(measured):
    slow = dataclasses.replace(measured.layers[4], instructions_per_mac=9.0, share=0.5)
    changed = dataclasses.replace(measured, layers=(*measured.layers[:4], slow, *measured.layers[5:]))
    lines = [line for line in advice(changed) if "9.00 instructions a multiply-accumulate" in line]
    assert len(lines) == 1
    assert "layer 4 (FULLY_CONNECTED" in lines[0]


def test_names_are_text_not_markup(planned):
    nasty = dataclasses.replace(planned.layers[0], name='<script>"&')
    page = html(dataclasses.replace(planned, layers=(nasty, *planned.layers[1:])))
    assert "<script>" not in page


def test_the_verb_writes_the_page_and_the_numbers(tmp_path):
    path = tmp_path / "model.tflite"
    path.write_bytes(open_standin("vad").content)
    runner, app = CliRunner(), application(["report"])
    done = runner.invoke(app, ["report", str(path), "--out", str(tmp_path / "page.html"), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout.splitlines()[0])
    assert found["model"] == "model"
    assert found["advice"]
    assert (tmp_path / "page.html").read_text().count("<tr>") == 1 + len(found["layers"])


def test_a_board_that_is_not_there_is_a_usage_error(tmp_path):
    done = CliRunner().invoke(application(["report"]), ["report", "vad.tflite", "--board", "moon"])
    assert done.exit_code == 2

"""The table beside the anchors: what it says of given results, and that it measures what it claims."""

from __future__ import annotations

import dataclasses
import shutil

import pytest

from converters.measure import table as table_module
from converters.measure.anchors import anchors
from converters.measure.bars import bars, geometric_mean, ram_ratio
from converters.measure.page import page
from converters.measure.result import Result
from converters.measure.standin import LABEL, open_standin
from converters.measure.table import Row, Subject, table
from edge.board import open_board

M4, M55, M3, M0 = "mps2-an386", "mps3-an547", "mps2-an385", "mps2-an385-m0plus"


def result(board: str, **values) -> Result:
    usual = Result(
        model="ad01",
        board=board,
        macs=264_192,
        instructions=291_500,
        instructions_per_mac=1.1,
        init_instructions=5,
        ram_bytes=900,
        arena_bytes=768,
        static_bytes=4,
        stack_bytes=128,
        flash_code_bytes=1_120,
        flash_const_bytes=270_000,
        bit_exact=True,
        inputs=2,
        judge="TFLM",
        first_difference="",
        library_code_bytes=0,
        target=open_board(board).target,
        tools=("a gcc", "a QEMU"),
        layers=(),
    )
    return dataclasses.replace(usual, **values)


def row(**changed) -> Row:
    found = {b: result(b) for b in (M4, M55, M3, M0)}
    return Row(Subject("ad01", LABEL, open_standin("ad01")), found | changed)


def test_a_ratio_is_ours_over_the_anchor_s():
    assert row().ratio(M4) == pytest.approx(291_500 / 583_000)
    assert row().ratio(M0) == row().ratio(M3) == pytest.approx(291_500 / 956_000)
    assert geometric_mean([row(), row(**{M4: result(M4, instructions=1_166_000)})], M4) == pytest.approx(1.0)
    assert ram_ratio(row(), result(M4)) == pytest.approx(772 / 768)


def test_bars_are_met_or_missed():
    assert all(b.met for b in bars([row()]) if "M55" not in b.what and "streaming" not in b.what)
    missed = {b.what: b for b in bars([row()]) if not b.met}
    assert [w for w in missed if "M55" in w and missed[w].value == pytest.approx(291_500 / 150_000)]


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"bit_exact": False, "first_difference": "invocation 0"}, "fail or differ from TFLM"),
        ({"flash_code_bytes": 14_337}, "bytes of code"),
        ({"init_instructions": 10_001}, "first call"),
        ({"arena_bytes": 900}, "RAM without stack"),
        ({"instructions": 530_000}, "M4, any model"),
    ],
)
def test_each_bar_can_be_missed(changed, what):
    bar = next(b for b in bars([row(**{M4: result(M4, **changed)})]) if what in b.what)
    assert not bar.met
    assert "ad01" in bar.worst


def test_a_run_that_fails_is_not_forgotten():
    bar = bars([row(**{M55: "mps3-an547: the program stopped with 3"})])[0]
    assert (bar.met, bar.value, bar.worst) == (False, 1, "ad01 on mps3-an547")


def test_the_page_says_what_is_wrong_and_what_is_absent():
    wrong = row(**{M4: result(M4, bit_exact=False), M55: "mps3-an547: the program stopped with 3"})
    text = page([wrong], {"kws_ref_model": "its file was not given"}, [M4, M55])
    assert "**WRONG**" in text
    assert "ad01 on mps3-an547: mps3-an547: the program stopped with 3" in text
    assert "- kws_ref_model: its file was not given" in text
    assert f"ad01 ({LABEL})" in text
    assert "**missed**" in text


def test_models_that_are_absent_are_said_once(tmp_path, monkeypatch):
    (tmp_path / "broken.tflite").write_bytes(b"????TFL3")
    monkeypatch.setattr(table_module, "bundled_names", lambda: [])
    said: list[str] = []
    rows, absent = table(tmp_path, [], said.append)
    assert set(absent) == {"broken"}
    assert len(said) == len(absent)
    assert {r.subject.name for r in rows} == set(anchors().models)


def test_a_stand_in_is_measured_and_right(monkeypatch):
    for program in ("arm-none-eabi-gcc", "qemu-system-arm"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    subject = Subject("ad01", LABEL, open_standin("ad01"))
    monkeypatch.setattr(table_module, "_subjects", lambda _: ([subject], {}))
    rows, _ = table(None, [M4], lambda _: None)
    found = rows[0].result(M4)
    assert found is not None and found.bit_exact
    assert rows[0].ratio(M4) < anchors().bars["m4"]["most"]

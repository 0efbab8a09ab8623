"""Every file of boards/ is a board; what is wrong with one is said in a line."""

from __future__ import annotations

import pytest

from edge.board import FOLDER, BoardError, Memory, known, open_board


@pytest.mark.parametrize("name", known())
def test_every_board_opens(name):
    board = open_board(name)
    assert board.id == name
    assert board.title
    assert board.target
    if board.emulated:
        assert board.flash.bytes
        assert board.ram.bytes
        assert board.clock_hz
        assert board.uart


def test_a_board_s_values():
    board = open_board("mps2-an505")
    assert board.target == "cortex-m33"
    assert board.flash == Memory(0x10000000, 4 << 20)
    assert (board.uart, board.uart_base) == ("cmsdk", 0x50200000)


def test_native_is_no_emulator():
    assert not open_board("native").emulated


def test_an_unknown_board_lists_those_that_there_are():
    with pytest.raises(BoardError, match=r"no board 'nucleo'; there are .*mps2-an386.*native"):
        open_board("nucleo")


@pytest.mark.parametrize("name", ["../boards/native", "", "a/b", "A"])
def test_a_name_is_no_path(name):
    with pytest.raises(BoardError, match="no board"):
        open_board(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[env:x]\ncustom_title = X\n", "x.ini: custom_target is missing"),
        ("[env:y]\ncustom_title = X\n", r"must be \[env:x\]"),
        ("custom_title = X\n", "x.ini: cannot be read"),
        ("[env:x]\ncustom_title=X\ncustom_target=t\ncustom_ram = much\n", "custom_ram is 'much'; write it as"),
        ("[env:x]\ncustom_title=X\ncustom_target=t\ncustom_clock_hz = 1e6\n", "custom_clock_hz is '1e6'"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, said):
    (tmp_path / "x.ini").write_text(text)
    with pytest.raises(BoardError, match=said):
        open_board("x", tmp_path)


def test_other_keys_are_platformio_s(tmp_path):
    (tmp_path / "x.ini").write_text(
        "[env:x]\nplatform = ststm32\nbuild_flags = ${env.f}\ncustom_title=X\ncustom_target=t"
    )
    found = open_board("x", tmp_path)
    assert (found.id, found.title, found.target) == ("x", "X", "t")


def test_every_board_that_measures_is_in_the_documentation():
    text = (FOLDER.parent / "docs" / "bench.md").read_text("utf-8")
    assert [b for b in known() if open_board(b).emulated and f"`{b}`" not in text] == []


def test_every_board_is_in_the_documentation():
    text = (FOLDER.parent / "docs" / "boards.md").read_text("utf-8")
    assert [b for b in known() if f"`{b}`" not in text] == []


def test_ports_of_emulators_are_their_own():
    ports = [b.port for b in map(open_board, known()) if b.simulated]
    assert len(set(ports)) == len(ports)


def test_a_board_of_the_daemon_takes_no_firmware():
    board = open_board("rpi_zero2w")
    assert not board.environment
    assert board.memory_bytes == 512 << 20
    assert board.backends == ("native", "litert")


@pytest.mark.parametrize("board", [b for b in map(open_board, known()) if b.environment], ids=lambda b: b.id)
def test_firmware_has_memory_and_a_way_onto_the_board(board):
    assert board.flash_by
    assert board.mic
    assert board.simulated or board.uf2 or (board.usb and ("@" in board.platform or "#" in board.platform))
    assert board.target == "host" or (board.flash.bytes and board.ram.bytes)


@pytest.mark.parametrize(
    ("line", "said"),
    [("custom_usb = 0483:374B", "custom_usb has '0483:374B'"), ("custom_memory = 1G", "custom_memory is '1G'")],
)
def test_what_is_wrong_with_ids_and_sizes_is_named(tmp_path, line, said):
    (tmp_path / "x.ini").write_text(f"[env:x]\ncustom_title=X\ncustom_target=t\n{line}\n")
    with pytest.raises(BoardError, match=said):
        open_board("x", tmp_path)

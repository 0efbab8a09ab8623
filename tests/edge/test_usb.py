"""Which board is flashed: the one that is certain, or none."""

from __future__ import annotations

import pytest

from edge.board import open_board
from edge.usb import FlashError, Port, choose, choose_drive, drive_labels

L4, F4, SENSE = (open_board(n) for n in ("nucleo_l4r5zi", "nucleo_f446re", "nano33ble"))
BOARDS = [L4, F4, SENSE]
STLINK = "0483:374b"


def port(device="/dev/ttyACM0", usb=STLINK, labels=()):
    return Port(device, usb, "066D", "STM32 STLink", labels)


def test_a_board_with_an_id_of_its_own_is_taken():
    found = [port(), port("/dev/ttyACM1", "2341:805a")]
    assert choose(SENSE, BOARDS, found).device == "/dev/ttyACM1"


def test_a_drive_s_label_tells_boards_with_one_id_apart():
    found = [port(labels=("NODE_F446RE",)), port("/dev/ttyACM1", labels=("NOD_L4R5ZI",))]
    assert choose(L4, BOARDS, found).device == "/dev/ttyACM1"
    assert choose(F4, BOARDS, found).device == "/dev/ttyACM0"


def test_another_board_s_label_is_no_candidate():
    with pytest.raises(FlashError, match=r"no nucleo_l4r5zi is connected; found /dev/ttyACM0 .*NODE_F446RE"):
        choose(L4, BOARDS, [port(labels=("NODE_F446RE",))])


def test_a_shared_id_without_label_is_never_flashed_silently():
    with pytest.raises(FlashError, match=r"may be nucleo_l4r5zi, or nucleo_f446re.*--port /dev/ttyACM0"):
        choose(L4, BOARDS, [port()])
    assert choose(L4, BOARDS, [port()], "/dev/ttyACM0").device == "/dev/ttyACM0"


def test_several_are_listed():
    with pytest.raises(FlashError, match=r"2 boards could be nano33ble; found .*ttyACM0.*ttyACM1.*name one"):
        choose(SENSE, BOARDS, [port(usb="2341:805a"), port("/dev/ttyACM1", "2341:005a")])


def test_none_is_said_with_the_remedy():
    with pytest.raises(FlashError, match=r"no nano33ble is connected; found no serial port on USB; plug it in"):
        choose(SENSE, BOARDS, [])


def test_a_named_port_of_another_board_is_refused():
    with pytest.raises(FlashError, match=r"ttyACM0 .* is no nano33ble"):
        choose(SENSE, BOARDS, [port()], "/dev/ttyACM0")
    with pytest.raises(FlashError, match=r"ttyACM0 .* is no nucleo_l4r5zi"):
        choose(L4, BOARDS, [port(labels=("NODE_F446RE",))], "/dev/ttyACM0")
    with pytest.raises(FlashError, match=r"/dev/ttyUSB9: no such port"):
        choose(L4, BOARDS, [port()], "/dev/ttyUSB9")


def test_labels_of_drives_below_a_device(tmp_path):
    device = tmp_path / "sys/devices/usb1/1-2"
    for name, parent in (("sdb", device / "1-2:1.0/host3/block"), ("sda", tmp_path / "sys/devices/ata1/block")):
        (parent / name).mkdir(parents=True)
        (tmp_path / "sys/class/block").mkdir(parents=True, exist_ok=True)
        (tmp_path / "sys/class/block" / name).symlink_to(parent / name)
        (tmp_path / "dev" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "dev" / name).touch()
    (tmp_path / "dev/disk/by-label").mkdir(parents=True)
    (tmp_path / "dev/disk/by-label/NOD_L4R5ZI").symlink_to(tmp_path / "dev/sdb")
    (tmp_path / "dev/disk/by-label/home").symlink_to(tmp_path / "dev/sda")
    assert drive_labels(device, tmp_path) == ("NOD_L4R5ZI",)


def test_the_one_drive_of_a_boot_loader(tmp_path):
    board = open_board("pico2")
    with pytest.raises(FlashError, match="no drive RP2350 is mounted; its USB drive .hold BOOTSEL"):
        choose_drive(board, system=tmp_path)
    for user in ("ann", "bob"):
        (tmp_path / "media" / user / "RP2350").mkdir(parents=True)
    (tmp_path / "media/ann/RP2350/INFO_UF2.TXT").touch()
    assert choose_drive(board, system=tmp_path) == tmp_path / "media/ann/RP2350"
    (tmp_path / "media/bob/RP2350/INFO_UF2.TXT").touch()
    with pytest.raises(FlashError, match=r"found .*ann/RP2350, .*bob/RP2350; name one: --port FOLDER"):
        choose_drive(board, system=tmp_path)
    with pytest.raises(FlashError, match="no drive of a boot loader"):
        choose_drive(board, str(tmp_path), tmp_path)

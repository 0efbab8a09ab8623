"""Hours, the switch, a GPIO line; what the user set; how loud it is."""

from __future__ import annotations

import sys
import time
import types

import numpy as np
import pytest

from edge.daemon.drift import Drift
from edge.daemon.file_watch import FileWatch
from edge.daemon.level import FLOOR_DBFS, Level, dbfs
from edge.daemon.memory import Forgetful, Memory
from edge.daemon.quiet import Quiet, QuietError, gpio_line


def at(text):
    return time.strptime(text, "%H:%M")


@pytest.mark.parametrize(
    ("now", "quiet"),
    [("21:59", False), ("22:00", True), ("23:59", True), ("00:00", True), ("06:59", True), ("07:00", False)],
)
def test_hours_may_pass_midnight(now, quiet):
    assert Quiet(["22:00-07:00"]).reason(False, at(now)) == ("hours" if quiet else "")


def test_several_hours_and_none():
    several = Quiet(["12:00-13:00", "15:30-15:45"])
    assert [bool(several.reason(False, at(t))) for t in ("12:30", "13:00", "15:44", "15:45")] == [True, False] * 2
    assert Quiet([]).reason(False, at("12:30")) == ""


def test_the_switch_is_named_before_the_line_and_the_hours():
    closed = [True]
    quiet = Quiet(["00:00-23:59"], lambda: closed[0])
    assert quiet.reason(True, at("12:00")) == "switch"
    assert quiet.reason(False, at("12:00")) == "gpio"
    closed[0] = False
    assert quiet.reason(False, at("12:00")) == "hours"


def test_the_pin_through_gpiozero(monkeypatch):
    class Button:
        def __init__(self, pin):
            if pin == 40:
                raise RuntimeError("no such  pin")
            self.pin, self.is_pressed, self.closed = pin, True, False

        def close(self):
            self.closed = True

    monkeypatch.setitem(sys.modules, "gpiozero", types.SimpleNamespace(Button=Button))
    line, let_go = gpio_line(17)
    assert line() is True
    let_go()
    with pytest.raises(QuietError, match="GPIO 40: no such pin"):
        gpio_line(40)
    monkeypatch.setitem(sys.modules, "gpiozero", None)
    with pytest.raises(QuietError, match="pip install gpiozero"):
        gpio_line(17)


def test_a_threshold_that_was_set_counts_until_the_configuration_says_another():
    settings = Forgetful()
    memory = Memory(settings)
    memory.keep_threshold("m", "yes", 0.7, 0.5)
    assert memory.threshold("m", "yes", 0.5) == 0.7
    memory.close()
    again = Memory(settings)
    assert again.threshold("m", "yes", 0.5) == 0.7
    assert again.threshold("m", "yes", 0.6) == 0.6
    assert again.threshold("m", "no", 0.5) == 0.5
    again.close()


def test_a_disk_that_is_full_forgets_only_at_the_next_start():
    class Full(Forgetful):
        def set(self, key, value):
            raise OSError("no space")

    memory = Memory(Full())
    memory.set("mute", True)
    assert memory.get("mute") is True
    memory.close()


def test_the_device_keeps_its_id():
    settings = Forgetful()
    first = Memory(settings)
    name = first.device_id()
    first.close()
    assert name == Memory(settings).device_id() and name.replace("_", "").isalnum()


def test_a_changed_file_is_noticed_once_and_not_in_the_middle_of_writing(tmp_path):
    path = tmp_path / "c.toml"
    watch = FileWatch([path])
    assert not watch.changed()
    path.write_text("a")
    assert not watch.changed()  # it may not be all
    path.write_text("ab")
    assert not watch.changed()
    assert watch.changed() and not watch.changed()
    path.write_text("abc")
    watch.forget()
    assert not watch.changed()
    path.unlink()
    assert [watch.changed() for _ in range(3)] == [False, True, False]


def test_levels():
    level = Level()
    assert level.measure(np.zeros(0, np.int16)) == 0 and level.rms_dbfs == FLOOR_DBFS
    tone = np.rint(16_384 * np.sin(2 * np.pi * 1_000 / 16_000 * np.arange(16_000))).astype(np.int16)
    assert level.measure(tone) == 0
    assert (level.peak_dbfs, level.rms_dbfs) == (-6.02, -9.03)
    assert dbfs(0) == FLOOR_DBFS and dbfs(32_768) == 0.0


def test_silence_is_dead_after_a_while_and_a_room_is_not():
    level = Level()
    for _ in range(5):
        level.measure(np.full(16_000, -3, np.int16))
    assert level.dead
    level.measure(np.array([1, 2], np.int16))
    assert not level.dead


def test_clipping_lasts_a_while():
    level, quiet = Level(), np.tile(np.array([5, -5], np.int16), 8_000)
    assert level.measure(np.where(quiet > 0, 32_767, -32_768).astype(np.int16)) == 16_000
    states = []
    for _ in range(11):
        level.measure(quiet)
        states.append(level.clipping)
    assert states == [True] * 9 + [False] * 2


def test_a_few_clipped_samples_are_counted_and_no_state():
    level, sound = Level(), np.zeros(16_000, np.int16)
    sound[:50] = 32_767
    assert level.measure(sound) == 50 and not level.clipping


def test_drift_is_told_when_it_means_something():
    drift = Drift()
    for i in range(1_101):
        drift.add(960, 100.0 + i * 0.06 / (1 + 50e-6))
        assert drift.ppm is None or i > 999
    assert drift.ppm == pytest.approx(50, abs=0.2)

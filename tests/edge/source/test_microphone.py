"""The microphone: through ALSA's file plugin, and through a device that refuses 16 kHz."""

import ctypes.util
import json
import os
import signal
import subprocess
import sys
import types
from pathlib import Path

import numpy as np
import pytest

from edge.source import SourceError
from edge.source import microphone as module
from edge.source.device import Device, choose
from edge.source.error import DeviceBusy, DeviceStopped
from edge.source.holder import holder
from edge.source.microphone import UNAVAILABLE, Microphone

sys.path.insert(0, str(Path(__file__).parent))

from recorder import Recorder  # noqa: E402

HAS_PORTAUDIO = ctypes.util.find_library("portaudio") is not None
needs_portaudio = pytest.mark.skipif(
    not HAS_PORTAUDIO, reason="the PortAudio library is not installed; apt install libportaudio2"
)
CONFIGURATION = """
pcm.fakemic {{ type file; slave.pcm "null"; file "/dev/null"; infile "{raw}"; format "raw" }}
pcm.fakeplug {{ type plug; slave.pcm "fakemic"; hint {{ show on description "fake mic from file" }} }}
pcm.!default {{ type plug; slave.pcm "fakemic" }}
"""


@pytest.fixture
def sound_card(tmp_path, samples):
    """Environment in which ALSA's default microphone plays the bursts."""
    samples.tofile(tmp_path / "in.raw")
    (tmp_path / ".asoundrc").write_text(CONFIGURATION.format(raw=tmp_path / "in.raw"))
    return {"HOME": str(tmp_path)}


@needs_portaudio
@pytest.mark.parametrize("device", [[], ["--device", "fakeplug"]])
def test_hears_what_the_card_gives_and_ends_on_interrupt(command, sound_card, bundle_path, device, interruptible):
    arguments = ["listen", "--model", str(bundle_path), "--source", "mic", "--json", *device]
    process = subprocess.Popen(
        [*command[0], *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command[1] | sound_card,
        text=True,
        preexec_fn=interruptible,
    )
    heard = [json.loads(process.stdout.readline()) for _ in range(2)]
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=20)
    assert process.returncode == 0, talk
    assert [round(e["time_s"], 2) for e in heard] == [1.16, 3.14]
    assert "Traceback" not in talk


@needs_portaudio
def test_an_unknown_device_is_one_line(nuthatch, sound_card, bundle_path):
    done = nuthatch("listen", "--model", bundle_path, "--source", "mic", "--device", "zzz", **sound_card)
    assert done.returncode == 1 and "microphone zzz" in done.stderr and done.stderr.count("\n") == 1


def test_no_portaudio_is_one_line(nuthatch, tmp_path, bundle_path):
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    path = os.pathsep.join([str(tmp_path), *sys.path[1:]])
    done = nuthatch("listen", "--model", bundle_path, "--source", "mic", PYTHONPATH=path)
    assert done.returncode == 1 and "apt install libportaudio2" in done.stderr
    assert done.stderr.count("\n") == 1


class Refusing:
    """Stands for sounddevice: a card that runs at one rate with so many channels only, and plays a tone in the last."""

    class PortAudioError(Exception):
        pass

    def __init__(self, rate_hz=48_000, channels=2, seconds=1, code=-9997):
        self.rate_hz, self.channels, self.seconds, self.code = rate_hz, channels, seconds, code
        self.asked = []

    def query_devices(self, device=None, kind=None):
        found = {"index": 3, "name": "USB: Audio (hw:1,0)", "default_samplerate": float(self.rate_hz)}
        found["max_input_channels"] = self.channels
        return found if kind else [found, found | {"index": 4, "name": "HDMI", "max_input_channels": 0}]

    def RawInputStream(self, samplerate, channels, device, callback, **_):  # noqa: N802
        self.asked.append((samplerate, channels))
        if (samplerate, channels) != (self.rate_hz, self.channels) or self.code == UNAVAILABLE:
            raise self.PortAudioError("Refused", self.code)
        return types.SimpleNamespace(
            start=lambda: self.play(callback), active=False, device=device, close=lambda **_: None
        )

    def play(self, callback):
        tone = 9_000 * np.sin(2 * np.pi * 440 * np.arange(self.seconds * self.rate_hz) / self.rate_hz)
        card = np.zeros((len(tone), self.channels), np.int16)
        card[:, -1] = np.rint(tone)
        for start in range(0, len(card), self.rate_hz // 20):
            block = card[start : start + self.rate_hz // 20]
            callback(block.tobytes(), len(block), None, types.SimpleNamespace(input_overflow=start == 0))


def heard_by(microphone):
    blocks = []
    with pytest.raises(DeviceStopped, match="stopped giving samples"):
        for block in microphone:
            blocks.append(block)  # noqa: PERF402
    microphone.close()
    return np.concatenate(blocks).astype(float)


@pytest.mark.parametrize(
    ("rate_hz", "channels", "channel"),
    [(48_000, 2, None), (48_000, 2, 1), (44_100, 1, None), (8_000, 1, None), (16_000, 6, 5), (48_000, 4, None)],
)
def test_a_card_with_its_own_rate_and_channels_is_resampled(monkeypatch, rate_hz, channels, channel):
    monkeypatch.setattr(module, "load_portaudio", lambda: Refusing(rate_hz, channels))
    microphone = Microphone("usb", channel)
    got = heard_by(microphone)
    amplitude = 9_000 / (channels if channel is None else 1)
    expected = amplitude * np.sin(2 * np.pi * 440 * np.arange(len(got)) / 16_000)
    assert len(got) > 14_500 and (microphone.rate_hz, microphone.channels) == (rate_hz, channels)
    np.testing.assert_allclose(got[800:], expected[800:], atol=8)
    assert (microphone.overruns, microphone.lost_samples) == (1, 0)


def test_a_channel_that_is_not_there_is_one_line(monkeypatch):
    monkeypatch.setattr(module, "load_portaudio", Refusing)
    with pytest.raises(SourceError, match="has 2 channels, no channel 2; the first is 0"):
        Microphone("usb", 2)


def test_what_a_slow_listener_loses_is_counted(monkeypatch):
    monkeypatch.setattr(module, "load_portaudio", lambda: Refusing(48_000, 2, seconds=11))
    microphone = Microphone()
    got = heard_by(microphone)
    assert microphone.overruns > 1 and abs(microphone.lost_samples - 3 * 16_000) < 100
    assert abs(len(got) + microphone.lost_samples - 11 * 16_000) < 1_000


def test_a_card_that_another_program_holds_is_busy_and_tried_once(monkeypatch):
    card = Refusing(code=UNAVAILABLE)
    monkeypatch.setattr(module, "load_portaudio", lambda: card)
    with pytest.raises(DeviceBusy, match="microphone USB: Audio .hw:1,0.: Refused"):
        Microphone("usb")
    assert len(card.asked) == 1


@pytest.fixture
def proc(tmp_path):
    """A /proc in which arecord records from card 1."""
    (tmp_path / "asound/card1/pcm0c/sub0").mkdir(parents=True)
    (tmp_path / "asound/cards").write_text(
        " 0 [Headphones     ]: bcm2835 - bcm2835 Headphones\n                      bcm2835 Headphones\n"
        " 1 [Device         ]: USB-Audio - USB PnP Sound Device\n                      C-Media\n"
    )
    (tmp_path / "asound/card1/pcm0c/sub0/status").write_text("state: RUNNING\nowner_pid   : 1234\n")
    (tmp_path / "1234").mkdir()
    (tmp_path / "1234/comm").write_text("arecord\n")
    return tmp_path


@pytest.mark.parametrize("wanted", ["usb pnp", "", "USB PnP Sound Device: Audio (hw:1,0)", "device"])
def test_who_holds_a_card_is_named(proc, wanted):
    assert holder(wanted, proc) == "USB PnP Sound Device [Device], held by arecord (process 1234)"
    (proc / "1234/comm").unlink()
    assert holder(wanted, proc).endswith("held by process 1234")
    (proc / "asound/card1/pcm0c/sub0/status").write_text("closed\n")
    assert holder(wanted, proc) == ""


def test_nobody_holds_what_is_not_there(proc, tmp_path):
    assert holder("headphones", proc) == "" and holder("x", tmp_path / "none") == ""


def test_a_held_card_is_not_listed_and_said_to_be_busy(monkeypatch):
    monkeypatch.setattr(module, "load_portaudio", Refusing)
    monkeypatch.setattr(module, "holder", lambda wanted: f"{wanted} card, held by arecord (process 1234)")
    with pytest.raises(DeviceBusy, match="microphone PnP card, held by arecord .process 1234.; end that program"):
        Microphone("PnP")


DEVICES = [Device(0, "USB PnP: Audio (hw:1,0)", 1, 48_000), Device(2, "usb", 1, 48_000), Device(5, "pulse", 32, 44_100),
           Device(7, "My USB PnP", 1, 48_000), Device(8, "front usb", 1, 48_000)]  # fmt: skip


@pytest.mark.parametrize(
    ("wanted", "index"), [("0", 0), (5, 5), ("USB", 2), ("usb pnp", 0), ("PULS", 5), ("hw:1,0", 0), ("my", 7)]
)
def test_an_exact_name_wins_over_a_beginning_and_that_over_a_part(wanted, index):
    assert choose(DEVICES, wanted).index == index


@pytest.mark.parametrize(("wanted", "words"), [("99", "not there"), ("xyz", "there is USB PnP"), ("b", "give more of")])
def test_a_name_of_none_or_of_several_is_one_line(wanted, words):
    with pytest.raises(SourceError, match=words) as caught:
        choose([*DEVICES, Device(9, "board a", 1, 8_000), Device(10, "board b", 1, 8_000)], wanted)
    assert "\n" not in str(caught.value)


class Bare(Refusing):
    """A machine without a microphone."""

    def query_devices(self, device=None, kind=None):
        raise self.PortAudioError("Error querying device -1")


def test_no_microphone_is_one_line(monkeypatch):
    monkeypatch.setattr(module, "load_portaudio", Bare)
    with pytest.raises(SourceError, match="no microphone: Error querying device -1; nuthatch doctor"):
        Microphone()


@needs_portaudio
@pytest.mark.parametrize(("channel", "is_loud"), [(0, False), (1, True)])
def test_a_channel_of_a_card_through_alsa(tmp_path, sound_card, channel, is_loud):
    noise = (np.random.default_rng(0).normal(size=160_000) * 5_000).astype(np.int16)
    np.stack([np.zeros_like(noise), noise], axis=1).tofile(tmp_path / "in.raw")
    with Recorder(sound_card, "akemi", channel) as recorder:
        opened = recorder.state("open")
        blocks = [recorder.state("block")["peak"] for _ in range(10)]
    assert (opened["name"], opened["channels"]) == ("fakemic", 2) and max(blocks) > (1_000 if is_loud else -1)
    assert is_loud or max(blocks) == 0

"""The microphone: through ALSA's file plugin, and through a device that refuses 16 kHz."""

import ctypes.util
import json
import os
import signal
import subprocess
import sys
import types

import numpy as np
import pytest

from edge.source import SourceError
from edge.source import microphone as module
from edge.source.microphone import Microphone

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
    """Stands for sounddevice: a card that runs at 48 kHz stereo only and plays a tone."""

    class PortAudioError(Exception):
        pass

    def query_devices(self, device, kind):
        return {"default_samplerate": 48_000.0, "max_input_channels": 2}

    def RawInputStream(self, samplerate, channels, callback, **_):  # noqa: N802
        if (samplerate, channels) != (48_000, 2):
            raise self.PortAudioError("Invalid sample rate")
        return types.SimpleNamespace(start=lambda: self.play(callback), active=False, device=0, close=lambda **_: None)

    def play(self, callback):
        tone = 9_000 * np.sin(2 * np.pi * 440 * np.arange(48_000) / 48_000)
        stereo = np.repeat(np.rint(tone).astype(np.int16)[:, None], 2, axis=1)
        for start in range(0, len(stereo), 2_880):
            block = stereo[start : start + 2_880]
            callback(block.tobytes(), len(block), None, types.SimpleNamespace(input_overflow=start == 0))


def test_a_device_with_its_own_rate_is_resampled_and_one_that_stops_is_an_error(monkeypatch):
    monkeypatch.setattr(module, "load_portaudio", Refusing)
    microphone, blocks = Microphone(), []
    with pytest.raises(SourceError, match="stopped giving samples"):
        for block in microphone:
            blocks.append(block)  # noqa: PERF402
    got = np.concatenate(blocks).astype(float)
    expected = 9_000 * np.sin(2 * np.pi * 440 * np.arange(len(got)) / 16_000)
    assert len(got) > 15_000
    np.testing.assert_allclose(got[800:], expected[800:], atol=8)
    assert microphone.overruns == 1


class Bare(Refusing):
    """A machine without a microphone."""

    def query_devices(self, device, kind):
        raise self.PortAudioError("Error querying device -1")


def test_no_microphone_is_one_line(monkeypatch):
    monkeypatch.setattr(module, "load_portaudio", Bare)
    with pytest.raises(SourceError, match="no microphone: Error querying device -1; nuthatch doctor"):
        Microphone()

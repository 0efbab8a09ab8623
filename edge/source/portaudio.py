"""The PortAudio library in this process: loaded, made to look at the devices anew, and kept quiet."""

from __future__ import annotations

import contextlib
import ctypes
import threading
from collections.abc import Iterator
from typing import Any

from edge.source.error import SourceError

_lock = threading.Lock()
_streams = 0
_looked = False


def load_portaudio() -> Any:
    """The sounddevice module; raises SourceError where it or the PortAudio library is missing."""
    try:
        import sounddevice
    except ImportError:
        raise SourceError("microphone: sounddevice is missing; pip install sounddevice") from None
    except OSError:
        raise SourceError("microphone: the PortAudio library is missing; apt install libportaudio2") from None
    return sounddevice


@contextlib.contextmanager
def opening(sounddevice: Any) -> Iterator[None]:
    """Around looking for a device and opening it: the list of devices is as of now, and a stream is counted.

    PortAudio lists devices once, when it begins; whoever was plugged in since is seen after an end and a new
    beginning only. That would pull the floor from under an open stream, so with one the list stays as it is.
    """
    global _streams, _looked
    with _lock:
        if _looked and _streams == 0 and hasattr(sounddevice, "_terminate"):
            _silence_alsa()
            sounddevice._terminate()
            sounddevice._initialize()
        _looked = True
        yield
        _streams += 1


def closed() -> None:
    """One stream less."""
    global _streams
    with _lock:
        _streams -= 1


def _silence_alsa() -> None:
    """ALSA would write a page to stderr at each look at the devices: what matters comes back as an error code.

    Its handler becomes a C function that takes no notice of its arguments; a Python one would run, without the
    interpreter's lock, in PortAudio's thread.
    """
    with contextlib.suppress(OSError, AttributeError):
        harmless = ctypes.cast(ctypes.CDLL(None).getppid, ctypes.c_void_p)
        ctypes.CDLL("libasound.so.2").snd_lib_error_set_handler(harmless)

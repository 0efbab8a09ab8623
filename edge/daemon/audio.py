"""The source that the configuration's [audio] names; only the one that is asked for is imported."""

from __future__ import annotations

import os
from typing import Any

from edge.daemon.ear import Audio
from edge.daemon.sections import Audio as Section
from edge.source.source import Source


def audio_of(section: Section) -> Audio:
    """Nothing is opened here."""
    if section.source == "mic":
        return Audio(lambda: _microphone(section), f"microphone {section.device}".rstrip())
    if section.source == "-":
        return Audio(lambda: _stdin(section), "stdin", endless=False)
    return Audio(lambda: _file(section), section.source, endless=False, repeat=section.repeat)


def _microphone(section: Section) -> Source:
    from edge.source.microphone import Microphone

    return Microphone(section.device or None, **_channel(section, Microphone))


def _stdin(section: Section) -> Source:
    from edge.source.stdin import Stdin

    # A reader of its own: a thread that waits in sys.stdin would keep the interpreter from ending.
    pipe = os.fdopen(os.dup(0), "rb")
    return Stdin(section.rate_hz, section.channels, pipe, **_channel(section, Stdin))


def _file(section: Section) -> Source:
    from edge.source.file import File

    return File(section.source, section.realtime, **_channel(section, File))


def _channel(section: Section, source: Any) -> dict[str, Any]:
    return {} if section.channel == "mix" else {"channel": section.channel}

"""``nuthatch doctor``: what this machine can do, and the command that mends what it cannot."""

from __future__ import annotations

import json as json_module
import platform
import resource
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from importlib.util import find_spec

import typer


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    thing: str
    ok: bool
    found: str
    remedy: str = ""
    needed: bool = True
    """Without it nuthatch cannot listen to a file."""


def doctor(json: bool = typer.Option(False, "--json", help="One JSON object a line.")) -> None:
    """Look at Python, libraries, microphones, models; exit 0 if listening to files can work."""
    findings = [f for look in LOOKS for f in _guarded(look)]
    for finding in findings:
        print(json_module.dumps(asdict(finding), ensure_ascii=False) if json else _line(finding))
    raise typer.Exit(0 if all(f.ok for f in findings if f.needed) else 1)


def _line(finding: Finding) -> str:
    mark = "ok     " if finding.ok else "missing"
    remedy = f"; {finding.remedy}" if finding.remedy and not finding.ok else ""
    return f"{mark}  {finding.thing:<18} {finding.found}{remedy}"


def _guarded(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """A broken installation may fail in any way; the doctor goes on and says so."""
    try:
        yield from look()
    except Exception as e:
        name = look.__name__.strip("_")
        yield Finding(name, False, f"{type(e).__name__}: {' '.join(str(e).split())}", "pip install nuthatch")


def _python() -> Iterator[Finding]:
    ok = (3, 11) <= sys.version_info[:2] < (3, 15)
    found = f"{platform.python_version()} on {platform.machine()}"
    yield Finding("python", ok, found, "install Python 3.11 to 3.14")


def _litert() -> Iterator[Finding]:
    from importlib.metadata import version

    import ai_edge_litert.interpreter  # noqa: F401

    yield Finding("litert", True, f"ai-edge-litert {version('ai-edge-litert')}")


def _frontend() -> Iterator[Finding]:
    import numpy as np

    from edge.frontend import Frontend

    frames = Frontend().push_features(np.zeros(16_000, np.int16))
    yield Finding("frontend", True, f"native, {frames.shape[0]} frames of {frames.shape[1]} bands a second")


def _soundfile() -> Iterator[Finding]:
    import soundfile

    wanted = {"WAV": "wav", "FLAC": "flac", "OGG": "ogg", "MP3": "mp3"}
    formats = [name for key, name in wanted.items() if key in soundfile.available_formats()]
    if "OPUS" in soundfile.available_subtypes("OGG"):
        formats.append("opus")
    found = f"libsndfile {soundfile.__libsndfile_version__}: {', '.join(formats)}"
    yield Finding("soundfile", "wav" in formats, found, "pip install --upgrade soundfile")


def _models() -> Iterator[Finding]:
    from edge.manifest import BundleError, bundled_names, open_bundle

    names = bundled_names()
    if not names:
        yield Finding("models", False, "none bundled", "give listen the path of a bundle", needed=False)
    for name in names:
        try:
            bundle = open_bundle(name)
        except BundleError as e:
            yield Finding(f"model {name}", False, str(e), "pip install --force-reinstall nuthatch")
        else:
            size = sum(f.bytes for f in bundle.manifest.files.values())
            yield Finding(f"model {name}", True, f"intact, {size:,} B")


def _microphone() -> Iterator[Finding]:
    from edge.source.error import SourceError
    from edge.source.portaudio import load_portaudio

    try:
        sounddevice = load_portaudio()
    except SourceError as e:
        found, _, remedy = str(e).partition("; ")
        yield Finding("portaudio", False, found.removeprefix("microphone: "), remedy, needed=False)
        return
    yield Finding("portaudio", True, sounddevice.get_portaudio_version()[1], needed=False)
    devices = [d for d in sounddevice.query_devices() if d["max_input_channels"] > 0]
    if not devices:
        yield Finding("microphone", False, "none found", "plug one in; arecord -l lists them", needed=False)
    for device in devices:
        found = f"{device['index']}: {device['name']}, {device['default_samplerate']:,.0f} Hz"
        yield Finding("microphone", True, found, needed=False)


def _camera() -> Iterator[Finding]:
    if find_spec("av") is None:  # the extra, which has a line of its own
        return
    from edge.source import picamera
    from edge.source.camera import devices

    if picamera.is_there():
        yield Finding("camera", True, "the Pi's own, through picamera2", needed=False)
    found = devices()
    if not found:
        yield Finding("camera", False, "no /dev/video*", "plug one in", needed=False)
    for path, name in found.items():
        yield Finding("camera", True, f"{path.name.removeprefix('video')}: {name or path}", needed=False)


def _extras() -> Iterator[Finding]:
    from edge.cli.extras import USERS, missing

    for extra in USERS:
        absent = missing(extra)
        found = f"without {', '.join(absent)}" if absent else "installed"
        yield Finding(f"extra {extra}", not absent, found, f"pip install 'nuthatch[{extra}]'", needed=False)


def _memory() -> Iterator[Finding]:
    resident_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    yield Finding("memory", True, f"{resident_mb:.0f} MB resident with all of this loaded", needed=False)


LOOKS = (_python, _litert, _frontend, _soundfile, _models, _microphone, _camera, _extras, _memory)

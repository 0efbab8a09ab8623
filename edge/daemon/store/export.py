"""What the user judged, for training: JSON Lines, and sound in the Speech Commands layout."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from edge.daemon.store.error import StoreError
from edge.daemon.store.recordings import Recordings

if TYPE_CHECKING:
    from edge.daemon.store.store import Stored

UNKNOWN = "_unknown_"
"""Where wrong detections go: what the model must learn not to be any of its labels."""


def export(stored: Sequence[Stored], recordings: Recordings, folder: Path) -> int:
    """``events.jsonl`` and ``<label>/<stream>_nohash_<n>.wav`` into a new or empty folder; the number of records.

    One line of JSON a record: its fields, ``verdict``, and ``file`` where it has sound. The speaker of the layout is
    the stream, so that neighbours in time never come to both sides of a split. Raises StoreError.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise StoreError(f"{folder}: not empty; give a new folder")
        counts: Counter[str] = Counter()
        with (folder / "events.jsonl").open("w", encoding="utf-8") as lines:
            for s in stored:
                line = {**json.loads(s.record.to_json()), "verdict": s.verdict}
                if s.has_audio:
                    line["file"] = _write_sound(s, recordings, folder, counts)
                lines.write(json.dumps(line, ensure_ascii=False) + "\n")
    except OSError as e:
        raise StoreError(f"{folder}: cannot be written ({e.strerror}); give another folder") from None
    return len(stored)


def _write_sound(s: Stored, recordings: Recordings, folder: Path, counts: Counter[str]) -> str:
    import soundfile

    label = s.record.label if s.verdict == "right" else UNKNOWN if s.verdict == "wrong" else s.verdict
    speaker = hashlib.sha256(s.record.stream.encode()).hexdigest()[:8]
    place = re.sub(r"[^\w -]", "_", label)
    name = f"{place}/{speaker}_nohash_{counts[place + speaker]}.wav"
    counts[place + speaker] += 1
    samples, rate_hz = soundfile.read(io.BytesIO(recordings.read(s.record.id) or b""), dtype="int16")
    path = folder / name
    path.parent.mkdir(exist_ok=True)
    soundfile.write(path, samples, rate_hz, subtype="PCM_16")
    return name

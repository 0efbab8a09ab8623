"""The model bundle's contract: ``manifest.json`` beside ``model.tflite`` and ``stream.tflite``.

Everything that crosses from training and conversion to a device is in here: labels, front end, quantization,
decision, operating points, evidence, costs, licences and the hashes of the files.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import tempfile
import types
import typing
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.frontend.config import FrontendConfig

FORMAT = 1
LONGEST = 10_000
"""Frames between windows, and windows that are averaged: memory is taken for them before anything is heard."""
BUNDLED = Path(__file__).parent / "models"
MOST_RATE_HZ = 1_000.0
"""Of pictures: more than any camera gives."""


class BundleError(Exception):
    """A bundle that cannot be used; the text names the thing and the remedy in one line."""


@dataclass(frozen=True)
class File:
    """One file of the bundle."""

    sha256: str
    bytes: int


@dataclass(frozen=True)
class Quantization:
    """Affine int8: real = (q - zero_point) * scale."""

    scale: float
    zero_point: int


@dataclass(frozen=True)
class Stream:
    """The step graph: ``step_frames`` frames in, one row of scores out."""

    step_frames: int
    """Frames a call takes; a call comes every ``step_frames * hop_ms``."""
    warmup_frames: int
    """Frames after a reset from which on the scores equal those of the offline graph."""
    state_bytes: int
    """Sum of the explicit state tensors, int8."""

    @property
    def warmup_steps(self) -> int:
        """Rows of scores after a reset that have seen too few frames: row k has seen ``(k + 1) * step_frames``."""
        return max(0, -(-self.warmup_frames // self.step_frames) - 1)


@dataclass(frozen=True)
class Picture:
    """What a network for pictures takes: int8 [1, height, width, 3], red first, each pixel less 128."""

    height: int
    width: int
    rate_hz: float = 10.0
    """Pictures a second that are worth looking at; more are dropped."""
    presence: float = 0.01
    """Somebody is there from this share of the picture on."""

    def problems(self) -> Iterator[str]:
        """What is of the right type and yet nothing to look at."""
        if min(self.height, self.width) < 1:
            yield f"a picture of {self.height} x {self.width} pixels"
        if not (0.0 < self.rate_hz <= MOST_RATE_HZ and 0.0 < self.presence <= 1.0):
            yield (
                f"picture.rate_hz {self.rate_hz} and presence {self.presence}: "
                f"over 0 to {MOST_RATE_HZ:g}, and over 0 to 1"
            )


@dataclass(frozen=True)
class Scene:
    """How the scores of windows become one state (edge/decide)."""

    hop_frames: int
    """From one window's first frame to the next one's."""
    smooth_windows: int = 4
    """Windows whose probabilities are averaged."""
    enter: float = 0.6
    """A label becomes the state from this averaged probability on: calibrated on audio not trained on."""
    leave: float = 0.4
    """The state is left, for another label or for "unknown", when its own falls below."""

    def problems(self) -> Iterator[str]:
        """What is of the right type and yet no decision."""
        if not 1 <= self.hop_frames <= LONGEST or not 1 <= self.smooth_windows <= LONGEST:
            yield f"scene.hop_frames and scene.smooth_windows are 1 to {LONGEST:,}"
        if not 0.0 < self.leave <= self.enter <= 1.0:
            yield f"scene.leave {self.leave} and enter {self.enter}: 0 < leave <= enter <= 1"


@dataclass(frozen=True)
class Decision:
    """How scores become events (edge/decide)."""

    window_steps: int = 5
    """Scores averaged, in stream steps."""
    refractory_ms: int = 1_000
    """No second event of the same label within this time."""
    release: float = 0.5
    """A label may fire again once its smoothed score fell below ``release * threshold``."""


@dataclass(frozen=True)
class OperatingPoint:
    """A threshold for each target and what it was measured to do, on audio not used to choose it."""

    name: str
    thresholds: dict[str, float]
    conditions: str = ""
    false_accepts_per_hour: float | None = None
    false_accepts_interval: list[float] | None = None
    hours: float | None = None
    miss_rate: float | None = None
    miss_interval: list[float] | None = None
    trials: int | None = None


@dataclass(frozen=True)
class Licence:
    """Where training data came from and on what terms."""

    data: str
    licence: str
    source: str = ""


@dataclass(frozen=True)
class Manifest:
    """``manifest.json``. Unknown keys are refused, so that a newer bundle is not read half."""

    name: str
    labels: list[str]
    """One per output of the network, in order."""
    targets: list[str]
    """The labels that make events."""
    frontend: FrontendConfig
    window_frames: int
    """Frames that ``model.tflite`` takes: input int8 [1, window_frames, bands, 1]."""
    input: Quantization
    output: Quantization
    files: dict[str, File]
    task: str = "keyword"
    description: str = ""
    stream: Stream | None = None
    picture: Picture | None = None
    """Of a model that sees; `frontend` and `window_frames` then say nothing."""
    scene: Scene | None = None
    """Of a model that names a state of the surroundings, window by window."""
    decision: Decision = field(default_factory=Decision)
    operating_points: list[OperatingPoint] = field(default_factory=list)
    """The first one is the default."""
    evidence: list[dict[str, Any]] = field(default_factory=list)
    """Measured results: each names its measure, value, interval, data and conditions."""
    costs: list[dict[str, Any]] = field(default_factory=list)
    licences: list[Licence] = field(default_factory=list)
    training: dict[str, Any] = field(default_factory=dict)
    """Recipe, seeds, parameters, multiply-accumulates."""
    frontend_hash: str = ""
    format: int = FORMAT

    @property
    def step_ms(self) -> int:
        """Time between two rows of scores of the step graph, ms."""
        if self.stream is None:
            raise BundleError(f"{self.name}: the bundle has no stream.tflite; convert it with a causal model")
        return self.stream.step_frames * self.frontend.hop_ms

    def to_json(self) -> str:
        data = dataclasses.asdict(dataclasses.replace(self, frontend_hash=self.frontend.hash))
        return json.dumps({"format": data.pop("format"), **data}, indent=1, ensure_ascii=False) + "\n"

    @classmethod
    def from_json(cls, text: str, where: str = "manifest.json") -> Manifest:
        """Raises BundleError for text that is not such a manifest."""
        try:
            data = json.loads(text)
        except ValueError as e:
            raise BundleError(f"{where}: not JSON ({e}); take the bundle again from its source") from None
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            found = data.get("format") if isinstance(data, dict) else None
            raise BundleError(f"{where}: bundle format {found!r}, this version reads {FORMAT}; convert the model again")
        manifest: Manifest = _read(cls, data, where)
        if manifest.frontend_hash != manifest.frontend.hash:
            raise BundleError(
                f"{where}: its front end has the hash {manifest.frontend.hash} but it was trained with "
                f"{manifest.frontend_hash}; take the bundle again from its source"
            )
        for problem in manifest.problems():
            raise BundleError(f"{where}: {problem}; convert the model again")
        return manifest

    def problems(self) -> Iterator[str]:
        """What is of the right type and yet no model: each a part of a line."""
        if not self.labels or len(set(self.labels)) < len(self.labels):
            yield f"labels {self.labels} are none, or one is there twice"
        for target in self.targets:
            if target not in self.labels:
                yield f"target {target!r} is none of the labels"
        if self.window_frames < 1 or self.decision.window_steps < 1 or self.decision.refractory_ms < 0:
            yield "window_frames and decision.window_steps are 1 or more, refractory_ms 0 or more"
        if self.stream is not None and (self.stream.step_frames < 1 or self.stream.warmup_frames < 0):
            yield "stream.step_frames is 1 or more, warmup_frames 0 or more"
        if self.picture is not None:
            yield from self.picture.problems()
        if self.scene is not None:
            yield from self.scene.problems()
            if not self.targets:
                yield "a scene without a target that becomes the state"
        if not 0.0 < self.decision.release <= 1.0:
            yield f"decision.release {self.decision.release} is outside (0, 1]"
        for point in self.operating_points:
            for label, threshold in point.thresholds.items():
                if label not in self.labels or not 0.0 < threshold <= 1.0:
                    yield f"operating point {point.name}: threshold {threshold} of {label!r}"

    def write(self, folder: Path) -> None:
        """Atomic: a crash leaves the old manifest or the new one."""
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile("w", dir=folder, delete=False, encoding="utf-8") as f:
            f.write(self.to_json())
            f.flush()
            os.fsync(f.fileno())
        Path(f.name).chmod(0o644)
        Path(f.name).replace(folder / "manifest.json")


@dataclass(frozen=True)
class Bundle:
    """A folder whose manifest was read and whose files were checked against it."""

    folder: Path
    manifest: Manifest

    def file(self, name: str) -> Path:
        """Path of one of the bundle's files; raises BundleError when the bundle has none of that name."""
        if name not in self.manifest.files:
            raise BundleError(f"{self.folder}: the bundle has no {name}; convert the model again to make one")
        return self.folder / name


def file_entry(path: Path) -> File:
    """The manifest's record of a file as it is now."""
    content = path.read_bytes()
    return File(hashlib.sha256(content).hexdigest(), len(content))


def bundled_names() -> list[str]:
    """Names of the bundles that come with the package."""
    return sorted(p.parent.name for p in BUNDLED.glob("*/manifest.json"))


def open_bundle(name_or_path: str | Path) -> Bundle:
    """A bundled model by name, or any bundle by the path of its folder or of a file in it.

    Raises BundleError when there is none, or when a file is missing or not the one the manifest names.
    """
    path = Path(name_or_path)
    folder = path.parent if path.is_file() else path
    if not (folder / "manifest.json").is_file():
        if (BUNDLED / path.name / "manifest.json").is_file() and path.parent == Path():
            folder = BUNDLED / path.name
        elif path.is_file():
            raise BundleError(f"{path}: no manifest.json beside it; give the folder of a bundle")
        else:
            known = ", ".join(bundled_names()) or "none"
            raise BundleError(f"{name_or_path}: no such model; bundled are: {known}; or give the path of a bundle")
    where = folder / "manifest.json"
    try:
        manifest = Manifest.from_json(where.read_text("utf-8"), str(where))
    except (OSError, UnicodeDecodeError) as e:
        raise BundleError(f"{where}: cannot be read ({e}); take the bundle again from its source") from None
    _check_files(folder, manifest)
    return Bundle(folder, manifest)


def _check_files(folder: Path, manifest: Manifest) -> None:
    for name in manifest.files:
        if Path(name).name != name:
            raise BundleError(f"{folder}: the manifest names a file outside the bundle: {name!r}")
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise BundleError(f"{path}: missing; take the bundle again from its source")
        found = file_entry(path)
        if found.bytes != entry.bytes:
            raise BundleError(
                f"{path}: {found.bytes:,} bytes, the manifest says {entry.bytes:,}; "
                "take the bundle again from its source"
            )
        if found.sha256 != entry.sha256:
            raise BundleError(f"{path}: its hash is not the manifest's; take the bundle again from its source")


def _read(kind: Any, value: Any, where: str) -> Any:
    """JSON value -> the annotated type, checked all the way down."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin in (typing.Union, types.UnionType):
        return None if value is None else _read(next(a for a in args if a is not type(None)), value, where)
    if origin is list and isinstance(value, list):
        return [_read(args[0], v, f"{where}[{i}]") for i, v in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {str(k): _read(args[1], v, f"{where}.{k}") for k, v in value.items()}
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return _read_dataclass(kind, value, where)
    if kind is float and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if origin is None and isinstance(value, kind) and not (kind is int and isinstance(value, bool)):
        return value
    raise BundleError(
        f"{where}: {value!r} where {getattr(kind, '__name__', kind)} is expected; convert the model again"
    )


def _read_dataclass(kind: Any, value: dict[str, Any], where: str) -> Any:
    hints = typing.get_type_hints(kind)
    unknown = sorted(set(value) - set(hints))
    if unknown:
        raise BundleError(f"{where}: unknown key {unknown[0]!r}; this version of nuthatch is too old for the bundle")
    known = {k: _read(hints[k], v, f"{where}: {k}") for k, v in value.items()}
    try:
        return kind(**known)
    except TypeError:
        missing = [
            f.name
            for f in dataclasses.fields(kind)
            if f.name not in known and f.default is f.default_factory is dataclasses.MISSING
        ]
        raise BundleError(f"{where}: {', '.join(missing)} missing; convert the model again") from None

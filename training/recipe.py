"""A recipe: the TOML file that says how a published number is made."""

from __future__ import annotations

import dataclasses
import importlib
import importlib.util
import math
import tomllib
import typing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from edge.frontend.config import FrontendConfig
from edge.frontend.tables import check
from edge.manifest import Scene
from training.data.draws import Augment
from training.data.split import SHARES

RECIPES = Path(__file__).parent / "recipes"


class RecipeError(Exception):
    """A recipe that cannot be used; one line with the key and the remedy."""


def within(name: str, value: float, least: float, most: float = math.inf) -> None:
    """Raises ValueError for a number that no training can use; `read` says where it stands."""
    if not least <= value <= most:
        limit = f"at least {least:g}" if most == math.inf else f"between {least:g} and {most:g}"
        raise ValueError(f"{name} is {value}; it must be {limit}")


@dataclass(frozen=True)
class Source:
    """A folder of sound that stands beside the data, and its licence."""

    folder: str
    licence: str = ""
    origin: str = ""
    weight: float = 1.0
    """How often an epoch takes each of its clips, on average."""
    segment_s: float = 2.0
    label: str = ""
    """What its clips are; empty: `_unknown_`, or `_other_` for a wake word."""
    layout: str = "sounds"
    """`sounds`, or `speech_commands`: then its folders are labels where they have the same name."""

    def __post_init__(self) -> None:
        within("weight", self.weight, 0.0)
        within("segment_s", self.segment_s, 0.01)


@dataclass(frozen=True)
class Data:
    """What the network learns from, beside the folder given on the command line."""

    layout: str = "speech_commands"
    """`speech_commands`, `wake_word`: the folder's clips all say one word; `scenes`: TAU, ESC or class folders."""
    licence: str = ""
    origin: str = ""
    parts: tuple[str, ...] = ("train",)
    """Parts of the split to learn from; all three for a model whose evidence comes from other folds."""
    salt: str = ""
    """Names the split by speaker."""
    test_fold: int = 0
    """ESC: this fold is for the test; 0: all folds are learnt from."""
    translate: float = 0.0
    """TAU: share of device a's clips that each draw translates to another device (learnt first)."""
    weight: float = 1.0
    silence_weight: float = 1.0
    unknown_weight: float = 1.0
    partial_weight: float = 0.0
    """Wake words: how often a clip is shown cut in half, as something else."""
    other: tuple[Source, ...] = ()
    noise: tuple[Source, ...] = ()
    responses: tuple[Source, ...] = ()

    def __post_init__(self) -> None:
        within("translate", self.translate, 0.0, 1.0)
        for name in ("weight", "silence_weight", "unknown_weight", "partial_weight"):
            within(name, getattr(self, name), 0.0)
        if foreign := set(self.parts) - set(SHARES):
            raise ValueError(f"parts has {foreign.pop()!r}; there are {', '.join(SHARES)}")

    @property
    def beside(self) -> tuple[Source, ...]:
        """All folders that are looked for beside the data."""
        return (*self.other, *self.noise, *self.responses)


@dataclass(frozen=True)
class Fit:
    """The training loop."""

    epochs: int = 60
    batch: int = 128
    rate: float = 3e-3
    warmup_epochs: float = 3.0
    halve_at: tuple[float, ...] = ()
    """Shares of the epochs at which the rate halves, instead of falling as a cosine does."""
    weight_decay: float = 0.02
    label_smoothing: float = 0.05
    word_weight: float = 0.3
    """Weight of the auxiliary loss that tells all words apart, those of `_unknown_` too."""
    logit_adjustment: float = 1.0
    """1: the network decides as if all labels were equally frequent, however many clips each has."""
    mask_bands: int = 6
    mask_frames: int = 12
    mixup: float = 0.0
    """Share of batches whose examples are mixed in pairs."""
    mixup_alpha: float = 0.0
    """Shares of the pair from Beta(alpha, alpha); 0: uniform."""
    roll_frames: int = 0
    """Each example is rolled in time by up to this."""
    mixstyle: float = 0.0
    """Share of batches whose statistics per frequency row are mixed (Freq-MixStyle)."""
    mixstyle_alpha: float = 0.3
    sparsity: float = 0.0
    """Share of the weights that magnitude pruning leaves zero."""
    draws: int = 16
    ema: float = 0.998
    """Decay of the averaged weights that are kept; 0 keeps the last ones."""
    start: str = ""
    """Folder of a trained run whose weights are the first ones; empty: random ones."""
    teachers: tuple[str, ...] = ()
    """Folders of trained runs whose mean prediction is the target (knowledge distillation)."""
    teacher_weight: float = 0.8
    teacher_temperature: float = 2.0

    def __post_init__(self) -> None:
        within("epochs", self.epochs, 0)
        within("batch", self.batch, 1)
        within("draws", self.draws, 1)
        within("rate", self.rate, 0.0, 10.0)
        for name in ("label_smoothing", "mixup", "mixstyle", "ema", "teacher_weight"):
            within(name, getattr(self, name), 0.0, 1.0)
        for name in ("warmup_epochs", "weight_decay", "word_weight", "mask_bands", "mask_frames", "mixup_alpha"):
            within(name, getattr(self, name), 0.0)
        within("roll_frames", self.roll_frames, 0)
        within("sparsity", self.sparsity, 0.0, 0.99)
        within("mixstyle_alpha", self.mixstyle_alpha, 0.001)
        within("teacher_temperature", self.teacher_temperature, 0.001)
        for share in self.halve_at:
            within("halve_at", share, 0.0, 1.0)


@dataclass(frozen=True)
class Recipe:
    """All of it. `model` is the table for `training.models.build`; its `kind` names the file."""

    name: str
    task: str
    """`commands`, `wake` or `scene`."""
    model: dict[str, Any]
    labels: tuple[str, ...] = ()
    word: str = ""
    seed: int = 0
    window_frames: int = 98
    step_frames: int = 4
    """Frames that a call of the step graph takes."""
    input_scale: float = 0.03125
    """The network's real input is the int8 feature times this."""
    description: str = ""
    frontend: FrontendConfig = field(default_factory=FrontendConfig)
    augment: Augment = field(default_factory=Augment)
    data: Data = field(default_factory=Data)
    fit: Fit = field(default_factory=Fit)
    decision: dict[str, Any] = field(default_factory=dict)
    """`smoothing_ms`, `refractory_ms`, `release`: how scores become events."""
    scene: dict[str, Any] = field(default_factory=dict)
    """`hop_frames`, `smooth_windows`, `enter`, `leave`: how a scene's windows become a state."""

    def __post_init__(self) -> None:
        within("seed", self.seed, 0)
        within("window_frames", self.window_frames, 1)
        within("input_scale", self.input_scale, 1e-6)
        for name in ("speed_share", "noise_share", "response_share", "room_share"):
            within(f"augment.{name}", getattr(self.augment, name), 0.0, 1.0)
        within("augment.speed", self.augment.speed[0], 0.1)
        within("augment.shift_ms", self.augment.shift_ms, 0)
        for name in ("speed", "gain_db", "snr_db", "word_tail_ms"):
            low, high = getattr(self.augment, name)
            within(f"the end of augment.{name}", high, low)

    def to_dict(self) -> dict[str, Any]:
        return dataclasses.asdict(self)


def kind_of(task: str) -> Any:
    """The class of a task's recipes: `Recipe` of `training/<task>_recipe.py` where that is a file, or this one's."""
    name = f"training.{task}_recipe"
    known = task.isidentifier() and importlib.util.find_spec(name) is not None
    return importlib.import_module(name).Recipe if known else Recipe


def load(name_or_path: str, overrides: list[str] | None = None) -> Any:
    """A recipe of this package by name, or any by path, with `key=value` overrides applied."""
    path = Path(name_or_path)
    if not path.is_file():
        path = RECIPES / f"{name_or_path}.toml"
    if not path.is_file():
        known = ", ".join(sorted(p.stem for p in RECIPES.glob("*.toml")))
        raise RecipeError(f"{name_or_path}: no such recipe; there are: {known}; or give the path of a .toml file")
    try:
        data = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise RecipeError(f"{path}: not TOML ({e}); correct that line") from None
    kind = kind_of(str(data.get("task", "")))
    for override in overrides or []:
        _override(data, override, kind)
    recipe = read(kind, data, "")
    try:
        if isinstance(recipe, Recipe):
            check(recipe.frontend)
    except ValueError as e:
        raise RecipeError(f"[frontend] {e}") from None
    if isinstance(recipe, Recipe) and recipe.scene:
        for problem in read(Scene, {"hop_frames": 1, **recipe.scene}, "scene.").problems():
            raise RecipeError(problem)
    return recipe


def _override(data: dict[str, Any], override: str, kind: Any) -> None:
    key, equals, text = override.partition("=")
    if not equals:
        raise RecipeError(f"--set {override}: expected key=value, for example --set epochs=1")
    try:
        value = tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, name = _full_name(key, kind).split(".")
    for table in tables:
        data = data.setdefault(table, {})
    data[name] = value


def _full_name(key: str, kind: Any) -> str:
    """A bare key stands for the one table that has it: epochs is fit.epochs."""
    hints = typing.get_type_hints(kind)
    if "." in key or key in hints:
        return key
    tables = {name: of for name, of in hints.items() if dataclasses.is_dataclass(of)}
    found = [name for name, of in tables.items() if key in typing.get_type_hints(of)]
    if len(found) != 1:
        raise RecipeError(f"--set {key}: no such key; write table.key, for example fit.epochs")
    return f"{found[0]}.{key}"


def read(kind: Any, value: Any, where: str) -> Any:
    """Plain TOML or JSON values -> the annotated type, with one line for what does not fit."""
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any or origin is dict:
        return value
    if origin is tuple and isinstance(value, list | tuple):
        kinds = [args[0]] * len(value) if args[-1] is Ellipsis else args
        if len(kinds) != len(value):
            raise RecipeError(f"{where}: {value!r} has {len(value)} values where {len(kinds)} are expected")
        return tuple(read(k, v, f"{where}[{i}]") for i, (k, v) in enumerate(zip(kinds, value, strict=True)))
    if dataclasses.is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        for key in value:
            if key not in hints:
                raise RecipeError(f"{where}{key}: no such key; there are: {', '.join(hints)}")
        try:
            return kind(  # type: ignore[operator]
                **{k: read(hints[k], v, f"{where}{k}.") for k, v in value.items()}
            )
        except (TypeError, ValueError) as e:
            raise RecipeError(f"{where.rstrip('.') or 'recipe'}: {e}") from None
    if kind is float and type(value) is int:
        return float(value)
    if type(value) is not kind:
        raise RecipeError(f"{where.rstrip('.')}: {value!r} where a {kind.__name__} is expected")
    return value

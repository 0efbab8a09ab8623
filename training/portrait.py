"""From a recipe and folders of pictures to the examples of a portrait network, and to a run trained in two stages."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from training.augment.portrait_light import light
from training.augment.portrait_warp import warp
from training.data.audio import DataError
from training.data.compositor import CutOut, beside_people, compose, cut_out
from training.data.drawn_portraits import backdrop
from training.data.heard import MOST, digest_of_file
from training.data.portraits import Picture, Portraits, read_pictures, resized
from training.data.split import part_of
from training.evaluate.segmentation import band_at, segmentation
from training.fit import Loss, fault_of, fit, write_atomically
from training.keyword import Folders, claim, first_process
from training.losses.boundary import KERNEL_EIGHTH
from training.losses.segmentation import SegmentationLoss
from training.models import build
from training.models.sinet import INPUT_SCALE, LABELS, network_input
from training.picture_classes import learn_classes
from training.portrait_recipe import More, Pictures, Recipe
from training.recipe import Fit

CALIBRATION_PICTURES = 128
BACKGROUNDS = 3_000
"""As many pictures of a folder are kept in memory."""
WATCHED = 200


@dataclass
class PortraitData:
    """Pictures to learn from and to watch, people cut out, and backgrounds."""

    recipe: Recipe
    train: list[Picture]
    watch: list[Picture]
    people: list[CutOut | None]
    """One for each picture to learn from."""
    backgrounds: list[np.ndarray]
    own: list[np.ndarray] = field(default_factory=list)
    """What is beside the people in the pictures to learn from."""
    repeats: list[float] = field(default_factory=list)
    """How often an epoch takes each picture to learn from."""
    used: list[Pictures | More] = field(default_factory=list)
    """The sources of the backgrounds and of further pictures."""
    folder: str = ""
    """Name of the folder given on the command line."""
    sources: list[str] = field(default_factory=list)
    """Digests of the files learnt from, those of further folders left out."""
    watch_names: list[str] = field(default_factory=list)

    @property
    def key(self) -> str:
        """Of every pixel that is learnt from."""
        crc = 0
        for pixels in (*(a for p in self.train for a in (p.rgb, p.mask)), *self.backgrounds):
            crc = zlib.crc32(pixels.tobytes(), crc)
        return f"{len(self.train)} {len(self.backgrounds)} {crc:08x}\n"


def gather(recipe: Recipe, folders: Folders, say: Callable[[str], None] = lambda line: None) -> PortraitData:
    """Read the pictures. Raises DataError for folders that hold none."""
    portraits = Portraits(folders.data)
    train: list[Picture] = []
    watch: list[Picture] = []
    paths = {portraits.name(p): p for p, _ in portraits.pairs}
    sources, names = list[str](), list[str]()
    for name, picture in portraits.read():
        learnt = part_of(name, recipe.data.salt) in recipe.data.parts
        if learnt:
            train.append(picture)
            sources.append(digest_of_file(paths[name]))
        else:
            watch.append(picture)
            names.append(name)
    _say_left_out(portraits, say)
    if not train:
        raise DataError(f"{folders.data}: none of its pictures is in the part {', '.join(recipe.data.parts)}; add some")
    repeats = [recipe.data.repeats] * len(train)
    more = folders.find(recipe.data.more, say)
    for source, path in more:
        others = Portraits(path)
        further = [picture for _, picture in others.read()]
        _say_left_out(others, say)
        train += further
        repeats += [source.repeats] * len(further)
    found = folders.find(recipe.data.backgrounds, say)
    backgrounds = [b for source, path in found for b in _backgrounds(source, path, recipe.seed, say)]
    people, own = [cut_out(p) for p in train], [b for b in map(beside_people, train) if b is not None]
    used, folder = [s for s, _ in (*more, *found)], folders.data.resolve().name
    return PortraitData(recipe, train, watch, people, backgrounds, own, repeats, used, folder, sources, names)


def _say_left_out(portraits: Portraits, say: Callable[[str], None]) -> None:
    for line in portraits.named[:5]:
        say(line)
    if portraits.skipped:
        reasons = ", ".join(f"{count} {reason}" for reason, count in portraits.skipped.items())
        say(f"{portraits.folder}: {sum(portraits.skipped.values())} pictures left out: {reasons}")


def _backgrounds(source: Pictures, folder: Path, seed: int, say: Callable[[str], None]) -> list[np.ndarray]:
    files = source.files(folder)
    order = np.random.default_rng(seed).permutation(len(files))[:BACKGROUNDS]
    return [rgb for _, rgb in read_pictures([files[i] for i in np.sort(order)], lambda line: say(f"{folder}: {line}"))]


@dataclass
class PortraitExamples:
    """The lesson of portrait networks: each example is made when it is asked for, from its place and the epoch."""

    data: PortraitData
    workers: int = 1

    @property
    def weights(self) -> np.ndarray:
        return np.array(self.data.repeats)

    def draw(self, k: int) -> None:
        return None

    def picture(self, index: int, repeat: int, epoch: int) -> Picture:
        """The same for the same numbers, on any machine and in any process."""
        data, recipe = self.data, self.data.recipe
        rng, size = np.random.default_rng((recipe.seed, index, repeat, epoch)), (recipe.height, recipe.width)
        person = data.people[index]
        if person is not None and rng.random() < recipe.data.composed:
            others = [p for p in data.people if p is not None]
            fabric = self._background(rng, size) if recipe.compose.clothes else None
            made = compose(rng, [person, *others], self._background(rng, size), recipe.compose, size, fabric)
            made = warp(rng, made, size, 0.25, recipe.data.degrees)
        else:
            made = warp(rng, data.train[index], size, 0.5, recipe.data.degrees)
        return Picture(light(rng, made.rgb), made.mask)

    def _background(self, rng: np.random.Generator, size: tuple[int, int]) -> np.ndarray:
        data = self.data
        if data.own and data.recipe.data.own and rng.random() < data.recipe.data.own:
            return data.own[int(rng.integers(len(data.own)))]
        # Drawn ones too: no folder has a plain wall of every colour.
        if not data.backgrounds or rng.random() < 0.1:
            return backdrop(rng, max(size))
        return data.backgrounds[int(rng.integers(len(data.backgrounds)))]

    def batch(self, draws: Any, rows: np.ndarray, epoch: int) -> tuple[torch.Tensor, ...]:
        """float [B, 3, H, W], mask int [B, H, W], nothing."""
        with ThreadPoolExecutor(max(1, self.workers)) as pool:
            made = list(pool.map(lambda row: self.picture(int(row[0]), int(row[1]), epoch), rows))
        mask = torch.from_numpy(np.stack([m.mask for m in made])).long()
        return network_input(np.stack([m.rgb for m in made])), mask, torch.zeros(len(made))

    def trainee(self, net: nn.Module, options: Fit) -> nn.Module:
        return Trainee(net)

    def loss(self, net: nn.Module, options: Fit, teachers: list[nn.Module], device: torch.device) -> Loss:
        recipe = self.data.recipe
        kernel = KERNEL_EIGHTH if Trainee(net).coarse else band_at(recipe.height)
        loss = SegmentationLoss(self.shares().to(device), kernel, recipe.boundary_weight)
        return lambda model, x, masks, words, generator: loss(model(x), masks)

    def shares(self) -> torch.Tensor:
        """float [2]: of the pixels of the first examples."""
        rows = np.linspace(0, len(self.data.train) - 1, min(64, len(self.data.train))).astype(int)
        person = float(np.mean([self.picture(int(i), 0, 0).mask.mean() for i in rows]))
        return torch.tensor([1 - person, person])


class Trainee(nn.Module):
    """The whole network, or its encoder alone, whose coarse prediction is then what learns."""

    def __init__(self, net: nn.Module):
        super().__init__()
        self.net = net
        self.coarse = not hasattr(net, "encoder")

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.net(x)
        logits: torch.Tensor = y[0] if self.coarse else y
        return logits


def train(
    recipe: Recipe,
    folders: Folders,
    out: Path,
    cache: Path,
    say: Callable[[str], None] = lambda line: None,
    report: Callable[[int, int, dict[str, float]], None] = lambda epoch, epochs, figures: None,
) -> Path:
    """Train into the folder `out`; returns the path of `model.pt`. Continues where its checkpoints stand.

    First the encoder learns the coarse prediction, then, from there, the whole network (Park et al. 2020, section 4).
    Before both it may learn to tell things apart, of which there are more pictures than of people with masks.
    """
    torch.manual_seed(recipe.seed)
    net = build(recipe.model, len(LABELS), recipe.height, recipe.width)
    data = gather(recipe, folders, say)
    claim(out, recipe, data.key)
    say(f"{len(data.train)} pictures to learn from, {len(data.watch)} to watch, {len(data.backgrounds)} backgrounds")
    examples = PortraitExamples(data, recipe.data.workers or torch.get_num_threads())
    if recipe.fit.start:
        net.load_state_dict(load_trained(Path(recipe.fit.start), recipe).state_dict())
    elif recipe.classes.epochs:
        data.used += learn_classes(net.encoder, recipe, folders, out / "classes.pt", say, report)  # type: ignore[arg-type]
    net.encoder = fit(net.encoder, examples, recipe.encoder, recipe.seed, out / "encoder.pt", report=report)  # type: ignore[arg-type]
    fit(net.train(), examples, recipe.fit, recipe.seed + 1, out / "last.pt", _watch(data), report)
    if first_process():
        _save(data, examples, net, out)
    return out / "model.pt"


def load_trained(run: Path, recipe: Recipe) -> nn.Module:
    """The network of a finished run, for the recipe's size: the same weights suit any. Raises DataError."""
    net = build(recipe.model, len(LABELS), recipe.height, recipe.width)
    try:
        net.load_state_dict(torch.load(run / "model.pt", weights_only=True, map_location="cpu")["state_dict"])
    except Exception as e:  # torch raises a different type for every way a file can be broken
        raise DataError(
            f"{run}: no finished run of this network ({fault_of(e)}); train again or give another run"
        ) from None
    return net.eval()


def _watch(data: PortraitData) -> Callable[[nn.Module], dict[str, float]]:
    """IoU on pictures that are not learnt from."""
    recipe = data.recipe
    watched = [resized(p, recipe.height, recipe.width) for p in data.watch[:WATCHED]]

    def measure(net: nn.Module) -> dict[str, float]:
        if not watched:
            return {}
        masks = list(predict(net, np.stack([p.rgb for p in watched])) > 0.5)
        found = segmentation(masks, [p.mask for p in watched])
        return {k: v for k, v in found.items() if k in ("iou", "boundary_iou") and v is not None}

    return measure


@torch.no_grad()
def predict(net: nn.Module, rgb: np.ndarray) -> np.ndarray:
    """uint8 [N, H, W, 3] at the network's size -> the person's probability float32 [N, H, W]."""
    net.eval()
    device = next(net.parameters()).device
    parts = [network_input(rgb[i : i + 16]) for i in range(0, len(rgb), 16)]
    return np.concatenate([net(x.to(device)).softmax(1)[:, 1].cpu().numpy() for x in parts])


def _save(data: PortraitData, examples: PortraitExamples, net: nn.Module, out: Path) -> None:
    recipe = data.recipe
    rows = np.arange(CALIBRATION_PICTURES) % len(data.train)
    made = [examples.picture(int(i), n // len(data.train), 2**31).rgb for n, i in enumerate(rows)]
    np.save(out / "calibration.npy", (np.stack(made).astype(np.int16) - 128).astype(np.int8))
    own = {"data": data.folder, "licence": recipe.data.licence, "source": recipe.data.origin}
    used = [{"data": s.folder, "licence": s.licence, "source": s.origin} for s in data.used]
    state = {
        "recipe": recipe.to_dict(),
        "task": "portrait",
        "labels": list(LABELS),
        "targets": ["person"],
        "input_scale": INPUT_SCALE,
        "state_dict": net.state_dict(),
        "licences": [own, *used],
        "facts": _facts(data, net),
        "evidence": [],
    }
    write_atomically(state, out / "model.pt")


def _facts(data: PortraitData, net: nn.Module) -> dict[str, Any]:
    recipe = data.recipe
    return {
        "recipe": recipe.name,
        "seed": recipe.seed,
        "parts": list(recipe.data.parts),
        "salt": recipe.data.salt,
        "parameters": sum(p.numel() for p in net.parameters()),
        "pictures": len(data.sources),
        "further_pictures": len(data.train) - len(data.sources),
        "sources": " ".join(sorted(data.sources)) if len(data.sources) <= MOST else "",
        "backgrounds": len(data.backgrounds),
        "epochs": [recipe.classes.epochs, recipe.encoder.epochs, recipe.fit.epochs],
    }

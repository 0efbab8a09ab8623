"""The one training loop: examples in, a trained network out; a kill at any moment costs an epoch at most."""

from __future__ import annotations

import copy
import io
import math
import os
import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
import torch.distributed as dist
from torch import nn

from training.augment.freq_mixstyle import freq_mixstyle
from training.augment.spec_augment import spec_augment
from training.augment.time_roll import time_roll
from training.compress import prune
from training.data.audio import DataError
from training.data.draws import epoch_rows
from training.losses.keyword import KeywordLoss
from training.recipe import Fit


class Lesson(Protocol):
    """What the loop asks of a task: how often it shows what, as which tensors, and what is minimised."""

    @property
    def weights(self) -> np.ndarray:
        """float [N], times per epoch"""

    @property
    def draw(self) -> Callable[[int], Any]:
        """k -> what `batch` picks rows of, the k-th of the augmented forms"""

    def batch(self, draws: Any, rows: np.ndarray, epoch: int) -> tuple[torch.Tensor, ...]:
        """x, labels and words of (example, repeat) rows."""

    def trainee(self, net: nn.Module, options: Fit) -> nn.Module:
        """What learns: `net` as its member `net`, and heads that are not kept."""

    def loss(self, net: nn.Module, options: Fit, teachers: list[nn.Module], device: torch.device) -> Loss:
        """What is minimised."""


Loss = Callable[[nn.Module, torch.Tensor, torch.Tensor, torch.Tensor, torch.Generator], torch.Tensor]
"""(trainee, x, labels, words, generator) -> scalar"""


@dataclass(frozen=True)
class Examples:
    """Sounds with labels and words: the lesson of keyword networks."""

    draw: Callable[[int], np.ndarray]
    """k -> int8 [N, T, F]"""
    labels: np.ndarray
    """int [N]; -1: none of the labels"""
    words: np.ndarray
    """int [N], -1 where unknown"""
    weights: np.ndarray
    """float [N], times per epoch"""
    input_scale: float

    def shares(self, count: int) -> np.ndarray:
        """float [count]: the share of each label in an epoch."""
        known = self.labels >= 0
        total = np.bincount(self.labels[known], self.weights[known], count)
        return total / total.sum()

    @property
    def word_count(self) -> int:
        return int(self.words.max(initial=-1)) + 1

    def batch(self, draws: list[np.ndarray], rows: np.ndarray, epoch: int) -> tuple[torch.Tensor, ...]:
        """float [B, 1, F, T], int [B] labels, int [B] words of (clip, repeat) rows."""
        window = np.stack([draws[(epoch + r * 5) % len(draws)][i] for i, r in rows])  # [B, T, F]
        x = torch.from_numpy(window).permute(0, 2, 1).unsqueeze(1).float() * self.input_scale
        i = rows[:, 0]
        return x, torch.from_numpy(self.labels[i]).long(), torch.from_numpy(self.words[i]).long()

    def trainee(self, net: nn.Module, options: Fit) -> nn.Module:
        return Trainee(net, self.word_count if options.word_weight else 0)

    def loss(self, net: nn.Module, options: Fit, teachers: list[nn.Module], device: torch.device) -> Loss:
        shares = torch.from_numpy(self.shares(_outputs(net))).float().to(device)
        return KeywordLoss(options, teachers, shares)


class Trainee(nn.Module):
    """The network with an auxiliary head that tells words apart; the head is not kept."""

    def __init__(self, net: nn.Module, words: int):
        super().__init__()
        self.net = net
        self.words = nn.Linear(net.embedding, words) if words > 1 else None  # type: ignore[arg-type]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor | None]:
        embedding = self.net.embed(x)  # type: ignore[operator]
        drop = getattr(self.net, "drop", nn.Identity())
        logits = self.net.classifier(drop(embedding)).flatten(1)  # type: ignore[operator]
        return logits, None if self.words is None else self.words(embedding.flatten(1))


@dataclass
class Run:
    """State of a run, all of which a checkpoint holds."""

    trainee: Any
    """The lesson's: it has the network as `net`."""
    optimizer: torch.optim.Optimizer
    average: dict[str, torch.Tensor]
    epoch: int = 0

    def save(self, file: Path) -> None:
        state = {
            "trainee": self.trainee.state_dict(), "optimizer": self.optimizer.state_dict(),
            "average": self.average, "epoch": self.epoch, "rng": torch.get_rng_state(),
        }  # fmt: skip
        write_atomically(state, file)

    def restore(self, file: Path) -> None:
        """Raises DataError for a broken file, or one of another network."""
        try:
            state = torch.load(file, weights_only=True, map_location="cpu")
            self.trainee.load_state_dict(state["trainee"])
            self.optimizer.load_state_dict(state["optimizer"])
            self.average, self.epoch = state["average"], state["epoch"]
            torch.set_rng_state(state["rng"])
        except Exception as e:  # torch raises a different type for every way a file can be broken
            raise DataError(
                f"{file}: not a checkpoint of this run ({type(e).__name__}); remove it to begin this stage again"
            ) from None


def write_atomically(state: Any, file: Path) -> None:
    """torch.save through a file of another name: a kill leaves the old checkpoint or the new one.

    Raises DataError where the disk is full.
    """
    content, partial = io.BytesIO(), file.with_suffix(".partial")
    torch.save(state, content)  # torch hides the disk's error behind its own
    try:
        with partial.open("wb") as f:
            f.write(content.getbuffer())
            f.flush()
            os.fsync(f.fileno())
        partial.replace(file)
    except OSError as e:
        raise DataError(f"{file}: {e.strerror}; mend that and give the command again, the run goes on") from None


def fault_of(e: Exception) -> str:
    """One line of what torch says of a file; of a pickle not its advice, which is to trust the file."""
    said = str(e).splitlines()[:1]
    return said[0] if said and said[0] and not isinstance(e, pickle.UnpicklingError) else type(e).__name__


def fit(
    net: nn.Module,
    examples: Lesson,
    options: Fit,
    seed: int,
    checkpoint: Path | None = None,
    measure: Callable[[nn.Module], dict[str, float]] = lambda net: {},
    report: Callable[[int, int, dict[str, float]], None] = lambda epoch, epochs, figures: None,
    teachers: list[nn.Module] | None = None,
) -> nn.Module:
    """Train `net`, in place, from where the checkpoint stands; returns it in eval mode on the CPU.

    The same seed, data and number of threads give the same weights, however often the run was interrupted.
    """
    rank, world = _distributed()
    device = torch.device("cuda", rank) if torch.cuda.is_available() else torch.device("cpu")
    torch.manual_seed(seed * 1000 + rank)
    trainee = examples.trainee(net, options).to(device)
    trainee.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = torch.optim.AdamW(_groups(trainee, options.weight_decay), lr=options.rate)
    run = Run(trainee, optimizer, {k: v.clone() for k, v in net.state_dict().items()})
    if checkpoint and checkpoint.is_file():
        run.restore(checkpoint)
    # Mixed examples have no word: the words' head then gets no gradient.
    model = nn.parallel.DistributedDataParallel(trainee, find_unused_parameters=True) if world > 1 else trainee
    loss_of = examples.loss(net, options, [t.to(device).eval() for t in teachers or []], device)
    for epoch in range(run.epoch, options.epochs):
        loss = _epoch(model, run, examples, options, seed, loss_of, rank, world, device)
        run.epoch = epoch + 1
        if rank == 0:
            figures = {"loss": loss}
            if run.epoch == options.epochs or run.epoch % max(1, options.epochs // 20) == 0:
                figures |= measure(_averaged(net, run, options))
            report(run.epoch, options.epochs, figures)
            if checkpoint:
                run.save(checkpoint)
    net.load_state_dict(run.average if options.ema else net.state_dict())
    return net.cpu().eval()


def _epoch(
    model: nn.Module, run: Run, examples: Lesson, options: Fit, seed: int, loss_of: Loss,
    rank: int, world: int, device: torch.device,
) -> float:  # fmt: skip
    """One pass; returns the mean loss of this process's share."""
    model.train()
    rng = np.random.default_rng((seed, run.epoch))
    masks = torch.Generator().manual_seed(seed * 100_003 + run.epoch * 101 + rank)
    rows = epoch_rows(examples.weights, rng)
    steps = max(1, len(rows) // options.batch)
    draws = _Draws(examples.draw, options.draws)
    kept = prune.masks(run.trainee.net, prune.sparsity_at(run.epoch, options.epochs, options.sparsity))
    total = 0.0
    for step, part in enumerate(_batches(rows, steps, rank, world)):
        for group in run.optimizer.param_groups:
            group["lr"] = _rate(options, run.epoch + step / steps)
        x, labels, words = (t.to(device) for t in examples.batch(draws, part, run.epoch))
        x = _augmented(x, masks, options)
        loss = loss_of(model, x.contiguous(memory_format=torch.channels_last), labels, words, masks)
        run.optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        run.optimizer.step()
        prune.apply(dict(run.trainee.net.named_parameters()), kept)
        _average(run, options.ema, run.epoch * steps + step)
        total += float(loss.detach())
    prune.apply(run.average, kept)  # the average remembers what was pruned
    return total / steps


def _augmented(x: torch.Tensor, generator: torch.Generator, options: Fit) -> torch.Tensor:
    """[B, 1, F, T] with what the options vary in each step."""
    if options.roll_frames:
        x = time_roll(x, generator, options.roll_frames)
    if options.mixstyle:
        x = freq_mixstyle(x, generator, options.mixstyle, options.mixstyle_alpha)
    if options.mask_bands or options.mask_frames:
        x = spec_augment(x, generator, options.mask_bands, options.mask_frames)
    return x


class _Draws:
    """Draws by number, opened (and if need be made) when first asked for."""

    def __init__(self, draw: Callable[[int], np.ndarray], count: int):
        self._draw, self._count = draw, count
        self._open: dict[int, np.ndarray] = {}

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, k: int) -> np.ndarray:
        if k not in self._open:
            self._open[k] = self._draw(k)
        return self._open[k]


def _batches(rows: np.ndarray, steps: int, rank: int, world: int) -> Iterator[np.ndarray]:
    for part in np.array_split(rows, steps):
        yield part[rank::world]


def _groups(model: nn.Module, decay: float) -> list[dict[str, Any]]:
    """Weights decay; norms and biases do not."""
    wide = [p for p in model.parameters() if p.ndim > 1]
    return [
        {"params": wide, "weight_decay": decay},
        {"params": [p for p in model.parameters() if p.ndim <= 1], "weight_decay": 0.0},
    ]


def _rate(options: Fit, epoch: float) -> float:
    """Linear warm-up, then half a cosine to zero, or halved at some epochs."""
    if epoch < options.warmup_epochs:
        return options.rate * (epoch + 0.01) / options.warmup_epochs
    if options.halve_at:
        return options.rate * 0.5 ** sum(epoch >= share * options.epochs for share in options.halve_at)
    done = (epoch - options.warmup_epochs) / max(1e-9, options.epochs - options.warmup_epochs)
    return options.rate * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))


@torch.no_grad()
def _average(run: Run, decay: float, step: int) -> None:
    """Exponential moving average of the weights; the decay rises from nothing so that it forgets the start."""
    decay = min(decay, (1 + step) / (10 + step))
    for name, value in run.trainee.net.state_dict().items():
        kept = run.average[name]
        if kept.dtype.is_floating_point:
            kept.lerp_(value.to(kept.device), 1 - decay)
        else:
            kept.copy_(value)


def _outputs(net: nn.Module) -> int:
    return int(net.classifier.out_channels)  # type: ignore[union-attr, arg-type]


def _averaged(net: nn.Module, run: Run, options: Fit) -> nn.Module:
    """A copy of the network with the averaged weights, in eval mode."""
    other = copy.deepcopy(net).eval()
    if options.ema:
        other.load_state_dict(run.average)
    return other


def _distributed() -> tuple[int, int]:
    """(rank, world size); joins the group that torchrun announces."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        return 0, 1
    if not dist.is_initialized():
        dist.init_process_group("nccl" if torch.cuda.is_available() else "gloo")
    return dist.get_rank(), dist.get_world_size()

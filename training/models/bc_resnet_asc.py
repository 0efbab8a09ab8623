"""BC-ResNet-ASC (Kim et al. 2021, "Domain Generalization ... Residual Normalization", DCASE 2021 task 1A).

BC-ResNet's blocks without dilation or stride, two max poolings between them, so that the receptive field stays
small, and a normalization per frequency row at the input and after each stage.
"""

from __future__ import annotations

from functools import partial

import torch
import torch.nn.functional as F
from torch import nn

from training.layers.frequency_norm import DEVIATIONS, EPS, FrequencyNorm
from training.layers.mean_removal import MeanRemoval
from training.layers.relaxed_frequency_norm import RelaxedFrequencyNorm
from training.layers.residual_norm import ResidualNorm
from training.models.bc_resnet import Block

# blocks, channels relative to c, whether a 2 x 2 max pooling follows
STAGES = ((2, 1.0, True), (2, 1.5, True), (2, 2.0, False), (3, 2.5, False))
NORMALIZATIONS = {
    "none": nn.Identity,
    "mean": MeanRemoval,
    "frequency": FrequencyNorm,
    "residual": ResidualNorm,
    "relaxed": RelaxedFrequencyNorm,
}
PLACES = ("everywhere", "input", "stages")


class BCResNetASC(nn.Module):
    """float [B, 1, F, T] -> logits [B, labels]; F a multiple of 8 * sub_bands, T of 8."""

    def __init__(self, labels: int, channels: int, sub_bands: int, norms: list[nn.Module], dropout: float):
        super().__init__()
        self.norms = nn.ModuleList(norms)  # the input's, then one for each stage
        self.stem = nn.Conv2d(1, 2 * channels, 5, 2, 2, bias=False)
        self.stem_norm = nn.BatchNorm2d(2 * channels)
        stages, c_in = [], 2 * channels
        for count, factor, pooled in STAGES:
            blocks: list[nn.Module] = []
            for i in range(count):
                c_out = int(channels * factor)
                blocks.append(Block(c_in, c_out, 1, 1, i == 0, "same", "ssn", sub_bands))
                c_in = c_out
            stages.append(nn.Sequential(*blocks, *([nn.MaxPool2d(2)] if pooled else [])))
        self.stages = nn.ModuleList(stages)
        self.embedding = c_in
        self.drop = nn.Dropout(dropout)
        self.classifier = nn.Conv2d(c_in, labels, 1, bias=False)

    def embed(self, x: torch.Tensor) -> torch.Tensor:  # [B, 1, F, T] -> [B, E, 1, 1]
        x = F.relu(self.stem_norm(self.stem(self.norms[0](x))))  # [B, 2c, F/2, T/2]
        for stage, norm in zip(self.stages, self.norms[1:], strict=True):
            x = norm(stage(x))  # at last [B, 2.5c, F/8, T/8]
        # Published: classifier, then average. Both are linear, so the cheap order gives the same.
        return F.adaptive_avg_pool2d(x, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.classifier(self.drop(self.embed(x))).flatten(1)


def build(
    labels: int,
    bands: int,
    frames: int,
    channels: int = 10,
    normalization: str = "residual",
    places: str = "everywhere",
    eps: float = EPS,
    deviation: str = "standard",
    sub_bands: int = 0,
    dropout: float = 0.0,
) -> BCResNetASC:
    """`channels` is the paper's c (10 and 80 published); `normalization` one of NORMALIZATIONS, at `places`:
    everywhere, at the input only, or after the stages only, where the first of them still sees the static spectrum.

    `deviation` "absolute" is for networks that become int8 (layers/frequency_norm.py).

    `sub_bands` of the sub-spectral normalization; 0: 4 as published, 5 where only multiples of 40 bands allow it.
    """
    sub_bands = sub_bands or (5 if bands % 40 == 0 and bands % 32 else 4)
    if normalization not in NORMALIZATIONS:
        raise ValueError(f"bc_resnet_asc: normalization={normalization!r} is none of {', '.join(NORMALIZATIONS)}")
    if places not in PLACES:
        raise ValueError(f"bc_resnet_asc: places={places!r} is none of {', '.join(PLACES)}")
    if deviation not in DEVIATIONS:
        raise ValueError(f"bc_resnet_asc: deviation={deviation!r} is none of {', '.join(DEVIATIONS)}")
    if sub_bands < 1 or bands < 1 or bands % (8 * sub_bands):
        raise ValueError(f"bc_resnet_asc: {bands} bands; {sub_bands} sub-bands need a multiple of {8 * sub_bands}")
    if frames < 16 or channels < 2 or channels % 2:
        raise ValueError(
            f"bc_resnet_asc: {frames} frames, {channels} channels; use 16 or more frames, an even number of channels"
        )
    kind = NORMALIZATIONS[normalization]
    make = kind if normalization in ("none", "mean") else partial(kind, eps, deviation)
    outer = nn.Identity if places == "stages" else make
    inner = nn.Identity if places == "input" else make
    return BCResNetASC(labels, channels, sub_bands, [outer(), *(inner() for _ in STAGES)], dropout)

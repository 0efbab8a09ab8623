"""The weights that SINet's authors published (MIT licence), for pictures as networks here take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn

from training.data.audio import DataError
from training.fit import fault_of
from training.models.sinet import LABELS, SINet, build

SIZE = 224
MEAN_BGR = (107.304565, 115.69884, 132.35703)
STD_BGR = (63.97182, 65.1337, 68.29726)
"""Of the 0..255 pixels; what is left is divided by 255 once more, which no published text says."""


def read_weights(path: Path) -> dict[str, torch.Tensor]:
    """The state dict. Raises DataError for a file that is not SINet.pth."""
    try:
        state: Any = torch.load(path, weights_only=True, map_location="cpu")
    except Exception as e:  # torch raises a different type for every way a file can be broken
        raise DataError(f"{path}: cannot be read as torch weights ({fault_of(e)}); take SINet.pth again") from None
    if not isinstance(state, dict) or "encoder.level1.conv.weight" not in state:
        raise DataError(f"{path}: holds no weights of SINet; give result/SINet/SINet.pth of ext_portrait_segmentation")
    return dict(state)


def published(path: Path) -> SINet:
    """The network as published: BGR pixels, normalized. Raises DataError when a tensor is missing or another size."""
    net, state = build(len(LABELS), SIZE, SIZE), read_weights(path)
    try:
        net.load_state_dict(state, strict=True)
    except RuntimeError as e:
        raise DataError(
            f"{path}: not SINet's weights ({str(e).splitlines()[-1].strip()}); take SINet.pth again"
        ) from None
    return net.eval()


def for_pixels(net: SINet, input_scale: float) -> SINet:
    """The same network for RGB float (pixel - 128) * input_scale, in place: the first convolution takes it over.

    Its padding is then grey 128 where it was the mean colour: only the outermost pixels can tell.
    """
    old = net.encoder.level1.conv
    mean, std = torch.tensor(MEAN_BGR, dtype=torch.float64), torch.tensor(STD_BGR, dtype=torch.float64) * 255
    weight = old.weight.detach().double()  # [O, BGR, 3, 3]
    shift = (weight.sum((2, 3)) * ((128 - mean) / std)).sum(1)
    weight = (weight / (std * input_scale).view(1, 3, 1, 1)).flip(1)
    new = nn.Conv2d(3, old.out_channels, 3, 2, 1)
    new.weight.data, new.bias.data = weight.float(), shift.float()  # type: ignore[union-attr]
    net.encoder.level1.conv = new
    return net.eval()

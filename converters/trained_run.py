"""What `nuthatch train` leaves in a folder: a network, what is said of it, and what it is calibrated on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from converters.error import ConvertError

if TYPE_CHECKING:
    import torch


def open_run(
    folder: Path, sizes: Callable[[dict[str, Any]], tuple[int, int]]
) -> tuple[torch.nn.Module, dict[str, Any], np.ndarray]:
    """The network in eval mode, the state of `model.pt`, and the calibration int8 [N, ...].

    `sizes` says for a recipe which height and width (bands and frames) its network is built for.
    Raises ConvertError when the folder holds no finished run.
    """
    import torch

    from training.fit import fault_of
    from training.models import build

    model, calibration = folder / "model.pt", folder / "calibration.npy"
    for file in (model, calibration):
        if not file.is_file():
            raise ConvertError(f"{file}: no such file; finish the run with `nuthatch train`")
    try:
        state = torch.load(model, weights_only=True, map_location="cpu")
        shown, recipe = np.load(calibration, allow_pickle=False), state["recipe"]
        network = build(recipe["model"], len(state["labels"]), *sizes(recipe))
        network.load_state_dict(state["state_dict"])
    except Exception as e:  # torch and numpy raise a different type for every way a file can be broken
        raise ConvertError(f"{folder}: not a run that can be read ({fault_of(e)}); train again") from None
    return network.eval(), state, shown

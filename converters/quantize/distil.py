"""Fine-tuning with int8 in the loop towards the float network's own answers: no labels needed."""

from __future__ import annotations

import numpy as np
import torch

from converters.quantize.qat import QatNetwork

BATCH = 64


def distil(
    network: QatNetwork,
    teacher: torch.nn.Module,
    features: np.ndarray,
    input_scale: float,
    epochs: int,
    rate: float = 2e-4,
) -> list[float]:
    """Fine-tunes on features int8 [N, T, F]; returns the mean divergence of each epoch (Hinton et al. 2015)."""
    x = torch.tensor(features.astype(np.float32) * input_scale).permute(0, 2, 1)[:, None]  # [N, 1, F, T]
    teacher.eval()
    network.train()
    with torch.no_grad():
        wanted = torch.cat([teacher(b) for b in x.split(BATCH)]).log_softmax(-1)
    optimizer = torch.optim.Adam(network.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, epochs * -(-len(x) // BATCH)))
    shuffle = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(epochs):
        total = 0.0
        for index in torch.randperm(len(x), generator=shuffle).split(BATCH):
            scores = network(x[index]).log_softmax(-1)
            loss = torch.nn.functional.kl_div(scores, wanted[index], log_target=True, reduction="batchmean")
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
            total += float(loss.detach()) * len(index)
        losses.append(total / len(x))
    network.eval()
    return losses

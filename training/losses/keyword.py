"""What a keyword network minimises: labels, words, and the mean prediction of its teachers."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn

from training.augment.mixup import mixup_share
from training.recipe import Fit


class KeywordLoss:
    """Cross-entropy with smoothed labels, an auxiliary cross-entropy over words, and distillation.

    Distillation after Hinton et al. 2015: Kullback-Leibler divergence at temperature T, scaled by T squared; the
    teachers see the same augmented input, and their probabilities are averaged. Logit adjustment after Menon et al.
    2021: the loss adds the log of each label's share in training, so that the bare logits need not learn it.
    """

    def __init__(self, options: Fit, teachers: list[nn.Module], shares: torch.Tensor):
        self.options, self.teachers = options, teachers
        self.adjustment = options.logit_adjustment * shares.clamp_min(1e-6).log()  # [labels]

    def __call__(
        self, model: nn.Module, x: torch.Tensor, labels: torch.Tensor, words: torch.Tensor, generator: torch.Generator
    ) -> torch.Tensor:
        """x [B, 1, F, T], labels and words int [B]; labels may be -1 (none), words too (not known)."""
        o = self.options
        mixed = o.mixup > 0 and float(torch.rand(1, generator=generator)) < o.mixup
        share, order = 1.0, torch.arange(len(x))
        if mixed:
            share = mixup_share(generator, o.mixup_alpha)
            order = torch.randperm(len(x), generator=generator)
            x = share * x + (1 - share) * x[order]
        logits, word_logits = model(x)
        loss = self._both(logits + self.adjustment, labels, order, share, o.label_smoothing)
        if word_logits is not None and not mixed and bool((words >= 0).any()):
            loss = loss + o.word_weight * F.cross_entropy(word_logits, words, ignore_index=-1, label_smoothing=0.1)
        if self.teachers:
            loss = (1 - o.teacher_weight) * loss + o.teacher_weight * self._distillation(logits, x)
        return loss

    @staticmethod
    def _both(
        logits: torch.Tensor, labels: torch.Tensor, order: torch.Tensor, share: float, smoothing: float
    ) -> torch.Tensor:
        wanted = labels if bool((labels >= 0).all()) else _shares(labels, logits.shape[1])
        loss = F.cross_entropy(logits, wanted, label_smoothing=smoothing)
        if share == 1.0:
            return loss
        return share * loss + (1 - share) * F.cross_entropy(logits, wanted[order], label_smoothing=smoothing)

    def _distillation(self, logits: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
        t = self.options.teacher_temperature
        with torch.no_grad():
            target = torch.stack([(teacher(x) / t).softmax(1) for teacher in self.teachers]).mean(0)
        return F.kl_div((logits / t).log_softmax(1), target, reduction="batchmean") * t * t


def _shares(labels: torch.Tensor, count: int) -> torch.Tensor:
    """float [B, count]: all of the label, or equal parts where there is none (outlier exposure, Hendrycks 2019)."""
    whole = F.one_hot(labels.clamp_min(0), count).float()
    return torch.where((labels >= 0)[:, None], whole, torch.full_like(whole, 1 / count))

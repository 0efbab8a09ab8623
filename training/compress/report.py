"""What a network weighs: as challenges count it (non-zero values), and as files that are shipped."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

from torch import nn

from training.compress.prune import prunable

KIB = 1024


def count(net: nn.Module) -> dict[str, Any]:
    """Non-zero parameters and their bytes as DCASE 2021 counts them: a byte a weight, two for norms and biases."""
    weights = prunable(net)
    zeros = sum(int((w == 0).sum()) for w in weights.values())
    total = sum(w.numel() for w in weights.values())
    others = sum(p.numel() for p in net.parameters()) - total
    return {
        "parameters": total + others,
        "weights": total,
        "sparsity": round(zeros / max(1, total), 4),
        "non_zero_bytes": total - zeros + 2 * others,
        "non_zero_kib": round((total - zeros + 2 * others) / KIB, 1),
    }


def shipped(folder: Path) -> dict[str, Any]:
    """The bundle's network files: bytes on flash, and what gzip (level 9) makes of them for a download.

    Zeros are stored like any other value, so only the second figure gains by pruning.
    """
    files = sorted(folder.glob("*.tflite"))
    return {
        f.name: {"bytes": f.stat().st_size, "gzip_bytes": len(gzip.compress(f.read_bytes(), 9, mtime=0))} for f in files
    }

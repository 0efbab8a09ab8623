"""Pictures of the results; matplotlib is loaded by the functions alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from training.evaluate.detection import Point


def confusion(result: Mapping[str, Any], file: Path) -> None:
    """Rows are what was said, columns what was recognised; the colour is the share of the row."""
    labels, counts = result["confusion"]["labels"], np.array(result["confusion"]["counts"])
    figure, axes = _axes(0.6 * len(labels) + 2, 0.6 * len(labels) + 1.5)
    axes.imshow(counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        if count:
            dark = count > 0.5 * counts[row].sum()
            axes.text(column, row, count, ha="center", va="center", color="white" if dark else "black", size=8)
    axes.set_xticks(range(len(labels)), labels, rotation=90)
    axes.set_yticks(range(len(labels)), labels)
    axes.set_xlabel("recognised")
    axes.set_ylabel("said")
    figure.savefig(file, dpi=120)


def speakers(result: Mapping[str, Any], file: Path) -> None:
    """Accuracy of every speaker with at least five clips, the worst first."""
    shares = sorted(s["accuracy"] for s in result["per_speaker"].values() if s["clips"] >= 5)
    figure, axes = _axes(8, 4)
    axes.bar(range(len(shares)), shares, width=1.0)
    axes.axhline(result["accuracy"], color="black", linewidth=1, label=f"all clips: {result['accuracy']:.1%}")
    axes.set_xlabel("speakers with at least five clips, the worst first")
    axes.set_ylabel("accuracy")
    axes.set_ylim(0, 1)
    axes.legend(loc="lower right")
    figure.savefig(file, dpi=120)


def det(curves: Mapping[str, Sequence[Point]], file: Path, chosen: Mapping[str, Point] | None = None) -> None:
    """Misses over false accepts per hour, both logarithmic; zero is drawn at half of what one event is."""
    figure, axes = _axes(7, 5)
    for name, points in curves.items():
        (line,) = axes.plot(*_log_points(points), drawstyle="steps-pre", label=name)
        if chosen and name in chosen:
            axes.plot(*_log_points([chosen[name]]), "o", color=line.get_color())
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("false accepts per hour")
    axes.set_ylabel("misses")
    axes.grid(True, which="both", alpha=0.3)
    axes.legend()
    figure.savefig(file, dpi=120)


def _log_points(points: Sequence[Point]) -> tuple[list[float], list[float]]:
    return (
        [max(p.false_accepts, 0.5) / p.hours for p in points],
        [max(p.misses, 0.5) / max(p.trials, 1) for p in points],
    )


def _axes(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure, figure.subplots()

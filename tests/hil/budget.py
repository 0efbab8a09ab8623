"""Budgets: what was measured and accepted, one file a board."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.board import Board
from edge.hearing import STAGES, Hearing
from edge.link import Link

FOLDER = Path(__file__).parents[1] / "budgets"
MORE = 1.02
SLACK = 4
"""Instructions: a clock of a coarser grain than theirs rounds."""


@dataclass(frozen=True)
class Memory:
    """What a board says of itself after a recording."""

    unit: str
    ticks_hz: int
    step_us: int
    static_bytes: int
    stack_bytes: int
    flash_bytes: int

    @property
    def ram_bytes(self) -> int:
        return self.static_bytes + self.stack_bytes


def memory(link: Link) -> Memory:
    info, stats = link.info(), link.stats()
    step_us = int(info["step_samples"]) * 1_000_000 // int(info["rate_hz"])
    ram, flash = int(info["ram_used"]), int(info["flash_used"])
    return Memory(info["unit"], int(info["ticks_hz"]), step_us, ram, stats["stack_most"], flash)


def figures(heard: Hearing, memory: Memory) -> dict[str, int]:
    """Of one model: medians of a step's stages in the board's unit, bytes."""
    stages = heard.stages()
    return {name: stages[name].median for name in STAGES} | {
        "ram_bytes": memory.ram_bytes,
        "flash_bytes": memory.flash_bytes,
    }


def read(board: Board) -> dict[str, Any]:
    path = FOLDER / f"{board.id}.json"
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def accept(board: Board, compiler: str, model: str, found: Mapping[str, int]) -> None:
    """These figures are the budget from now on."""
    FOLDER.mkdir(exist_ok=True)
    kept = read(board)
    models = kept.get("models", {}) if kept.get("compiler") == compiler else {}
    models[model] = dict(found)
    text = json.dumps({"compiler": compiler, "models": dict(sorted(models.items()))}, indent=1)
    (FOLDER / f"{board.id}.json").write_text(text + "\n", "utf-8")


def exceeded(device: Any, budget: Mapping[str, int], found: Mapping[str, int]) -> list[str]:
    """One line for each figure that is over."""
    return [
        f"{device.board.id}, {device.name}: {name} is {found[name]:,}, {found[name] / limit - 1:.1%} over the "
        f"{limit:,} of tests/budgets; make it less, or accept it: pytest tests/hil --accept-budgets"
        for name, limit in budget.items()
        if found[name] > limit * MORE + SLACK
    ]

"""`nuthatch train`: a recipe and folders of recordings or pictures to a trained run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer


def train(
    recipe: Annotated[
        str, typer.Argument(help="Recipe's name (commands12, portrait, sounds10, wake) or a .toml's path")
    ],
    data: Annotated[Path | None, typer.Option(help="Folder of recordings or pictures [NUTHATCH_DATA]")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run; an unfinished run in it goes on")] = None,
    beside: Annotated[
        Path | None,
        typer.Option(help="Folder of the recipe's other sounds or pictures [default: the nearest above --data]"),
    ] = None,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, e.g. epochs=1")
    ] = None,
    cache: Annotated[Path, typer.Option(help="Folder of drawn features")] = Path(".cache/features"),
    threads: Annotated[int, typer.Option(min=0, help="CPU threads; 0: all")] = 0,
) -> None:
    """Train a network; a killed run goes on where it was."""
    import importlib.util
    import sys

    import torch

    from training.keyword import Folders
    from training.recipe import load

    folder = data or (Path(os.environ["NUTHATCH_DATA"]) if "NUTHATCH_DATA" in os.environ else None)
    if folder is None:
        raise typer.BadParameter("give the folder of recordings or pictures", param_hint="--data")
    if threads:
        torch.set_num_threads(threads)
    first = os.environ.get("RANK", "0") == "0"
    chosen = load(recipe, overrides)
    if chosen.task == "wake" and not chosen.word:
        chosen = load(recipe, [*(overrides or []), f'word="{folder.name}"'])
    word = f"_{chosen.word}" if getattr(chosen, "word", "") else ""
    target = out or Path("runs") / f"{chosen.name}{word}-{chosen.seed}"
    # A task that is trained in its own way is the module of its name.
    own = importlib.util.find_spec(f"training.{chosen.task}") is not None
    run = importlib.import_module(f"training.{chosen.task if own else 'keyword'}").train
    folders = Folders(folder, beside) if beside else Folders.around(folder, chosen)
    bar = _Bar(sys.stderr if first else None)
    path = run(chosen, folders, target, cache, bar.say, bar.report)
    bar.close()
    if first:
        print(path)


class _Bar:
    """A progress bar on a terminal, plain lines in a pipe."""

    def __init__(self, stream):  # type: ignore[no-untyped-def]
        self._stream, self._bar = stream, None

    def say(self, line: str) -> None:
        if self._stream:
            print(line, file=self._stream, flush=True)

    def report(self, epoch: int, epochs: int, figures: dict[str, float]) -> None:
        text = " ".join(f"{k} {v:.4f}" for k, v in figures.items())
        if not self._stream:
            return
        if not self._stream.isatty():
            self.say(f"epoch {epoch}/{epochs} {text}")
            return
        from tqdm import tqdm

        self._bar = self._bar or tqdm(total=epochs, unit="epoch", file=self._stream)
        self._bar.n = epoch
        self._bar.set_postfix_str(text)

    def close(self) -> None:
        if self._bar is not None:
            self._bar.close()

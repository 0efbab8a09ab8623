"""`nuthatch experiment`: does a published method gain anything here?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from training.cli.evaluate import require_writable

app = typer.Typer(no_args_is_help=True, help="Run an experiment of docs/experiments; a killed one goes on.")


Data = Annotated[
    Path, typer.Option(help="ESC-10: a folder a class, or the folder that esc10 lies in", envvar="NUTHATCH_DATA")
]
Seeds = Annotated[int, typer.Option(min=1, help="Seeds 0, 1, ...")]
Folds = Annotated[str, typer.Option(help="Folds that are the test")]
Overrides = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, e.g. epochs=1")
]
Out = Annotated[Path, typer.Option(help="Folder of the page")]
Threads = Annotated[int, typer.Option(min=0, help="CPU threads; 0: all")]
AsJson = Annotated[bool, typer.Option("--json", help="The table as one JSON object on stdout")]


@app.callback()
def experiment() -> None:
    """Run an experiment of docs/experiments; a killed one goes on."""


@app.command()
def scenes(
    data: Data,
    responses: Annotated[
        Path | None, typer.Option(help="Impulse responses [default: mic_impulse_responses beside --data]")
    ] = None,
    seeds: Seeds = 5,
    folds: Folds = "1,2,3,4",
    every_fold: Annotated[
        bool, typer.Option("--every-fold", help="Each seed tests all folds [default: one a seed, in turn]")
    ] = False,
    first_seed: Annotated[
        int, typer.Option(min=0, help="100 for settings that are tried before the runs that count")
    ] = 0,
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated [default: all]")] = None,
    eq_db: Annotated[float, typer.Option(help="Equalizers of the devices are within +- this")] = 18.0,
    overrides: Overrides = None,
    work: Annotated[Path, typer.Option(help="Folder of the runs; finished ones are kept")] = Path(
        ".cache/experiments/scenes"
    ),
    out: Out = Path("docs/experiments"),
    threads: Threads = 0,
    as_json: AsJson = False,
) -> None:
    """Normalizations and augmentations on recording devices that no training saw."""
    from training.experiment import scenes as experiment
    from training.experiment import scenes_page

    experiment.threads(threads)
    require_writable(out, work)
    data = _esc(data)
    plan = experiment.Plan(
        data, responses or data.resolve().parent / "mic_impulse_responses", work,
        tuple(range(first_seed, first_seed + seeds)), _numbers(folds),
        tuple(dict.fromkeys(["plain", *arm])) if arm else tuple(experiment.ARMS), eq_db, tuple(overrides or ()),
        every_fold,
    )  # fmt: skip
    path = out / "scenes.md"

    def write(outcomes: list[experiment.Outcome]) -> None:
        _write(out, path.name, scenes_page.page(outcomes, plan))

    outcomes = experiment.run(plan, _say, after=write)
    print(json.dumps({"rows": scenes_page.table(outcomes)}, default=vars) if as_json else path)


@app.command()
def compression(
    data: Data,
    beside: Annotated[
        Path | None, typer.Option(help="Folder of the recipe's other sounds [default: above --data]")
    ] = None,
    recipe: Annotated[str, typer.Option(help="Of the student")] = "sounds10",
    seeds: Seeds = 1,
    folds: Folds = "1,2,3,4",
    teachers: Annotated[int, typer.Option(min=1, help="How many are followed")] = 2,
    channels: Annotated[int, typer.Option(help="Of the teachers")] = 40,
    sparsity: Annotated[float, typer.Option(min=0.0, max=0.99, help="Share of the weights that is pruned")] = 0.6,
    qat_epochs: Annotated[int, typer.Option(min=0, help="Fine-tuning with int8 in the loop")] = 10,
    overrides: Overrides = None,
    work: Annotated[Path, typer.Option(help="Folder of the runs; finished ones are kept")] = Path(
        ".cache/experiments/compression"
    ),
    out: Out = Path("docs/experiments"),
    threads: Threads = 0,
    as_json: AsJson = False,
) -> None:
    """Float, distilled, pruned, int8: accuracy and bytes of each."""
    from training.experiment import compression as experiment
    from training.experiment import compression_page
    from training.experiment.scenes import threads as use_threads

    use_threads(threads)
    require_writable(out, work)
    data = _esc(data)
    plan = experiment.Plan(
        data, beside or data.resolve().parent, work, recipe, tuple(range(seeds)), _numbers(folds), teachers, channels,
        sparsity, qat_epochs, tuple(overrides or ()),
    )  # fmt: skip
    rungs = experiment.run(plan, _say)
    path = _write(out, "compression.md", compression_page.page(rungs, plan))
    print(json.dumps({"rows": compression_page.table(rungs)}, default=vars) if as_json else path)


@app.command()
def portraits(
    data: Annotated[
        Path, typer.Option(help="img/ and mask/, or the folder that human_seg lies in", envvar="NUTHATCH_DATA")
    ],
    beside: Annotated[Path | None, typer.Option(help="Folder of the backgrounds [default: above --data]")] = None,
    seeds: Seeds = 5,
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated [default: all]")] = None,
    overrides: Overrides = None,
    work: Annotated[Path, typer.Option(help="Folder of the runs; finished ones are kept")] = Path(
        ".cache/experiments/portraits"
    ),
    out: Out = Path("docs/experiments"),
    threads: Threads = 0,
    as_json: AsJson = False,
) -> None:
    """The decoder's gate, the boundary's loss and the pools, each left out."""
    from training.experiment import portraits as experiment
    from training.experiment.scenes import threads as use_threads

    use_threads(threads)
    require_writable(out, work)
    folder = data / "human_seg" if (data / "human_seg").is_dir() else data
    arms = tuple(dict.fromkeys([experiment.REFERENCE, *arm])) if arm else tuple(experiment.ARMS)
    plan = experiment.Plan(
        folder, beside or folder.resolve().parent, work, tuple(range(seeds)), arms, tuple(overrides or ())
    )
    outcomes = experiment.run(
        plan, _say, lambda done: _say(str(_write(out, "portraits.md", experiment.page(done, plan))))
    )
    print(json.dumps({"rows": experiment.table(outcomes)}, default=vars) if as_json else out / "portraits.md")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _esc(data: Path) -> Path:
    """NUTHATCH_DATA is often the folder of all data sets."""
    return data / "esc10" if (data / "esc10").is_dir() else data


def _numbers(folds: str) -> tuple[int, ...]:
    from training.data.esc import FOLDS

    found = [f.strip() for f in folds.split(",")]
    if not set(found) <= {str(f) for f in FOLDS} or len(set(found)) < len(found):
        raise typer.BadParameter(f"{folds!r}: some of 1 to 5 with commas between them, each once", param_hint="--folds")
    return tuple(map(int, found))


def _write(folder: Path, name: str, text: str) -> Path:
    (folder / name).write_text(text, "utf-8")
    return folder / name

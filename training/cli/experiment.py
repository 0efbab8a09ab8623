"""`nuthatch experiment`: does a published method gain anything here?"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True, help="Run an experiment of docs/experiments; a killed one goes on.")


@app.callback()
def experiment() -> None:
    """Run an experiment of docs/experiments; a killed one goes on."""


@app.command()
def scenes(
    data: Annotated[Path, typer.Option(help="ESC-10: a folder a class", envvar="NUTHATCH_DATA")],
    responses: Annotated[
        Path | None, typer.Option(help="Impulse responses [default: mic_impulse_responses beside --data]")
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="Seeds 0, 1, ...")] = 5,
    folds: Annotated[str, typer.Option(help="Folds that are the test, each in runs of its own")] = "1,2,3,4",
    arm: Annotated[list[str] | None, typer.Option(help="Only this arm; may be repeated [default: all]")] = None,
    eq_db: Annotated[float, typer.Option(help="Equalizers of the devices are within +- this")] = 6.0,
    overrides: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change the recipe, e.g. epochs=1")
    ] = None,
    work: Annotated[Path, typer.Option(help="Folder of the runs; finished ones are kept")] = Path(
        ".cache/experiments/scenes"
    ),
    out: Annotated[Path, typer.Option(help="Folder of the page")] = Path("docs/experiments"),
    threads: Annotated[int, typer.Option(help="CPU threads; 0: all")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="The table as one JSON object on stdout")] = False,
) -> None:
    """Normalizations and augmentations on recording devices that no training saw."""
    from training.data.audio import DataError
    from training.experiment import scenes as experiment
    from training.experiment import scenes_page

    experiment.threads(threads)
    try:
        chosen = tuple(int(f) for f in folds.split(","))
    except ValueError:
        raise typer.BadParameter(f"{folds!r}: numbers with commas between them", param_hint="--folds") from None
    plan = experiment.Plan(
        data, responses or data.resolve().parent / "mic_impulse_responses", work, tuple(range(seeds)), chosen,
        tuple(dict.fromkeys(["plain", *arm])) if arm else tuple(experiment.ARMS), eq_db, tuple(overrides or ()),
    )  # fmt: skip
    outcomes = experiment.run(plan, lambda line: print(line, file=sys.stderr, flush=True))
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "scenes.md").write_text(scenes_page.page(outcomes, plan), "utf-8")
    except OSError as e:
        raise DataError(f"{out}: {e.strerror}; give --out a folder that can be written") from None
    if as_json:
        print(json.dumps({"rows": scenes_page.table(outcomes)}, default=vars))
    else:
        print(out / "scenes.md")

"""`nuthatch bench`: what a model costs and how well it wakes, beside another in the same run."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.manifest import Bundle


# The options, once for this verb and for the one of converters/cli that hands over to it.
Model = Annotated[
    str, typer.Argument(help="Bundled model's name, a bundle's folder, a .tflite file, `anchors` or `daemon`")
]
BoardName = Annotated[str, typer.Option(help="Where to run, a file of boards/; native is this machine")]
Repeats = Annotated[int, typer.Option(min=1, help="Processes of each kind, turn by turn")]
Seconds = Annotated[float, typer.Option(min=5.0, help="Sound that each process hears")]
Wake = Annotated[bool, typer.Option("--wake", help="Instead of costs: misses and false accepts on one stream")]
Folds = Annotated[
    list[Path] | None,
    typer.Option(help="Instead of costs: runs of the model's recipe, each measured on its own test speakers"),
]
Data = Annotated[
    Path | None,
    typer.Option(help="With --wake and anchors: the folder that holds the data sets; with --folds: the clips"),
]
Budget = Annotated[float, typer.Option(help="With --folds: false accepts per hour of each command")]
Write = Annotated[
    bool, typer.Option("--write", help="With --folds and --pictures: put what was found into the model's manifest")
]
Snr = Annotated[float, typer.Option(help="With --wake: noise level in dB beside clean")]
Seed = Annotated[int, typer.Option(help="With --wake: of the stream's layout")]
Out = Annotated[Path | None, typer.Option(help="With --wake, --folds or anchors: folder for the page")]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON object on stdout")]
Pictures = Annotated[
    Path | None, typer.Option(help="A model for pictures: folder with img/ and mask/; IoU beside --rivals and --run")
]
Rivals = Annotated[
    Path | None, typer.Option(help="With --pictures: folder of sinet_portrait.pth and selfie_segmentation.tflite")
]
Run = Annotated[Path | None, typer.Option(help="With --pictures: the model's run, for its float network")]
Split = Annotated[str, typer.Option(help="With --pictures: test, or all")]


def bench(
    model: Model,
    board: BoardName = "native",
    repeats: Repeats = 5,
    seconds: Seconds = 120.0,
    wake: Wake = False,
    folds: Folds = None,
    data: Data = None,
    budget: Budget = 1.0,
    write: Write = False,
    snr: Snr = 10.0,
    seed: Seed = 0,
    out: Out = None,
    as_json: AsJson = False,
) -> None:
    """Measure a model and, where it knows the word, pymicro-wakeword beside it."""
    if board != "native":
        raise typer.BadParameter(f"{board!r} is no board that bench runs on; there is: native", param_hint="--board")
    if (wake or bool(folds)) != (data is not None) or (wake and folds):
        raise typer.BadParameter("--data goes with one of --wake and --folds")
    from edge.manifest import BundleError, open_bundle

    bundle = open_bundle(model)
    if bundle.manifest.task == "scene" and folds and data:
        result, text = _scene_folds(bundle, folds, data, write, out)
        print(json.dumps(result) if as_json else text)
        return
    if bundle.manifest.picture:
        raise BundleError(f"{bundle.manifest.name}: a model for pictures; give --pictures DIR or --board BOARD")
    if not bundle.manifest.targets or bundle.manifest.stream is None:
        raise BundleError(f"{bundle.manifest.name}: no target or no stream.tflite; bench measures listening models")
    if folds and data:
        result, text = _folds(bundle, folds, data, budget, write, out)
    elif data:
        result, text = _wake(bundle, data, snr, seed, out)
    else:
        result, text = _cost(bundle, seconds, repeats)
    print(json.dumps(result) if as_json else text)


def portraits(
    model: str, pictures: Path, rivals: Path | None, run: Path | None, split: str, write: bool, out: Path | None,
    as_json: bool,
) -> None:  # fmt: skip
    """IoU on pictures beside other networks, and the page of it."""
    from edge.manifest import BundleError, open_bundle
    from training.bench import portrait, portrait_page

    bundle = open_bundle(model)
    if bundle.manifest.picture is None:
        raise BundleError(f"{bundle.manifest.name}: a model for sound; --pictures measures models for pictures")
    result = portrait.compare(bundle, pictures, rivals, run, split, lambda line: print(line, file=sys.stderr))
    text = portrait_page.page(result)
    if write:
        portrait.write(bundle, result)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{bundle.manifest.name}.md").write_text(text, "utf-8")
    print(json.dumps(result) if as_json else text, end="\n" if as_json else "")


def daemon(seconds: float, out: Path | None, as_json: bool) -> None:
    """The daemon with two models in steady state, and the page of it."""
    from training.bench import daemon as steady

    result = steady.compare(steady.MODELS, seconds)
    text = steady.text(result)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / "daemon.md").write_text(text, "utf-8")
    print(json.dumps(result) if as_json else text, end="\n" if as_json else "")


def _cost(bundle: Bundle, seconds: float, repeats: int) -> tuple[dict[str, Any], str]:
    from edge.frontend.bench import measure
    from training.bench.cost import compare

    result = {"model": bundle.manifest.name, **compare(bundle, seconds, repeats)}
    result["front_end_times_real_time"] = {k: round(v) for k, v in measure().items()}
    return result, _cost_text(result)


def _cost_text(result: dict[str, Any]) -> str:
    """A table; the last column is ours over the rival's."""
    rows = (
        ("CPU s per audio s", "cpu_s_per_audio_s", "{:.5f}"),
        ("resident MB", "resident_mb", "{:.1f}"),
        ("start to first result, s", "first_result_s", "{:.3f}"),
        ("model bytes", "model_bytes", "{:,}"),
    )
    names = list(result["costs"])
    ratio = result.get("ratio", {})
    lines = [f"{'':<26}" + "".join(f"{n:>18}" for n in names) + (f"{'ratio':>8}" if ratio else "")]
    for title, key, form in rows:
        cells = "".join(f"{form.format(result['costs'][n][key]):>18}" for n in names)
        lines.append(f"{title:<26}{cells}" + (f"{ratio[key]:>8.2f}" if ratio else ""))
    speeds = ", ".join(f"{k} {v:,}" for k, v in result["front_end_times_real_time"].items())
    return "\n".join([*lines, f"front end, times real time: {speeds}"])


def _wake(bundle: Bundle, data: Path, snr: float, seed: int, out: Path | None) -> tuple[dict[str, Any], str]:
    from training.bench import wake

    folders = wake.folders_of(bundle, data)
    rows, made = wake.compare(bundle, folders, snr, seed, lambda line: print(line, file=sys.stderr))
    result = wake.as_json(rows, made, folders)
    if out:
        _write(out, wake.page(result, bundle, folders), rows)
    return result, "\n".join(wake.table(result["rows"]))


def _folds(
    bundle: Bundle, runs: list[Path], data: Path, budget: float, write: bool, out: Path | None
) -> tuple[dict[str, Any], str]:
    from training.bench import folds
    from training.data.audio import DataError

    if len(runs) < 2:
        raise DataError(f"{runs[0]}: one run is no fold; give at least 2 of different splits")
    opened = [folds.open_fold(run, data) for run in runs]
    scored = [folds.score(f) for f in opened]
    result = {
        "model": bundle.manifest.name,
        "data": data.resolve().name,
        "pooled": folds.pooled(scored),
        "folds": [folds.fold_row(s) for s in scored],
        "thresholds": folds.thresholds(opened, data, budget, lambda line: print(line, file=sys.stderr)),
    }
    if write:
        folds.write(bundle, result)
    text = folds.page(result)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{bundle.manifest.name}.md").write_text(text, "utf-8")
    return result, text


def _scene_folds(
    bundle: Bundle, runs: list[Path], data: Path, write: bool, out: Path | None
) -> tuple[dict[str, Any], str]:
    from training.bench import scene_folds

    result, choice = scene_folds.compare(runs, data, bundle.manifest)
    result = {"model": bundle.manifest.name, **result}
    if write:
        scene_folds.write(bundle, result, choice)
    text = scene_folds.page(bundle.manifest.name, result, choice, bundle)
    if out:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{bundle.manifest.name}.md").write_text(text, "utf-8")
    return result, text


def _write(out: Path, page: str, rows: Any) -> None:
    """The page and the trade-off's picture beside it."""
    from training.data.audio import DataError
    from training.evaluate import plot

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "wake.md").write_text(page, "utf-8")
    except OSError as e:
        raise DataError(f"{out}: {e.strerror}; give --out a folder that can be written") from None
    names = {f"{r.detector}, {r.conditions}": r for r in rows}
    plot.det({k: r.sweep for k, r in names.items()}, out / "wake.png", {k: r.point for k, r in names.items()})

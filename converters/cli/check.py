"""``nuthatch check``: does every form of a model compute the same?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def check(
    model: Annotated[str, typer.Argument(help="Bundled model, path of a bundle, or a .tflite file.")],
    run: Annotated[
        Path | None, typer.Option(help="The run it was converted from: adds torch, and real features.")
    ] = None,
    features: Annotated[Path | None, typer.Option(help="int8 features [N, T, F], .npy. [default: random]")] = None,
    count: Annotated[int, typer.Option(min=1, help="Windows to compare.")] = 16,
    json: Annotated[bool, typer.Option("--json", help="One JSON object per rung.")] = False,
) -> None:
    """Climb the parity ladder: int8 graph, TFLM, LiteRT, step graph; name the first layer that differs."""
    from converters.cli.failure import one_line

    failed = False
    with one_line():
        for rung in _rungs(model, run, features, count):
            failed = failed or not rung.ok
            print(_json(rung) if json else _line(rung), flush=True)
    if failed:
        typer.echo(f"nuthatch: {model}: the rungs marked FAIL differ by more than they may", err=True)
        raise typer.Exit(1)


def _rungs(model: str, run: Path | None, features: Path | None, count: int) -> Any:
    from converters.check import check_bundle, check_file
    from converters.error import ConvertError
    from edge.manifest import open_bundle

    path = Path(model)
    if path.suffix == ".tflite" and not (path.parent / "manifest.json").is_file():
        return check_file(path, count)
    bundle = open_bundle(model)
    if path.suffix == ".tflite":
        bundle.file(path.name)
        if path.name != "model.tflite":
            return check_file(path, count)
    if bundle.manifest.picture and (run or features):
        raise ConvertError(
            f"{bundle.manifest.name}: a model for pictures; --run and --features are for sound, "
            "`nuthatch bench --pictures DIR --run RUN` has its float network"
        )
    loaded = _load(run)
    values = _features(features) if features else loaded.calibration if loaded else None
    return check_bundle(bundle.folder, bundle.manifest, values, count, loaded.network if loaded else None)


def _load(run: Path | None) -> Any:
    if run is None:
        return None
    from converters.bundle import load_run

    return load_run(run)


def _features(path: Path) -> Any:
    import numpy as np

    from converters.error import ConvertError

    try:
        values = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as e:
        raise ConvertError(f"{path}: not a .npy file that can be read ({e}); save int8 [N, T, F]") from None
    if values.ndim != 3 or not len(values):
        raise ConvertError(f"{path}: shape {list(values.shape)}; save int8 [N, T, F]")
    return values


def _json(rung: Any) -> str:
    import dataclasses
    import json

    return json.dumps({**dataclasses.asdict(rung), "ok": rung.ok}, ensure_ascii=False)


def _line(rung: Any) -> str:
    head = f"{'skip' if rung.skipped else 'ok  ' if rung.ok else 'FAIL'} {rung.file:<14} {rung.name:<40}"
    if rung.skipped:
        return f"{head} {rung.skipped}"
    allowed = (
        "none allowed" if rung.tolerance == 0 else f"{rung.tolerance} allowed" if rung.tolerance < 256 else "no limit"
    )
    text = (
        f"{head} {rung.runs} runs, difference {rung.max_difference}/256 ({allowed}), same label {rung.same_label:.1%}"
    )
    return f"{text}; first: {rung.first_difference}" if rung.first_difference else text

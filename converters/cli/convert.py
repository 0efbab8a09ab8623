"""``nuthatch convert``: a training run to a model bundle."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def convert(
    run_dir: Annotated[Path, typer.Argument(help="Folder that `nuthatch train` wrote.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the bundle; made if missing.")],
    name: Annotated[str | None, typer.Option(help="Name of the model. [default: that of the folder]")] = None,
    step_frames: Annotated[
        int | None, typer.Option(min=0, help="Frames a step of the stream takes; 0: no stream. [default: the recipe's]")
    ] = None,
    qat_epochs: Annotated[
        int, typer.Option(min=0, help="Epochs of fine-tuning with int8 in the loop, on the calibration features.")
    ] = 0,
    threads: Annotated[
        int, typer.Option(min=1, help="CPU threads; more rarely pay for networks as small as these.")
    ] = 1,
    json: Annotated[bool, typer.Option("--json", help="The manifest on stdout instead of a summary.")] = False,
) -> None:
    """Quantize a trained network and write its bundle: model.tflite, stream.tflite, manifest.json."""
    import torch

    from converters.bundle import make_bundle
    from converters.cli.failure import one_line

    torch.set_num_threads(threads)
    with one_line():
        manifest = make_bundle(run_dir, out, name, step_frames, qat_epochs, lambda line: typer.echo(line, err=True))
    if json:
        print(manifest.to_json(), end="")
        return
    sizes = ", ".join(f"{name} {f.bytes:,} B" for name, f in manifest.files.items())
    facts = manifest.training
    what, agreed = ("picture", "pixels") if manifest.picture else ("window", "clips")
    print(f"{out}: {sizes}; {facts['parameters']:,} parameters, {facts['macs']:,} MACs a {what}")
    share, how = facts["int8_agreement"], facts["quantization"]
    print(f"int8 and float agree on {share:.1%} of the calibration {agreed} ({how})")
    if manifest.stream is not None:
        per_step = f"{manifest.step_ms} ms, {facts['macs_per_step']:,} MACs"
        print(f"stream: a step is {per_step}, {manifest.stream.state_bytes:,} B of state")

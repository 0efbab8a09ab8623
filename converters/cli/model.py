"""``nuthatch model``: what the bundles are, and one more that is made of published weights."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.cli.model import app


@app.command("import-sinet")
def import_sinet(
    weights: Annotated[Path, typer.Argument(help="SINet.pth of clovaai/ext_portrait_segmentation.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder of the bundle; made if missing.")] = Path("sinet"),
    data: Annotated[
        Path | None, typer.Option(help="Folder of pictures that set the int8 ranges. [default: drawn ones]")
    ] = None,
    qat_epochs: Annotated[
        int, typer.Option(min=0, help="Epochs of fine-tuning with int8 in the loop, on those pictures.")
    ] = 0,
    json: Annotated[bool, typer.Option("--json", help="The manifest on stdout instead of a summary.")] = False,
) -> None:
    """Make a portrait bundle of the weights that SINet's authors published."""
    from converters.cli.failure import one_line

    with one_line():
        from converters.import_sinet import import_sinet as run

        manifest = run(weights, out, data, qat_epochs)
    if json:
        print(manifest.to_json(), end="")
        return
    facts = manifest.training
    print(f"{out}: model.tflite {manifest.files['model.tflite'].bytes:,} B, {facts['macs']:,} MACs a picture")
    print(f"int8 and float agree on {facts['int8_agreement']:.1%} of the pixels ({facts['calibration']})")

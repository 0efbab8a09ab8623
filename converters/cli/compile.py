"""``nuthatch compile``: a model to a small C library."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer


def compile(  # noqa: A001  the verb's name
    model: Annotated[str, typer.Argument(help="A .tflite file (int8), a bundle's folder, or a bundled model.")],
    target: Annotated[str, typer.Option(help="Core: cortex-m0+, m3, m4, m7, m33, m55, rv32, host, ...")] = "host",
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder of the library; made if missing. [default: none written]")
    ] = None,
    prefix: Annotated[
        str, typer.Option(help="Of files, functions and macros; two models in one program need two.")
    ] = "model",
    ram: Annotated[
        str | None, typer.Option(help="Bytes of RAM it may take, such as 64K; slower where that is what it takes.")
    ] = None,
    library: Annotated[
        bool, typer.Option("--library", help="Build the shared library of `listen --backend native`.")
    ] = False,
    compiler: Annotated[
        str | None,
        typer.Option(help="With --library and --out: for another machine, arm-linux-gnueabihf-gcc."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="One JSON object instead of the table.")] = False,
) -> None:
    """Compile an int8 model to C: bit for bit what TFLM computes, with its memory known beforehand.

    The library needs no heap, no interpreter and nothing but stdint.h and string.h. Exit code 3: no plan fits --ram.
    """
    from converters.budget import BudgetError
    from converters.cli.failure import one_line
    from converters.compile import compile_model, open_source

    core, budget = _target(target), _bytes(ram)
    if library and core.name != "host":
        raise typer.BadParameter("is for a machine with an operating system: no --target", param_hint="--library")
    if compiler and not (library and out):
        raise typer.BadParameter("goes with --library and --out, the library's file", param_hint="--compiler")
    with one_line():
        source = open_source(model)
        try:
            made = compile_model(source, core, budget)
        except BudgetError as e:
            typer.echo(f"nuthatch: {e}", err=True)
            raise typer.Exit(3) from None
        written = [_build_library(made, model, out, compiler)] if library else _write(source, made, prefix, out)
        print(_json(source, made, written) if json else _table(source, made, written))


def _target(name: str) -> Any:
    from converters.error import ConvertError
    from converters.target import target

    try:
        return target(name)
    except ConvertError as e:
        raise typer.BadParameter(str(e), param_hint="--target") from None


def _bytes(text: str | None) -> int | None:
    """64K, 0.5M or 65536; K is 1024."""
    if text is None:
        return None
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].upper() in ("K", "M") else (text, "")
    try:
        size = float(number) * {"": 1, "K": 1024, "M": 1024 * 1024}[unit]
    except ValueError:
        size = 0
    if not 0 < size < 1 << 40:
        raise typer.BadParameter(f"{text!r} is no number of bytes; say 65536 or 64K", param_hint="--ram")
    return int(size)


def _write(source: Any, made: Any, prefix: str, out: Path | None) -> list[Path]:
    from converters.compile import files

    texts = files(made, source.about, prefix)
    if out is None:
        return []
    out.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (out / name).write_text(text, "utf-8")
    return [out / name for name in texts]


def _build_library(made: Any, model: str, out: Path | None, compiler: str | None) -> Path:
    """Where the daemon looks for it, or at ``out``; tuned to this machine when it is for this one."""
    from converters.emit.c import emit
    from converters.library import PREFIX, abi_source, build, default_path
    from edge.manifest import open_bundle

    bundle = open_bundle(model)
    files = {**emit(made, PREFIX), "abi.c": abi_source(bundle, made)}
    if compiler is None:
        return build(files, out or default_path(bundle))
    return build(files, out or default_path(bundle), compiler, ("-O3",))


def _json(source: Any, made: Any, written: list[Path]) -> str:
    import json

    from converters.summary import summary

    return json.dumps({**summary(source, made), "files": [str(p) for p in written]}, ensure_ascii=False)


def _table(source: Any, made: Any, written: list[Path]) -> str:
    from converters.summary import summary

    facts = summary(source, made)
    lines = [f"{x['kernel']:<28} {x['macs']:>11,}  {x['name'][-40:]:<40} {x['variant']}" for x in facts["layers"]]
    lines.append(
        f"{facts['model']} on {facts['target']}: {facts['macs']:,} MACs, arena {facts['arena_bytes']:,} B, "
        f"state {facts['state_bytes']:,} B, constants {facts['const_bytes']:,} B"
    )
    if facts["recomputed_macs"]:
        lines.append(f"{facts['recomputed_macs']:,} of the MACs are computed twice, to keep to --ram")
    if written:
        lines.append(f"wrote {', '.join(str(p) for p in written)}")
    return "\n".join(lines)

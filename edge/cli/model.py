"""``nuthatch model``: what the bundles are and what they were measured to do."""

from __future__ import annotations

import json as json_module
from typing import Any

import typer

app = typer.Typer(help="List bundled models and show what is known of one.", no_args_is_help=True)

JSON = typer.Option(False, "--json", help="JSON instead of a table.")


@app.command("ls")
def ls(json: bool = JSON) -> None:
    """Bundled models: name, targets, size of the step graph, default operating point."""
    from edge.manifest import bundled_names, open_bundle

    for name in bundled_names():
        manifest = open_bundle(name).manifest
        row = {
            "name": name,
            "targets": manifest.targets,
            "bytes": sum(f.bytes for f in manifest.files.values() if f.bytes),
            "operating_point": manifest.operating_points[0].name if manifest.operating_points else None,
            "description": manifest.description,
        }
        print(json_module.dumps(row, ensure_ascii=False) if json else _row(row))


@app.command("info")
def info(name: str = typer.Argument(help="Bundled model, or the path of a bundle."), json: bool = JSON) -> None:
    """Labels, front end, sizes, operating points, evidence and licences of a model."""
    from edge.manifest import open_bundle

    bundle = open_bundle(name)
    if json:
        print(bundle.manifest.to_json(), end="")
        return
    from edge.cli.card import card

    print(card(bundle))


@app.command("schema")
def schema() -> None:
    """JSON schema of a bundle's manifest.json, for editors."""
    from edge.schema import schema as make

    print(json_module.dumps(make(), indent=1))


def _row(row: dict[str, Any]) -> str:
    targets = ", ".join(row["targets"])
    return f"{row['name']:<20} {row['bytes']:>9,} B  {targets:<30} {row['description']}".rstrip()

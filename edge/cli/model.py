"""``nuthatch model``: what the bundles are and what they were measured to do."""

from __future__ import annotations

import json as json_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.shelf import Shelf

app = typer.Typer(
    help="What models there are and what is known of them; add one to this machine.", no_args_is_help=True
)

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


Folder = Annotated[
    Path | None, typer.Option("--folder", help="The service's state folder; without it, the configuration's.")
]
Config = Annotated[Path | None, typer.Option("--config", help="The service's configuration.")]


@app.command("add")
def add(
    source: Annotated[str, typer.Argument(help="Folder, zip file or https address of a bundle.")],
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Check a model, run it once in a child process with limits, and make it the one the service uses."""
    bundle = _shelf(folder, config).add(source)
    print(f"{bundle.manifest.name}: {bundle.folder}")


@app.command("rollback")
def rollback(
    name: Annotated[str, typer.Argument(help="Name of an added model.")],
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Go back to the version before; the last one is the model that comes with nuthatch."""
    bundle = _shelf(folder, config).rollback(name)
    print(f"{name}: {bundle.folder if bundle else 'the one that comes with nuthatch'}")


@app.command("versions")
def versions(folder: Folder = None, config: Config = None) -> None:
    """Added models and their versions; * marks the current one."""
    shelf = _shelf(folder, config)
    for name in shelf.names():
        current = shelf.open(name).folder.name
        for version in shelf.versions(name):
            print(f"{'*' if version == current else ' '} {name}  {version}")


@app.command("keygen")
def keygen(out: Annotated[Path, typer.Argument(help="A new file for the private key.")]) -> None:
    """Make a key for signing models; prints the public one, for [models] public_key."""
    from edge.shelf.signature import new_key

    print(new_key(out))


@app.command("sign")
def sign(
    bundle: Annotated[Path, typer.Argument(help="Folder of a bundle.")],
    key: Annotated[Path, typer.Option("--key", help="Private key, of `nuthatch model keygen`.")],
) -> None:
    """Sign a bundle, so that machines with the public key take it."""
    from edge.manifest import open_bundle
    from edge.shelf.signature import sign as write

    write(open_bundle(bundle).folder, key)


def _shelf(folder: Path | None, config: Path | None) -> Shelf:
    from edge.daemon.state_folder import state_folder
    from edge.shelf import Shelf

    if folder is not None and config is None:
        return Shelf(folder / "models")
    from edge.daemon.config import load

    found = load(config)
    return Shelf((folder or state_folder(found.store.folder)) / "models", found.models.public_key, found.models.keep)


def _row(row: dict[str, Any]) -> str:
    targets = ", ".join(row["targets"])
    return f"{row['name']:<20} {row['bytes']:>9,} B  {targets:<30} {row['description']}".rstrip()

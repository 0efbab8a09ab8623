"""``nuthatch store``: what the service has kept: look, judge, export, back up."""

from __future__ import annotations

import json as json_module
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from edge.daemon.store import Store, Stored

app = typer.Typer(help="Events, labels and recordings of the service.", no_args_is_help=True)

Folder = Annotated[
    Path | None, typer.Option("--folder", help="The state folder; without it, the configuration's or the user's.")
]
Config = Annotated[Path | None, typer.Option("--config", help="The configuration that names the folder.")]


@app.command()
def events(
    folder: Folder = None,
    config: Config = None,
    n: Annotated[int, typer.Option("-n", min=1, help="At most so many, the newest first.")] = 20,
    json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """The last events, each with its id and what was said of it."""
    with closing(_open(folder, config)) as store:
        for stored in store.last(n):
            print(_line(stored, json))


@app.command()
def label(
    record: Annotated[str, typer.Argument(help="Id of an event.")],
    verdict: Annotated[str, typer.Argument(help='right, wrong, the label that it was instead, or "" to take it back.')],
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Say what an event was."""
    with closing(_open(folder, config)) as store:
        try:
            store.label(record, verdict)
        except KeyError:
            raise typer.BadParameter(f"no event {record!r}; `nuthatch store events` lists them") from None
        except ValueError as e:
            raise typer.BadParameter(str(e)) from None


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="A new folder.")], folder: Folder = None, config: Config = None
) -> None:
    """What was judged: events.jsonl, and sound in the Speech Commands layout, which training reads."""
    with closing(_open(folder, config)) as store:
        count = store.export(out)
    print(f"nuthatch: {count} judged events in {out}", file=sys.stderr)


@app.command()
def backup(
    out: Annotated[Path, typer.Argument(help="A zip file.")], folder: Folder = None, config: Config = None
) -> None:
    """Everything into one zip file; the service may go on."""
    from edge.daemon.store.backup import backup as make

    count = make(_folder(folder, config), out)
    print(f"nuthatch: {out}: the database and {count} recordings", file=sys.stderr)


@app.command()
def restore(
    archive: Annotated[Path, typer.Argument(help="The zip file of a backup.")],
    folder: Folder = None,
    config: Config = None,
) -> None:
    """Put a backup into a folder that has no store yet."""
    from edge.daemon.store.backup import restore as put

    count = put(archive, _folder(folder, config))
    print(f"nuthatch: {archive}: the database and {count} recordings are back", file=sys.stderr)


def _open(folder: Path | None, config: Path | None) -> Store:
    from edge.daemon.store import Store, StoreError
    from edge.daemon.store.database import FILE

    where = _folder(folder, config)
    if not (where / FILE).is_file():
        raise StoreError(f"{where}: no {FILE} in it; give the service's state folder with --folder")
    return Store(where)


def _folder(folder: Path | None, config: Path | None) -> Path:
    from edge.daemon.state_folder import state_folder

    if folder is not None:
        return folder
    from edge.daemon.config import load

    return state_folder(load(config).store.folder)


def _line(s: Stored, as_json: bool) -> str:
    if as_json:
        line = {**json_module.loads(s.record.to_json()), "verdict": s.verdict, "has_audio": s.has_audio}
        return json_module.dumps(line, ensure_ascii=False)
    r = s.record
    return f"{r.id}  {r.time_utc}  {r.label}  {r.score:.2f}  {r.model}  {s.verdict or '-'}"

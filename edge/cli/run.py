"""``nuthatch run``: the daemon, in the foreground."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from edge.daemon.service import Service


def run(
    config: Annotated[
        Path | None,
        typer.Option(help="Without it: ./nuthatch.toml, ~/.config/nuthatch/config.toml or /etc/nuthatch/config.toml."),
    ] = None,
    model: Annotated[
        list[str] | None, typer.Option(help="Instead of the configuration's tasks: a model; may be repeated.")
    ] = None,
    source: Annotated[str | None, typer.Option(help="Of sound: mic, a file, or - for raw int16 on stdin.")] = None,
    device: Annotated[str | None, typer.Option(help="Microphone: a part of its name, or its index.")] = None,
    set_: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Any field: page.port=8080, task.0.source=FOLDER."),
    ] = None,
) -> None:
    """Run the models of the configuration until Ctrl-C, with sinks, page and store."""
    import asyncio

    settings = _settings(model, source, device, set_ or [])
    asyncio.run(_run(config, settings))


def _settings(model: list[str] | None, source: str | None, device: str | None, assigned: list[str]) -> dict[str, Any]:
    """The command line as the configuration's last layer."""
    settings: dict[str, Any] = {"task": [{"model": m} for m in model]} if model else {}
    for text in assigned:
        key, equals, value = text.partition("=")
        if not equals or not key:
            raise typer.BadParameter(f"{text!r} is no KEY=VALUE such as page.port=8080", param_hint="--set")
        settings[key] = value
    given = {"audio.source": source, "audio.device": device}
    return settings | {key: value for key, value in given.items() if value is not None}


async def _run(path: Path | None, settings: dict[str, Any]) -> None:
    from edge.daemon import logs
    from edge.daemon.config import Config, load, places
    from edge.daemon.health import Status
    from edge.daemon.outside import Outside
    from edge.daemon.service import Service
    from edge.daemon.systemd import Notifier

    def read() -> Config:
        found = load(path, settings=settings)
        logs.start(found.log)
        return found

    config = read()
    files = (path,) if path else tuple(places())
    notifier = Notifier()

    def changed(part: str, status: Status) -> None:
        logs.changed(part, status)
        if part == "audio":  # the line that systemctl status shows
            notifier.status(f"{status.state}: {status.text}" if status.text else status.state)

    service = Service(config, Outside(read, files, notify=notifier, tell=logs.heard, changed=changed))
    _follow_signals(service)
    await service.run()


def _follow_signals(service: Service) -> None:
    import asyncio
    import signal

    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, service.stop)
    loop.add_signal_handler(signal.SIGHUP, service.reload)

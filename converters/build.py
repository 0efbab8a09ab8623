"""A model for a board: compiled into the PlatformIO project, built there, checked against the board's memory."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from converters import fit
from converters.budget import BudgetError
from converters.compile import Source, compile_model, open_source
from converters.error import ConvertError
from converters.firmware_header import firmware_files, hears
from converters.plan import Plan
from converters.target import target
from edge import platformio
from edge.board import Board, known, open_board
from edge.manifest import Bundle, BundleError, bundled_names, open_bundle

DEFAULT_APP = "keyword"
LISTENING = (DEFAULT_APP, "scene")
TOOLS = ("measure",)
"""Sources of apps/ that are no firmware for a user."""


@dataclass(frozen=True)
class Firmware:
    """What is to be built. ``bundle`` is None for a bare ``.tflite``."""

    source: Source
    plan: Plan
    board: Board
    bundle: Bundle | None
    app: str
    project: Path

    @property
    def name(self) -> str:
        return self.source.about.name

    @property
    def library(self) -> Path:
        """The folder of the PlatformIO library ``model`` of this board."""
        return self.project / ".pio" / "models" / self.board.id / "model"

    @property
    def at_least(self) -> fit.Bytes:
        return fit.at_least(self.plan, self.bundle)

    def remedy(self) -> str:
        return remedy(self)


def apps(project: Path = platformio.PROJECT) -> list[str]:
    """Names of the programs in the project: a file or a folder each."""
    folder = project / "apps"
    names = {p.stem for p in folder.glob("*.c")} | {p.parent.name for p in folder.glob("*/main.c")}
    return sorted(names.difference(TOOLS))


def prepare(model: str, board: Board, app: str = DEFAULT_APP, project: Path = platformio.PROJECT) -> Firmware:
    """Compile the model for the board's core and write the library; nothing is written for what cannot fit.

    Raises FitError, ConvertError or BundleError.
    """
    _require_app(model, app)
    firmware = planned(model, board, app, project)
    fit.check(firmware.name, board, firmware.at_least, True, firmware.remedy)
    _write(firmware_files(firmware.bundle, firmware.plan, board, firmware.source.about), firmware.library)
    return firmware


def planned(model: str, board: Board, app: str = DEFAULT_APP, project: Path = platformio.PROJECT) -> Firmware:
    """The plan within the board's RAM, or the best there is."""
    if app not in apps(project):
        raise ConvertError(f"no app {app!r}; there are {', '.join(apps(project)) or 'none'}")
    source, bundle = open_source(model), _bundle(model)
    core = target(board.target)
    whole = Firmware(source, compile_model(source, core), board, bundle, app, project)
    spare = board.ram.bytes - whole.at_least.ram
    if not board.ram.bytes or spare >= 0:
        return whole
    try:
        plan = compile_model(source, core, fit.needed(whole.plan) + spare)
    except (BudgetError, ValueError):
        return whole
    return Firmware(source, plan, board, bundle, app, project)


def _require_app(model: str, app: str) -> None:
    """Raises ConvertError for an application that listens with a model that does not."""
    bundle = _bundle(model)
    manifest = bundle.manifest if bundle else None
    if app not in LISTENING or (manifest and (manifest.stream if app == DEFAULT_APP else hears(manifest))):
        return
    other = "scene" if manifest and hears(manifest) else "portrait" if manifest and manifest.picture else "bench"
    raise ConvertError(f"{manifest.name if manifest else model}: not a model for --app {app}; give --app {other}")


def choose(firmware: Firmware, model: str) -> None:
    """A plain ``pio run`` builds this model and app from now on."""
    where = str(Path(model).resolve()) if Path(model).exists() else model
    text = json.dumps({"model": where, "app": firmware.app}) + "\n"
    (firmware.library.parent / "chosen.json").write_text(text, "utf-8")


def build(firmware: Firmware) -> tuple[fit.Bytes | None, str]:
    """PlatformIO's build of a prepared library: bytes that the linker counted, and what was said.

    Raises FitError, or ConvertError with the compiler's first complaints.
    """
    arguments = ["run", "-e", firmware.board.id]
    code, said = platformio.capture(arguments, firmware.project, {"NUTHATCH_PREPARED": "1"})
    taken = fit.linked(said, firmware.board)
    if taken is not None:
        fit.check(f"{firmware.name} with {firmware.app}", firmware.board, taken, False, firmware.remedy)
    if code:
        raise ConvertError(f"{firmware.board.id}: PlatformIO could not build; {_complaint(said)}")
    return taken, said


def remedy(firmware: Firmware) -> str:
    """What would fit: smaller bundled models, boards with more memory."""
    models = [m for m in bundled_names() if m != firmware.name and _alike(m, firmware) and _fits(m, firmware.board)]
    boards = sorted(_larger(firmware), key=lambda b: (b.simulated != firmware.board.simulated, b.ram.bytes, b.id))
    ideas = [", ".join(models[:2]), " or ".join(f"{b.id} ({b.ram.bytes:,} B)" for b in boards[:2])]
    return f"Try {' or '.join(i for i in ideas if i) or 'a smaller network'}"


def _larger(firmware: Firmware) -> list[Board]:
    """Boards with room for the same plan."""
    folder, least = platformio.project_boards(firmware.project), firmware.at_least
    boards = [open_board(n, folder) for n in known(folder)]
    return [b for b in boards if b.ram.bytes >= least.ram and b.flash.bytes >= least.flash]


def _alike(model: str, firmware: Firmware) -> bool:
    """For the same task, as far as the firmware's is known."""
    return firmware.bundle is None or open_bundle(model).manifest.task == firmware.bundle.manifest.task


def _fits(model: str, board: Board) -> bool:
    plan = compile_model(open_source(model), target(board.target))
    taken = fit.at_least(plan, open_bundle(model))
    return taken.ram <= board.ram.bytes and taken.flash <= board.flash.bytes


def _bundle(model: str) -> Bundle | None:
    try:
        return open_bundle(model)
    except BundleError:
        if model.endswith(".tflite"):
            return None
        raise


def _write(texts: dict[str, str], folder: Path) -> None:
    """Files whose text is the same keep their time: nothing is compiled again for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        path = folder / name
        if not path.is_file() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")


def _complaint(said: str) -> str:
    """The first lines that name an error; or what to do about packages that could not be fetched."""
    if re.search(r"HTTPClientError|InternetConnectionError|ReadTimeout|ConnectionError", said):
        return "its packages could not be fetched; real boards need PlatformIO's registry, once"
    lines = [x.strip() for x in said.splitlines() if any(w in x for w in ("error", "Error", "undefined reference"))]
    return " | ".join((lines or said.strip().splitlines()[-3:])[:3])[:600]

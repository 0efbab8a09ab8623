"""Hardware in the loop: `pytest tests/hil --board ID` or `--board ID@PORT`; docs/hil.md."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent))

import budget as budgets  # noqa: E402
from device import Device  # noqa: E402  files of this folder
from images import FOLDER, command, image  # noqa: E402
from machine import Machine  # noqa: E402
from subject import Subject, emulated, parse, program  # noqa: E402

from converters.error import ConvertError  # noqa: E402
from converters.fit import FitError  # noqa: E402
from converters.measure.toolchain import version  # noqa: E402
from converters.target import target  # noqa: E402
from edge.board import Board, BoardError  # noqa: E402
from edge.hearing import Hearing, hear  # noqa: E402
from edge.link import Link, open_link  # noqa: E402
from edge.source.file import File  # noqa: E402

KITCHEN = Path(__file__).parents[2] / "samples" / "kitchen.opus"
PATIENCE_S = 60.0
"""Without progress: emulators are slow, and machines busy."""
RESULTS = pytest.StashKey[dict[str, dict[str, Any]]]()
SUBJECTS = pytest.StashKey[list[Subject]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("hil", "boards in the loop")
    group.addoption(
        "--board",
        action="append",
        metavar="ID[@PORT]",
        help="Board under test, more than once for several; all emulated ones otherwise.",
    )
    group.addoption("--soak-hours", type=float, default=0.0, help="Hours of audio for every board's soak test.")
    group.addoption("--accept-budgets", action="store_true", help="Write tests/budgets from what is measured now.")
    group.addoption("--write-boards", type=Path, metavar="DIR", help="Write the table boards.md into this folder.")


def option(config: pytest.Config, name: str) -> Any:
    """None where this file was read too late to add options: when a whole tree of tests runs."""
    return config.getoption(name, default=None)


def subjects(config: pytest.Config) -> list[Subject]:
    try:
        return [parse(text) for text in option(config, "--board") or []] or emulated()
    except (BoardError, ValueError) as e:
        raise pytest.UsageError(f"--board: {e}") from None


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "device" not in metafunc.fixturenames:
        return
    every = not metafunc.definition.get_closest_marker("one_model")
    cases = [(s, m) for s in metafunc.config.stash[SUBJECTS] for m in (s.models if every else s.models[:1])]
    names = [f"{s.board.id}-{m.replace(' ', '_')}" for s, m in cases]
    metafunc.parametrize("device", cases, indirect=True, scope="session", ids=names)


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "one_model: of a board, whichever model is on it")
    config.stash[RESULTS], config.stash[SUBJECTS] = {}, subjects(config)


def pytest_sessionfinish(session: pytest.Session) -> None:
    results = session.config.stash.get(RESULTS, {})
    folder = FOLDER / "results"
    for board, found in results.items():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{board}.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
    where = option(session.config, "--write-boards")
    if where and results:
        from converters.measure.boards_page import page

        (where / "boards.md").write_text(page(list(results.values())), "utf-8")


@pytest.fixture(scope="session")
def kitchen() -> np.ndarray:
    return np.concatenate(list(File(KITCHEN)))


@pytest.fixture(scope="session")
def device(request: pytest.FixtureRequest, kitchen: np.ndarray, tmp_path_factory: pytest.TempPathFactory):
    """A board with a model on it, running."""
    subject, model = request.param
    if subject.missing():
        pytest.skip(f"{subject.board.id}: {subject.missing()}")
    if subject.port:
        yield _at_port(subject, kitchen)
        return
    try:
        line = command(image(subject.board, model), subject.board)
    except FitError as e:
        pytest.skip(str(e))
    except ConvertError as e:
        pytest.fail(str(e))
    yield from _running(subject, model, line, kitchen, tmp_path_factory.mktemp("machine") / "log")


def _running(subject: Subject, model: str, line: list[str], kitchen: np.ndarray, log: Path) -> Iterator[Device]:
    machine = Machine(line, log)
    machine.switch_on()

    def power(on: bool) -> None:
        if on:
            machine.switch_on()
        else:
            machine.switch_off()

    try:
        yield Device(subject.board, model, kitchen, lambda: open_link(machine.address, PATIENCE_S), power)
    finally:
        machine.switch_off()


def _at_port(subject: Subject, kitchen: np.ndarray) -> Device:
    with open_link(subject.port, PATIENCE_S) as link:
        facts = link.info()
    if facts["board"] != subject.board.id:
        pytest.fail(f"{subject.port} is {facts['board']}, not {subject.board.id}")
    return Device(subject.board, facts["model"], kitchen, lambda: open_link(subject.port, PATIENCE_S), None)


@pytest.fixture
def link(device: Device) -> Iterator[Link]:
    with device.link() as opened:
        yield opened


@pytest.fixture(scope="session")
def heard(device: Device) -> Hearing:
    """The recording, played into the board once for all tests."""
    with device.link() as opened:
        return hear(opened, device.recording)


@pytest.fixture(scope="session")
def memory(device: Device, heard: Hearing) -> budgets.Memory:
    """After the recording."""
    with device.link() as opened:
        return budgets.memory(opened)


@pytest.fixture
def budget(request: pytest.FixtureRequest, device: Device) -> Callable[[str, Mapping[str, int]], Mapping[str, int]]:
    """(model, figures) -> what was accepted for it; with --accept-budgets, these figures."""
    compiler = version(target(device.board.target).compiler)

    def accepted(model: str, found: Mapping[str, int]) -> Mapping[str, int]:
        if option(request.config, "--accept-budgets"):
            budgets.accept(device.board, compiler, model, found)
        kept = budgets.read(device.board)
        if kept.get("compiler", compiler) != compiler:
            pytest.skip(f"the budget is of {kept['compiler']}; this is {compiler}")
        if model not in kept.get("models", {}):
            pytest.fail(f"tests/budgets/{device.board.id}.json has no {model}: pytest tests/hil --accept-budgets")
        return kept["models"][model]

    return accepted


@pytest.fixture(scope="session")
def result(request: pytest.FixtureRequest, device: Device) -> dict[str, Any]:
    """What is told of this model on this board."""
    boards = request.config.stash[RESULTS]
    board = boards.setdefault(device.board.id, _about(device.board))
    found: dict[str, Any] = board["models"].setdefault(device.name, {})
    return found


def _about(board: Board) -> dict[str, Any]:
    """The board, when, and with what."""
    tools = [version(p) for p in (target(board.target).compiler, program(board)) if p] if board.simulated else []
    modules = [f"{m} {metadata.version(m)}" for m in ("platformio", board.emulator) if m and board.simulated]
    return {
        "board": board.id,
        "title": board.title,
        "target": board.target,
        "clock_hz": board.clock_hz,
        "date": date.today().isoformat(),
        "tools": [*tools, *modules],
        "models": {},
    }

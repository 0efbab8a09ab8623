"""An open page, and a real browser."""

from __future__ import annotations

import contextlib
import shutil
import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parent)]

from control_double import ControlDouble, StoreDouble  # noqa: E402
from page_double import OpenPage, configured, serving  # noqa: E402

ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP *.test 127.0.0.1"]


@pytest.fixture(name="configured")
def configured_fixture():
    return configured


@pytest.fixture(name="serving")
def serving_fixture():
    return serving


@pytest.fixture
def open_page(tmp_path):
    """``open_page(models, speed, store=True, page__token=...)``: an open page; closed with the test."""
    with contextlib.ExitStack() as stack:

        def make(models=(), speed=1.0, store=True, listens=True, **settings):
            control = ControlDouble(tmp_path, models, speed, settings.get("page__listen_in", False))
            kept = StoreDouble(control) if store else None
            address = stack.enter_context(serving(configured(**settings), control, kept))
            if listens:
                stack.enter_context(control)
            return OpenPage(address, control, kept)

        yield make


@pytest.fixture(scope="module")
def chromium():
    """A real browser without a window. No longer than a module: while it runs, this thread has an event loop."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    program = shutil.which("chromium")
    if program is None:
        pytest.skip("no chromium: apt install chromium")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=program, args=ARGUMENTS)
        yield browser
        browser.close()

"""PlatformIO's verbs on the emulated boards, without its registry; a model's way into a program."""

from __future__ import annotations

import json
import os
import pty
import re
import resource
import select
import subprocess
import sys
import time

import pytest

from converters.target import TARGETS
from edge.board import known, open_board

BOARDS = [b for b in map(open_board, known()) if b.simulated]
COLD_S = 10.0


def read_line(uart) -> str:
    said = b""
    while not said.endswith(b"\n"):
        more = uart.recv(1000)
        assert more, said
        said += more
    return said.decode()


@pytest.mark.parametrize("board", BOARDS, ids=lambda b: b.id)
def test_the_firmware_s_own_tests_pass_on_the_board(project, board):
    port = f"socket://127.0.0.1:{_free_port()}"
    done = project.pio("test", "-e", board.id, "-f", "test_hello", "--upload-port", port, "--test-port", port)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "start\t[PASSED]" in done.stdout
    assert "counter_grows\t[PASSED]" in done.stdout


def _free_port() -> int:
    import socket

    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def test_a_plain_run_compiles_the_default_model_and_is_quick(project):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = project.pio("run", "-e", "mps3-an547")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Model wake_computer, app hello (platformio.ini)" in done.stdout
    # Of processors, not of the clock: this machine may be busy.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < COLD_S


def test_a_built_model_runs_and_a_plain_run_keeps_it(project):
    done = project.nuthatch("build", "wake_alexa", "--board", "mps2-an386", "--app", "hello", "--json")
    assert done.returncode == 0, done.stderr
    facts = json.loads(done.stdout)
    assert facts["model_const_bytes"] < facts["flash_bytes"] < 70_000
    assert facts["model_ram_bytes"] < facts["ram_bytes"] < 30_000
    again = project.pio("run", "-e", "mps2-an386")
    assert "Model wake_alexa, app hello (the last nuthatch build" in again.stdout
    assert "Compiling" not in again.stdout
    with project.emulate("mps2-an386") as uart:
        assert read_line(uart) == "wake_alexa on mps2-an386\r\n"


def test_builds_for_other_boards_do_not_disturb(project):
    assert project.nuthatch("build", "commands12", "--board", "mps2-an385", "--app", "hello").returncode == 0
    library = project.folder / ".pio/models/mps2-an385/model/model.c"
    before = library.stat().st_mtime_ns
    assert project.nuthatch("build", "wake_alexa", "--board", "mps2-an500", "--app", "hello").returncode == 0
    assert project.nuthatch("build", "commands12", "--board", "mps2-an385", "--app", "hello").returncode == 0
    assert library.stat().st_mtime_ns == before
    assert "commands12" in library.with_name("bundle.h").read_text()


def test_what_cannot_fit_is_not_built(project):
    done = project.nuthatch("build", "commands12", "--board", "microbit", "--app", "hello")
    assert done.returncode == 3
    assert re.search(r"commands12 needs at least [\d,]+ B of RAM; microbit has 16,384 B\. Try \w+", done.stderr)
    assert not (project / ".pio/models/microbit/chosen.json").exists()


def test_what_the_linker_finds_too_large_is_said_in_its_bytes(project):
    done = project.nuthatch("build", "wake_alexa", "--board", "netduinoplus2", "--app", "large")
    assert done.returncode == 3
    needed = re.search(r"with large needs ([\d,]+) B of RAM; netduinoplus2 has 131,072 B", done.stderr)
    assert needed and int(needed[1].replace(",", "")) > 5_000_000


def test_an_app_and_a_board_that_are_not_there_are_named(project):
    done = project.nuthatch("build", "wake_alexa", "--board", "mps2-an386", "--app", "karaoke")
    said = "nuthatch: no app 'karaoke'; there are hello, keyword, large, portrait\n"
    assert (done.returncode, done.stderr) == (1, said)
    done = project.nuthatch("build", "wake_alexa", "--board", "rpi5", "--app", "hello")
    assert done.returncode == 2
    assert "rpi5 runs the daemon" in done.stderr


def test_a_board_is_one_file(project):
    """The example of docs/add-a-board.md, as it stands there."""
    page = (project.folder / "platform").resolve().parents[1] / "docs" / "add-a-board.md"
    text = re.search(r"```ini\n(\[env:(\S+)\].*?)```", page.read_text(), re.DOTALL)
    assert text
    file = project.boards / f"{text[2]}.ini"
    file.write_text(text[1])
    try:
        done = project.nuthatch("build", "wake_computer", "--board", text[2], "--app", "hello")
        assert done.returncode == 0, done.stderr
        with project.emulate(text[2]) as uart:
            assert read_line(uart) == f"wake_computer on {text[2]}\r\n"
    finally:
        file.unlink()


def test_real_boards_are_environments_with_pinned_platforms(project):
    done = project.pio("project", "config", "--json-output")
    sections = {name: dict(options) for name, options in json.loads(done.stdout)}
    real = [b for b in map(open_board, known()) if b.environment and b.platform]
    assert len(real) >= 9
    for board in real:
        options = sections[f"env:{board.id}"]
        assert re.search(r"@~?\d+\.\d+|#[0-9a-f]{40}$", options["platform"]), board.id
        assert options["board"]


def test_nothing_is_written_into_the_home_folder(project):
    assert project.pio("run", "-e", "native").returncode == 0
    assert list((project.folder.parent / "home").iterdir()) == []


def test_flash_and_monitor_of_an_emulated_board(project):
    port = f"socket://127.0.0.1:{_free_port()}"
    done = project.nuthatch("flash", "wake_computer", "--board", "mps2-an505", "--app", "hello", "--port", port)
    assert done.returncode == 0, done.stderr
    assert f"mps2-an505: emulated on this machine, UART on {port}" in done.stderr
    assert "wake_computer on mps2-an505" in _on_a_terminal(project, "mps2-an505", port)


def _on_a_terminal(project, board: str, port: str) -> str:
    """What `nuthatch monitor` shows until the program says a line; it wants a terminal."""
    ours, theirs = pty.openpty()
    code = "from edge.cli import main; main()"
    line = [sys.executable, "-c", code, "monitor", "--board", board, "--port", port, "--project", str(project.folder)]
    monitor = subprocess.Popen(line, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
    shown, end = b"", time.monotonic() + 60
    try:
        while f"wake_computer on {board}".encode() not in shown and time.monotonic() < end:
            if select.select([ours], [], [], 1)[0]:
                shown += os.read(ours, 1000)
    finally:
        os.killpg(monitor.pid, 9)
        monitor.wait()
        os.close(ours)
        os.close(theirs)
    return shown.decode(errors="replace")


def test_a_recording_played_into_the_firmware_gives_the_daemon_s_events(project):
    recording = str((project / "platform").resolve().parents[1] / "samples" / "kitchen.opus")
    port = f"socket://127.0.0.1:{_free_port()}"
    assert project.nuthatch("flash", "commands12", "--board", "native", "--port", port).returncode == 0
    done = project.nuthatch("play", recording, "--board", "native", "--port", port, "--json")
    assert done.returncode == 0, done.stderr
    assert "native: commands12, 20.5 s to hear" in done.stderr
    assert re.search(r"a step: .*model [\d,]+ \(at most", done.stderr)
    listen = [sys.executable, "-c", "from edge.cli import main; main()", "listen", "--model", "commands12", "--json"]
    heard = subprocess.run([*listen, "--source", recording], capture_output=True, text=True, check=True).stdout
    ours, daemon = ([json.loads(x) for x in said.splitlines()] for said in (done.stdout, heard))
    assert [e["label"] for e in ours] == ["right", "stop", "no", "yes"]
    # LiteRT's kernels for this machine round otherwise, by one step of a score now and then.
    assert [(e["time_s"], e["label"]) for e in ours] == [(e["time_s"], e["label"]) for e in daemon]
    assert all(abs(a["score"] - b["score"]) < 0.02 for a, b in zip(ours, daemon, strict=True))


def test_a_recording_is_not_played_into_a_program_for_pictures(project):
    recording = str((project / "platform").resolve().parents[1] / "samples" / "kitchen.opus")
    port = f"socket://127.0.0.1:{_free_port()}"
    flashed = project.nuthatch("flash", "portrait", "--board", "native", "--port", port, "--app", "portrait")
    assert flashed.returncode == 0, flashed.stderr
    done = project.nuthatch("play", recording, "--board", "native", "--port", port)
    assert done.returncode == 1 and not done.stdout
    assert done.stderr == "nuthatch: native: its application portrait takes no recordings; flash keyword or scene\n"


VENDOR = """from SCons.Script import AlwaysBuild, Default, DefaultEnvironment

env = DefaultEnvironment()
env.Replace(AR="arm-none-eabi-gcc-ar", AS="arm-none-eabi-gcc", CC="arm-none-eabi-gcc", LINK="$CC",
            RANLIB="arm-none-eabi-gcc-ranlib", PROGNAME="firmware", PROGSUFFIX=".elf")
env.Append(CCFLAGS=["-Os", "-mthumb", "-mcpu=cortex-m4"], LINKFLAGS=["-Os", "-mthumb", "-mcpu=cortex-m4"])
Default(AlwaysBuild(env.Alias("buildprog", env.BuildProgram())))
"""


@pytest.fixture
def vendor(project):
    """A platform as a vendor's is without a framework: compilers and a core, no memory, no start-up code."""
    folder = project / "vendor"
    for path, content in {
        "platform.json": json.dumps({"name": "vendor", "version": "1.0.0", "title": "t", "packages": {}}),
        "builder/main.py": VENDOR,
        "boards/brand.json": json.dumps({"name": "b", "url": "u", "vendor": "v", "build": {}, "upload": {}}),
    }.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(content)


def test_a_vendor_s_platform_without_framework_links_our_start_up_code(project, vendor):
    board = (project.boards / "netduinoplus2.ini").read_text()
    text = re.sub(r"extends.*|monitor_port.*|test_port.*|custom_qemu.*", "", board)
    keys = "platform = symlink://vendor\nboard = brand\ncustom_hal = cortexm\n"
    file = project.boards / "brand.ini"
    file.write_text(text.replace("[env:netduinoplus2]", f"[env:brand]\n{keys}"))
    try:
        done = project.nuthatch("build", "wake_computer", "--board", "brand", "--app", "hello")
        assert done.returncode == 0, done.stderr
        assert _vectors(project / ".pio/build/brand/firmware.elf") == 0x08000000
    finally:
        file.unlink()


BARE = [b for b in map(open_board, known()) if b.platform and "cortexm" in b.hal]


@pytest.mark.parametrize("board", BARE, ids=lambda b: b.id)
def test_boards_without_a_framework_build_with_the_system_s_compilers(project, board):
    """Their vendor's platform, which cannot be fetched here, replaced by ours; all else as the board's file has it."""
    text = (project.boards / f"{board.id}.ini").read_text()
    bare = re.sub(r"^(platform|board|upload_protocol) = .*$", "", text, flags=re.MULTILINE)
    file = project.boards / f"bare_{board.id}.ini"
    file.write_text(bare.replace(f"[env:{board.id}]", f"[env:bare_{board.id}]\nextends = bare"))
    try:
        done = project.nuthatch("build", "wake_computer", "--board", f"bare_{board.id}", "--json")
        assert done.returncode == 0, done.stderr
        facts = json.loads(done.stdout)
        assert facts["flash_bytes"] < 144 << 10
        # Of the boards with an I2S microphone, 10 KB are blocks of samples with both channels.
        assert facts["ram_bytes"] < 40 << 10
        assert _vectors(project / f".pio/build/bare_{board.id}/firmware.elf") == board.flash.origin
    finally:
        file.unlink()


def test_the_pico_2_s_image_is_found_by_its_rom(project):
    assert project.nuthatch("build", "wake_computer", "--board", "pico2").returncode == 0
    drive = project / "RP2350"
    drive.mkdir()
    (drive / "INFO_UF2.TXT").touch()
    done = project.nuthatch("flash", "wake_computer", "--board", "pico2", "--port", str(drive))
    assert done.returncode == 0, done.stderr
    image = (drive / "nuthatch.uf2").read_bytes()
    assert len(image) % 512 == 0 and int.from_bytes(image[28:32], "little") == 0xE48BFF59
    # The start of its block of definitions lies in the first 4 KiB.
    assert (0xFFFFDED3).to_bytes(4, "little") in image[: 16 * 512]


def _vectors(elf) -> int:
    line = ["arm-none-eabi-nm", str(elf)]
    said = subprocess.run(line, capture_output=True, text=True, check=True).stdout
    return min(int(x.split()[0], 16) for x in said.splitlines() if x.split()[1] in "tTrR")


def test_flash_names_what_is_not_connected(project):
    done = project.nuthatch("flash", "wake_computer", "--board", "nano33ble", "--app", "hello")
    assert done.returncode == 4
    assert "no nano33ble is connected; found" in done.stderr


def test_the_platform_compiles_for_the_compiler_s_cores(firmware_file):
    core = firmware_file("platform/core.py").core
    for name, target in TARGETS.items():
        assert tuple(core(name)["flags"]) == target.flags
        assert (core(name)["prefix"] + "gcc") == target.compiler
    with pytest.raises(ValueError, match="no core custom_target = 'z80'; there are cortex-m0"):
        core("z80")

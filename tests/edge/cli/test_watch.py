"""The verb from end to end: folders, videos, cameras; what is written, what is said, exit codes."""

import io
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import av
import numpy as np
import pytest
from films import film
from PIL import Image
from tiny_picture import GREY, RED, scene
from v4l2_device import Device

SPY = "import atexit, sys; atexit.register(lambda: print(*sys.modules, file=sys.stderr)); "


@pytest.fixture
def folder(tmp_path):
    """Somebody, nobody, a broken file, somebody in a corner of a folder below."""
    pictures = tmp_path / "pictures"
    (pictures / "below").mkdir(parents=True)
    for name, side in (("a.jpg", 0.5), ("b.png", 0), ("below/d.png", 0.5)):
        exif = Image.Exif()
        exif[0x010E] = "taken at home"
        Image.fromarray(scene(side=side)).save(pictures / name, exif=exif, quality=95)
    (pictures / "c.jpg").write_bytes((pictures / "a.jpg").read_bytes()[:400])
    return pictures


def looked(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


def redness(rgb):
    return (rgb[..., 0] - rgb[..., 1]).max()


def require_one_line(done, *says):
    lines = done.stderr.splitlines()
    assert done.returncode == 1
    assert len(lines) == 1 and lines[0].startswith("nuthatch: "), done.stderr
    assert all(s in lines[0] for s in says), done.stderr


def test_a_folder(nuthatch, red_path, folder, tmp_path):
    done = nuthatch("watch", "--model", red_path, "--source", folder, "--out", tmp_path / "out", "--json")
    assert done.returncode == 0
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(e["label"], e["picture"]) for e in events] == [
        ("person", "a.jpg"),
        ("nobody", "b.png"),
        ("person", "below/d.png"),
    ]
    named, summary = done.stderr.splitlines()
    assert "c.jpg" in named and "left out" in named
    assert summary.startswith("nuthatch: 3 pictures; 1 unreadable; 1 hidden whole; ") and "ms each" in summary
    written = sorted(p.relative_to(tmp_path / "out").as_posix() for p in (tmp_path / "out").rglob("*.*"))
    assert written == ["a.jpg", "b.png", "below/d.png"]
    shown = Image.open(tmp_path / "out" / "below/d.png")
    assert not shown.getexif() and "exif" not in shown.info
    before, after = scene(side=0.5).astype(int), looked(tmp_path / "out" / "below/d.png")
    same = (after == before).all(2)
    assert same[:5].all() and same[before[..., 0] == RED[0]].mean() < 0.05


def test_one_picture(nuthatch, red_path, folder, tmp_path):
    done = nuthatch(
        "watch", "--model", red_path, "--source", folder / "a.jpg", "--view", "mask", "--out", tmp_path / "m.png"
    )
    assert done.returncode == 0 and done.stdout.split() == ["0.00", "s", "person", "0.19", "red", "a.jpg"]
    mask = Image.open(tmp_path / "m.png")
    assert mask.mode == "L" and mask.size == (96, 72)


def test_only_events(nuthatch, red_path, folder, tmp_path):
    done = nuthatch("watch", "--model", red_path, "--source", folder, "--scores", tmp_path / "shares")
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 3
    shares = [json.loads(line)["score"] for line in (tmp_path / "shares").read_text().splitlines()]
    assert shares[1] == 0 and shares[0] > 0.15


def crossing(path, count=40, rate=20):
    """Nobody, then a red square that crosses the picture, then nobody."""
    xs = np.linspace(0.2, 0.8, count - 20)
    pictures = [scene(side=0)] * 10 + [scene(x) for x in xs] + [scene(side=0)] * 10
    return film(path, pictures=pictures, rate=rate)


def frames_of(path):
    with av.open(str(path)) as container:
        return [f.to_ndarray(format="rgb24").astype(int) for f in container.decode(video=0)]


def test_a_video_every_picture(nuthatch, red_path, tmp_path):
    source = crossing(tmp_path / "in.mp4")
    done = nuthatch(
        "watch", "--model", red_path, "--source", source, "--view", "replace", "--out", tmp_path / "out.mp4", "--json"
    )
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(e["label"], e["time_s"]) for e in events] == [("person", 0.5), ("nobody", 1.95)]
    views = frames_of(tmp_path / "out.mp4")
    assert len(views) == 40 and max(redness(v) for v in views) < 60
    assert np.abs(views[20][:4] - np.array(GREY)).max() < 20 and np.abs(views[20][:4] - np.array([96] * 3)).max() > 10


def test_a_video_in_real_time_is_thinned_to_the_models_rate(nuthatch, red_path, tmp_path):
    source = crossing(tmp_path / "in.mp4")
    started = time.monotonic()
    done = nuthatch("watch", "--model", red_path, "--source", source, "--out", tmp_path / "out.mkv", "--realtime")
    assert done.returncode == 0 and time.monotonic() - started > 1.9
    assert 3 <= len(frames_of(tmp_path / "out.mkv")) <= 21


def test_a_stream_on_stdout(nuthatch, red_path, folder, command):
    arguments = ["watch", "--model", str(red_path), "--source", str(folder), "--view", "silhouette", "--out", "-"]
    done = subprocess.run([*command[0], *arguments], capture_output=True, env=command[1], timeout=60)
    with av.open(io.BytesIO(done.stdout), format="mjpeg") as container:
        assert len(list(container.decode(video=0))) == 3
    assert done.returncode == 0 and done.stderr.count(b"person") == 2
    raw = subprocess.run([*command[0], *arguments, "--stream", "raw"], capture_output=True, env=command[1], timeout=60)
    assert len(raw.stdout) == 3 * 96 * 72 * 3


def test_a_reader_that_has_enough(red_path, command, tmp_path):
    source = film(tmp_path / "in.mp4", pictures=[scene()] * 200)
    process = subprocess.Popen(
        [*command[0], "watch", "--model", str(red_path), "--source", str(source), "--out", "-", "--stream", "raw"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=command[1],
    )
    process.stdout.read(1000)
    process.stdout.close()
    talk = process.stderr.read().decode()
    assert process.wait(30) == 0 and "Traceback" not in talk


def camera(tmp_path, library, rgb):
    return Device(tmp_path, library, "YUYV", rgb)


def first_line(pipe):
    """Whatever it says first, or a failure instead of waiting for ever."""
    ready, _, _ = select.select([pipe], [], [], 20)
    assert ready, "says nothing"
    return pipe.readline()


def begin(command, device, interruptible, *arguments):
    return subprocess.Popen(
        [*command[0], "watch", "--source", "camera", "--device", str(device.path), "--json", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=command[1] | device.environment,
        preexec_fn=interruptible,
    )


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_camera_until_it_is_told_to_stop(command, red_path, tmp_path, v4l2_library, interruptible, number):
    device = camera(tmp_path, v4l2_library, scene(width=96, height=72))
    process = begin(command, device, interruptible, "--model", red_path, "--out", tmp_path / "out.mp4")
    event = json.loads(first_line(process.stdout))
    time.sleep(1.0)
    process.send_signal(number)
    _, talk = process.communicate(timeout=20)
    assert process.returncode == 0 and "Traceback" not in talk, talk
    assert event["label"] == "person" and event["score"] == pytest.approx(0.12, abs=0.02)
    assert "watching; Ctrl-C ends" in talk and "ms each" in talk
    with av.open(str(tmp_path / "out.mp4")) as container:
        times = [f.time for f in container.decode(video=0)]
    assert len(times) > 2 and np.mean(np.diff(times)) > 0.08, "10 a second of the camera's 30"


def test_a_camera_that_vanishes_and_comes_back(command, red_path, tmp_path, v4l2_library, interruptible):
    device = camera(tmp_path, v4l2_library, scene())
    shares = tmp_path / "shares"
    process = begin(command, device, interruptible, "--model", red_path, "--scores", shares)
    first_line(process.stdout)
    device.become("gone")
    assert "watching" in process.stderr.readline()
    assert f"camera {device.path}: gone (No such device)" in process.stderr.readline()
    device.recover("gone")
    assert "there again after" in process.stderr.readline()
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    _, talk = process.communicate(timeout=20)
    assert process.returncode == 0, talk
    assert "vanished 1 time" in talk
    times = [json.loads(line)["time_s"] for line in shares.read_text().splitlines()]
    assert times == sorted(times) and max(np.diff(times)) > 0.4


def small_files():
    """No file of more than 1 KB: as a disk that is full."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_024, 1_024))


@pytest.mark.parametrize("out", ["folder", "out.mp4", "out.mkv"])
def test_a_disk_that_is_full(command, red_path, tmp_path, out):
    noise = np.random.default_rng(0).integers(0, 256, (60, 240, 320, 3)).astype(np.uint8)
    source = film(tmp_path / "in.mp4", pictures=noise)
    arguments = ["watch", "--model", red_path, "--source", source, "--view", "blur", "--hide", "background"]
    done = subprocess.run(
        [*command[0], *map(str, arguments), "--out", str(tmp_path / out)],
        capture_output=True,
        text=True,
        env=command[1],
        timeout=60,
        preexec_fn=small_files,
    )
    lines = done.stderr.splitlines()
    assert done.returncode == 1 and "cannot be written (File too large)" in lines[-1], done.stderr
    assert all(line.startswith("nuthatch: ") for line in lines) and len(lines) <= 2
    if out == "folder":
        assert not [p for p in (tmp_path / out).iterdir() if p.name.endswith(".part")]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--view", "pixels", "--out", "x"], "blur, mask, replace, silhouette"),
        (["--view", "blur"], "needs --out"),
        (["--hide", "face", "--out", "x"], "person, background"),
        (["--stream", "h264", "--out", "-"], "mjpeg, raw"),
        (["--background", "b.png", "--out", "x"], "only for --view replace"),
        (["--backend", "tpu"], "litert"),
        (["--size", "big"], "640x480"),
        (["--out", "x.avi"], "no kind of file"),
        (["--out", "x.webp"], "no kind of file"),
        (["--out", "x.png"], "one picture for many"),
        (["--threads", "0"], "threads"),
    ],
)
def test_wrong_usage_is_2(nuthatch, red_path, folder, arguments, says):
    done = nuthatch("watch", "--model", red_path, "--source", folder, *arguments)
    said = " ".join(done.stderr.replace("│", " ").split())
    assert done.returncode == 2 and says in said and "Traceback" not in said


def test_what_is_watched_is_never_overwritten(nuthatch, red_path, folder, tmp_path):
    source = crossing(tmp_path / "in.mp4")
    before = source.read_bytes()
    twice = folder / "below" / "below"  # below/below/d.png, seen from below, is below/d.png seen from its parent
    twice.mkdir()
    (twice / "d.png").write_bytes((folder / "a.jpg").read_bytes())
    for watched, out in (
        (folder, folder), (folder, folder / "below"), (folder / "a.jpg", folder), (source, source),
        (folder / "below", folder),
    ):  # fmt: skip
        done = nuthatch("watch", "--model", red_path, "--source", watched, "--out", out)
        assert done.returncode == 2 and "overwrite" in done.stderr, (watched, out)
    assert source.read_bytes() == before and redness(looked(folder / "a.jpg")) > 150
    beside = nuthatch("watch", "--model", red_path, "--source", source, "--out", tmp_path / "frames")
    assert beside.returncode == 0 and len(list((tmp_path / "frames").iterdir())) == 40


def test_shares_are_never_written_over_pictures(nuthatch, red_path, folder, tmp_path):
    source = crossing(tmp_path / "in.mp4")
    before = source.read_bytes()
    for watched, scores in ((folder, folder / "a.jpg"), (source, source), (source, folder / "b.png")):
        done = nuthatch("watch", "--model", red_path, "--source", watched, "--scores", scores)
        assert done.returncode == 2 and "overwrite" in done.stderr, (watched, scores)
    assert source.read_bytes() == before and redness(looked(folder / "a.jpg")) > 150


@pytest.mark.parametrize("source", ["missing.mp4", "empty.mp4", "text.mp4", "folder"])
def test_a_source_that_is_none_leaves_what_was_made_before(nuthatch, red_path, tmp_path, source):
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "text.mp4").write_text("hello")
    (tmp_path / "folder").mkdir()
    (tmp_path / "old.mp4").write_bytes(b"made before")
    (tmp_path / "shares").write_text("made before")
    arguments = ["--source", tmp_path / source, "--out", tmp_path / "old.mp4", "--scores", tmp_path / "shares"]
    done = nuthatch("watch", "--model", red_path, *arguments)
    assert done.returncode == 1
    require_one_line(done, source)
    assert (tmp_path / "old.mp4").read_bytes() == b"made before" == (tmp_path / "shares").read_bytes()


def test_a_background_that_is_none_leaves_what_was_made_before(nuthatch, red_path, folder, tmp_path):
    (tmp_path / "old.mp4").write_bytes(b"made before")
    arguments = ["--view", "replace", "--background", folder / "c.jpg", "--out", tmp_path / "old.mp4"]
    done = nuthatch("watch", "--model", red_path, "--source", folder, *arguments)
    assert done.returncode == 1
    require_one_line(done, "c.jpg: cannot be read as a picture", "give --background another")
    assert (tmp_path / "old.mp4").read_bytes() == b"made before"


def test_names_of_any_bytes_on_a_strict_terminal(nuthatch, red_path, tmp_path):
    odd = tmp_path / "odd"
    odd.mkdir()
    for name in (b"\xff.png", b"a\n\x1b[31m.png"):
        Image.fromarray(scene()).save(odd / os.fsdecode(name))
    (odd / "b\n.png").touch()
    arguments = ["watch", "--model", red_path, "--source", odd, "--out", tmp_path / "out"]
    done = nuthatch(*arguments, PYTHONIOENCODING="utf-8:strict")
    assert done.returncode == 0 and done.stdout.count("\n") == 2, done.stderr
    assert "a\\n\\x1b[31m.png" in done.stdout and "\ufffd.png" in done.stdout
    assert [line[:9] for line in done.stderr.splitlines()] == ["nuthatch:"] * 2
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in odd.iterdir())[:1] + [
        os.fsdecode(b"\xff.png")
    ]


def test_no_room_for_the_shares_is_one_line(nuthatch, red_path, folder):
    done = nuthatch("watch", "--model", red_path, "--source", folder / "a.jpg", "--scores", "/dev/full")
    summary, failure = done.stderr.splitlines()
    assert done.returncode == 1 and summary.startswith("nuthatch: 1 picture; ")
    assert failure.startswith("nuthatch: /dev/full: cannot be written (No space left on device)")


def test_failures_are_one_line(nuthatch, red_path, bundle_path, tmp_path):
    require_one_line(nuthatch("watch", "--model", red_path, "--source", tmp_path / "none"), "no such file")
    require_one_line(nuthatch("watch", "--model", bundle_path, "--source", tmp_path), "a model for sound")
    require_one_line(nuthatch("watch", "--model", "none", "--source", tmp_path), "no such model")
    require_one_line(nuthatch("watch", "--model", red_path, "--source", tmp_path), "no pictures in it")
    require_one_line(
        nuthatch("watch", "--model", red_path, "--source", "camera", "--device", str(tmp_path / "video9")),
        "No such file or directory",
    )


@pytest.mark.parametrize("package", ["av", "PIL"])
def test_without_the_extra_it_is_named(nuthatch, command, red_path, folder, tmp_path, package):
    absent = tmp_path / "absent"
    absent.mkdir()
    (absent / f"{package}.py").write_text(
        f"raise ModuleNotFoundError(\"No module named '{package}'\", name='{package}')\n"
    )
    path = os.pathsep.join([str(absent), command[1]["PYTHONPATH"]])
    done = nuthatch("watch", "--model", red_path, "--source", tmp_path / "x.mp4", PYTHONPATH=path)
    assert done.returncode == 1
    require_one_line(done, f"needs {package}", "pip install 'nuthatch[camera]'")


def test_pictures_need_neither_video_nor_sound(command, red_path, folder, tmp_path):
    arguments = ["watch", "--model", str(red_path), "--source", str(folder), "--out", str(tmp_path / "out")]
    done = subprocess.run(
        [sys.executable, "-c", SPY + command[0][2], *arguments], capture_output=True, text=True, env=command[1]
    )
    modules = set(done.stderr.split())
    assert done.returncode == 0 and Path(tmp_path / "out" / "a.jpg").exists()
    assert not modules & {"av", "torch", "sounddevice", "soundfile", "soxr", "training", "converters"}

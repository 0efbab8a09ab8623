"""What a user sees, in a real Chromium. With NUTHATCH_IMAGES=docs/images the documentation's pictures are made."""

from __future__ import annotations

import contextlib
import io
import os
import re
import time
from dataclasses import replace
from pathlib import Path

import pytest
import soundfile
from control_double import ControlDouble
from page_double import OpenPage

from edge.daemon.control import Loaded
from edge.daemon.pulse import Pulse
from edge.daemon.record import record_of
from edge.manifest import open_bundle
from edge.tasks.event import Event

TOKEN = "correct horse battery"
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "device_scale_factor": 2}
MODELS = ["wake_computer", "wake_alexa", "commands12"]
SPEED = 4.0
IMAGE_BYTES = 300_000


@contextlib.contextmanager
def looking(chromium, page, path="/", **context):
    """A tab on the page; afterwards: no error, no violation of the policy, no request to another host."""
    said, asked = [], []
    with contextlib.closing(chromium.new_context(**{"reduced_motion": "no-preference"} | context)) as opened:
        opened.add_init_script(
            "addEventListener('securitypolicyviolation', (e) => console.error('policy', e.violatedDirective))"
        )
        tab = opened.new_page()
        tab.set_default_timeout(30_000)
        tab.on("console", lambda m: said.append(m.text) if m.type in ("error", "warning") else None)
        tab.on("pageerror", lambda e: said.append(str(e)))
        tab.on("request", lambda r: asked.append(r.url))
        tab.goto(page.address + path)
        yield tab
    assert said == []
    assert all(re.match(rf"(http|ws)://127\.0\.0\.1:{page.port}/", url) for url in asked), asked


def until(condition, seconds=30.0):
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.05)
    return value


def says(tab, state):
    """Wait for the state in the page's head."""
    tab.locator("#hearing", has_text=re.compile(f"^{state}$")).wait_for()


def keep(tab, name):
    """A picture for the documentation, when it is asked for."""
    folder = os.environ.get("NUTHATCH_IMAGES")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        path = Path(folder) / f"{name}.png"
        tab.screenshot(path=path)
        assert path.stat().st_size < IMAGE_BYTES


def sound():
    """A second of Ogg Opus."""
    file = io.BytesIO()
    soundfile.write(file, [0.0] * 16_000, 16_000, format="OGG", subtype="OPUS")
    return file.getvalue()


@pytest.fixture
def page(open_page):
    return open_page(MODELS, speed=SPEED)


def pixels(tab):
    return hash(tab.locator("#spectrogram").screenshot())


def test_the_spectrogram_moves_and_detections_appear(chromium, page):
    with looking(chromium, page) as tab:
        says(tab, "hearing")
        tab.locator("#detections").get_by_text("alexa").first.wait_for()
        assert re.search("[a-z]+ heard by (wake|commands)", tab.locator("#said").text_content())  # to who cannot see
        assert pixels(tab) != pixels(tab)
        tab.get_by_role("button", name="Freeze").click()
        tab.wait_for_timeout(100)
        still = pixels(tab)
        tab.wait_for_timeout(300)
        assert pixels(tab) == still
        assert tab.title() == "Nuthatch: kitchen"
        assert float(tab.locator("#level").get_attribute("aria-valuenow")) < 0
        tab.get_by_text("% of a core").first.wait_for()


OVER = """m => new Promise((done) => {
  new MutationObserver(() => m.className.includes("over") && done("over")).observe(m, { attributes: true });
  setTimeout(() => done("never"), 30_000);
})"""


def test_scores_move_against_their_thresholds(chromium, page):
    with looking(chromium, page) as tab:
        meter = tab.locator(".target:has(#threshold-wake_alexa-alexa) .meter")
        assert meter.evaluate(OVER) == "over"
        assert meter.locator(".bar").evaluate("b => b.style.transform").startswith("scaleX(")


def test_a_threshold_is_moved_with_the_keyboard_and_says_what_it_means(chromium, page):
    with looking(chromium, page) as tab:
        slider = tab.get_by_role("slider", name="alexa threshold")
        slider.focus()
        meaning = tab.locator("#threshold-wake_alexa-alexa-means")
        meaning.get_by_text("measured in").wait_for()
        assert "false accepts an hour" in meaning.text_content() and "missed" in meaning.text_content()
        tab.keyboard.press("ArrowLeft")
        tab.keyboard.press("ArrowLeft")
        tab.keyboard.press("Shift+ArrowRight")
        assert slider.get_attribute("aria-valuetext") == "0.917"
        until(lambda: page.control.done and page.control.done[-1] == ("threshold", "wake_alexa", "alexa", 0.917))
        meaning.get_by_text("no fewer than").wait_for()
        tab.wait_for_timeout(1_200)  # the daemon's own word of it comes back
        assert slider.get_attribute("aria-valuetext") == "0.917"


def test_a_threshold_is_dragged_and_other_pages_follow(chromium, page):
    with looking(chromium, page) as tab, looking(chromium, page) as other:
        slider = tab.get_by_role("slider", name="computer threshold")
        follower = other.get_by_role("slider", name="computer threshold")
        follower.wait_for()
        box = slider.bounding_box()
        at = 8 + (box["width"] - 16) * 0.943
        tab.mouse.move(box["x"] + at, box["y"] + box["height"] / 2)
        tab.mouse.down()
        tab.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2, steps=5)
        tab.mouse.up()
        until(lambda: page.control.done and page.control.done[-1][-1] == pytest.approx(0.5, abs=0.02))
        _, model, label, threshold = page.control.done[-1]
        assert (model, label) == ("wake_computer", "computer")
        until(lambda: follower.input_value() == str(round(1000 * threshold)))


def test_detections_are_judged_and_labels_taken_away(chromium, page):
    with looking(chromium, page) as tab:
        row = tab.locator("#detections li").first
        row.get_by_role("button", name="Wrong").click()
        tab.locator("#detections button[aria-pressed=true]").wait_for()
        (judged,) = [s for s in page.store.last(100) if s.verdict]
        assert judged.verdict == "wrong"
        row = tab.locator(f"li[data-id='{judged.record.id}']")
        row.get_by_role("combobox").select_option("other")
        until(lambda: judged.verdict == "other")
        until(lambda: row.locator("button[aria-pressed=true]").count() == 0)
        with tab.expect_download() as download:
            tab.get_by_role("link", name="Download labels").click()
        assert judged.record.id in Path(download.value.path()).read_text()
        assert tab.locator("audio").count() == 0  # recording is off


def test_sound_can_be_heard_while_recording_is_on(chromium, open_page):
    page = open_page(MODELS, speed=SPEED, store__recordings=True)
    page.store._audio = sound()
    with looking(chromium, page) as tab:
        player = tab.locator("audio").first
        player.wait_for()
        assert player.evaluate("async a => { a.muted = true; await a.play(); return a.duration }") == pytest.approx(
            1, abs=0.1
        )
        assert tab.get_by_role("link", name="with sound").is_visible()


def test_mute_is_a_switch(chromium, page):
    with looking(chromium, page) as tab:
        says(tab, "hearing")
        switch = tab.get_by_role("switch", name="Mute")
        assert switch.get_attribute("aria-checked") == "false"
        switch.press("Enter")
        says(tab, "muted")
        assert switch.get_attribute("aria-checked") == "true" and page.control.done == [("mute", True)]
        switch.press("Space")
        says(tab, "hearing")


def test_listening_in_only_if_it_is_switched_on(chromium, page, open_page):
    with looking(chromium, page) as tab:
        says(tab, "hearing")
        assert tab.get_by_role("button", name="Listen in").count() == 0
    audible = open_page(MODELS, page__listen_in=True)
    with looking(chromium, audible) as tab:
        got = []
        tab.on("websocket", lambda w: w.on("framereceived", lambda f: got.append(f) if isinstance(f, bytes) else None))
        tab.reload()
        tab.get_by_role("button", name="Listen in").click()
        tab.wait_for_timeout(1_500)
        assert tab.get_by_role("button", name="Listen in").get_attribute("aria-pressed") == "true"
        assert got and len(got[0]) >= 6_400


def test_the_settings_are_shown_from_the_schema(chromium, page):
    with looking(chromium, page) as tab:
        tab.get_by_text("What is in force").click()
        tab.get_by_text("Quiet hours", exact=True).wait_for()
        assert tab.locator("#settings dd").count() > 20


def test_everything_is_reached_with_the_keyboard_and_has_a_name(chromium, page):
    with looking(chromium, page) as tab:
        tab.locator("#detections button").first.wait_for()
        reached = set()
        for _ in range(60):
            tab.keyboard.press("Tab")
            reached.add(tab.evaluate("document.activeElement.id || document.activeElement.textContent"))
        assert {"mute", "freeze", "threshold-wake_alexa-alexa", "threshold-commands12-yes", "Right", "Wrong"} <= reached
        nameless = tab.evaluate(
            "[...document.querySelectorAll('button, input, select, a, audio, canvas')].filter(e =>"
            " !e.hidden && !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length)).map(e => e.id)"
        )
        assert nameless == []


CONTRAST = """() => {
  const light = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const ground = (e) => {
    for (; e; e = e.parentElement) {
      const c = numbers(getComputedStyle(e).backgroundColor);
      if (c.length < 4 || c[3] > 0) return c.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const poor = [];
  for (const e of document.querySelectorAll("body *")) {
    const own = [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
    if (!own || !e.checkVisibility() || e.closest(".unseen") || e.disabled) continue;
    const [a, b] = [light(numbers(getComputedStyle(e).color).slice(0, 3)), light(ground(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) poor.push([e.tagName, e.textContent.slice(0, 30), ratio.toFixed(2)]);
  }
  return poor;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_by_day_and_by_night(chromium, page, scheme):
    """WCAG AA: 4.5 to 1."""
    page.control.health.say("sink/mqtt", False, "retrying", "broker.example:1883 is away; again in 30 s")
    with looking(chromium, page, color_scheme=scheme) as tab:
        tab.locator("#detections button").first.click()
        tab.get_by_text("What is in force").click()
        tab.get_by_text("Quiet hours", exact=True).wait_for()
        dark = tab.evaluate("getComputedStyle(document.body.parentElement).backgroundColor") == "rgb(17, 22, 28)"
        assert dark == (scheme == "dark")
        assert tab.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1280])
def test_nothing_is_cut_off_at_any_width(chromium, page, width):
    with looking(chromium, page, viewport={"width": width, "height": 740}) as tab:
        tab.locator("#detections li").first.wait_for()
        tab.get_by_text("What is in force").click()
        tab.get_by_text("Quiet hours", exact=True).wait_for()
        assert tab.evaluate("document.documentElement.scrollWidth") <= width


def test_who_wants_no_motion_sees_a_picture_a_second(chromium, page):
    with looking(chromium, page, reduced_motion="reduce") as tab:
        says(tab, "hearing")
        tab.wait_for_timeout(2_500)
        began = time.monotonic()
        different = {pixels(tab) for _ in range(15) if tab.wait_for_timeout(100) is None}
        assert 2 <= len(different) <= time.monotonic() - began + 2


def test_a_page_that_lost_the_daemon_says_so_and_comes_back(chromium, open_page, serving, configured, tmp_path):
    page = open_page(MODELS, speed=SPEED)
    config = configured(page__port=0)
    with contextlib.ExitStack() as stack:
        first = contextlib.ExitStack()
        address = first.enter_context(serving(config, page.control, page.store))
        port = int(address.rpartition(":")[2])
        tab = stack.enter_context(contextlib.closing(chromium.new_context())).new_page()
        tab.goto(address)
        says(tab, "hearing")
        first.close()
        says(tab, "not connected")
        stack.enter_context(serving(configured(page__port=port), page.control, page.store))
        says(tab, "hearing")


def test_who_has_the_token_signs_in_and_out(chromium, open_page):
    page = open_page(MODELS, speed=SPEED, page__token=TOKEN)
    said = []
    with contextlib.closing(chromium.new_context()) as context:
        tab = context.new_page()
        tab.on("pageerror", lambda e: said.append(str(e)))
        tab.goto(page.address)
        tab.get_by_label("Token").fill("not the token at all")
        tab.keyboard.press("Enter")
        tab.get_by_text("not the token").wait_for()
        tab.get_by_label("Token").fill(TOKEN)
        tab.keyboard.press("Enter")
        says(tab, "hearing")
        assert TOKEN not in str(context.cookies()) and context.cookies()[0]["httpOnly"]
        tab.get_by_role("button", name="Sign out").click()
        tab.get_by_label("Token").wait_for()
    assert said == []


def test_what_was_named_by_others_is_text_and_never_markup(chromium, page):
    evil = "<img src=x onerror=alert(1)>"
    page.control.name = evil
    page.control.health.say("sink/mqtt", False, evil, evil, **{evil: evil})
    with looking(chromium, page) as tab:
        tab.locator("#detections li").first.wait_for()
        page.control.records.publish(record_of(Event(1.0, evil, 0.9, evil), "keyword", "0", "s", 0.0))
        tab.locator("#detections").get_by_text(evil).first.wait_for()
        assert tab.locator("img[src=x]").count() == 0


def test_states_of_scenes_and_pictures_are_shown(chromium, tmp_path, serving, configured):
    """Tasks without thresholds: their state, and a bar for each label."""
    manifest = replace(open_bundle("wake_alexa").manifest, name="rooms", task="scene", targets=["_other_", "alexa"])
    watcher = replace(manifest, name="people", task="portrait", targets=[])

    class Rooms(ControlDouble):
        state = "speech"

        @property
        def models(self):
            return [
                Loaded(manifest, "0" * 12, {}, self.state, 0.75),
                Loaded(watcher, "1" * 12, {}, "present", 0.2),
            ]

    control = Rooms(tmp_path)
    with serving(configured(), control, None) as address, looking(chromium, OpenPage(address, control, None)) as tab:
        rooms, people = tab.get_by_role("article", name="rooms"), tab.get_by_role("article", name="people")
        rooms.get_by_text("speech 0.75").wait_for()
        people.get_by_text("present 0.20").wait_for()
        assert rooms.locator(".target").count() == 2 and rooms.get_by_role("slider").count() == 0
        control.state = "unknown"
        rooms.get_by_text("unknown").wait_for()
        control.pulses.publish(Pulse(1.0, -30.0, -20.0, [], {"rooms": {"alexa": 0.625}}))
        rooms.get_by_text("0.63").or_(rooms.get_by_text("0.62")).wait_for()


def test_the_pictures_of_the_documentation(chromium, open_page):
    """What they show is there: ten seconds with detections in them."""
    page = open_page(MODELS, speed=1.0 if os.environ.get("NUTHATCH_IMAGES") else SPEED, page__listen_in=True)
    with (
        looking(chromium, page, viewport={"width": 1100, "height": 900}) as tab,
        looking(chromium, page, viewport={"width": 1100, "height": 900}, color_scheme="dark") as dark,
        looking(chromium, page, **PHONE) as phone,
    ):
        until(lambda: len(page.store.last(9)) >= 5, 40)
        tab.get_by_role("slider", name="alexa threshold").focus()
        tab.get_by_text("measured in").wait_for()
        for shown, name in ((tab, "page"), (dark, "page-dark"), (phone, "page-phone")):
            keep(shown, name)

// The last ten seconds: the spectrogram, detections in it, and below it each model's score over its threshold.
const SPAN_S = 10;
const RATIO_SHOWN = 1.25;
const LIGHT = ["#ffffff", "#d3e4f3", "#6baed6", "#2171b5", "#08306b", "#02142f"];
const DARK = ["#0b1016", "#16324d", "#1f6f7f", "#4fae7a", "#e4d45f", "#fffbe0"];
const dark = matchMedia("(prefers-color-scheme: dark)");
const still = matchMedia("(prefers-reduced-motion: reduce)");

function palette() {
  const stops = (dark.matches ? DARK : LIGHT).map((c) => [1, 3, 5].map((i) => parseInt(c.slice(i, i + 2), 16)));
  const colors = new Uint8ClampedArray(256 * 4);
  for (let i = 0; i < 256; i++) {
    const at = (i / 255) * (stops.length - 1);
    const low = Math.min(Math.floor(at), stops.length - 2);
    for (let c = 0; c < 3; c++) colors[4 * i + c] = stops[low][c] + (at - low) * (stops[low + 1][c] - stops[low][c]);
    colors[4 * i + 3] = 255;
  }
  return colors;
}

const css = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const NOTICED = 8; // of 255: a change of the range that is worth painting all again

export class Picture {
  #columns;
  #low = 255;
  #high = 0;
  #painted = [0, 0]; // the range when all was painted last
  #values = new Uint8Array(0); // [columns * height], the newest last
  #marks = [];
  #scores = [];
  #now = 0;
  #last = 0;
  frozen = false;

  constructor(spectrogram, scores, frameMs) {
    Object.assign(this, { spectrogram, scores });
    this.#columns = Math.round((SPAN_S * 1000) / frameMs);
    this.store = document.createElement("canvas");
    this.colors = palette();
    dark.addEventListener("change", () => {
      this.colors = palette();
      this.#painted = [0, 0];
      this.draw();
    });
    addEventListener("resize", () => this.draw());
  }

  // bands: Uint8Array [frames * height], the lowest band first; ratios: model -> score over threshold
  push(time, bands, frames, ratios) {
    if (time < this.#now) this.#marks = this.#scores = []; // the clock began anew: another stream
    this.#now = time;
    this.#scores.push({ time, ratios });
    while (this.#scores.length && this.#scores[0].time < time - SPAN_S) this.#scores.shift();
    this.#marks = this.#marks.filter((m) => m.time > time - SPAN_S);
    if (frames) this.#scroll(bands, frames, bands.length / frames);
    this.#show();
  }

  mark(time, label, color) {
    this.#marks.push({ time, label, color });
    this.#show();
  }

  #show() {
    const wait = still.matches ? 1000 : 0;
    if (!this.frozen && performance.now() - this.#last >= wait) this.draw();
  }

  #scroll(bands, frames, height) {
    const { store } = this;
    if (this.#values.length !== this.#columns * height) {
      this.#values = new Uint8Array(this.#columns * height);
      [store.width, store.height] = [this.#columns, height];
      this.paper = store.getContext("2d", { willReadFrequently: true });
    }
    const fresh = bands.subarray(Math.max(0, bands.length - this.#values.length));
    this.#values.copyWithin(0, fresh.length);
    this.#values.set(fresh, this.#values.length - fresh.length);
    this.#stretch(fresh);
    const [low, high] = this.#painted;
    if (Math.abs(low - this.#low) + Math.abs(high - this.#high) > NOTICED) {
      this.#painted = [this.#low, this.#high];
      this.#paint(0, height);
    } else {
      this.paper.drawImage(store, -frames, 0);
      this.#paint(this.#columns - fresh.length / height, height);
    }
  }

  // The columns from this one on, in the colors of the range as it was when all was painted last
  #paint(first, height) {
    const columns = this.#columns - first;
    const [low, high] = this.#painted;
    const scale = 255 / Math.max(high - low, 40);
    const image = this.paper.createImageData(columns, height);
    const pixels = new Uint32Array(image.data.buffer);
    const colors = new Uint32Array(this.colors.buffer);
    for (let x = 0; x < columns; x++) {
      for (let y = 0; y < height; y++) {
        const value = Math.round((this.#values[(first + x) * height + y] - low) * scale);
        pixels[(height - 1 - y) * columns + x] = colors[Math.max(0, Math.min(255, value))];
      }
    }
    this.paper.putImageData(image, first, 0);
  }

  // From quiet to loud as it was lately: a quiet room shows as well as a loud one.
  #stretch(bands) {
    let [low, high] = [255, 0];
    for (const value of bands) {
      if (value < low) low = value;
      if (value > high) high = value;
    }
    this.#low = low < this.#low ? low : this.#low + 0.01 * (low - this.#low);
    this.#high = high > this.#high ? high : this.#high + 0.002 * (high - this.#high);
  }

  draw() {
    this.#last = performance.now();
    this.#drawSpectrogram();
    this.#drawScores();
  }

  #drawSpectrogram() {
    const { paper, width, height } = sheet(this.spectrogram);
    paper.imageSmoothingEnabled = false;
    if (this.store.height) paper.drawImage(this.store, 0, 0, width, height);
    paper.font = "13px system-ui, sans-serif";
    paper.textBaseline = "top";
    let [end, line] = [-1, 0];
    for (const { time, label, color } of this.#marks) {
      const x = width * (1 - (this.#now - time) / SPAN_S);
      const wide = paper.measureText(label).width + 8;
      const left = Math.max(0, Math.min(x - wide / 2, width - wide));
      line = left < end ? (line + 1) % 4 : 0;
      end = left + wide;
      paper.fillStyle = css(color);
      paper.fillRect(x - 1, 0, 2, height);
      paper.fillRect(left, 3 + 20 * line, wide, 18);
      paper.fillStyle = css("--card");
      paper.fillText(label, left + 4, 5 + 20 * line);
    }
  }

  #drawScores() {
    const { paper, width, height } = sheet(this.scores);
    const y = (ratio) => height * (1 - Math.min(ratio, RATIO_SHOWN) / RATIO_SHOWN) + 1;
    paper.strokeStyle = paper.fillStyle = css("--soft");
    paper.setLineDash([4, 4]);
    paper.strokeRect(-1, y(1), width + 2, height);
    paper.setLineDash([]);
    paper.font = "12px system-ui, sans-serif";
    paper.fillText("threshold", 4, y(1) - 3);
    const models = Object.keys(this.#scores.at(-1)?.ratios ?? {});
    models.forEach((model, index) => {
      paper.strokeStyle = css(colorOf(index));
      paper.lineWidth = 2;
      paper.beginPath();
      for (const { time, ratios } of this.#scores) {
        paper.lineTo(width * (1 - (this.#now - time) / SPAN_S), y(ratios[model] ?? 0));
      }
      paper.stroke();
    });
  }
}

export const colorOf = (index) => `--model-${index % 6}`;

// The canvas as large as it is seen, emptied; units are CSS pixels.
function sheet(canvas) {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio || 1;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const paper = canvas.getContext("2d");
  paper.scale(ratio, ratio);
  return { paper, width, height };
}

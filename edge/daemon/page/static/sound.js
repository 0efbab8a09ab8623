// Listening in: int16 at 16 kHz as it comes, a little behind so that no gap is heard.
const RATE_HZ = 16_000;
const BEHIND_S = 0.35;
const MOST_BEHIND_S = 2;

export class Sound {
  #context = null;
  #next = 0;

  get on() {
    return this.#context !== null;
  }

  async start() {
    this.#context = new AudioContext();
    this.#next = 0;
    await this.#context.resume();
  }

  async stop() {
    const context = this.#context;
    this.#context = null;
    await context?.close();
  }

  push(data) {
    const context = this.#context;
    if (!context || data.byteLength < 2) return;
    const samples = new Int16Array(data);
    const buffer = context.createBuffer(1, samples.length, RATE_HZ);
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
    const now = context.currentTime;
    if (this.#next < now || this.#next > now + MOST_BEHIND_S) this.#next = now + BEHIND_S;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(this.#next);
    this.#next += buffer.duration;
  }
}

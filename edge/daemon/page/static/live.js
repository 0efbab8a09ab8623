// The WebSocket: opened again and again, later and later, and at once when the page is looked at again.
import { get } from "./ask.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 10_000;

export class Live {
  #socket = null;
  #wait = FIRST_WAIT_MS;
  #timer = 0;

  constructor({ message, sound, state }) {
    Object.assign(this, { message, sound, state });
    document.addEventListener("visibilitychange", () => (document.hidden ? this.#rest() : this.#open()));
    this.#open();
  }

  send(asked) {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify(asked));
  }

  // A page that nobody looks at costs the daemon nothing, unless it is being listened to.
  #rest() {
    if (this.busy?.()) return;
    clearTimeout(this.#timer);
    this.#socket?.close();
  }

  #open() {
    clearTimeout(this.#timer);
    if (document.hidden || (this.#socket && this.#socket.readyState < WebSocket.CLOSING)) return;
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      this.#wait = FIRST_WAIT_MS;
      this.state(true);
    };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.message(JSON.parse(data));
      else this.sound(data);
    };
    socket.onclose = () => this.#closed(socket);
    this.#socket = socket;
  }

  #closed(socket) {
    if (this.#socket !== socket) return;
    this.#socket = null;
    this.state(false);
    if (document.hidden) return;
    get("about").catch(() => {}); // leads to the sign-in page when the session has ended
    this.#timer = setTimeout(() => this.#open(), this.#wait);
    this.#wait = Math.min(2 * this.#wait, LONGEST_WAIT_MS);
  }
}

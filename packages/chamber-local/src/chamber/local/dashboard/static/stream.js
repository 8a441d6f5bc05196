// Server-sent events that outlive lost connections, hidden tabs and new sessions.

import { address, read } from "./server.js";

const LONGEST = 10_000;

/**
 * Hears a stream until closed. `on` has a listener for each event's name, `told` hears of the connection: "connected",
 * "reconnecting" or "signed-out". A hidden page holds no connection: browsers open only six to a server.
 */
export function follow(path, on, told = () => {}) {
  const stream = new Stream(path, on, told);
  const visible = () => (document.hidden ? stream.rest() : stream.open());
  document.addEventListener("visibilitychange", visible);
  visible();
  return {
    close() {
      document.removeEventListener("visibilitychange", visible);
      stream.rest();
    },
  };
}

class Stream {
  #source = null;
  #after = null;
  #tries = 0;
  #timer = 0;

  constructor(path, on, told) {
    Object.assign(this, { path, on, told });
  }

  open() {
    this.rest();
    const source = new EventSource(address(this.path, { after: this.#after }));
    for (const [name, heard] of Object.entries(this.on)) {
      source.addEventListener(name, (event) => this.#heard(event, heard));
    }
    source.onerror = () => this.#lost(source);
    this.#source = source;
  }

  rest() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
  }

  #heard(event, heard) {
    this.#after = event.lastEventId;
    this.#tries = 0;
    this.told("connected");
    heard(JSON.parse(event.data));
  }

  /** The browser connects again by itself unless it was refused. */
  #lost(source) {
    if (source !== this.#source) return;
    if (source.readyState === EventSource.CONNECTING) this.told("reconnecting");
    else this.#later();
  }

  #later() {
    this.rest();
    this.#timer = setTimeout(() => this.#again(), Math.min(LONGEST, 500 * 2 ** this.#tries));
    this.#tries += 1;
  }

  async #again() {
    const timer = this.#timer;
    try {
      await read("account");
      if (timer === this.#timer) this.open();
    } catch (refusal) {
      this.told(refusal.status === 401 ? "signed-out" : "reconnecting");
      if (timer === this.#timer) this.#later();
    }
  }
}

// What a workload prints, followed as it prints it.

import { element } from "./dom.js";
import { address, workloadPath } from "./server.js";
import { follow } from "./stream.js";
import { Terminal } from "./terminal.js";
import { bytes } from "./words.js";

const MOST = 500_000;

/** The section with a workload's output: `node` to show, and `close`. */
export function output(id) {
  const parts = made(id);
  const screen = new Screen(parts);
  const stream = follow(workloadPath(id, "/output"), {
    begin: ({ offset }) => screen.begin(offset),
    output: (text) => screen.add(text),
    end() {
      screen.end();
      stream.close();
    },
  });
  return { node: parts.node, close: () => stream.close() };
}

class Screen {
  #terminal = new Terminal();
  #partial = document.createTextNode("");
  #shown = 0;
  #begun = false;
  #top = 0;
  #sticking = 0;

  constructor(parts) {
    Object.assign(this, parts);
    this.text.append(this.#partial);
    this.text.addEventListener("scroll", () => this.#scrolled());
    this.following.addEventListener("change", () => this.#stick());
  }

  begin(offset) {
    if (!this.#begun && offset > 0) this.note.textContent = `The first ${bytes(offset)} are not shown.`;
    this.#begun = true;
  }

  add(piece) {
    const lines = this.#terminal.take(piece);
    if (lines) this.#partial.before(document.createTextNode(lines));
    this.#partial.data = this.#terminal.partial;
    this.#shown += lines.length;
    this.#forget();
    this.state.textContent = "";
    this.#stick();
  }

  end() {
    const empty = !this.text.textContent;
    this.state.textContent = empty ? "It printed nothing." : "This is all that it printed.";
  }

  /** A page that stays open for days holds only the end. */
  #forget() {
    while (this.#shown > MOST && this.text.firstChild !== this.#partial) {
      this.#shown -= this.text.firstChild.length;
      this.text.firstChild.remove();
      this.note.textContent = "What was printed earlier is not shown any more.";
    }
  }

  /** Once before the next painting, however much came: it makes the browser lay everything out. */
  #stick() {
    this.#sticking ||= requestAnimationFrame(() => {
      this.#sticking = 0;
      if (this.following.checked) this.text.scrollTop = this.text.scrollHeight;
    });
  }

  /** Who scrolls up wants to read, and who comes back to the end wants to follow again. */
  #scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.text;
    if (scrollHeight - scrollTop - clientHeight < 30) this.following.checked = true;
    else if (scrollTop < this.#top) this.following.checked = false;
    this.#top = scrollTop;
  }
}

function made(id) {
  const following = element("input", { type: "checkbox", checked: true });
  const wrapping = element("input", { type: "checkbox", checked: true });
  const note = element("p", { class: "muted" });
  const state = element("p", { class: "muted" }, "Nothing is printed yet.");
  const text = element("pre", { class: "output", tabindex: "0", role: "region", "aria-label": "Printed lines" });
  wrapping.addEventListener("change", () => text.classList.toggle("unwrapped", !wrapping.checked));
  const node = element("section", { class: "card", "aria-labelledby": "output-title" },
    element("h2", { id: "output-title" }, "Output"),
    element("div", { class: "controls" },
      element("label", {}, following, " Follow"),
      element("label", {}, wrapping, " Wrap lines"),
      element("a", { href: address(workloadPath(id, "/output.txt")), download: `${id}.txt` }, "Download all of it")),
    note, text, state);
  return { node, following, note, state, text };
}

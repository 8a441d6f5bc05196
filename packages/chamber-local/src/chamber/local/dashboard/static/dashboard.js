// The page around the views: which one is shown, the connection, announcements, theme and account.

import { Capacity } from "./capacity.js";
import { Detail } from "./detail.js";
import { element, write } from "./dom.js";
import { List } from "./list.js";
import { Refusal, chooseOrganization, read, signOut } from "./server.js";
import { follow } from "./stream.js";
import { summary } from "./words.js";

const QUIET = 3000;
const SIGN_IN = "You are signed out. Open the address that “python -m chamber.local up” prints, " +
  "in this browser: this page then goes on by itself.";
const CONNECTION = { connected: "Live", reconnecting: "Reconnecting…", "signed-out": "Signed out", paused: "Paused" };

const $ = (id) => document.getElementById(id);

class Nowhere {
  title = "Not found";

  constructor() {
    this.heading = element("h1", { tabindex: "-1" }, "There is no such page");
    this.node = element("div", {}, this.heading, element("p", {}, element("a", { href: "#/workloads" }, "All workloads")));
  }

  async go() {}

  async refresh() {}

  changed() {
    return [];
  }

  close() {}
}

class Shell {
  lastList = "#/workloads";
  live = true;
  #view = null;
  #key = null;
  #stream = null;
  #untold = [];
  #telling = 0;

  async start() {
    window.addEventListener("hashchange", () => this.route());
    $("pause").addEventListener("click", () => this.#pause());
    $("skip").addEventListener("click", (event) => this.#skip(event));
    $("sign-out").addEventListener("click", () => this.#signOut());
    startTheme();
    this.#follow();
    this.route();
    await this.#account();
  }

  /** Shows what the address says. */
  route() {
    const [path, query = ""] = location.hash.slice(1).split("?", 2);
    const [key, make] = destination(path);
    const first = this.#view === null;
    if (key !== this.#key) this.#open(key, make(this), !first);
    this.#view.go(new URLSearchParams(query)).then(() => this.titled());
    this.titled();
  }

  /** Puts another address in the place of this one. */
  replace(address) {
    history.replaceState(null, "", address);
    this.route();
  }

  /** Names the page after its view. */
  titled() {
    document.title = `${this.#view.title} · Chamber`;
  }

  /** Says something to those who do not see the page. */
  announce(text) {
    $("announcements").textContent = text;
  }

  /** Tells of a refusal where all see it. */
  failed(error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.status === 401) this.#connected("signed-out");
    else if (error.status !== 0) write($("notice"), `That did not work: ${error.message}.`);
  }

  #open(key, view, focused) {
    this.#view?.close();
    [this.#key, this.#view] = [key, view];
    write($("notice"), "");
    $("main").replaceChildren(view.node);
    for (const link of document.querySelectorAll("nav [data-view]")) {
      if (key.startsWith(link.dataset.view)) link.setAttribute("aria-current", "page");
      else link.removeAttribute("aria-current");
    }
    if (!focused) return;
    window.scrollTo({ top: 0 });
    view.heading.focus({ preventScroll: true });
  }

  #follow() {
    this.#stream = follow("changes", {
      ready: () => this.#refreshed(),
      changes: (changes) => this.#changed(changes),
    }, (state) => this.#connected(state));
  }

  #refreshed() {
    this.#view?.refresh();
  }

  #changed(changes) {
    this.#untold.push(...this.#view.changed(changes));
    if (this.#untold.length && !this.#telling) this.#tell();
  }

  /** At most one announcement every three seconds; what happens meanwhile is told together. */
  #tell() {
    this.announce(summary(this.#untold));
    this.#untold = [];
    this.#telling = setTimeout(() => {
      this.#telling = 0;
      if (this.#untold.length) this.#tell();
    }, QUIET);
  }

  #connected(state) {
    $("connection").dataset.state = state;
    write($("connection"), CONNECTION[state]);
    write($("signed-out"), state === "signed-out" ? SIGN_IN : "");
  }

  #pause() {
    this.live = !this.live;
    $("pause").setAttribute("aria-pressed", String(!this.live));
    if (this.live) {
      this.#follow();
      this.#refreshed();
    } else {
      this.#stream.close();
      this.#connected("paused");
    }
  }

  #skip(event) {
    event.preventDefault();
    $("main").focus();
  }

  async #signOut() {
    try {
      await signOut();
    } catch (error) {
      if (error.status !== 401) {
        this.failed(error);
        return;
      }
    }
    location.reload();
  }

  async #account() {
    try {
      const told = await read("account");
      write($("account"), `${told.user}, ${told.role.toLowerCase().replace("_", " ")} of ${told.organization_id}`);
      if (told.organizations.length > 1 && $("organization").hidden) this.#offer(told);
    } catch (error) {
      this.failed(error);
    }
  }

  #offer({ organizations, organization_id }) {
    const choice = $("organization").querySelector("select");
    choice.replaceChildren(...organizations.map((id) => element("option", { value: id, selected: id === organization_id }, id)));
    choice.addEventListener("change", () => {
      chooseOrganization(choice.value);
      this.#stream.close();
      this.#follow();
      this.#key = null;
      this.replace("#/workloads");
      this.#account();
    });
    $("organization").hidden = false;
  }
}

function destination(path) {
  const [view, id, ...rest] = path.split("/").filter(Boolean);
  if (!rest.length && (view === undefined || (view === "workloads" && !id))) return ["workloads", (shell) => new List(shell)];
  if (!rest.length && view === "workloads") return [path, (shell) => new Detail(shell, decoded(id))];
  if (view === "capacity" && !id) return ["capacity", (shell) => new Capacity(shell)];
  return ["nowhere", () => new Nowhere()];
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function startTheme() {
  const choice = $("theme");
  choice.value = document.documentElement.dataset.theme ?? "auto";
  choice.addEventListener("change", () => {
    if (choice.value === "auto") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice.value;
    try {
      localStorage.setItem("chamber-theme", choice.value);
    } catch { /* it then holds for this page only */ }
  });
}

new Shell().start();
window.dispatchEvent(new Event("chamber-started"));

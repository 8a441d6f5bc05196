// One workload: what is known of it, its statuses, measurements and output.

import { draw } from "./charts.js";
import { element, time, write } from "./dom.js";
import { showStatus } from "./list.js";
import { output } from "./output.js";
import { change, read, workloadPath } from "./server.js";
import { count, duration, gpus, hours, moment, plural, ran, statusWord } from "./words.js";

const EVERY = 5000;

const ORIGINS = {
  none: "Nothing has been measured.",
  simulated: "These measurements are simulated.",
  "measured:cpu": "Measured of its processes; there is no GPU to measure.",
  "measured:cpu+gpu": "Measured of its processes and of the GPUs.",
};

/** The view of a workload. */
export class Detail {
  title = "Workload";
  #told = null;
  #missed = false;
  #asking = null;

  constructor(shell, id) {
    Object.assign(this, { shell, id });
    this.heading = element("h1", { tabindex: "-1" }, "Workload");
    this.head = element("div", { class: "head" }, this.heading);
    this.node = element("div", {}, back(shell), this.head);
    this.ticking = setInterval(() => this.#tick(), EVERY);
  }

  close() {
    this.#asking?.abort();
    clearInterval(this.ticking);
    this.output?.close();
    this.dialog?.remove();
  }

  async go() {
    await this.refresh();
  }

  changed(changes) {
    const own = changes.filter((change) => change.id === this.id);
    if (own.length) this.refresh();
    return own;
  }

  async refresh() {
    this.#asking?.abort();
    const { signal } = this.#asking = new AbortController();
    try {
      this.#show(await read(workloadPath(this.id), {}, signal));
      this.#draw(await read(workloadPath(this.id, "/metrics"), {}, signal));
    } catch (error) {
      if (error.name === "AbortError") return;
      if (this.#told || error.status !== 404) this.shell.failed(error);
      else if (!this.#missed) this.#missing(error);
    }
  }

  #missing(error) {
    write(this.heading, "No such workload");
    this.head.after(element("p", {}, `${capital(error.message)}.`));
    this.#missed = true;
  }

  #show(told) {
    if (!this.#told) this.#build();
    this.#told = told;
    this.title = told.row.name;
    this.shell.titled();
    write(this.heading, told.row.name);
    showStatus(this.status, told.row.status);
    this.#showCancel(told);
    this.facts.replaceChildren(...facts(told, Date.parse(told.now)));
    this.history.replaceChildren(...told.history.map((event, place) => step(event, told.history[place + 1])));
  }

  #build() {
    this.status = element("span");
    this.cancel = element("button", { type: "button", class: "danger", "aria-describedby": "cancel-why",
      on: { click: () => this.#ask() } }, "Cancel workload");
    this.why = element("span", { id: "cancel-why", class: "muted" });
    this.facts = element("dl", { class: "facts" });
    this.history = element("ol", { class: "history" });
    this.charts = element("div", { class: "charts" });
    this.quality = element("p", { class: "muted" });
    this.output = output(this.id);
    this.head.append(this.status, element("div", { class: "act" }, this.cancel, this.why));
    this.node.append(
      element("div", { class: "columns" },
        section("About", "about", this.facts), section("Statuses", "statuses", this.history)),
      section("Measurements", "measurements", this.quality, this.charts),
      this.output.node);
  }

  #showCancel({ finished, may_cancel }) {
    const focused = document.activeElement === this.cancel;
    this.cancel.disabled = finished || !may_cancel;
    write(this.why, finished ? "It is over." : may_cancel ? "" : "Your role does not let you cancel it.");
    if (focused && this.cancel.disabled) this.heading.focus();
  }

  #draw(series) {
    draw(this.charts, series);
    const few = series.step ? ` Each point is the average over ${duration(series.step)}.` : "";
    const samples = series.samples ? ` ${plural(series.samples, "sample", "samples")}.` : "";
    write(this.quality, `${ORIGINS[series.source] ?? ""}${samples}${few}`);
  }

  #tick() {
    if (this.shell.live && this.#told && !this.#told.finished && !document.hidden) this.refresh();
  }

  #ask() {
    const problem = element("p", { class: "problem", role: "alert" });
    const sure = element("button", { type: "button", class: "danger", on: { click: () => this.#confirmed(problem, sure) } },
      "Cancel it");
    const not = element("button", { type: "button", autofocus: true, on: { click: () => this.dialog.close() } }, "Let it be");
    this.dialog?.remove();
    this.dialog = element("dialog", { "aria-labelledby": "ask-title", "aria-describedby": "ask-text" },
      element("h2", { id: "ask-title" }, "Cancel this workload?"),
      element("p", { id: "ask-text" }, `${this.#told.row.name} is ${statusWord(this.#told.row.status).toLowerCase()}. ` +
        "What it has done so far and did not save is lost."),
      problem, element("div", { class: "actions" }, not, sure));
    document.body.append(this.dialog);
    this.dialog.showModal();
  }

  async #confirmed(problem, sure) {
    sure.disabled = true;
    write(sure, "Cancelling…");
    try {
      const told = await change(workloadPath(this.id, "/cancel"));
      this.#asking?.abort();
      this.#show(told);
      this.dialog.close();
      this.heading.focus();
    } catch (error) {
      write(problem, `It was not cancelled: ${error.message}.`);
      write(sure, "Cancel it");
      sure.disabled = false;
    }
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
const back = (shell) => element("p", {}, element("a", { href: shell.lastList }, "← All workloads"));

function section(title, id, ...children) {
  return element("section", { class: "card", "aria-labelledby": id }, element("h2", { id }, title), ...children);
}

function facts(told, now) {
  const { row } = told;
  const known = [
    ["Id", element("code", {}, row.id)],
    ["Team", row.team],
    ["GPUs", gpus(row) + pods(told)],
    ["Pool", told.pool_id],
    ["Class", `${row.job_class.toLowerCase()}, priority ${row.priority}`],
    ["Submitted", time(row.submitted_at, moment)],
    ["By", row.submitted_by],
    ["Ran for", row.started_at && ran(row, now)],
    ["Used", told.gpu_hours !== null && hours(told.gpu_hours)],
    ["Exit code", told.exit_code !== null && String(told.exit_code)],
    ["Reason", told.failure_reason],
    ["Now", told.waiting_reason],
    ["Tags", Object.entries(told.tags).map(([name, value]) => `${name}: ${value}`).join(", ")],
  ].filter(([, value]) => value);
  return known.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
}

function pods({ pods: asked, running_pods: placed }) {
  if (!(asked > 1)) return "";
  return placed && placed < asked ? `, in ${count(placed)} of ${count(asked)} pods` : `, in ${count(asked)} pods`;
}

function step(event, next) {
  const status = element("span");
  showStatus(status, event.status);
  const lasted = next ? `for ${duration((Date.parse(next.at) - Date.parse(event.at)) / 1000)}` : "";
  return element("li", {}, status, " ", element("span", { class: "muted" }, time(event.at, moment), ` ${lasted}`),
    event.reason ? element("p", {}, event.reason) : "");
}

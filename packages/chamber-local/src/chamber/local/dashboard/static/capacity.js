// What there is of GPUs and GPU-hours, and who uses it: by pool, by team, and by both.

import { element } from "./dom.js";
import { read } from "./server.js";
import { count, hours, percent } from "./words.js";

const AT_MOST_EVERY = 2000;

/** The view of capacity. */
export class Capacity {
  title = "Capacity";
  #waiting = 0;

  constructor(shell) {
    this.shell = shell;
    this.heading = element("h1", { tabindex: "-1" }, this.title);
    this.pools = element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Pools" });
    this.teams = element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": "Teams" });
    this.node = element("div", {}, this.heading,
      element("section", { class: "card", "aria-labelledby": "pools" }, element("h2", { id: "pools" }, "By pool"), this.pools),
      element("section", { class: "card", "aria-labelledby": "teams" }, element("h2", { id: "teams" }, "By team"), this.teams));
  }

  close() {
    clearTimeout(this.#waiting);
  }

  async go() {
    await this.refresh();
  }

  /** Changes of status are told in the views of workloads. */
  changed() {
    this.#waiting ||= setTimeout(() => this.refresh(), AT_MOST_EVERY);
    return [];
  }

  async refresh() {
    clearTimeout(this.#waiting);
    this.#waiting = 0;
    try {
      const { pools, teams } = await read("capacity");
      this.pools.replaceChildren(poolTable(pools));
      this.teams.replaceChildren(teamTable(teams, pools));
    } catch (error) {
      this.shell.failed(error);
    }
  }
}

function poolTable(pools) {
  const columns = ["Pool", "GPUs in use", "Free", "Waited for", "This month"];
  return table("GPUs and GPU-hours of each pool", columns, pools.map((pool) => [
    `${pool.name} (${pool.gpu_type})`,
    bar(pool.used, pool.total, `${count(pool.used)} of ${count(pool.total)}`),
    count(pool.total - pool.used),
    count(pool.waiting),
    bar(pool.hours_used, pool.hours_allocated, `${hours(pool.hours_used)} of ${hours(pool.hours_allocated)}`),
  ]));
}

function teamTable(teams, pools) {
  const columns = ["Team", "Running", "Waiting", ...pools.map((pool) => `${pool.gpu_type} GPUs in use`), "This month"];
  return table("Workloads, GPUs and GPU-hours of each team", columns, inOrder(teams).map(({ team, depth }) => [
    element("span", { class: `depth-${Math.min(depth, 4)}` }, team.name, ...below(team, teams)),
    count(team.running),
    count(team.waiting),
    ...pools.map((pool) => bar(team.gpus[pool.id] ?? 0, pool.total, held(team, pool), " of the pool")),
    bar(team.hours_used, team.hours_allocated, `${hours(team.hours_used)} of ${hours(team.hours_allocated)}`),
  ]));
}

function held(team, pool) {
  const reserved = team.reserved[pool.id];
  return count(team.gpus[pool.id] ?? 0) + (reserved ? `, ${count(reserved)} reserved` : "");
}

// The roles are said because a small screen shows each row as a block, by which some browsers take a table for none.
function table(caption, columns, rows) {
  return element("table", { class: "capacity", role: "table" },
    element("caption", { class: "unseen" }, caption),
    element("thead", { role: "rowgroup" }, element("tr", { role: "row" },
      ...columns.map((title) => element("th", { scope: "col", role: "columnheader" }, title)))),
    element("tbody", { role: "rowgroup" }, ...rows.map(([first, ...others]) => element("tr", { role: "row" },
      element("th", { scope: "row", role: "rowheader" }, first),
      ...others.map((value, place) => element("td", { role: "cell", "data-title": columns[place + 1] }, value))))));
}

/** An amount in words, and as a bar for the eye. */
function bar(value, whole, words, of = "") {
  const part = whole > 0 ? value / whole : 0;
  const filled = element("span", { class: part > 1 ? "filled over" : "filled" });
  filled.style.inlineSize = `${Math.min(1, part) * 100}%`;
  return element("span", { class: "amount" }, element("span", {}, `${words} (${percent(part * 100)}${of})`),
    element("span", { class: "bar", "aria-hidden": "true" }, filled));
}

/** Each team after the one that it is below. */
function inOrder(teams, parent = null, depth = 0) {
  const known = new Set(teams.map((team) => team.id));
  const here = teams.filter((team) => (known.has(team.parent_id) ? team.parent_id : null) === parent);
  return here.flatMap((team) => [{ team, depth }, ...inOrder(teams, team.id, depth + 1)]);
}

function below(team, teams) {
  const parent = teams.find((other) => other.id === team.parent_id);
  return parent ? [element("span", { class: "unseen" }, ` (part of ${parent.name})`)] : [];
}

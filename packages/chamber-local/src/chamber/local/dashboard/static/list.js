// The workloads: filtered, sorted and paged by the server, and kept up to date.

import { element, time, write } from "./dom.js";
import { read } from "./server.js";
import { STATUSES, count, gpus, moment, plural, ran, statusWord } from "./words.js";

const PER_PAGE = 50;
const TYPING = 250;
const AT_MOST_EVERY = 1000;

/** The columns; those without `sort` cannot be sorted by, and `minor` ones give way on a small screen. */
const COLUMNS = [
  { title: "Name", sort: "name" },
  { title: "Status", sort: "status" },
  { title: "Team", minor: true },
  { title: "GPUs", sort: "requested_gpus" },
  { title: "Class", sort: "job_class", minor: true },
  { title: "Submitted", sort: "submitted_at", minor: true },
  { title: "Ran for", minor: true },
];

/** Where each page of the list that is looked at begins. */
const trail = { list: "", begins: [] };

/** The address of a list, for links and for going back to it. */
export function listAddress(state) {
  const query = new URLSearchParams();
  for (const status of state.status) query.append("status", status);
  if (state.query) query.set("query", state.query);
  if (state.sort_by !== "submitted_at") query.set("sort_by", state.sort_by);
  if (state.sort_order !== "desc") query.set("sort_order", state.sort_order);
  if (state.after) {
    query.set("page", state.page);
    query.set("after", state.after);
  }
  return `#/workloads${query.size ? `?${query}` : ""}`;
}

/** The view of the list. */
export class List {
  title = "Workloads";
  #state = null;
  #rows = new Map();
  #asking = null;
  #typing = 0;
  #waiting = 0;
  #asked = 0;
  #ahead = 0;

  constructor(shell) {
    this.shell = shell;
    this.heading = element("h1", { tabindex: "-1" }, this.title);
    this.#build();
    this.ticking = setInterval(() => shell.live && this.#tick(), 5000);
  }

  close() {
    this.#asking?.abort();
    [this.#typing, this.#waiting].forEach(clearTimeout);
    clearInterval(this.ticking);
  }

  /** Shows what an address asks for. */
  async go(query) {
    const before = this.#state;
    this.#state = stateOf(query);
    this.shell.lastList = listAddress(this.#state);
    this.#showState();
    const told = await this.refresh();
    if (before && told) this.#announce(before.page !== this.#state.page);
  }

  /** Takes changes in, and returns those that are worth telling. */
  changed(changes) {
    for (const change of changes) {
      const row = this.#rows.get(change.id);
      if (row) showStatus(row.status, change.status);
    }
    this.#later();
    return changes;
  }

  async refresh() {
    clearTimeout(this.#waiting);
    this.#waiting = 0;
    this.#asking?.abort();
    const asking = this.#asking = new AbortController();
    this.#asked = Date.now();
    const { page, ...asked } = this.#state;
    try {
      const told = await read("workloads", { ...asked, limit: PER_PAGE }, asking.signal);
      this.#show(told);
      return told;
    } catch (error) {
      if (error.name !== "AbortError") this.shell.failed(error);
      return null;
    }
  }

  #build() {
    this.search = element("input", { type: "search", id: "search", autocomplete: "off", spellcheck: "false",
      on: { input: () => this.#typed() } });
    this.chips = Object.fromEntries(Object.keys(STATUSES).map((status) => [status, this.#chip(status)]));
    this.found = element("p", { class: "muted", id: "found", tabindex: "-1" });
    this.reset = element("a", { href: "#/workloads", hidden: true }, "Show all");
    this.body = element("tbody");
    this.headers = COLUMNS.map((column) => this.#header(column));
    this.empty = element("p", { class: "empty", hidden: true });
    this.pages = element("nav", { class: "pages", "aria-label": "Pages" });
    this.table = element("table", { class: "workloads", "aria-describedby": "found" },
      element("caption", { class: "unseen" }, "Workloads. The buttons in the headers sort them."),
      element("thead", {}, element("tr", {}, ...this.headers.map((header) => header.cell))), this.body);
    this.node = element("div", {}, this.heading,
      element("form", { class: "filters", role: "search", on: { submit: (event) => event.preventDefault() } },
        element("label", { for: "search" }, "Name, id or tag"), this.search,
        element("fieldset", {}, element("legend", {}, "Status"),
          ...Object.values(this.chips).map((chip) => chip.label))),
      element("div", { class: "summary" }, this.found, this.reset), this.table, this.empty, this.pages);
  }

  #chip(status) {
    const box = element("input", { type: "checkbox", on: { change: () => this.#chose() } });
    const number = element("span", { class: "count" });
    return { box, number, label: element("label", { class: "chip" }, box, ` ${statusWord(status)} `, number) };
  }

  #header({ title, sort, minor }) {
    const shown = { scope: "col", class: minor ? "minor" : null };
    if (!sort) return { cell: element("th", shown, title) };
    const sorted = element("button", { type: "button", class: "sort", on: { click: () => this.#sort(sort) } }, title);
    return { sort, cell: element("th", shown, sorted) };
  }

  #showState() {
    const { status, query, sort_by, sort_order } = this.#state;
    if (document.activeElement !== this.search) this.search.value = query;
    for (const [name, chip] of Object.entries(this.chips)) chip.box.checked = status.includes(name);
    for (const { sort, cell } of this.headers) {
      if (sort === sort_by) cell.setAttribute("aria-sort", sort_order === "asc" ? "ascending" : "descending");
      else cell.removeAttribute("aria-sort");
    }
    this.reset.hidden = this.shell.lastList === "#/workloads";
  }

  #show(told) {
    this.#ahead = Date.parse(told.now) - Date.now();
    const focused = document.activeElement;
    this.#place(told.items);
    if (focused?.isConnected && focused !== document.activeElement) focused.focus();
    for (const [status, chip] of Object.entries(this.chips)) write(chip.number, count(told.by_status[status] ?? 0));
    this.#showPages(told);
    this.table.hidden = told.items.length === 0;
    this.empty.hidden = told.items.length > 0;
    write(this.empty, this.#nothing());
  }

  #place(items) {
    const before = this.#rows;
    this.#rows = new Map(items.map((item) => [item.id, before.get(item.id) ?? made(item)]));
    for (const [id, row] of before) if (!this.#rows.has(id)) row.node.remove();
    let at = this.body.firstChild;
    for (const item of items) {
      const row = this.#rows.get(item.id);
      if (row.node === at) at = at.nextSibling;
      else this.body.insertBefore(row.node, at);
      fill(row, item, Date.now() + this.#ahead);
    }
  }

  #showPages(told) {
    const { page } = this.#state;
    const pages = Math.max(1, Math.ceil(told.total / PER_PAGE));
    write(this.found, `${plural(told.total, "workload", "workloads")}${pages > 1 ? `, page ${count(page)} of ${count(pages)}` : ""}`);
    remember(this.#state, told.next);
    const links = [
      page > 2 && this.#pageLink("First page", 1, null),
      page > 1 && trail.begins[page - 1] !== undefined && this.#pageLink("Previous page", page - 1, trail.begins[page - 1]),
      told.next && this.#pageLink("Next page", page + 1, told.next),
    ].filter(Boolean);
    const focused = this.pages.contains(document.activeElement) ? document.activeElement.textContent : null;
    this.pages.replaceChildren(...links);
    this.pages.hidden = links.length === 0;
    links.find((link) => link.textContent === focused)?.focus();
  }

  #pageLink(words, page, after) {
    return element("a", { href: listAddress({ ...this.#state, page, after }) }, words);
  }

  #nothing() {
    if (listAddress(this.#state) !== "#/workloads") return "No workload is like this.";
    return "There are no workloads yet. What is submitted appears here at once.";
  }

  #announce(turned) {
    if (turned) {
      window.scrollTo({ top: 0 });
      this.found.focus({ preventScroll: true });
    } else this.shell.announce(this.found.textContent);
  }

  #chose() {
    const status = Object.keys(this.chips).filter((name) => this.chips[name].box.checked);
    location.hash = listAddress({ ...this.#state, status, page: 1, after: null });
  }

  #sort(sort_by) {
    const descending = this.#state.sort_by === sort_by ? this.#state.sort_order === "asc" : sort_by !== "name";
    const sort_order = descending ? "desc" : "asc";
    location.hash = listAddress({ ...this.#state, sort_by, sort_order, page: 1, after: null });
  }

  /** What is being typed replaces the address: going back leads to the page before it, not to half a word. */
  #typed() {
    clearTimeout(this.#typing);
    this.#typing = setTimeout(() => {
      const query = this.search.value.trim();
      this.shell.replace(listAddress({ ...this.#state, query, page: 1, after: null }));
    }, TYPING);
  }

  #later() {
    if (this.#waiting) return;
    this.#waiting = setTimeout(() => this.refresh(), Math.max(0, this.#asked + AT_MOST_EVERY - Date.now()));
  }

  #tick() {
    for (const row of this.#rows.values()) write(row.ran, ran(row.item, Date.now() + this.#ahead));
  }
}

/** A status in words, with a shape of its own. */
export function showStatus(node, status) {
  node.className = `status ${STATUSES[status] ? status.toLowerCase() : ""}`;
  write(node, statusWord(status));
}

function stateOf(query) {
  const page = Number.parseInt(query.get("page") ?? "1", 10);
  const after = query.get("after");
  return {
    status: query.getAll("status").filter((status) => STATUSES[status]),
    query: query.get("query") ?? "",
    sort_by: COLUMNS.some(({ sort }) => sort === query.get("sort_by")) ? query.get("sort_by") : "submitted_at",
    sort_order: query.get("sort_order") === "asc" ? "asc" : "desc",
    page: after && page > 1 ? page : 1,
    after: page > 1 ? after : null,
  };
}

function remember(state, next) {
  const list = listAddress({ ...state, page: 1, after: null });
  if (trail.list !== list) Object.assign(trail, { list, begins: [] });
  trail.begins[1] = null;
  trail.begins[state.page] = state.after;
  if (next) trail.begins[state.page + 1] = next;
}

function made(item) {
  const cells = COLUMNS.map(({ minor }) => element("td", { class: minor ? "minor" : null }));
  const [link, status] = [element("a", { href: `#/workloads/${encodeURIComponent(item.id)}` }), element("span")];
  cells[0] = element("th", { scope: "row" }, link);
  cells[1].append(status);
  return { node: element("tr", { "data-id": item.id }, ...cells), link, status, cells, ran: cells[6] };
}

function fill(row, item, now) {
  const first = row.item === undefined;
  row.item = item;
  write(row.link, item.name);
  showStatus(row.status, item.status);
  write(row.cells[2], item.team);
  write(row.cells[3], gpus(item));
  write(row.cells[4], item.job_class.toLowerCase());
  if (first) row.cells[5].append(time(item.submitted_at, moment));
  write(row.ran, ran(item, now));
}

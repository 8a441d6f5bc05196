// Measurements over time: a line for the eye, and the same in words and in a table for everyone.

import { element, svg, time } from "./dom.js";
import { bytes, clock, moment, number, percent } from "./words.js";

const WIDTH = 600;
const HEIGHT = 140;

/** What may be measured, in the order in which it is shown; `least` is the smallest top of the scale. */
const METRICS = {
  gpu_utilization: { title: "GPU utilization", format: percent, least: 100 },
  cpu_utilization: { title: "CPU, in percent of one core", format: percent, least: 100 },
  memory_bytes: { title: "Memory", format: bytes, least: 1 << 20, binary: true },
  memory_utilization: { title: "GPU memory", format: percent, least: 100 },
  power_usage: { title: "GPU power", format: (value) => `${number(value)} W`, least: 100 },
  temperature: { title: "GPU temperature", format: (value) => `${number(value)} °C`, least: 100 },
};

/** The charts of what was measured, into a container, which keeps those that are there. */
export function draw(container, series) {
  const known = Object.keys(METRICS).filter((name) => series.values[name]);
  for (const name of known) {
    const held = container.querySelector(`[data-metric="${name}"]`) ?? container.appendChild(figure(name));
    held.draw(series.times, series.values[name], series.summaries[name]);
  }
  return known.length;
}

function figure(name) {
  const metric = METRICS[name];
  const [top, said, reading] = [element("span"), element("p", { class: "muted" }), element("p", { class: "reading" })];
  const [begin, end] = [element("span"), element("span")];
  const plot = svg("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: "none", role: "img" });
  const table = element("details", {}, element("summary", {}, `${metric.title} as a table`));
  const node = element("figure", { class: "chart", "data-metric": name },
    element("figcaption", {}, element("h3", {}, metric.title), said),
    element("div", { class: "plot" },
      element("div", { class: "scale", "aria-hidden": "true" }, top, element("span", {}, metric.format(0))),
      plot,
      element("div", { class: "span", "aria-hidden": "true" }, begin, end)),
    reading, table);
  let held = { times: [], values: [] };
  node.draw = (times, values, summary) => {
    held = { times, values };
    const most = ceiling(Math.max(metric.least, summary.max), metric.binary);
    const words = said_of(metric, summary);
    plot.replaceChildren(...grid(), ...line(times, values, most));
    plot.setAttribute("aria-label", `${metric.title} from ${moment(times[0])} to ${moment(times.at(-1))}: ${words}`);
    top.textContent = metric.format(most);
    said.textContent = words;
    begin.textContent = clock(times[0]);
    end.textContent = clock(times.at(-1));
    if (table.open) fill(table, metric, held);
  };
  table.addEventListener("toggle", () => table.open && fill(table, metric, held));
  plot.addEventListener("pointermove", (event) => point(plot, event, held, metric, reading));
  plot.addEventListener("pointerleave", () => { reading.textContent = ""; });
  return node;
}

const said_of = (metric, { current, avg, min, max }) =>
  `last ${metric.format(current)}, on average ${metric.format(avg)}, from ${metric.format(min)} to ${metric.format(max)}`;

/** A round number that is no less: 1, 2 or 5 times a power of ten, or a power of two. */
function ceiling(value, binary) {
  if (binary) return 2 ** Math.ceil(Math.log2(value));
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((times) => times * power).find((round) => round >= value);
}

const grid = () => [0, 0.5, 1].map((part) => svg("line", {
  class: "grid", x1: 0, x2: WIDTH, y1: part * HEIGHT, y2: part * HEIGHT, "vector-effect": "non-scaling-stroke",
}));

/** The values as lines, broken where nothing was measured. */
function line(times, values, most) {
  const [first, last] = [Date.parse(times[0]), Date.parse(times.at(-1))];
  const x = (at) => ((Date.parse(at) - first) / Math.max(1, last - first)) * WIDTH;
  let [path, pen] = ["", "M"];
  values.forEach((value, place) => {
    if (value === null) pen = "M";
    else {
      path += `${pen}${x(times[place]).toFixed(1)} ${((1 - value / most) * HEIGHT).toFixed(1)}`;
      if (pen === "M") path += "h0.1"; // one value alone is a dot
      pen = "L";
    }
  });
  return [svg("path", { class: "line", d: path, "vector-effect": "non-scaling-stroke" })];
}

/** Says the value that the pointer is nearest to. */
function point(plot, event, { times, values }, metric, reading) {
  const box = plot.getBoundingClientRect();
  const [first, last] = [Date.parse(times[0]), Date.parse(times.at(-1))];
  const at = first + ((event.clientX - box.left) / box.width) * (last - first);
  const away = times.map((stamp) => Math.abs(Date.parse(stamp) - at));
  const place = away.indexOf(Math.min(...away));
  const value = values[place];
  reading.textContent = `${clock(times[place])}: ${value === null ? "not measured" : metric.format(value)}`;
}

/** The table is made once: who reads it keeps their place when values are added. */
function fill(details, metric, { times, values }) {
  const body = details.querySelector("tbody") ?? details.appendChild(empty(metric)).querySelector("tbody");
  body.replaceChildren(...times.map((stamp, place) => element("tr", {},
    element("td", {}, time(stamp, moment)),
    element("td", { class: "number" }, values[place] === null ? "not measured" : metric.format(values[place])))));
}

const empty = ({ title }) => element("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": title },
  element("table", {},
    element("thead", {}, element("tr", {},
      element("th", { scope: "col" }, "Time"), element("th", { scope: "col", class: "number" }, title))),
    element("tbody")));

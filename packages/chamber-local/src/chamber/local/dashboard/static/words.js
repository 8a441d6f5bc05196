// How things are said: statuses, moments, durations and amounts.

/** Every status, in the order of a workload's life, and what people read. */
export const STATUSES = {
  PENDING: "Pending",
  QUEUED: "Queued",
  STARTING: "Starting",
  RUNNING: "Running",
  COMPLETED: "Completed",
  FAILED: "Failed",
  PREEMPTED: "Preempted",
  CANCELLED: "Cancelled",
};

const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const CLOCK = new Intl.DateTimeFormat(undefined, { timeStyle: "medium" });
const NUMBER = new Intl.NumberFormat(undefined, { maximumFractionDigits: 1 });
const COUNT = new Intl.NumberFormat(undefined, { maximumFractionDigits: 2 });

export const statusWord = (status) => STATUSES[status] ?? status;
export const moment = (stamp) => MOMENT.format(new Date(stamp));
export const clock = (stamp) => CLOCK.format(new Date(stamp));
export const count = (value) => COUNT.format(value);
export const number = (value) => NUMBER.format(value);
export const percent = (value) => `${number(value)} %`;
export const hours = (value) => `${(value < 10 ? COUNT : NUMBER).format(value)} GPU-h`;
export const gpus = (row) => `${count(row.gpus)}\u00a0×\u00a0${row.gpu_type}`;
export const plural = (number, one, many) => `${count(number)} ${number === 1 ? one : many}`;

/** ``1.5 GiB``. */
export function bytes(value) {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const unit = Math.min(units.length - 1, Math.floor(Math.log2(Math.max(1, value)) / 10));
  return `${number(value / 1024 ** unit)} ${units[unit]}`;
}

/** ``2 h 5 min``, from seconds. */
export function duration(seconds) {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [["d", Math.floor(whole / 86400)], ["h", Math.floor(whole / 3600) % 24],
    ["min", Math.floor(whole / 60) % 60], ["s", whole % 60]];
  const first = parts.findIndex(([, number]) => number > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([, number]) => number > 0)
    .map(([unit, number]) => `${number} ${unit}`).join(" ");
}

/** How long a workload has run by the server's clock; a dash before it starts. */
export function ran(row, now) {
  if (!row.started_at) return "–";
  return duration(((row.completed_at ? Date.parse(row.completed_at) : now) - Date.parse(row.started_at)) / 1000);
}

/** What several changes of status come to, in one sentence; the last of each workload counts. */
export function summary(changes) {
  const last = new Map(changes.map((change) => [change.id, change]));
  if (last.size === 1) return [...last.values()].map((c) => `${c.name}: ${statusWord(c.status).toLowerCase()}`)[0];
  const counts = Object.keys(STATUSES)
    .map((status) => [status, [...last.values()].filter((change) => change.status === status).length])
    .filter(([, number]) => number > 0)
    .map(([status, number]) => `${number} ${statusWord(status).toLowerCase()}`);
  return `${plural(last.size, "workload", "workloads")} changed: ${counts.join(", ")}`;
}

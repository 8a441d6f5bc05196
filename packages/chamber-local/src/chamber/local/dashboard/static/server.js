// Speaks to the server that this page is from, and to no other.

/** A refusal of the server, in its words. */
export class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

let organization = null;

/** Which organization everything is asked of; null: the user's first. */
export function chooseOrganization(id) {
  organization = id;
}

/** The address of something below ``/dashboard/``. A parameter that is a list is given several times. */
export function address(path, parameters = {}) {
  const query = new URLSearchParams();
  const all = organization ? { ...parameters, organization_id: organization } : parameters;
  for (const [name, value] of Object.entries(all)) {
    for (const one of [value].flat()) if (one !== null && one !== "") query.append(name, one);
  }
  return `/dashboard/${path}${query.size ? `?${query}` : ""}`;
}

/** The path of a workload. */
export const workloadPath = (id, what = "") => `workloads/${encodeURIComponent(id)}${what}`;

/** Data of the server, asked for again when it does not come. Throws a Refusal; status 0: it cannot be reached. */
export async function read(path, parameters, signal, tries = 4) {
  try {
    return await ask(address(path, parameters), { signal });
  } catch (error) {
    if (error.status !== 0 || tries === 1) throw error;
    await new Promise((resolve) => { setTimeout(resolve, 1600 / 2 ** tries); });
    return read(path, parameters, signal, tries - 1);
  }
}

/** Asks for a change, with the header that no other origin can send. */
export const change = (path, method = "POST") => ask(address(path), { method, headers: OURS });

/** Ends the session. */
export const signOut = () => ask("/session", { method: "DELETE", headers: OURS });

const OURS = { "X-Chamber-Dashboard": "1" };

async function ask(where, options) {
  const answer = await fetch(where, { ...options, redirect: "error", credentials: "same-origin" }).catch(unreachable);
  if (answer.status === 204) return null;
  const told = await answer.json().catch(answer.ok ? unreachable : () => ({}));
  if (!answer.ok) throw new Refusal(answer.status, told.message ?? `the Chamber answered ${answer.status}`);
  return told;
}

function unreachable(error) {
  throw error.name === "AbortError" ? error : new Refusal(0, "the Chamber cannot be reached");
}

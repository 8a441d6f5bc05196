// Makes elements. Text only ever becomes text nodes, so that nothing a workload says is markup.

/** An element with attributes (`on` holds listeners; null, undefined and false leave one out) and children. */
export function element(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same in SVG. */
export function svg(name, attributes = {}, ...children) {
  return filled(document.createElementNS("http://www.w3.org/2000/svg", name), attributes, children);
}

/** Shows a text where another is shown; touches nothing when it is the same. */
export function write(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** A moment for people and for machines. */
export function time(stamp, format) {
  return stamp ? element("time", { datetime: stamp }, format(stamp)) : "–";
}

function filled(made, { on = {}, ...attributes }, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    made.setAttribute(name, value === true ? "" : value);
  }
  for (const [event, heard] of Object.entries(on)) made.addEventListener(event, heard);
  made.append(...children);
  return made;
}

// What the widgets share. A module says `import { h, grid } from "./shared.js";`, and bundle.py puts
// this file in that line's place: a widget must be one file in JupyterLab, in Colab and on file://.

/** An element; attributes that begin with "on" are listeners, and children that are null are left out. */
export const h = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value !== false && value != null) node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...children.filter((child) => child != null));
  return node;
};

// Words and numbers ----------------------------------------------------------------------------------

export const minus = (value) => String(value).replace("-", "−");
export const factor = (value) => (value < 0 ? `(${minus(value)})` : String(value));
export const listed = (words) => (words.length < 2 ? words.join("")
  : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`);

/** A formula in which each small letter is a variable, in italics. */
export const letters = (text) => text.split(/([a-z])/)
  .map((part, n) => (n % 2 ? h("i", {}, part) : part));

export const square = (size, value) =>
  Array.from({ length: size }, (_, r) => Array.from({ length: size }, (_, c) => value(r, c)));

// Grids ----------------------------------------------------------------------------------------------

/** A table of numbers; gives its cells as rows too. */
export function grid(rows, caption, attributes = {}, cellAttributes = {}) {
  const cells = rows.map((row) => row.map((value) =>
    h("td", cellAttributes, h("span", {}, minus(value)))));
  const rowRole = attributes.role ? { role: "row" } : {};
  const table = h("table", { class: "cw-grid", style: `--n: ${rows[0].length}`, ...attributes },
    h("caption", {}, caption),
    h("tbody", attributes.role ? { role: "rowgroup" } : {},
      ...cells.map((row) => h("tr", rowRole, ...row))));
  return { table: h("div", { class: "cw-scroll" }, table), cells };
}

/** Where a table is wider than the screen, scroll it (never the page) to the cell. */
export function reveal(cell) {
  const box = cell.closest(".cw-scroll");
  if (box.scrollWidth > box.clientWidth) {
    box.scrollLeft = cell.offsetLeft + (cell.offsetWidth - box.clientWidth) / 2;
  }
}

/** Where the arrow keys, Home and End lead in a grid of `rows` × `columns`; null for other keys. */
export function keyTarget(event, { r, c }, rows, columns) {
  const jump = event.ctrlKey || event.metaKey;
  const to = {
    ArrowUp: [r - 1, c], ArrowDown: [r + 1, c], ArrowLeft: [r, c - 1], ArrowRight: [r, c + 1],
    Home: [jump ? 0 : r, 0], End: [jump ? rows - 1 : r, columns - 1],
  }[event.key];
  if (!to) return null;
  return [Math.min(rows - 1, Math.max(0, to[0])), Math.min(columns - 1, Math.max(0, to[1]))];
}

// Fields ---------------------------------------------------------------------------------------------
// A field has a name, a node, an input, `read` (its value, or {problem} in words) and `write`.

// Each widget's module has its own copy of this file, and a page may show several of them.
const ownPrefix = `cw-lab-${Math.random().toString(36).slice(2, 8)}`;
let lastId = 0;

/** A whole number with − and + beside it. */
export function stepper(name, label, letter, min, max) {
  return (onChange) => {
    const id = `${ownPrefix}-${(lastId += 1)}`;
    const read = () => {
      const text = input.value.trim();
      if (/^[+-]?[0-9]+$/.test(text) && Number(text) >= min && Number(text) <= max) return Number(text);
      const came = text ? `“${text.slice(0, 20)}” is not one` : "the field is empty";
      return { problem: `${label} must be a whole number from ${min} to ${max}; ${came}.` };
    };
    const step = (by) => {
      const now = read();
      const next = typeof now === "number" ? now + by : min;
      input.value = Math.min(max, Math.max(min, next));
      onChange(true);
    };
    const input = h("input", {
      id, type: "text", inputmode: "numeric", autocomplete: "off", spellcheck: "false",
      oninput: () => onChange(false),
      onchange: () => onChange(true),
      onkeydown: (event) => {
        const by = { ArrowUp: 1, ArrowDown: -1 }[event.key];
        if (by) { event.preventDefault(); step(by); }
        if (event.key === "Enter") onChange(true);
      },
    });
    const button = (by, sign, word) => h("button", {
      type: "button", "aria-label": `${label}: one ${word}`, onclick: () => step(by),
    }, sign);
    const node = h("div", { class: "cw-stepper" },
      h("label", { for: id }, `${label} `, h("i", {}, letter)),
      h("div", {}, button(-1, "−", "less"), input, button(1, "+", "more")));
    return { name, node, input, read, write: (value) => { input.value = value; } };
  };
}

/** A box to tick. */
export function toggle(name, label) {
  return (onChange) => {
    const input = h("input", { type: "checkbox", onchange: () => onChange(true) });
    const node = h("label", { class: "cw-flip" }, input, h("span", {}, label));
    return { name, node, input, read: () => input.checked, write: (value) => { input.checked = Boolean(value); } };
  };
}

/** One of a few values, `options` as [value, words]. */
export function choice(name, label, options) {
  return (onChange) => {
    const id = `${ownPrefix}-${(lastId += 1)}`;
    const input = h("select", { id, onchange: () => onChange(true) },
      ...options.map(([value, words]) => h("option", { value }, words)));
    const node = h("div", { class: "cw-choice" }, h("label", { for: id }, label), input);
    return { name, node, input, read: () => input.value, write: (value) => { input.value = value; } };
  };
}

/**
 * A range field: `attributes` of the input, what its places mean, and how a value is said; `onMove` hears
 * whether it is being dragged. `set` is a change by the reader.
 */
export function slider(name, label, attributes, { place, value, words }, onMove) {
  return (onChange) => {
    let now = null;
    const output = h("span", { class: "cw-value" });
    const show = () => {
      output.textContent = words(now);
      input.setAttribute("aria-valuetext", words(now));
    };
    const set = (wanted) => {
      now = wanted;
      show();
      onChange(true);
    };
    const input = h("input", {
      type: "range", ...attributes,
      oninput: () => { onMove(true); set(value(Number(input.value))); },
      onchange: () => onMove(false),
    });
    const node = h("label", { class: "cw-slider" }, h("span", {}, label, " ", output), input);
    const write = (wanted) => { now = wanted; input.value = place(wanted); show(); };
    return { name, node, input, set: (wanted) => { write(wanted); onChange(true); }, read: () => now, write };
  };
}

/**
 * The fields of a lab. A setting that works goes to `draw` and to the model; for one that doesn't,
 * `explain(setting)` gives the words (null when it works), and the picture stays.
 */
export function controls({ model, fields, explain, draw }) {
  let setting = {}; // the last one that works: what the picture shows
  let saving = false; // between the first trait and the last, the model is half old, half new
  const problem = h("p", { class: "cw-problem", role: "status" });
  const made = fields.map((field) => field((isFinal) => update(isFinal)));

  function complain(text) {
    const kept = Object.keys(setting).length > 0;
    problem.textContent = `${text}${kept ? " The picture keeps the last setting that works." : ""}`;
  }

  function update(isFinal) {
    const read = made.map((field) => [field, field.read()]);
    const isTyped = ({ input }) => !isFinal && !input.value.trim() && input.matches(":focus");
    const bad = read.filter(([, value]) => value.problem);
    const told = bad.filter(([field]) => !isTyped(field)); // an empty field may be about to be filled
    made.forEach((field) =>
      field.input.setAttribute("aria-invalid", told.some(([other]) => other === field)));
    if (told.length) complain(told.map(([, value]) => value.problem).join(" "));
    if (bad.length) return;
    const wanted = Object.fromEntries(read.map(([field, value]) => [field.name, value]));
    const misfit = explain(wanted);
    if (misfit) {
      complain(misfit);
      return;
    }
    problem.textContent = "";
    if (Object.keys(wanted).every((key) => wanted[key] === setting[key])) return;
    setting = wanted;
    draw(setting);
    saving = true;
    try {
      Object.entries(setting).forEach(([key, value]) => model.set(key, value));
      model.save_changes();
    } finally {
      saving = false;
    }
  }

  /** Show what the model says: at the start, and when Python sets a trait. */
  function follow() {
    made.forEach((field) => field.write(model.get(field.name)));
    update(true);
  }

  const onChange = () => {
    if (saving) return;
    if (Object.keys(setting).some((key) => model.get(key) !== setting[key])) follow();
  };
  const isBox = (field) => field.node.matches(".cw-flip");
  const node = h("div", {},
    h("div", { class: "cw-controls" }, ...made.filter((field) => !isBox(field)).map((field) => field.node)),
    ...made.filter(isBox).map((field) => field.node), problem);
  return {
    node,
    follow,
    /** Draw for the first time, and follow the model from here on; returns what ends that. */
    start() {
      follow();
      model.on("change", onChange);
      return () => model.off("change", onChange);
    },
  };
}

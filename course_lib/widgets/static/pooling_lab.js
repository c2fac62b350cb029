// The pooling lab: choose the windows, step through them, shift the input and see what stays.
// The input is made as in course_lib/widgets/pooling_lab.py.

import {
  choice, controls, grid, h, keyTarget, letters, listed, minus, reveal, square, stepper, toggle,
} from "./shared.js";

// Arithmetic ---------------------------------------------------------------------------------------

/** An endless strip of numbers from 0 to 9; the shift, at most 3, moves it to the right. */
const makeInput = (size, shift = 0) => square(size, (r, c) => {
  const x = c - shift + 4;
  return ((7 * r + 3 * x * x + 5 * r * x + x * x * x + r * r * x) % 11) % 10;
});

/** How many windows there are along an axis, or null where torch refuses. */
function outputSize(inputSize, kernelSize, { stride, padding = 0, ceilMode = false }) {
  const room = inputSize + 2 * padding - kernelSize + (ceilMode ? stride - 1 : 0);
  if (padding > Math.floor(kernelSize / 2) || room < 0) return null;
  const count = Math.floor(room / stride) + 1;
  return ceilMode && (count - 1) * stride >= padding + inputSize ? count - 1 : count;
}

/** For each window its first column and the column after its last, in the padded input. */
function windows(inputSize, kernelSize, options) {
  const count = outputSize(inputSize, kernelSize, options) ?? 0;
  const end = inputSize + 2 * (options.padding ?? 0);
  return Array.from({ length: count }, (_, n) => n * options.stride)
    .map((start) => [start, Math.min(start + kernelSize, end)]);
}

/** What a window shows: numbers, and null for a padded cell. */
function seen(input, [top, bottom], [left, right], padding) {
  return square(Math.max(bottom - top, right - left), (a, b) => (
    top + a < bottom && left + b < right ? input[top + a - padding]?.[left + b - padding] ?? null : undefined
  )).map((row) => row.filter((value) => value !== undefined)).filter((row) => row.length);
}

/** Max or mean pooling; padded cells never win a maximum and count as zeros in a mean. */
function pool(input, kernelSize, options) {
  const { kind = "max", padding = 0 } = options;
  if (outputSize(input.length, kernelSize, options) === null) return null;
  const spans = windows(input.length, kernelSize, options);
  return spans.map((down) => spans.map((across) => {
    const values = seen(input, down, across, padding).flat();
    if (kind === "max") return Math.max(...values.map((value) => value ?? -Infinity));
    return values.reduce((sum, value) => sum + (value ?? 0), 0) / values.length;
  }));
}

/** Indices of input rows (and columns: all is square) that no window reads. */
function unread(inputSize, kernelSize, options) {
  const spans = windows(inputSize, kernelSize, options);
  return Array.from({ length: inputSize }, (_, i) => i).filter((i) => !spans.some(
    ([start, end]) => i + (options.padding ?? 0) >= start && i + (options.padding ?? 0) < end));
}

// Words --------------------------------------------------------------------------------------------

const shown = (value) => (value === null ? "−∞" : minus(Math.round(value * 100) / 100));
const short = (value) => minus(Math.round(value * 10) / 10); // a cell has room for one decimal

function unreadText(inputSize, missed) {
  if (!missed.length) return "Every input cell is read.";
  const numbers = listed(missed.map((i) => i + 1));
  const lost = inputSize ** 2 - (inputSize - missed.length) ** 2;
  const [rows, columns] = missed.length > 1 ? ["Rows", "columns"] : ["Row", "column"];
  return `${rows} ${numbers} and ${columns} ${numbers} are never read: `
    + `${lost} of the ${inputSize ** 2} input cells (hatched) change nothing in the output.`;
}

function shiftText({ shift, stride, padding }, kept, size, cut) {
  if (!shift) return "Shift the input and see which outputs keep their value.";
  const moved = `The input moved ${shift} to the right. `;
  const same = `${kept} of ${size ** 2} outputs keep${kept === 1 ? "s" : ""} ${kept === 1 ? "its" : "their"} value (marked =).`;
  const steps = shift / stride; // padding and a window that is cut off do not move along
  if (shift % stride || padding || cut || steps >= size) return moved + same;
  return `${moved}${same} Each window now sees what the window ${steps === 1 ? "" : `${steps} places `}`
    + "to its left saw before: the output moved along, by " + `${steps} column${steps === 1 ? "" : "s"}.`;
}

function misfitText({ input_size: i, kernel_size: k, padding: p, stride: s, ceil_mode: up }) {
  if (p > Math.floor(k / 2)) {
    return `The padding is at most half of the window, rounded down: ⌊${k}/2⌋ = ${Math.floor(k / 2)}. `
      + "With more, a window could lie in the padding and see no number. "
      + "Make the padding smaller or the window larger.";
  }
  const room = p ? `the padded input has only ${i + 2 * p}` : `the input has only ${i}`;
  const more = up ? `, and rounding up allows at most s − 1 = ${s - 1} more` : "";
  return `The window spans ${k} cells, but ${room}${more}. Make the window smaller or the input larger.`;
}

// The widget -----------------------------------------------------------------------------------------

const FIELDS = [
  choice("kind", "Pooling", [["max", "max"], ["mean", "mean"]]),
  stepper("input_size", "Input size", "i", 1, 10),
  stepper("kernel_size", "Window size", "k", 1, 5),
  stepper("stride", "Stride", "s", 1, 4),
  stepper("padding", "Padding", "p", 0, 2),
  stepper("shift", "Shift", "", 0, 3),
  toggle("ceil_mode", "Round the size up (ceil_mode)"),
];

function render({ model, el }) {
  let setting = {}; // what the picture shows
  let at = { r: 0, c: 0 };
  let view = null; // {input, spans, result, before, cells, output, size}

  const stage = h("div", { class: "cw-stage" });
  const position = h("p", { class: "cw-position" });
  const products = h("div", { class: "cw-products" });
  const formula = h("p", { class: "cw-formula" });
  const reading = h("p", { class: "cw-visits" });
  const shifting = h("p", { class: "cw-visits cw-shift" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const go = (step) => {
    const to = at.r * view.size + at.c + step;
    if (to < 0 || to >= view.size ** 2) return;
    select(Math.floor(to / view.size), to % view.size);
    spoken.textContent = `Output row ${at.r + 1}, column ${at.c + 1}: ${shown(view.result[at.r][at.c])}`;
  };
  const previous = h("button", { type: "button", onclick: () => go(-1) }, "← Previous");
  const next = h("button", { type: "button", onclick: () => go(1) }, "Next →");

  const optionsOf = ({ kind, stride, padding, ceil_mode: ceilMode }) => ({ kind, stride, padding, ceilMode });
  const explain = (wanted) =>
    (outputSize(wanted.input_size, wanted.kernel_size, optionsOf(wanted)) === null ? misfitText(wanted) : null);

  function draw(chosen) {
    setting = chosen;
    const { input_size: i, kernel_size: k, padding: p, shift, kind } = setting;
    const options = optionsOf(setting);
    const input = makeInput(i, shift);
    const [result, before] = [pool(input, k, options), pool(makeInput(i), k, options)];
    const [size, wide] = [result.length, i + 2 * p];
    const missed = unread(i, k, options);
    const outside = kind === "max" ? "−∞" : 0;
    const inputGrid = grid(square(wide, (r, c) => input[r - p]?.[c - p] ?? outside),
      `Input ${i} × ${i}${p ? `, padded to ${wide} × ${wide}` : ""}`);
    const outputGrid = grid(result.map((row) => row.map(short)), `Output ${size} × ${size}`,
      { role: "grid", onkeydown: onKey }, { role: "gridcell", tabindex: -1 });
    inputGrid.cells.forEach((row, r) => row.forEach((cell, c) => {
      const [y, x] = [r - p, c - p];
      if (Math.min(y, x) < 0 || Math.max(y, x) >= i) cell.classList.add("cw-pad");
      else if (missed.includes(y) || missed.includes(x)) cell.classList.add("cw-missed");
    }));
    let kept = 0;
    outputGrid.cells.forEach((row, r) => row.forEach((cell, c) => {
      const same = result[r][c] === before[r][c];
      kept += same;
      const told = shift ? `, ${same ? "unchanged by the shift" : `before the shift ${shown(before[r][c])}`}` : "";
      cell.setAttribute("aria-label", `row ${r + 1}, column ${c + 1}: ${shown(result[r][c])}${told}`);
      if (shift) cell.append(h("sub", {}, same ? "=" : ""));
      cell.addEventListener("click", () => { select(r, c); cell.focus(); });
      cell.addEventListener("pointermove", (event) => { // not enter: a page that scrolls enters, too
        if (event.pointerType === "mouse" && !cell.classList.contains("cw-here")) select(r, c);
      });
    }));
    if (wide > 8) inputGrid.table.setAttribute("tabindex", "0"); // may scroll on a phone
    stage.replaceChildren(inputGrid.table, outputGrid.table);
    const spans = windows(i, k, options);
    view = { input, spans, size, result, before, cells: inputGrid.cells, output: outputGrid.cells };
    formula.replaceChildren(...sizeFormula());
    reading.textContent = unreadText(i, missed);
    const cut = spans.some(([start, end]) => end - start < k);
    shifting.textContent = shiftText(setting, kept, size, cut);
    select(Math.min(at.r, size - 1), Math.min(at.c, size - 1));
  }

  function sizeFormula() {
    const { input_size: i, kernel_size: k, stride: s, padding: p, ceil_mode: up } = setting;
    const [open, close] = up ? "⌈⌉" : "⌊⌋";
    const counted = Math[up ? "ceil" : "floor"]((i + 2 * p - k) / s) + 1;
    const dropped = counted - view.size;
    const parts = [
      h("span", {}, ...letters(`o = ${open}(i + 2p − k)/s${close} + 1`)),
      h("span", {}, `= ${open}(${i} + ${2 * p} − ${k})/${s}${close} + 1 = `,
        dropped ? counted : h("strong", {}, counted)),
    ];
    if (!dropped) return parts;
    return [...parts, h("span", {}, "− 1 = ", h("strong", {}, view.size)),
      " One less: the last window would start beyond the input and see no number."];
  }

  function select(r, c) {
    at = { r, c };
    const { kind, padding, shift, kernel_size: k } = setting;
    const { input, spans, cells, output, size, result, before } = view;
    const [down, across] = [spans[r], spans[c]];
    const window = seen(input, down, across, padding);
    cells.forEach((row, y) => row.forEach((cell, x) => {
      const inside = y >= down[0] && y < down[1] && x >= across[0] && x < across[1];
      const value = inside ? window[y - down[0]][x - across[0]] : undefined;
      cell.classList.toggle("cw-window", inside);
      cell.classList.toggle("cw-hit", inside && (kind === "mean" || value === result[r][c]));
    }));
    output.flat().forEach((cell, index) => {
      const isHere = index === r * size + c;
      cell.classList.toggle("cw-here", isHere);
      cell.setAttribute("aria-selected", isHere);
      cell.tabIndex = isHere ? 0 : -1;
    });
    reveal(cells[down[0]][Math.min(across[0] + Math.floor(k / 2), across[1] - 1)]);
    reveal(output[r][c]);
    position.textContent = `Window ${r * size + c + 1} of ${size ** 2}`;
    previous.setAttribute("aria-disabled", r + c === 0);
    next.setAttribute("aria-disabled", r * size + c === size ** 2 - 1);
    const values = window.flat();
    const cut = down[1] - down[0] < k || across[1] - across[0] < k;
    const words = values.map((value, n) => h("span", {},
      `${n ? "" : kind === "max" ? "max(" : "("}${kind === "max" ? shown(value) : value ?? 0}`
      + (n < values.length - 1 ? (kind === "max" ? "," : " +") : kind === "max" ? ")" : `)/${values.length}`)));
    const notes = [
      cut ? "The window is cut off: cells past the edge do not exist." : "",
      kind === "mean" && values.includes(null) ? `Padded zeros count: the sum is divided by ${values.length}.` : "",
      shift ? `Before the shift: ${shown(before[r][c])}.` : "",
    ].filter(Boolean).join(" ");
    products.replaceChildren(
      h("p", {}, ...words.flatMap((word) => [word, " "])),
      h("p", { class: "cw-sum" }, "= ", h("strong", {}, shown(result[r][c]))),
      h("p", { class: "cw-aside" }, notes));
  }

  function onKey(event) {
    const to = keyTarget(event, at, view.size, view.size);
    if (!to) return;
    event.preventDefault();
    select(...to);
    view.output[at.r][at.c].focus();
  }

  const fields = controls({ model, fields: FIELDS, explain, draw });
  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card", "aria-label": "Pooling lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Pooling lab"),
  fields.node, stage,
  h("div", { class: "cw-walk" }, previous, next, position),
  products, formula, reading, shifting, spoken));
  return fields.start();
}

export default { render, outputSize, pool, makeInput, unread };

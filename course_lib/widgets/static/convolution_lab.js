// The convolution lab: choose the sizes, step through the positions, see every product.
// Input and kernel are made as in course_lib/widgets/convolution_lab.py.

import {
  controls, factor, grid, h, keyTarget, letters, listed, minus, reveal, square, stepper, toggle,
} from "./shared.js";

// Arithmetic ---------------------------------------------------------------------------------------

const SLIDE_INPUT = [[3, 3, 2, 1, 0], [0, 0, 1, 3, 1], [3, 1, 2, 2, 3], [2, 0, 0, 2, 2], [2, 0, 0, 0, 1]];
const SLIDE_KERNEL = [[0, 1, 2], [2, 2, 0], [0, 1, 2]];

/** The lecture's 5 × 5 example, cropped or continued with numbers from 0 to 3. */
const makeInput = (size) =>
  square(size, (r, c) => SLIDE_INPUT[r]?.[c] ?? (r * r + 3 * c + r * c) % 4);

/** The lecture's 3 × 3 kernel, cropped or continued with numbers from −1 to 2. */
const makeKernel = (size) => (size === 1
  ? [[2]]
  : square(size, (r, c) => SLIDE_KERNEL[r]?.[c] ?? ((2 * r + 3 * c + r * c) % 4) - 1));

const span = (kernelSize, dilation) => dilation * (kernelSize - 1) + 1;

/** ⌊(i + 2p − d(k − 1) − 1)/s⌋ + 1, or null where the kernel does not fit. */
function outputSize(inputSize, kernelSize, { padding = 0, stride = 1, dilation = 1 } = {}) {
  const room = inputSize + 2 * padding - span(kernelSize, dilation);
  return room < 0 ? null : Math.floor(room / stride) + 1;
}

const flipped = (kernel) => kernel.map((row) => [...row].reverse()).reverse();

function padded(input, padding) {
  return square(input.length + 2 * padding, (r, c) => input[r - padding]?.[c - padding] ?? 0);
}

/** Slide the kernel over the zero-padded input; null where it does not fit. */
function correlate(input, kernel, { padding = 0, stride = 1, dilation = 1, flip = false } = {}) {
  const size = outputSize(input.length, kernel.length, { padding, stride, dilation });
  if (size === null) return null;
  const [cells, weights] = [padded(input, padding), flip ? flipped(kernel) : kernel];
  return square(size, (r, c) => weights.reduce((sum, row, a) => row.reduce(
    (rowSum, weight, b) => rowSum + weight * cells[r * stride + a * dilation][c * stride + b * dilation],
    sum), 0));
}

/** Indices of input rows (and columns: all is square) that no window touches. */
function unvisited(inputSize, kernelSize, { padding = 0, stride = 1, dilation = 1 } = {}) {
  const touched = new Set();
  const size = outputSize(inputSize, kernelSize, { padding, stride, dilation });
  for (let position = 0; position < size; position += 1) {
    for (let a = 0; a < kernelSize; a += 1) touched.add(position * stride + a * dilation - padding);
  }
  return Array.from({ length: inputSize }, (_, i) => i).filter((i) => !touched.has(i));
}

// Words --------------------------------------------------------------------------------------------

function visitsText(inputSize, missed) {
  if (!missed.length) return "Every input cell is visited.";
  const numbers = listed(missed.map((i) => i + 1));
  const lost = inputSize ** 2 - (inputSize - missed.length) ** 2;
  const [rows, columns] = missed.length > 1 ? ["Rows", "columns"] : ["Row", "column"];
  const which = `${rows} ${numbers} and ${columns} ${numbers} are never visited`;
  return `${which}: ${lost} of the ${inputSize ** 2} input cells (hatched) change nothing in the output.`;
}

function misfitText({ input_size: i, kernel_size: k, padding: p, dilation: d }) {
  const spanned = d > 1 ? `spans ${span(k, d)} cells (${k} with dilation ${d})` : `spans ${k} cells`;
  const room = p ? `the padded input has only ${i + 2 * p}` : `the input has only ${i}`;
  const smaller = d > 1 ? "the kernel or the dilation" : "the kernel";
  return `The kernel ${spanned}, but ${room}. `
    + `Make ${smaller} smaller, or the input or the padding larger.`;
}

// The widget -----------------------------------------------------------------------------------------

const FIELDS = [
  stepper("input_size", "Input size", "i", 1, 12),
  stepper("kernel_size", "Kernel size", "k", 1, 7),
  stepper("padding", "Padding", "p", 0, 4),
  stepper("stride", "Stride", "s", 1, 4),
  stepper("dilation", "Dilation", "d", 1, 3),
  toggle("flip", "Flip the kernel (true convolution)"),
];

function render({ model, el }) {
  let setting = {}; // what the picture shows
  let at = { r: 0, c: 0 };
  let view = null; // {cells, weights, output, size, input, kernel, result}

  const stage = h("div", { class: "cw-stage" });
  const position = h("p", { class: "cw-position" });
  const products = h("div", { class: "cw-products" });
  const formula = h("p", { class: "cw-formula" });
  const visits = h("p", { class: "cw-visits" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const go = (step) => {
    const to = at.r * view.size + at.c + step;
    if (to < 0 || to >= view.size ** 2) return;
    select(Math.floor(to / view.size), to % view.size);
    spoken.textContent = `Output row ${at.r + 1}, column ${at.c + 1}: ${minus(view.result[at.r][at.c])}`;
  };
  const previous = h("button", { type: "button", onclick: () => go(-1) }, "← Previous");
  const next = h("button", { type: "button", onclick: () => go(1) }, "Next →");

  const explain = (wanted) =>
    (outputSize(wanted.input_size, wanted.kernel_size, wanted) === null ? misfitText(wanted) : null);

  function draw(chosen) {
    setting = chosen;
    const { input_size: i, kernel_size: k, padding: p, stride: s, dilation: d } = setting;
    const [input, kernel] = [makeInput(i), makeKernel(k)];
    const result = correlate(input, kernel, setting);
    const weights = setting.flip ? flipped(kernel) : kernel;
    const size = result.length;
    const missed = unvisited(i, k, setting);
    const wide = i + 2 * p;
    const inputGrid = grid(padded(input, p), `Input ${i} × ${i}${p ? `, padded to ${wide} × ${wide}` : ""}`);
    const kernelGrid = grid(weights, `Kernel ${k} × ${k}${setting.flip ? ", flipped" : ""}`);
    const outputGrid = grid(result, `Output ${size} × ${size}`,
      { role: "grid", onkeydown: onKey }, { role: "gridcell", tabindex: -1 });
    inputGrid.cells.forEach((row, r) => row.forEach((cell, c) => {
      const [y, x] = [r - p, c - p];
      cell.append(h("sub", {}));
      if (Math.min(y, x) < 0 || Math.max(y, x) >= i) cell.classList.add("cw-pad");
      else if (missed.includes(y) || missed.includes(x)) cell.classList.add("cw-missed");
    }));
    outputGrid.cells.forEach((row, r) => row.forEach((cell, c) => {
      cell.setAttribute("aria-label", `row ${r + 1}, column ${c + 1}: ${minus(result[r][c])}`);
      cell.addEventListener("click", () => { select(r, c); cell.focus(); });
      cell.addEventListener("pointermove", (event) => { // not enter: a page that scrolls enters, too
        if (event.pointerType === "mouse" && !cell.classList.contains("cw-here")) select(r, c);
      });
    }));
    if (wide > 8) inputGrid.table.setAttribute("tabindex", "0"); // may scroll on a phone
    stage.replaceChildren(inputGrid.table, kernelGrid.table, outputGrid.table);
    view = { size, result, weights, cells: inputGrid.cells, kernel: kernelGrid.cells, output: outputGrid.cells };

    const general = "⌊(i + 2p − d(k − 1) − 1)/s⌋ + 1";
    const filled = `⌊(${i} + ${2 * p} − ${d * (k - 1)} − 1)/${s}⌋ + 1`;
    formula.replaceChildren(h("span", {}, ...letters(`o = ${general}`)),
      h("span", {}, `= ${filled} = `, h("strong", {}, size)));
    visits.textContent = visitsText(i, missed);
    select(Math.min(at.r, size - 1), Math.min(at.c, size - 1));
  }

  function select(r, c) {
    at = { r, c };
    const { stride: s, dilation: d, kernel_size: k } = setting;
    const { cells, weights, output, size, result } = view;
    const last = span(k, d) - 1;
    const inside = (index, start) => index >= start && index <= start + last;
    cells.forEach((row, y) => row.forEach((cell, x) => {
      const [a, b] = [(y - r * s) / d, (x - c * s) / d];
      const weight = weights[a]?.[b];
      cell.classList.toggle("cw-window", inside(y, r * s) && inside(x, c * s));
      cell.classList.toggle("cw-hit", weight !== undefined);
      cell.lastChild.textContent = weight === undefined ? "" : minus(weight);
    }));
    output.flat().forEach((cell, index) => {
      const isHere = index === r * size + c;
      cell.classList.toggle("cw-here", isHere);
      cell.setAttribute("aria-selected", isHere);
      cell.tabIndex = isHere ? 0 : -1;
    });
    reveal(cells[r * s + Math.floor(last / 2)][c * s + Math.floor(last / 2)]);
    reveal(output[r][c]);
    position.textContent = `Position ${r * size + c + 1} of ${size ** 2}`;
    previous.setAttribute("aria-disabled", r + c === 0);
    next.setAttribute("aria-disabled", r * size + c === size ** 2 - 1);
    const lines = weights.map((row, a) => h("p", {}, ...row.map((weight, b) => {
      const value = cells[r * s + a * d][c * s + b * d].firstChild.textContent;
      return h("span", {}, `${a + b ? "+ " : ""}${value}·`, h("b", {}, factor(weight)), " ");
    })));
    products.replaceChildren(...lines,
      h("p", { class: "cw-sum" }, "= ", h("strong", {}, minus(result[r][c]))));
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
    class: "cw-card", "aria-label": "Convolution lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Convolution lab"),
  fields.node, stage,
  h("div", { class: "cw-walk" }, previous, next, position),
  products, formula, visits, spoken));
  return fields.start();
}

export default { render, outputSize, correlate, makeInput, makeKernel, unvisited };

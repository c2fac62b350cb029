// The transposed convolution lab: stamp by stamp (scatter) or window by window (gather).
// Its numbers are made as in course_lib/widgets/transposed_convolution_lab.py.

import {
  choice, controls, grid, h, keyTarget, letters, listed, minus, reveal, square, stepper,
} from "./shared.js";

// Arithmetic ---------------------------------------------------------------------------------------

const SLIDE_INPUT = [[5, 3, 1], [0, 2, 4], [4, 3, 5]];

/** {input, kernel}: the lecture's map with a kernel that interpolates or counts, or ones in both. */
function makeNumbers(numbers, inputSize, kernelSize) {
  if (numbers === "ones") return { input: square(inputSize, () => 1), kernel: square(kernelSize, () => 1) };
  const input = square(inputSize, (r, c) => SLIDE_INPUT[r]?.[c] ?? (2 * r + c * c) % 6);
  if (numbers === "numbered") return { input, kernel: square(kernelSize, (r, c) => r * kernelSize + c + 1) };
  const reach = Math.floor((kernelSize + 1) / 2); // a tent: 1 in the middle, 0 this far from it
  const tent = (c) => 1 - Math.abs(c - (kernelSize - 1) / 2) / reach;
  return { input, kernel: square(kernelSize, (r, c) => tent(r) * tent(c)) };
}

/** (i − 1)s − 2p + k + a, or null for a setting that cannot work. */
function outputSize(i, k, { stride: s = 1, padding: p = 0, output_padding: a = 0 } = {}) {
  const size = (i - 1) * s - 2 * p + k + a;
  return a >= s || size < 1 ? null : size;
}

/** Where a stamp falls on one axis: the cells of the output, those that are cut off included. */
const stampStart = (at, { stride: s, padding: p }) => at * s - p;

/** Every cell of the input stamps the kernel, times its value; `count` cells only, where given. */
function scatter(input, kernel, setting, count = input.length ** 2) {
  const size = outputSize(input.length, kernel.length, setting);
  if (size === null) return null;
  const output = square(size, () => 0);
  input.flat().slice(0, count).forEach((value, n) => {
    const top = stampStart(Math.floor(n / input.length), setting);
    const left = stampStart(n % input.length, setting);
    kernel.forEach((row, a) => row.forEach((weight, b) => {
      if (output[top + a]?.[left + b] !== undefined) output[top + a][left + b] += value * weight;
    }));
  });
  return output;
}

/**
 * The input with s − 1 zeros between its cells and k − 1 − p around them (cut off where that is
 * negative), and the output padding at the end; `source[n]` is the input's index at n, or null.
 */
function spread(input, kernelSize, setting) {
  const { stride: s, padding: p } = setting;
  const size = outputSize(input.length, kernelSize, setting) + kernelSize - 1;
  const source = Array.from({ length: size }, (_, n) => {
    const at = (n - (kernelSize - 1 - p)) / s;
    return Number.isInteger(at) && at >= 0 && at < input.length ? at : null;
  });
  return { source, cells: square(size, (r, c) => input[source[r]]?.[source[c]] ?? 0) };
}

const flipped = (kernel) => kernel.map((row) => [...row].reverse()).reverse();

/** The flipped kernel slides over the spread input, one cell at a time. */
function gather(input, kernel, setting) {
  const size = outputSize(input.length, kernel.length, setting);
  if (size === null) return null;
  const { cells } = spread(input, kernel.length, setting);
  const weights = flipped(kernel);
  return square(size, (r, c) => weights.reduce((sum, row, a) => row.reduce(
    (rowSum, weight, b) => rowSum + weight * cells[r + a][c + b], sum), 0));
}

/** The sizes that a convolution with this setting takes to size i. */
function takenBack(i, k, { stride: s, padding: p }) {
  const smallest = (i - 1) * s + k - 2 * p;
  return Array.from({ length: s }, (_, a) => smallest + a).filter((size) => size >= 1);
}

// Words --------------------------------------------------------------------------------------------

const round = (value) => Math.round(value * 100) / 100;
const shown = (value) => minus(round(value));
const isRounded = (value) => Math.abs(value - round(value)) > 1e-9;
const equals = (value) => (isRounded(value) ? "≈" : "=");
const counted = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

function misfitText({ input_size: i, kernel_size: k, stride: s, padding: p, output_padding: a }) {
  if (a >= s) {
    return s === 1
      ? "With stride 1 a convolution takes only one size to this one, so there is nothing to choose: "
        + "the output padding must be 0."
      : `Output padding must be smaller than the stride: a convolution with stride ${s} takes at most `
        + `${s} sizes to one, so it is at most ${s - 1}.`;
  }
  const uncut = (i - 1) * s + k + a;
  return `Without padding the output has ${counted(uncut, "row")}; padding ${p} cuts off ${2 * p} `
    + "and leaves nothing. Make the padding smaller, or the input or the kernel larger.";
}

function backText(setting) {
  const { input_size: i, kernel_size: k, stride: s, padding: p } = setting;
  const sizes = takenBack(i, k, setting);
  const how = `The convolution with kernel ${k}, stride ${s} and padding ${p} turns `;
  if (sizes.length === 1) return `${how}only one size into ${i}: ${sizes[0]}. Here you get it back.`;
  const smallest = (i - 1) * s + k - 2 * p;
  const ways = sizes.map((size) => `${size} (output padding ${size - smallest})`);
  return `${how}several sizes into ${i}: ${listed(ways)}. Output padding says which of them you want back.`;
}

// The widget -----------------------------------------------------------------------------------------

const FIELDS = [
  choice("view", "View", [
    ["scatter", "scatter: stamp"],
    ["gather", "gather: read"],
  ]),
  choice("numbers", "Numbers", [
    ["interpolation", "slide L024"],
    ["numbered", "count up"],
    ["ones", "all ones"],
  ]),
  stepper("input_size", "Input size", "i", 1, 6),
  stepper("kernel_size", "Kernel size", "k", 1, 5),
  stepper("stride", "Stride", "s", 1, 4),
  stepper("padding", "Padding", "p", 0, 4),
  stepper("output_padding", "Output padding", "a", 0, 3),
];

function render({ model, el }) {
  let setting = {}; // what the picture shows
  const at = { scatter: { r: 0, c: 0 }, gather: { r: 0, c: 0 } }; // a view keeps its place
  let view = null; // {input, kernel, size, result, walked, ...cells of the three grids}

  const intro = h("p", { class: "cw-visits" });
  const stage = h("div", { class: "cw-stage" });
  const position = h("p", { class: "cw-position" });
  const products = h("div", { class: "cw-products" });
  const formula = h("p", { class: "cw-formula" });
  const back = h("p", { class: "cw-visits" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const here = () => at[setting.view];
  const go = (step) => {
    const to = here().r * view.walked.length + here().c + step;
    if (to < 0 || to >= view.walked.length ** 2) return;
    select(Math.floor(to / view.walked.length), to % view.walked.length);
    spoken.textContent = `${position.textContent}: ${products.textContent}`;
  };
  const previous = h("button", { type: "button", onclick: () => go(-1) }, "← Previous");
  const next = h("button", { type: "button", onclick: () => go(1) }, "Next →");

  const explain = (wanted) =>
    (outputSize(wanted.input_size, wanted.kernel_size, wanted) === null ? misfitText(wanted) : null);

  /** Long numbers are set smaller, so that they don't touch the lines. */
  const fit = (cell, text = cell.textContent) => cell.classList.toggle("cw-long", text.length > 3);

  /** A grid whose cells are chosen by click, touch and keys: what one steps over. */
  function walk(rows, caption, label) {
    const made = grid(rows.map((row) => row.map(round)), caption,
      { role: "grid", onkeydown: onKey }, { role: "gridcell", tabindex: -1 });
    made.cells.forEach((row, r) => row.forEach((cell, c) => {
      cell.setAttribute("aria-label", label(r, c));
      fit(cell);
      cell.addEventListener("click", () => { select(r, c); cell.focus(); });
      cell.addEventListener("pointermove", (event) => { // not enter: a page that scrolls enters, too
        if (event.pointerType === "mouse" && !cell.classList.contains("cw-here")) select(r, c);
      });
    }));
    return made;
  }

  const still = (rows, caption) => {
    const made = grid(rows.map((row) => row.map(round)), caption);
    made.cells.flat().forEach((cell) => { fit(cell); cell.append(h("sub", {})); });
    if (rows[0].length > 8) made.table.setAttribute("tabindex", "0"); // may scroll on a phone
    return made;
  };

  function draw(chosen) {
    setting = chosen;
    const { input_size: i, kernel_size: k, stride: s, padding: p, output_padding: a } = setting;
    const { input, kernel } = makeNumbers(setting.numbers, i, k);
    const result = scatter(input, kernel, setting);
    const size = result.length;
    view = { input, kernel, result, size };
    if (setting.view === "scatter") drawScatter();
    else drawGather();
    formula.replaceChildren(h("span", {}, ...letters("o = (i − 1)s − 2p + k + a")),
      h("span", {}, `= ${i - 1}·${s} − ${2 * p} + ${k} + ${a} = `, h("strong", {}, size)));
    back.textContent = backText(setting);
    const last = view.walked.length - 1;
    select(Math.min(here().r, last), Math.min(here().c, last));
  }

  function drawScatter() {
    const { input_size: i, kernel_size: k, stride: s, padding: p, output_padding: a } = setting;
    const { input, kernel, size } = view;
    intro.textContent = "Take one cell of the input, multiply the whole kernel by it, and add this stamp "
      + `to the output. The next stamp lies ${counted(s, "cell")} further. Press Next and watch.`
      + (p ? ` Padding ${p} cuts ${p} off each side (dashed).` : "")
      + (a ? ` Output padding ${a} adds ${a} at the end.` : "");
    const inputGrid = walk(input, `Input ${i} × ${i}`, (r, c) => `row ${r + 1}, column ${c + 1}: ${input[r][c]}`);
    const kernelGrid = still(kernel, `Kernel ${k} × ${k}`);
    const stampGrid = still(kernel, "Stamp");
    const wide = Math.max((i - 1) * s + k, p + size); // with what is cut off
    const outputGrid = still(square(wide, () => 0), `Output ${size} × ${size}`);
    outputGrid.cells.forEach((row, r) => row.forEach((cell, c) => {
      if (!inOutput(r - p, c - p)) cell.classList.add("cw-pad");
    }));
    stage.replaceChildren(inputGrid.table, kernelGrid.table, stampGrid.table, outputGrid.table);
    Object.assign(view, { walked: inputGrid.cells, cells: outputGrid.cells, stamp: stampGrid });
  }

  function drawGather() {
    const { input_size: i, kernel_size: k, stride: s, padding: p, output_padding: a } = setting;
    const { input, kernel, result, size } = view;
    const around = k - 1 - p;
    const between = s > 1 ? `${counted(s - 1, "zero")} between its cells` : "no zeros between its cells";
    const border = around >= 0 ? `${around} around (` : `${-around} cut off each side (`;
    intro.replaceChildren(`Spread the input: ${between}, ${border}`, ...letters("k − 1 − p"),
      `${around < 0 ? ` = ${minus(around)}` : ""})`
      + `${a ? `, ${a} more at the end (output padding)` : ""}. Lay the flipped kernel on it, multiply `
      + "cell by cell, and add up: this is one cell of the output. Press Next and watch the kernel slide.");
    const { source, cells } = spread(input, k, setting);
    const wide = source.length;
    const spreadGrid = still(cells, `Input, spread to ${wide} × ${wide}`);
    const [first, last] = [around, around + (i - 1) * s];
    spreadGrid.cells.forEach((row, r) => row.forEach((cell, c) => {
      if (source[r] !== null && source[c] !== null) cell.classList.add("cw-nail");
      else if (Math.min(r, c) < first || Math.max(r, c) > last) cell.classList.add("cw-pad");
    }));
    const kernelGrid = still(flipped(kernel), "Flipped kernel");
    const outputGrid = walk(result, `Output ${size} × ${size}`,
      (r, c) => `row ${r + 1}, column ${c + 1}: ${shown(result[r][c])}`);
    shade(outputGrid.cells, result);
    stage.replaceChildren(spreadGrid.table, kernelGrid.table, outputGrid.table);
    Object.assign(view, { walked: outputGrid.cells, cells: spreadGrid.cells, values: cells, source });
  }

  const inOutput = (r, c) => Math.min(r, c) >= 0 && Math.max(r, c) < view.size;

  /** Where ones are stamped, the color of a cell shows how often. */
  function shade(cells, values) {
    if (setting.numbers !== "ones") return;
    const most = Math.max(...view.result.flat(), 1);
    cells.forEach((row, r) => row.forEach((cell, c) => {
      cell.classList.add("cw-count");
      cell.style.setProperty("--share", (values[r]?.[c] ?? 0) / most);
    }));
  }

  function select(r, c) {
    Object.assign(here(), { r, c });
    const { walked } = view;
    walked.flat().forEach((cell, index) => {
      const isHere = index === r * walked.length + c;
      cell.classList.toggle("cw-here", isHere);
      cell.setAttribute("aria-selected", isHere);
      cell.tabIndex = isHere ? 0 : -1;
    });
    reveal(walked[r][c]);
    const which = setting.view === "scatter" ? "Stamp" : "Output cell";
    position.textContent = `${which} ${r * walked.length + c + 1} of ${walked.length ** 2}`;
    previous.setAttribute("aria-disabled", r + c === 0);
    next.setAttribute("aria-disabled", r * walked.length + c === walked.length ** 2 - 1);
    if (setting.view === "scatter") selectStamp(r, c);
    else selectWindow(r, c);
  }

  function selectStamp(r, c) {
    const { input_size: i, kernel_size: k, stride: s, padding: p } = setting;
    const { input, kernel, cells, stamp } = view;
    const value = input[r][c];
    stamp.table.querySelector("caption").textContent = `Stamp (× ${value})`;
    stamp.cells.forEach((row, y) => row.forEach((cell, x) => {
      cell.firstChild.textContent = shown(value * kernel[y][x]);
      cell.classList.add("cw-hit");
      fit(cell);
    }));
    const sums = scatter(input, kernel, { ...setting, padding: 0, output_padding: 0 }, r * i + c + 1);
    let cut = 0;
    cells.forEach((row, y) => row.forEach((cell, x) => {
      const weight = kernel[y - r * s]?.[x - c * s];
      const isCut = !inOutput(y - p, x - p);
      if (weight !== undefined && isCut) cut += 1;
      cell.classList.toggle("cw-hit", weight !== undefined);
      cell.classList.toggle("cw-stamped", weight !== undefined);
      cell.firstChild.textContent = isCut ? "" : shown(sums[y]?.[x] ?? 0);
      fit(cell, cell.firstChild.textContent);
      cell.lastChild.textContent = weight === undefined ? "" : `+${shown(value * weight)}`;
    }));
    shade(cells, sums);
    reveal(cells[r * s + Math.floor((k - 1) / 2)][c * s + Math.floor((k - 1) / 2)]);
    const rounded = kernel.flat().some((weight) => isRounded(value * weight));
    products.replaceChildren(h("p", { class: "cw-sum" }, cut === k * k
      ? "All of this stamp is cut off."
      : `${value} × the kernel is added to rows ${hit(r)}, columns ${hit(c)} of the output.`
        + (cut ? ` ${cut} of its ${k * k} numbers are cut off.` : "")
        + (rounded ? " The numbers shown are rounded." : "")));
  }

  /** The cells of one axis that a stamp reaches, in words and counted from 1. */
  function hit(index) {
    const start = stampStart(index, setting);
    const [first, last] = [Math.max(start, 0) + 1, Math.min(start + setting.kernel_size, view.size)];
    return first === last ? `${first}` : `${first} to ${last}`;
  }

  function selectWindow(r, c) {
    const { kernel_size: k } = setting;
    const { cells, values, kernel, result, source } = view;
    const weights = flipped(kernel);
    const isNail = (y, x) => source[y] !== null && source[x] !== null;
    cells.forEach((row, y) => row.forEach((cell, x) => {
      const weight = weights[y - r]?.[x - c];
      cell.classList.toggle("cw-hit", weight !== undefined);
      cell.classList.toggle("cw-stamped", weight !== undefined);
      cell.lastChild.textContent = weight === undefined ? "" : shown(weight);
    }));
    reveal(cells[r + Math.floor((k - 1) / 2)][c + Math.floor((k - 1) / 2)]);
    const met = square(k, (a, b) => isNail(r + a, c + b)).flat().filter(Boolean).length;
    const lines = weights.map((row, a) => h("p", {}, ...row.map((weight, b) => h("span",
      { class: isNail(r + a, c + b) ? null : "cw-none" },
      `${a + b ? "+ " : ""}${values[r + a][c + b]}·`, h("b", {}, shown(weight)), " "))));
    const sum = result[r][c];
    products.replaceChildren(...lines,
      h("p", { class: "cw-sum" }, `${equals(sum)} `, h("strong", {}, shown(sum))),
      h("p", { class: "cw-aside" }, `Of the ${counted(k * k, "weight")}, ${met} `
        + `${met === 1 ? "meets a cell" : "meet cells"} of the input (underlined).`
        + `${met < k * k ? " The others meet zeros." : ""}`));
  }

  function onKey(event) {
    const to = keyTarget(event, here(), view.walked.length, view.walked.length);
    if (!to) return;
    event.preventDefault();
    select(...to);
    view.walked[here().r][here().c].focus();
  }

  const fields = controls({ model, fields: FIELDS, explain, draw });
  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card", "aria-label": "Transposed convolution lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Transposed convolution lab"),
  fields.node, intro, stage,
  h("div", { class: "cw-walk" }, previous, next, position),
  products, formula, back, spoken));
  return fields.start();
}

export default { render, outputSize, scatter, gather, spread, makeNumbers, takenBack };

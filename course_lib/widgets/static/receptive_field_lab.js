// The receptive field lab: stack layers, and see on an image what one output sees.
// Sizes, fields and seen pixels are computed as in course_lib/widgets/receptive_field_lab.py.

import { choice, controls, h, keyTarget, minus, stepper } from "./shared.js";

const SIZE = 64;
const MOST_LAYERS = 8;
const NAMES = ["kind", "kernel", "stride", "padding", "dilation"];

// Arithmetic ---------------------------------------------------------------------------------------

/** ⌊(i + 2p − d(k − 1) − 1)/s⌋ + 1, or null where the layer does not fit. */
function outputSize(size, { kind, kernel, stride, padding, dilation }) {
  const room = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (room < 0 || (kind === "pool" && padding > Math.floor(kernel / 2))) return null;
  return Math.floor(room / stride) + 1;
}

/** Map size, field, jump and start of the image and of each layer; ends before one that misfits. */
function carry(layers, inputSize = SIZE) {
  const rows = [{ size: inputSize, field: 1, jump: 1, start: 0 }];
  for (const layer of layers) {
    const { size, field, jump, start } = rows.at(-1);
    const next = outputSize(size, layer);
    if (next === null) break;
    rows.push({
      size: next,
      field: field + layer.dilation * (layer.kernel - 1) * jump,
      jump: jump * layer.stride,
      start: start - layer.padding * jump,
    });
  }
  return rows;
}

/** The pixels along one axis that act on an output, without those of the padding. */
function seenPixels(layers, position, inputSize = SIZE) {
  const rows = carry(layers, inputSize);
  let seen = new Set([position]);
  for (let n = layers.length - 1; n >= 0; n -= 1) {
    const { kernel, stride, padding, dilation } = layers[n];
    const below = new Set();
    for (const i of seen) {
      for (let tap = 0; tap < kernel; tap += 1) {
        const pixel = i * stride - padding + dilation * tap;
        if (pixel >= 0 && pixel < rows[n].size) below.add(pixel);
      }
    }
    seen = below;
  }
  return [...seen].sort((a, b) => a - b);
}

// Words --------------------------------------------------------------------------------------------

/** Why a stack cannot be computed; null where it can. */
function misfit(layers) {
  const rows = carry(layers);
  if (rows.length > layers.length) return null;
  const n = rows.length;
  const { kind, kernel, padding, dilation } = layers[n - 1];
  const layer = `Layer ${n} (${layerName(layers[n - 1])})`;
  if (kind === "pool" && padding > Math.floor(kernel / 2)) {
    return `${layer} pads by ${padding}, but pooling takes at most half of its kernel, `
      + `${Math.floor(kernel / 2)} here. Make its padding smaller, or its kernel larger.`;
  }
  const span = dilation * (kernel - 1) + 1;
  const room = rows.at(-1).size + 2 * padding;
  const left = padding ? `${room} with its padding` : `${room}`;
  return `${layer} spans ${span} cells, but only ${left} are left of the image there. `
    + "Make its kernel or dilation smaller, its padding larger, or a stride before it smaller.";
}

function layerName({ kind, kernel, stride, padding, dilation }) {
  return [`${kind} ${kernel}`, stride > 1 && `s ${stride}`, padding > 0 && `p ${padding}`,
    dilation > 1 && `d ${dilation}`].filter(Boolean).join(", ");
}

const span = (from, length) => `${minus(from)} to ${minus(from + length - 1)}`;

function seenText(rows, columns, field) {
  const total = field * field;
  const seen = rows.length * columns.length;
  const dense = (list) => list.length === 0 || list.at(-1) - list[0] === list.length - 1;
  const holes = dense(rows) && dense(columns) ? "" : " Between them are holes that no layer reads.";
  if (seen === total) return `All ${total} pixels of its field lie in the image and are read.`;
  return `Of the ${total} places of its field, ${seen} are pixels of the image that it reads `
    + `(bright).${holes}`;
}

// The widget -----------------------------------------------------------------------------------------

const fromModel = (list) => list.map((values) => Object.fromEntries(NAMES.map((name, n) => [name, values[n]])));
const toModel = (layers) => layers.map((layer) => NAMES.map((name) => layer[name]));
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

const FIELDS = [
  choice("kind", "Kind", [["conv", "convolution"], ["pool", "pooling"]]),
  stepper("kernel", "Kernel", "k", 1, 9),
  stepper("stride", "Stride", "s", 1, 4),
  stepper("padding", "Padding", "p", 0, 8),
  stepper("dilation", "Dilation", "d", 1, 8),
];

function render({ model, el }) {
  const gray = Uint8Array.from(atob(model.get("image")), (letter) => letter.charCodeAt(0));
  const presets = model.get("presets").map(([name, list]) => [name, fromModel(list)]);
  let layers = fromModel(model.get("layers"));
  let shown = model.get("shown"); // the layer whose output is looked at, from 1
  let at = { r: model.get("row"), c: model.get("column") };
  let rows = carry(layers);
  let view = { side: SIZE, margin: 0 };
  let saving = false;

  const own = h("option", { value: "own" }, "a stack of your own");
  const preset = choice("preset", "Stack", presets.map(([name], n) => [n, name]))(() => {
    if (preset.read() === "own") return;
    take(presets[Number(preset.read())][1]);
  });
  preset.input.append(own);
  const editing = h("p", { class: "cw-editing" });
  const refused = h("p", { class: "cw-problem", role: "status" });
  const add = h("button", { type: "button", onclick: addLayer }, "Add a layer");
  const remove = h("button", { type: "button", onclick: removeLayer }, "Remove it");
  const body = h("tbody", {});
  const table = h("table", { class: "cw-layers" },
    h("caption", {}, "Choose a layer to see what its outputs see"),
    h("thead", {}, h("tr", {}, ...["Layer", "Map", "Field", "Jump", "Start"].map((word) =>
      h("th", { scope: "col" }, word)))), body);
  const canvas = h("canvas", { class: "cw-pixels", width: SIZE, height: SIZE });
  const box = h("div", { class: "cw-box" });
  const neighbor = h("div", { class: "cw-neighbor" });
  const picture = h("div", {
    class: "cw-view", role: "application", tabindex: 0,
    "aria-label": "CT slice with the field of one output; arrow keys, Home and End move it",
    onkeydown: onKey, onclick: onPointer,
    onpointermove: (event) => { if (event.pointerType === "mouse" && event.buttons) onPointer(event); },
  }, canvas, neighbor, box);
  const where = h("p", { class: "cw-seen" });
  const growth = h("p", { class: "cw-formula" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const arrows = [["←", "left", 0, -1], ["→", "right", 0, 1], ["↑", "up", -1, 0], ["↓", "down", 1, 0]]
    .map(([sign, word, r, c]) => h("button", {
      type: "button", "aria-label": `Output: one ${word}`, onclick: () => go(at.r + r, at.c + c),
    }, sign));

  const last = () => rows[shown].size - 1;
  const stack = () => layers.slice(0, shown);
  const inside = (value) => Math.min(last(), Math.max(0, value));
  const middle = () => { at = { r: Math.floor(last() / 2), c: Math.floor(last() / 2) }; };

  // The selected layer as a model with five traits, for the fields of a lab.
  const selected = {
    get: (name) => layers[shown - 1][name], set() {}, save_changes: save, on() {}, off() {},
  };
  const replaced = (layer) => layers.map((other, n) => (n === shown - 1 ? layer : other));
  const fields = controls({
    model: selected,
    fields: FIELDS,
    explain: (layer) => misfit(replaced(layer)),
    draw: (layer) => { layers = replaced(layer); refused.textContent = ""; refresh(); },
  });

  function save() {
    saving = true;
    try {
      if (!same(model.get("layers"), toModel(layers))) model.set("layers", toModel(layers));
      Object.entries({ shown, row: at.r, column: at.c }).forEach(([name, value]) => model.set(name, value));
      model.save_changes();
    } finally {
      saving = false;
    }
  }

  /** Take another stack, or say why it cannot be. */
  function take(stackOfLayers, wanted = stackOfLayers.length, lead = "") {
    const why = misfit(stackOfLayers);
    refused.textContent = why ? `${lead}${why}` : "";
    if (why) return;
    layers = stackOfLayers.map((layer) => ({ ...layer }));
    shown = wanted;
    rows = carry(layers);
    middle();
    fields.follow();
    refresh();
    save();
  }

  function addLayer() {
    if (layers.length >= MOST_LAYERS) return;
    const next = { kind: "conv", kernel: 3, stride: 1, padding: 1, dilation: 1 };
    take([...layers.slice(0, shown), next, ...layers.slice(shown)], shown + 1);
  }

  function removeLayer() {
    if (layers.length < 2) return;
    take(layers.filter((_, n) => n !== shown - 1), Math.max(1, shown - 1),
      `Without layer ${shown} the layers after it do not fit: `);
  }

  function look(number) {
    const { start, jump, field } = rows[shown];
    const center = ({ r, c }) => [r, c].map((i) => start + i * jump + (field - 1) / 2);
    const [y, x] = center(at);
    shown = number; // keep looking at the same place of the image
    const now = rows[shown];
    const nearest = (middlePixel) => inside(Math.round((middlePixel - now.start - (now.field - 1) / 2) / now.jump));
    at = { r: nearest(y), c: nearest(x) };
    refused.textContent = "";
    fields.follow();
    refresh();
    save();
  }

  function refresh() {
    rows = carry(layers);
    at = { r: inside(at.r), c: inside(at.c) };
    const known = presets.findIndex(([, other]) => same(other, layers));
    preset.write(known < 0 ? "own" : known);
    const reach = rows.map(({ size, field, jump, start }) =>
      Math.max(-start, start + (size - 1) * jump + field - SIZE));
    const margin = Math.min(SIZE, Math.max(4, ...reach));
    view = { margin, side: SIZE + 2 * margin };
    body.replaceChildren(...rows.map(({ size, field, jump, start }, n) => {
      const square = (side) => [side, h("span", { class: "cw-twice" }, ` × ${side}`)];
      const cells = [square(size), square(field), [jump], [minus(start)]];
      const isShown = n === shown;
      const name = n === 0 ? "image" : h("button", {
        type: "button", "aria-pressed": String(isShown), onclick: () => { look(n); body.querySelector("[aria-pressed=true]").focus(); },
      }, layerName(layers[n - 1]));
      return h("tr", { class: isShown ? "cw-shown" : null },
        h("th", { scope: "row" }, name), ...cells.map((parts) => h("td", {}, ...parts)));
    }));
    editing.textContent = `Layer ${shown} of ${layers.length}:`;
    add.setAttribute("aria-disabled", layers.length >= MOST_LAYERS);
    remove.setAttribute("aria-disabled", layers.length < 2);
    drawPicture();
  }

  function place(node, top, left, field) {
    const percent = (pixels) => `${(100 * pixels) / view.side}%`;
    Object.assign(node.style, {
      top: percent(top + view.margin), left: percent(left + view.margin),
      width: percent(field), height: percent(field),
    });
  }

  function drawPicture() {
    const { size, field, jump, start } = rows[shown];
    const [top, left] = [start + at.r * jump, start + at.c * jump];
    const [seenRows, seenColumns] = [at.r, at.c].map((i) => seenPixels(stack(), i));
    const [inRows, inColumns] = [new Set(seenRows), new Set(seenColumns)];
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(SIZE, SIZE);
    gray.forEach((value, n) => {
      const isSeen = inRows.has(Math.floor(n / SIZE)) && inColumns.has(n % SIZE);
      const shade = isSeen ? value : 40 + 0.35 * value; // what is not seen is pale and dark
      pixels.data.set([shade, shade, shade, 255], 4 * n);
    });
    context.putImageData(pixels, 0, 0);
    place(canvas, 0, 0, SIZE);
    place(box, top, left, field);
    place(neighbor, top, left + jump, field);
    neighbor.hidden = at.c >= size - 1;
    const cut = Math.min(top, left) < -view.margin
      || Math.max(top, left) + field > SIZE + view.margin;
    where.textContent = `Output row ${at.r}, column ${at.c} of layer ${shown} (map ${size} × ${size}) `
      + `looks at rows ${span(top, field)} and columns ${span(left, field)}. `
      + `${seenText(seenRows, seenColumns, field)}`
      + `${cut ? " The field is larger than what the picture shows." : ""}`;
    arrows.forEach((button, n) => button.setAttribute("aria-disabled",
      [at.c === 0, at.c === size - 1, at.r === 0, at.r === size - 1][n]));
    const before = rows[shown - 1];
    const { kernel, stride, padding, dilation } = layers[shown - 1];
    growth.replaceChildren(
      h("span", {}, "field ", `${before.field} + ${dilation}·(${kernel} − 1)·${before.jump} = `, h("strong", {}, field), ","), " ",
      h("span", {}, "jump ", `${before.jump}·${stride} = `, h("strong", {}, jump), ","), " ",
      h("span", {}, "start ", `${minus(before.start)} − ${padding}·${before.jump} = `, h("strong", {}, minus(start))));
  }

  function go(r, c) {
    const to = { r: inside(r), c: inside(c) };
    if (same(to, at)) return;
    at = to;
    drawPicture();
    save();
    const { start, jump, field } = rows[shown];
    spoken.textContent = `Output row ${at.r}, column ${at.c}: rows ${span(start + at.r * jump, field)}, `
      + `columns ${span(start + at.c * jump, field)}`;
  }

  function onKey(event) {
    const to = keyTarget(event, at, last() + 1, last() + 1);
    if (!to) return;
    event.preventDefault();
    go(...to);
  }

  function onPointer(event) {
    const frame = picture.getBoundingClientRect();
    const { start, jump, field } = rows[shown];
    const output = (offset, length) => Math.round(
      ((offset / length) * view.side - view.margin - 0.5 - start - (field - 1) / 2) / jump);
    go(output(event.clientY - frame.top, frame.height), output(event.clientX - frame.left, frame.width));
  }

  /** Python has set a trait. */
  function onChange() {
    const now = [model.get("layers"), model.get("shown"), model.get("row"), model.get("column")];
    if (saving || same(now, [toModel(layers), shown, at.r, at.c])) return;
    const wanted = fromModel(now[0]);
    if (wanted.length < 1 || misfit(wanted)) return; // half of a change: the rest is about to come
    layers = wanted;
    shown = Math.min(layers.length, Math.max(1, now[1]));
    at = { r: now[2], c: now[3] };
    fields.follow();
    refresh();
  }

  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card", "aria-label": "Receptive field lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Receptive field lab"),
  preset.node,
  h("div", { class: "cw-fields" },
    h("div", { class: "cw-look" }, picture, h("div", { class: "cw-walk" }, ...arrows)),
    h("div", { class: "cw-scroll" }, table)),
  where, growth, editing, fields.node, h("div", { class: "cw-walk" }, add, remove), refused,
  h("p", { class: "cw-note" }, "Solid: the field of the chosen output; dashed: that of its right neighbor. "
    + "Hatched: padding. Image: CT_small.dcm of pydicom, shrunk to 64 × 64; rows and columns count from 0."),
  spoken));
  const stop = fields.start();
  refresh();
  model.on("change", onChange);
  return () => { stop(); model.off("change", onChange); };
}

export default { render, carry, seenPixels, outputSize, misfit };

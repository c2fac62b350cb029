// The layer table lab: the layers of a network, what each costs, and what its outputs see.
// The tables come from course_lib/widgets/layer_table_lab.py; windows and shares are computed here.

import { choice, h, keyTarget, minus } from "./shared.js";

const SIDE = 96; // rows and columns of the image that is carried along
const NAMES = ["name", "block", "kind", "kernel", "stride", "padding", "maps", "size",
  "parameters", "macs", "field", "jump", "start"];

// Arithmetic -----------------------------------------------------------------------------------------

/** The layers of a network as objects. */
const layersOf = (network) => network.layers.map((values) =>
  Object.fromEntries(NAMES.map((name, n) => [name, values[n]])));

/** The first and the last pixel that an output sees along one axis; `inside` cuts off the padding. */
function windowOf({ start, jump, field }, position, inside = Infinity) {
  const first = start + position * jump;
  const last = first + field - 1;
  return inside === Infinity ? [first, last] : [Math.max(0, first), Math.min(inside - 1, last)];
}

/** The output whose window has its middle nearest to a pixel. */
function nearest({ start, jump, field, size }, pixel) {
  if (size === 1) return 0;
  return Math.min(size - 1, Math.max(0, Math.round((pixel - start - (field - 1) / 2) / jump)));
}

/** A share with one decimal. */
function percent(part, whole) {
  const tenths = Math.floor((1000 * part) / whole + 0.5);
  return part && !tenths ? "<0.1%" : `${Math.floor(tenths / 10)}.${tenths % 10}%`;
}

/** Runs of layers of one block, each with its sums; a layer outside of a block is a run of its own. */
function runs(layers) {
  const found = [];
  layers.forEach((layer, n) => {
    const run = found.at(-1);
    if (run && layer.block && run.block === layer.block) run.members.push(n);
    else found.push({ block: layer.block, members: [n] });
  });
  const sum = (members, name) => members.reduce((total, n) => total + layers[n][name], 0);
  return found.map((run) => ({
    ...run, parameters: sum(run.members, "parameters"), macs: sum(run.members, "macs"),
  }));
}

// Words ----------------------------------------------------------------------------------------------

const number = (value) => value.toLocaleString("en-US");
const shape = ({ maps, size }) => (size > 1 ? `${maps} × ${size} × ${size}` : String(maps));
const span = ([first, last]) => `${minus(first)} to ${minus(last)}`;

/** The name of a layer in its block, without what says nothing. */
function shortName({ name, block }) {
  const rest = block ? name.slice(name.indexOf(`${block}.`) + block.length + 1) : name;
  return rest.replace(/\.conv$/, "");
}

/** Large numbers in short: 1.9 G, 335 k. */
function brief(value) {
  const [unit, letter] = [[1e9, " G"], [1e6, " M"], [1e3, " k"], [1, ""]].find(([least]) => value >= least) ?? [1, ""];
  const scaled = value / unit;
  return `${unit > 1 && scaled < 99.95 ? scaled.toFixed(1) : Math.round(scaled)}${letter}`;
}

// The widget -----------------------------------------------------------------------------------------

function render({ model, el }) {
  const bytes = Uint8Array.from(atob(model.get("image")), (letter) => letter.charCodeAt(0));
  const networks = model.get("networks").map((network) => ({ ...network, layers: layersOf(network) }));
  let chosen = model.get("network");
  let shown = model.get("shown");
  let at = { r: model.get("row"), c: model.get("column") };
  let view = { side: 1, margin: 0 };
  let buttons = [];
  let saving = false;

  const network = () => networks[chosen];
  const layer = () => network().layers[shown];
  const last = () => layer().size - 1;
  const inside = (value) => Math.min(last(), Math.max(0, value));

  const select = choice("network", "Network", networks.map(({ title }, n) => [n, title]))(() => {
    chosen = Number(select.read());
    shown = 1;
    at = { r: Math.floor(last() / 2), c: Math.floor(last() / 2) };
    fill();
    list.scrollTop = 0;
    refresh();
    save();
  });
  const total = h("p", { class: "cw-total" });
  const body = h("tbody", { onkeydown: onListKey });
  const table = h("table", { class: "cw-layers cw-costs" },
    h("caption", {}, "Choose a layer; arrow keys walk through the list"),
    h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Layer"), h("th", { scope: "col" }, "Output"),
      h("th", { scope: "col" }, h("span", { class: "cw-key" }, "Parameters"), " ",
        h("span", { class: "cw-key cw-second" }, "MACs")))), body);
  const list = h("div", { class: "cw-scroll cw-list" }, table);
  const canvas = h("canvas", { class: "cw-photo" });
  const box = h("div", { class: "cw-box" });
  const picture = h("div", {
    class: "cw-view", role: "application", tabindex: 0,
    "aria-label": "Retina with the field of one output; arrow keys, Home and End move it",
    onkeydown: onKey, onclick: onPointer,
    onpointermove: (event) => { if (event.pointerType === "mouse" && event.buttons) onPointer(event); },
  }, canvas, box);
  const arrows = [["←", "left", 0, -1], ["→", "right", 0, 1], ["↑", "up", -1, 0], ["↓", "down", 1, 0]]
    .map(([sign, word, r, c]) => h("button", {
      type: "button", "aria-label": `Output: one ${word}`, onclick: () => go(at.r + r, at.c + c),
    }, sign));
  const heading = h("p", { class: "cw-editing" });
  const facts = h("p", { class: "cw-facts" });
  const where = h("p", { class: "cw-seen" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });

  function save() {
    saving = true;
    try {
      Object.entries({ network: chosen, shown, row: at.r, column: at.c })
        .forEach(([name, value]) => model.set(name, value));
      model.save_changes();
    } finally {
      saving = false;
    }
  }

  // The list -----------------------------------------------------------------------------------------

  function bars(part, most) {
    return ["parameters", "macs"].map((name) => h("span", { class: name === "macs" ? "cw-share cw-second" : "cw-share" },
      h("span", { class: "cw-bar", style: `--part: ${part[name] / most[name]}` }),
      h("span", {}, percent(part[name], network()[name]))));
  }

  function fill() {
    const { layers, title, size, parameters, macs, normalization } = network();
    const most = Object.fromEntries(["parameters", "macs"].map((name) =>
      [name, Math.max(...layers.map((each) => each[name]))]));
    buttons = layers.map((each, n) => h("button", { type: "button", onclick: () => look(n) },
      h("span", {}, ...shortName(each).split(/(?<=\.)/).flatMap((part) => [h("wbr"), part]),
        h("small", {}, ` ${each.kind}`))));
    const line = (n) => h("tr", {}, h("th", { scope: "row" }, buttons[n]),
      h("td", {}, shape(layers[n])), h("td", {}, ...bars(layers[n], most)));
    const rows = runs(layers).flatMap(({ block, members, ...sums }) => (block
      ? [h("tr", { class: "cw-block" }, h("th", { colspan: 3, scope: "rowgroup" }, block, " ",
        h("span", {}, `${brief(sums.parameters)} parameters, ${brief(sums.macs)} MACs`))), ...members.map(line)]
      : members.map(line)));
    body.replaceChildren(...rows);
    total.textContent = `${networks.length > 1 ? "" : `${title}. `}Images of ${size} × ${size} pixels: `
      + `${number(parameters)} parameters, ${number(macs)} MACs.`
      + `${normalization ? ` The normalizations, which are not listed, have ${number(normalization)} of the parameters.` : ""}`;
  }

  function look(n, wantsFocus = false) {
    const [y, x] = [at.r, at.c].map((i) => {
      const [first, end] = windowOf(layer(), i);
      return (first + end) / 2; // keep looking at the same place of the image
    });
    shown = n;
    at = { r: nearest(layer(), y), c: nearest(layer(), x) };
    refresh();
    if (wantsFocus) buttons[n].focus({ preventScroll: true });
    save();
    spoken.textContent = `${layer().name}: ${number(layer().parameters)} parameters, field ${layer().field}`;
  }

  function onListKey(event) {
    const to = { ArrowUp: shown - 1, ArrowDown: shown + 1, Home: 0, End: buttons.length - 1 }[event.key];
    if (to === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    look(Math.min(buttons.length - 1, Math.max(0, to)), true);
  }

  /** Scroll the list, never the page, to the chosen layer. */
  function reveal() {
    const row = buttons[shown].closest("tr");
    const head = table.tHead.offsetHeight;
    const top = row.offsetTop - head;
    const bottom = row.offsetTop + row.offsetHeight - list.clientHeight;
    if (list.scrollTop > top) list.scrollTop = top;
    else if (list.scrollTop < bottom) list.scrollTop = bottom;
  }

  // The picture --------------------------------------------------------------------------------------

  function refresh() {
    const { name, kind, kernel, stride, padding, parameters, macs, field, jump, start, size } = layer();
    const whole = network();
    buttons.forEach((button, n) => {
      button.setAttribute("aria-pressed", String(n === shown));
      button.tabIndex = n === shown ? 0 : -1;
      button.closest("tr").className = n === shown ? "cw-shown" : "";
    });
    reveal();
    heading.textContent = `${name}: ${kind}${kernel ? ` ${kernel}, stride ${stride}, padding ${padding}` : ""}`;
    const rows = [
      ["Output", shape(layer())],
      ["Parameters", `${number(parameters)}, ${percent(parameters, whole.parameters)} of all`],
      ["MACs", `${number(macs)}, ${percent(macs, whole.macs)} of all`],
      ["Receptive field", `${field} × ${field} pixels`],
      ["Jump, start", `${jump}, ${minus(start)}`],
    ];
    facts.replaceChildren(...rows.flatMap(([term, words]) => [h("span", {}, h("span", {}, `${term}: `), words), " "]));
    const [out, end] = [-windowOf(layer(), 0)[0], windowOf(layer(), size - 1)[1] - whole.size + 1];
    const margin = Math.min(1.2 * whole.size, Math.max(whole.size / 16, out, end));
    view = { side: whole.size + 2 * margin, margin };
    drawPicture();
  }

  function place(node, top, left, field) {
    const part = (pixels) => `${(100 * pixels) / view.side}%`;
    Object.assign(node.style, {
      top: part(top + view.margin), left: part(left + view.margin), width: part(field), height: part(field),
    });
  }

  function photo() {
    const { channels } = network();
    const source = document.createElement("canvas");
    source.width = SIDE;
    source.height = SIDE;
    const pixels = new ImageData(SIDE, SIDE);
    for (let n = 0; n < SIDE * SIDE; n += 1) {
      const colors = [...bytes.subarray(3 * n, 3 * n + 3)];
      const gray = 0.299 * colors[0] + 0.587 * colors[1] + 0.114 * colors[2];
      pixels.data.set(channels === 1 ? [gray, gray, gray, 255] : [...colors, 255], 4 * n);
    }
    source.getContext("2d").putImageData(pixels, 0, 0);
    return source;
  }

  function drawPicture() {
    const { field, size } = layer();
    const side = network().size;
    const source = photo();
    canvas.width = side;
    canvas.height = side;
    const context = canvas.getContext("2d");
    const [rows, columns] = [at.r, at.c].map((i) => windowOf(layer(), i, side));
    context.drawImage(source, 0, 0, side, side);
    context.fillStyle = "rgba(0, 0, 0, 0.6)"; // what is not seen is dark
    context.fillRect(0, 0, side, side);
    context.save();
    context.beginPath();
    context.rect(columns[0], rows[0], columns[1] - columns[0] + 1, rows[1] - rows[0] + 1);
    context.clip();
    context.drawImage(source, 0, 0, side, side);
    context.restore();
    const [top, left] = [at.r, at.c].map((i) => windowOf(layer(), i)[0]);
    place(canvas, 0, 0, side);
    place(box, top, left, field);
    const all = [rows, columns].every(([first, end]) => first === 0 && end === side - 1);
    const subject = size > 1 ? `Output row ${at.r}, column ${at.c} of ${size} × ${size}` : "Each output";
    where.textContent = `${subject} looks at rows ${span(windowOf(layer(), at.r))} and columns `
      + `${span(windowOf(layer(), at.c))}${all ? ": all of the image" : ""}. The image has rows and columns 0 to ${side - 1}.`;
    arrows.forEach((button, n) => button.setAttribute("aria-disabled",
      [at.c === 0, at.c === size - 1, at.r === 0, at.r === size - 1][n]));
  }

  function go(r, c) {
    const to = { r: inside(r), c: inside(c) };
    if (to.r === at.r && to.c === at.c) return;
    at = to;
    drawPicture();
    save();
    spoken.textContent = `Output row ${at.r}, column ${at.c}: rows ${span(windowOf(layer(), at.r))}, `
      + `columns ${span(windowOf(layer(), at.c))}`;
  }

  function onKey(event) {
    const to = keyTarget(event, at, last() + 1, last() + 1);
    if (!to) return;
    event.preventDefault();
    go(...to);
  }

  function onPointer(event) {
    const frame = picture.getBoundingClientRect();
    const pixel = (offset, length) => (offset / length) * view.side - view.margin - 0.5;
    go(nearest(layer(), pixel(event.clientY - frame.top, frame.height)),
      nearest(layer(), pixel(event.clientX - frame.left, frame.width)));
  }

  /** Python has set a trait. */
  function onChange() {
    const now = ["network", "shown", "row", "column"].map((name) => model.get(name));
    if (saving || String(now) === String([chosen, shown, at.r, at.c])) return;
    if (!networks[now[0]]?.layers[now[1]]) return; // half of a change: the rest is about to come
    const isOther = now[0] !== chosen;
    [chosen, shown] = now;
    at = { r: inside(now[2]), c: inside(now[3]) };
    if (isOther) fill();
    select.write(chosen);
    refresh();
  }

  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card", "aria-label": "Layer table lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Layer table lab"),
  networks.length > 1 ? select.node : null,
  total,
  h("div", { class: "cw-fields" }, list,
    h("div", { class: "cw-look" }, picture, h("div", { class: "cw-walk" }, ...arrows))),
  heading, facts, where,
  h("p", { class: "cw-note" }, "The two bars of a layer: its share of all parameters and of all MACs; the largest is full. "
    + "Frame: what the chosen output sees; hatched: padding. Image: retina.jpg of scikit-image (Häggström 2014, CC0), made coarse."),
  spoken));
  select.write(chosen);
  fill();
  refresh();
  requestAnimationFrame(reveal); // only now the list has its height
  model.on("change", onChange);
  return () => model.off("change", onChange);
}

export default { render, layersOf, windowOf, nearest, percent, runs };

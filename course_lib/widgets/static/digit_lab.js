// The digit lab: draw a digit, and watch it pass through LeNet-5.
// Pixels are made as in course_lib/data/drawing.py, numbers as in course_lib/models/lenet.py.

import { choice, h } from "./shared.js";

const SIZE = 280; // rows and columns of the paper
const [BOX, FIELD, INPUT] = [20, 28, 32];
const [PAPER, INK] = [-0.1, 1.175];
const MOST = 1.7159; // the squashing function ends here

// From strokes to pixels -----------------------------------------------------------------------------

/** Draw a line from (x, y) to (xEnd, yEnd) into bytes; its edge is one pixel wide. */
function drawLine(ink, size, [x, y, xEnd, yEnd], pen) {
  const [dx, dy] = [xEnd - x, yEnd - y];
  const length = dx * dx + dy * dy;
  const reach = pen / 2 + 1;
  const first = (a, b) => Math.max(0, Math.floor(Math.min(a, b) - reach));
  const last = (a, b) => Math.min(size - 1, Math.ceil(Math.max(a, b) + reach));
  for (let r = first(y, yEnd); r <= last(y, yEnd); r += 1) {
    for (let c = first(x, xEnd); c <= last(x, xEnd); c += 1) {
      const [across, down] = [c + 0.5 - x, r + 0.5 - y];
      const along = length ? Math.min(1, Math.max(0, (across * dx + down * dy) / length)) : 0;
      const [a, b] = [across - along * dx, down - along * dy];
      const value = Math.min(1, Math.max(0, pen / 2 + 0.5 - Math.sqrt(a * a + b * b)));
      const byte = Math.floor(value * 255 + 0.5);
      if (byte > ink[r * size + c]) ink[r * size + c] = byte;
    }
  }
}

/** Draw strokes [x, y, x, y, ...] of a round pen; gives bytes, 255 for ink. */
function drawStrokes(strokes, pen = 20, size = SIZE) {
  const ink = new Uint8Array(size * size);
  for (const stroke of strokes) {
    if (stroke.length === 2) drawLine(ink, size, [...stroke, ...stroke], pen);
    for (let n = 0; n + 3 < stroke.length; n += 2) drawLine(ink, size, stroke.slice(n, n + 4), pen);
  }
  return ink;
}

/** For each of `outputs`: the inputs it covers, and how much of each, in 1 / outputs of an input. */
function overlaps(outputs, inputs) {
  return Array.from({ length: outputs }, (_, i) => {
    const parts = [];
    for (let j = Math.floor((i * inputs) / outputs); j * outputs < (i + 1) * inputs; j += 1) {
      parts.push([j, Math.min((i + 1) * inputs, (j + 1) * outputs) - Math.max(i * inputs, j * outputs)]);
    }
    return parts;
  });
}

/** Bring bytes (rows × columns) to MNIST's size and place: 32 × 32 bytes. */
function prepareDigit(ink, rows, columns) {
  const digit = new Uint8Array(INPUT * INPUT);
  let [top, bottom, left, right] = [rows, -1, columns, -1];
  for (let r = 0; r < rows; r += 1) {
    for (let c = 0; c < columns; c += 1) {
      if (!ink[r * columns + c]) continue;
      [top, bottom] = [Math.min(top, r), r];
      [left, right] = [Math.min(left, c), Math.max(right, c)];
    }
  }
  if (bottom < 0) return digit;
  const sides = [bottom - top + 1, right - left + 1];
  const longer = Math.max(...sides);
  const [high, wide] = sides.map((side) =>
    Math.max(1, Math.floor((2 * BOX * side + longer) / (2 * longer))));
  const across = overlaps(wide, sides[1]);
  const sums = overlaps(high, sides[0]).map((down) => {
    const row = new Float64Array(sides[1]);
    for (const [j, weight] of down) {
      const start = (top + j) * columns + left;
      for (let c = 0; c < row.length; c += 1) row[c] += weight * ink[start + c];
    }
    return across.map((parts) => parts.reduce((sum, [j, weight]) => sum + weight * row[j], 0));
  });
  const peak = Math.max(...sums.flat());
  const small = sums.map((row) => row.map((sum) => Math.floor((sum * 510 + peak) / (2 * peak))));
  let [mass, downward, sideward] = [0, 0, 0];
  small.forEach((row, r) => row.forEach((value, c) => {
    mass += value;
    downward += r * value;
    sideward += c * value;
  }));
  const margin = (INPUT - FIELD) / 2;
  const place = (moment, side) => margin
    + Math.min(FIELD - side, Math.max(0, Math.floor(((FIELD + 1) * mass - 2 * moment) / (2 * mass))));
  const [atRow, atColumn] = [place(downward, high), place(sideward, wide)];
  small.forEach((row, r) => digit.set(row, (atRow + r) * INPUT + atColumn));
  return digit;
}

// From pixels to scores ------------------------------------------------------------------------------

/** Whole numbers from −127 to 127, in base64, times the scale of their row: as float32, like torch. */
function unpack({ bytes, scale }) {
  const whole = Int8Array.from(atob(bytes), (letter) => letter.charCodeAt(0));
  const each = whole.length / scale.length;
  return Float64Array.from(whole, (value, n) => Math.fround(value * scale[Math.floor(n / each)]));
}

/** The network, from what the model holds: weights, who reads whom in C3, and the ten codes. */
function readNetwork({ layers, inputs, codes }) {
  const read = Object.fromEntries(Object.entries(layers).map(([name, layer]) =>
    [name, { weight: layer.bytes ? unpack(layer) : layer.weight, bias: layer.bias }]));
  const all = (count) => Array.from({ length: count }, (_, n) => n);
  return {
    ...read,
    inputs: { c1: all(6).map(() => [0]), c3: inputs, c5: all(120).map(() => all(16)) },
    codes: codes.map((code) => Float64Array.from(code, (pixel) => (pixel === "#" ? 1 : -1))),
  };
}

const squash = (values) => values.map((value) => MOST * Math.tanh((2 / 3) * value));

/** A convolution of 5 × 5 whose maps read the maps that `inputs` names. */
function convolve(maps, side, { weight, bias }, inputs) {
  const to = side - 4;
  const out = new Float64Array(inputs.length * to * to);
  let kernel = 0;
  inputs.forEach((sources, map) => {
    const first = map * to * to;
    out.fill(bias[map], first, first + to * to);
    for (const source of sources) {
      for (let tap = 0; tap < 25; tap += 1) {
        const value = weight[kernel + tap];
        const shift = source * side * side + Math.floor(tap / 5) * side + (tap % 5);
        for (let r = 0; r < to; r += 1) {
          const [row, from] = [first + r * to, shift + r * side];
          for (let c = 0; c < to; c += 1) out[row + c] += value * maps[from + c];
        }
      }
      kernel += 25;
    }
  });
  return out;
}

/** Sum windows of 2 × 2, times the coefficient of the map, plus its bias. */
function subsample(maps, side, { weight, bias }) {
  const to = side / 2;
  return Float64Array.from({ length: weight.length * to * to }, (_, n) => {
    const map = Math.floor(n / (to * to));
    const [r, c] = [Math.floor(n / to) % to, n % to];
    const at = (map * side + 2 * r) * side + 2 * c;
    const sum = maps[at] + maps[at + 1] + maps[at + side] + maps[at + side + 1];
    return weight[map] * sum + bias[map];
  });
}

/** All that LeNet-5 computes from 32 × 32 bytes: its maps, F6, and the distance to each code. */
function forward(network, digit) {
  const input = Float64Array.from(digit, (byte) => (byte / 255) * (INK - PAPER) + PAPER);
  const c1 = squash(convolve(input, 32, network.c1, network.inputs.c1));
  const s2 = squash(subsample(c1, 28, network.s2));
  const c3 = squash(convolve(s2, 14, network.c3, network.inputs.c3));
  const s4 = squash(subsample(c3, 10, network.s4));
  const c5 = squash(convolve(s4, 5, network.c5, network.inputs.c5));
  const f6 = squash(Float64Array.from(network.f6.bias, (bias, out) =>
    c5.reduce((sum, value, n) => sum + value * network.f6.weight[120 * out + n], bias)));
  const distances = network.codes.map((code) =>
    code.reduce((sum, pixel, n) => sum + (f6[n] - pixel) ** 2, 0));
  return { c1, s2, c3, s4, c5, f6, distances };
}

/** How the ten share 100%: softmax of minus the distances. */
function shares(distances) {
  const least = Math.min(...distances);
  const parts = distances.map((distance) => Math.exp(least - distance));
  const sum = parts.reduce((total, part) => total + part, 0);
  return parts.map((part) => part / sum);
}

// Words and pictures ---------------------------------------------------------------------------------

/** A share in percent; nothing is certain, and nothing is impossible. */
function percent(share) {
  if (share >= 0.995) return "over 99%";
  return share < 0.005 ? "under 1%" : `${Math.round(100 * share)}%`;
}

/** What the network reads, in words. */
function readingText({ distances }, far) {
  const parts = shares(distances);
  const order = distances.map((_, n) => n).sort((a, b) => distances[a] - distances[b]);
  const [best, next] = order;
  const doubt = distances[best] > far
    ? " But F6 is far from every code: perhaps this is no digit." : "";
  const second = parts[next] < 0.005 ? "" : `, or as ${next} (${percent(parts[next])})`;
  return `Read as ${best} (${percent(parts[best])})${second}.${doubt}`;
}

const MAPS = [ // name, maps, their side, columns of the picture
  ["c1", 6, 28, 6], ["s2", 6, 14, 6], ["c3", 16, 10, 8], ["s4", 16, 5, 8],
];

/** Gray for an activation: −1.7 is white, as paper, and 1.7 is black, as ink. */
const shade = (value) => Math.round(255 * (0.5 - value / (2 * MOST)));

/** Draw maps side by side, a clear pixel between two. */
function drawMaps(canvas, values, high, wide, columns) {
  const gap = columns > 1 ? 1 : 0;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(canvas.width, canvas.height);
  values.forEach((value, n) => {
    const map = Math.floor(n / (high * wide));
    const [r, c] = [Math.floor(n / wide) % high, n % wide];
    const row = Math.floor(map / columns) * (high + gap) + r;
    const column = (map % columns) * (wide + gap) + c;
    const gray = shade(value);
    pixels.data.set([gray, gray, gray, 255], 4 * (row * canvas.width + column));
  });
  context.putImageData(pixels, 0, 0);
}

/** A picture for maps, with a name and what it shows. */
function picture(words, label, high, wide, count = 1, columns = 1) {
  const gap = columns > 1 ? 1 : 0;
  const canvas = h("canvas", {
    class: "cw-pixels", role: "img", "aria-label": label,
    width: columns * (wide + gap) - gap, height: Math.ceil(count / columns) * (high + gap) - gap,
  });
  return {
    node: h("figure", { class: "cw-maps" }, h("figcaption", {}, ...words), canvas),
    draw: (values) => drawMaps(canvas, values, high, wide, columns),
  };
}

// The widget -----------------------------------------------------------------------------------------

const onPaper = (value) => Math.min(SIZE, Math.max(0, value));
const PENS = [[8, "thin"], [20, "medium"], [36, "thick"]];
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);

/** Strokes with each point moved by `move`, to half a pixel. */
const moved = (strokes, move) => strokes.map((stroke) => {
  const points = [];
  for (let n = 0; n < stroke.length; n += 2) points.push(...move(stroke[n], stroke[n + 1]));
  return points.map((value) => Math.round(2 * value) / 2);
});

const CHANGES = [
  ["Shrink", (x, y) => [0.6 * x + 8, 0.6 * y + 8]],
  ["Slant", (x, y) => [x + 0.25 * (SIZE / 2 - y), y]],
  ["Turn", (x, y) => {
    const [across, down] = [x - SIZE / 2, y - SIZE / 2];
    const [cos, sin] = [Math.cos(Math.PI / 12), Math.sin(Math.PI / 12)];
    return [SIZE / 2 + cos * across - sin * down, SIZE / 2 + sin * across + cos * down];
  }],
];

function render({ model, el }) {
  const network = readNetwork(model.get("network"));
  const examples = model.get("examples");
  const far = model.get("far");
  let strokes = model.get("strokes");
  let pen = model.get("pen");
  let ink = drawStrokes(strokes, pen);
  let past = []; // drawings to go back to
  let drawing = null; // the pointer that draws, or "keys"
  let nib = { x: SIZE / 2, y: SIZE / 2 };
  let waiting = 0;
  let saving = false;

  const canvas = h("canvas", { class: "cw-ink", width: SIZE, height: SIZE });
  const mark = h("div", { class: "cw-nib" });
  const paper = h("div", {
    class: "cw-view cw-paper", role: "application", tabindex: 0,
    "aria-label": "Paper to draw a digit on; arrow keys move the pen, the space bar puts it down and lifts it",
    onkeydown: onKey, onblur: () => { if (drawing === "keys") lift(); },
    onpointerdown: onDown, onpointermove: onMove, onpointerup: onUp, onpointercancel: onUp,
    onlostpointercapture: onUp,
  }, canvas, mark);
  const where = h("p", { class: "cw-where" });
  const reading = h("p", { class: "cw-read" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });

  const choices = examples.map((_, digit) => [digit, digit]);
  const example = choice("example", "Example", [["own", "your own"], ...choices])(() => {
    replace(example.read() === "own" ? [] : examples[Number(example.read())]);
  });
  const width = choice("pen", "Pen", PENS)(() => {
    pen = Number(width.read());
    redraw();
    finish();
  });
  const change = CHANGES.map(([word, move]) => h("button", {
    type: "button", onclick: () => { if (strokes.length) replace(moved(strokes, move)); },
  }, word));
  const undo = h("button", {
    type: "button",
    onclick: () => {
      if (!past.length) return;
      drawing = null; // a pointer may still be down
      strokes = past.pop();
      redraw();
      finish();
    },
  }, "Undo");
  const clear = h("button", { type: "button", onclick: () => { if (strokes.length) replace([]); } }, "Clear");

  const input = picture(["Input: 32 × 32"], "What the network gets: your drawing, scaled and centered", 32, 32);
  const maps = MAPS.map(([name, count, side, columns]) => ({
    name,
    ...picture([h("b", {}, name.toUpperCase()), `: ${count} maps of ${side} × ${side}`],
      `The maps of ${name.toUpperCase()}`, side, side, count, columns),
  }));
  const c5 = picture([h("b", {}, "C5"), ": 120 numbers"], "The 120 numbers of C5", 4, 30);
  const f6 = picture([h("b", {}, "F6"), ": 84"], "The 84 numbers of F6, as a picture of 12 rows and 7 columns", 12, 7);
  const nearest = picture(["Nearest code"], "The code that F6 is nearest to", 12, 7);

  const rows = network.codes.map((code, digit) => {
    const small = picture([], `The code of ${digit}`, 12, 7);
    small.draw(code.map((pixel) => MOST * pixel));
    const [bar, share, distance] = [h("span", {}), h("td", {}), h("td", {})];
    const node = h("tr", {},
      h("th", { scope: "row" }, digit),
      h("td", {}, small.node.querySelector("canvas")),
      h("td", { class: "cw-score", "aria-hidden": "true" }, bar), share, distance);
    return { node, bar, share, distance };
  });
  const scores = h("table", { class: "cw-layers cw-scores" },
    h("caption", {}, "How near F6 comes to the code of each digit"),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "Digit"), h("th", { scope: "col" }, "Code"),
      h("td", { class: "cw-score", "aria-hidden": "true" }),
      h("th", { scope: "col" }, "Share"), h("th", { scope: "col" }, "Distance²"))),
    h("tbody", {}, ...rows.map((row) => row.node)));

  // The picture follows the pen at the next frame, however many points come until then.
  function show() {
    waiting = 0;
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(SIZE, SIZE);
    for (let n = 0; n < ink.length; n += 1) {
      const gray = 255 - ink[n];
      pixels.data[4 * n] = gray;
      pixels.data[4 * n + 1] = gray;
      pixels.data[4 * n + 2] = gray;
      pixels.data[4 * n + 3] = 255;
    }
    context.putImageData(pixels, 0, 0);
    const digit = prepareDigit(ink, SIZE, SIZE);
    const found = forward(network, digit);
    input.draw(Float64Array.from(digit, (byte) => MOST * ((2 * byte) / 255 - 1)));
    maps.forEach(({ name, draw }) => draw(found[name]));
    c5.draw(found.c5);
    f6.draw(found.f6);
    const isEmpty = digit.every((byte) => byte === 0); // what lies beside the paper is not seen
    const parts = shares(found.distances);
    const best = found.distances.indexOf(Math.min(...found.distances));
    nearest.draw(network.codes[best]);
    rows.forEach((row, digitOfRow) => {
      row.node.classList.toggle("cw-shown", !isEmpty && digitOfRow === best);
      row.bar.style.width = isEmpty ? "0" : `${100 * parts[digitOfRow]}%`;
      row.share.textContent = isEmpty ? "–" : `${Math.round(100 * parts[digitOfRow])}%`;
      row.distance.textContent = found.distances[digitOfRow].toFixed(1);
    });
    reading.textContent = isEmpty ? "The paper is empty. Draw a digit, from 0 to 9." : readingText(found, far);
    [undo, clear, ...change].forEach((button) =>
      button.setAttribute("aria-disabled", button === undo ? !past.length : !strokes.length));
    tell();
  }

  function tell() {
    const name = PENS.find(([value]) => value === pen)?.[1] ?? "own";
    const count = strokes.length === 1 ? "1 stroke" : `${strokes.length} strokes`;
    where.textContent = `${count}, ${name} pen of ${pen} pixels, `
      + `${drawing === null ? "lifted" : "down"} at column ${Math.round(nib.x)}, row ${Math.round(nib.y)}.`;
    mark.style.left = `${(100 * nib.x) / SIZE}%`;
    mark.style.top = `${(100 * nib.y) / SIZE}%`;
    mark.classList.toggle("cw-down", drawing !== null);
  }

  const soon = () => { waiting ||= requestAnimationFrame(show); };

  function redraw() {
    ink = drawStrokes(strokes, pen);
    cancelAnimationFrame(waiting);
    show();
  }

  function write() {
    const known = examples.findIndex((other) => same(other, strokes));
    example.write(known < 0 ? "own" : known);
    width.write(pen);
  }

  /** A stroke, or another change, is done: say what is read, and tell the model. */
  function finish() {
    cancelAnimationFrame(waiting);
    show();
    spoken.textContent = reading.textContent;
    write();
    saving = true;
    try {
      model.set("strokes", strokes);
      model.set("pen", pen);
      model.save_changes();
    } finally {
      saving = false;
    }
  }

  const remember = () => { past = [...past.slice(-49), strokes]; };

  function replace(others) {
    remember();
    drawing = null;
    strokes = others;
    redraw();
    finish();
  }

  function begin(by, x, y) {
    remember();
    drawing = by;
    strokes = [...strokes, [x, y]];
    drawLine(ink, SIZE, [x, y, x, y], pen);
    nib = { x: onPaper(x), y: onPaper(y) };
    soon();
  }

  function extend(x, y) {
    const stroke = strokes.at(-1);
    const [fromX, fromY] = stroke.slice(-2);
    if (Math.hypot(x - fromX, y - fromY) < 1.5) return;
    strokes = [...strokes.slice(0, -1), [...stroke, x, y]];
    drawLine(ink, SIZE, [fromX, fromY, x, y], pen);
    nib = { x: onPaper(x), y: onPaper(y) };
    soon();
  }

  function lift() {
    drawing = null;
    finish();
  }

  const spot = (event) => {
    const frame = paper.getBoundingClientRect();
    const at = (offset, length) => Math.round((2 * SIZE * offset) / length) / 2;
    return [at(event.clientX - frame.left, frame.width), at(event.clientY - frame.top, frame.height)];
  };

  function onDown(event) {
    if (event.button !== 0 || (drawing !== null && drawing !== "keys")) return;
    if (drawing === "keys") lift();
    paper.setPointerCapture?.(event.pointerId);
    begin(event.pointerId, ...spot(event));
  }

  function onMove(event) {
    if (drawing !== event.pointerId) return;
    const events = event.getCoalescedEvents?.() ?? [];
    (events.length ? events : [event]).forEach((one) => extend(...spot(one)));
  }

  function onUp(event) {
    if (drawing === event.pointerId) lift();
  }

  function onKey(event) {
    if (event.altKey || event.ctrlKey || event.metaKey || (drawing !== null && drawing !== "keys")) return;
    const by = event.shiftKey ? 2 : 10;
    const step = {
      ArrowUp: [0, -by], ArrowDown: [0, by], ArrowLeft: [-by, 0], ArrowRight: [by, 0],
    }[event.key];
    if (step) {
      event.preventDefault();
      const [x, y] = [nib.x + step[0], nib.y + step[1]].map(onPaper);
      if (drawing === "keys") extend(x, y);
      nib = { x, y };
      tell();
      spoken.textContent = `Column ${Math.round(x)}, row ${Math.round(y)}`;
    } else if (event.key === " ") {
      event.preventDefault();
      if (event.repeat) return; // a held key is pressed once
      if (drawing === "keys") lift();
      else { begin("keys", nib.x, nib.y); spoken.textContent = "Pen down"; tell(); }
    } else if (event.key === "Escape" && drawing === "keys") lift();
  }

  /** Python has set a trait. */
  function onChange() {
    if (saving || (same(model.get("strokes"), strokes) && model.get("pen") === pen)) return;
    remember();
    drawing = null;
    strokes = model.get("strokes");
    pen = model.get("pen");
    redraw();
    finish();
  }

  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card", "aria-label": "Digit lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Digit lab"),
  h("p", {}, "Draw a digit with the mouse, a finger or a pen, and watch it pass through LeNet-5."),
  h("div", { class: "cw-controls" }, example.node, width.node),
  h("div", { class: "cw-fields" },
    h("div", { class: "cw-look" }, paper,
      h("div", { class: "cw-walk" }, undo, clear, ...change)),
    h("div", { class: "cw-outputs" }, reading, h("div", { class: "cw-scroll" }, scores))),
  where,
  h("div", { class: "cw-through" }, input.node,
    h("div", {}, ...maps.map((map) => map.node), c5.node),
    h("div", {}, f6.node, nearest.node)),
  h("p", { class: "cw-note" }, "Black is ink and 1.7, white is paper and −1.7. "
    + "Share: softmax of minus the squared distances. The network was trained on MNIST; what it computes stays in your browser."),
  spoken));
  write();
  show();
  model.on("change", onChange);
  return () => { cancelAnimationFrame(waiting); model.off("change", onChange); };
}

export default {
  render, drawStrokes, prepareDigit, readNetwork, forward, shares, readingText,
};

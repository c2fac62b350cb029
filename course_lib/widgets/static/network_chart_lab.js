// The network chart lab: accuracy against cost as a ball chart, and a timeline of networks.
// Axes, places and words are those of course_lib/widgets/network_chart_lab.py.

import { choice, controls, h, listed, toggle } from "./shared.js";

const NAMES = ["name", "family", "year", "size", "depth", "parameters", "macs", "V1", "best"];
const FAMILIES = ["AlexNet", "VGG", "Inception", "ResNet", "DenseNet", "for phones", "LeNet", "NiN"];
const COSTS = {
  operations: ["billions of multiply-accumulates", (n) => n.macs / 1e9],
  parameters: ["millions of parameters", (n) => n.parameters / 1e6],
  depth: ["layers with weights", (n) => n.depth],
};

// Arithmetic -----------------------------------------------------------------------------------------

const range = (from, to, step) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, n) => from + n * step);
const ACCURACY = { low: 55, high: 85, log: false, ticks: range(55, 85, 5) };
const YEARS = { low: 1996, high: 2020, log: false, ticks: range(1996, 2020, 4) };

/** An axis of round numbers around positive values. */
function makeAxis(values, log) {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (log) {
    const exponents = range(Math.floor(Math.log10(least)), Math.ceil(Math.log10(most)), 1);
    const steps = exponents.flatMap((e) => [1, 2, 5].map((n) => (e >= 0 ? n * 10 ** e : n / 10 ** -e)));
    const low = Math.max(...steps.filter((step) => step <= least));
    const high = Math.min(...steps.filter((step) => step >= most));
    return { low, high, log, ticks: steps.filter((step) => step >= low && step <= high) };
  }
  const size = 10 ** Math.floor(Math.log10(most / 5));
  const step = [1, 2, 5, 10].map((n) => n * size).find((n) => n >= most / 5);
  const count = Math.ceil(most / step);
  return { low: 0, high: count * step, log, ticks: range(0, count, 1).map((n) => n * step) };
}

const place = ({ low, high, log }, value) => (log
  ? Math.log(value / low) / Math.log(high / low)
  : (value - low) / (high - low));

/** The points that no other beats: one that costs no more and gains no less, and is better in one. */
function undominated(balls) {
  const beats = (a, b) => a.x <= b.x && a.y >= b.y && (a.x < b.x || a.y > b.y);
  return balls.filter((ball) => !balls.some((other) => beats(other, ball))).sort((a, b) => a.x - b.x);
}

/** Both axes, the balls with their places from 0 to 1, and the names of those that none beats. */
function layout(networks, { view, by, by_factors: log, family, weights }) {
  const able = networks.filter((n) => (view === "timeline" ? n.name !== "AlexNet 2014" : n[weights] !== null));
  const value = COSTS[by][1];
  const costs = makeAxis(able.map(value), log);
  const largest = Math.max(...networks.map((n) => n.parameters));
  const balls = able.filter((n) => family === "all" || n.family === family).map((n) => {
    const cost = place(costs, value(n));
    const [x, y] = view === "timeline" ? [place(YEARS, n.year), cost] : [cost, place(ACCURACY, n[weights])];
    return { name: n.name, x, y, r: Math.sqrt(n.parameters / largest) };
  });
  if (view === "timeline") return { x: YEARS, y: costs, balls, front: [] };
  return { x: costs, y: ACCURACY, balls, front: undominated(balls).map((ball) => ball.name) };
}

// Words ----------------------------------------------------------------------------------------------

function amount(number) {
  for (const [size, word] of [[1e9, "billion"], [1e6, "million"]]) {
    if (number >= size) return `${Number((number / size).toPrecision(3))} ${word}`;
  }
  return number.toLocaleString("en-US");
}

function describe(n, weights) {
  const chosen = weights === "best" && n.best !== n.V1 ? "V2" : "V1";
  const told = n[weights] === null ? "no accuracy on ImageNet from torchvision"
    : `${n[weights].toFixed(1)}% of the test images right (weights ${chosen})`;
  return `${n.name} (${n.year}): ${told}, ${amount(n.macs)} multiply-accumulates for an image of `
    + `${n.size} × ${n.size}, ${amount(n.parameters)} parameters `
    + `(${Number((n.parameters * 4 / 1e6).toPrecision(3))} MB), ${n.depth} layers with weights.`;
}

/** Who is cheaper and better than the chosen one. */
function verdict(balls, name) {
  const me = balls.find((ball) => ball.name === name);
  const better = balls.filter((b) => b !== me && b.x <= me.x && b.y >= me.y && (b.x < me.x || b.y > me.y));
  if (!better.length) return "None shown costs less and is right as often.";
  const shown = better.slice(0, 4).map((ball) => ball.name);
  if (better.length > 4) shown.push(`${better.length - 4} more`);
  return `Cheaper and right at least as often: ${listed(shown)}.`;
}

function caption(count, { view, by, by_factors: log, family, weights }) {
  const who = family === "all" ? `${count} networks` : `${count} of the family ${family}`;
  const how = log ? "by factors" : "by equal steps";
  const recipe = weights === "V1" ? "first weights (V1)" : "best weights (V1 or V2)";
  if (view === "timeline") {
    return `${who}; up: ${COSTS[by][0]}, ${how}; right: year of the first publication. Told below: torchvision's ${recipe}.`;
  }
  return `${who}; right: ${COSTS[by][0]}, ${how}; up: % of test images right, torchvision's ${recipe}.`;
}

// Picture --------------------------------------------------------------------------------------------

const svg = (tag, attributes = {}, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  node.append(...children);
  return node;
};

const overlap = (a, b) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

/** Where a name fits beside its ball: not on another name, nor on the middle of another ball. */
function findRoom(ball, taken, frame) {
  const [width, height] = [ball.name.length * 6.7, 15];
  const spots = [
    [ball.px + ball.pr + 4, ball.py - height / 2], [ball.px - ball.pr - 4 - width, ball.py - height / 2],
    [ball.px - width / 2, ball.py - ball.pr - 2 - height], [ball.px - width / 2, ball.py + ball.pr + 2],
  ];
  return spots.map(([left, top]) => ({ left, top, right: left + width, bottom: top + height }))
    .find((box) => box.left >= frame.left && box.right <= frame.right && box.top >= frame.top
      && box.bottom <= frame.bottom && !taken.some((other) => overlap(box, other)));
}

function render({ model, el }) {
  const networks = model.get("networks").map((row) =>
    Object.fromEntries(NAMES.map((name, n) => [name, row[n]])));
  const byName = Object.fromEntries(networks.map((n) => [n.name, n]));
  let setting = null;
  let chosen = model.get("chosen");
  let found = { balls: [], front: [] };
  let saving = false;

  const chart = svg("svg", { "aria-hidden": "true", class: "cw-chart" });
  const view = h("div", {
    class: "cw-balls", role: "application", tabindex: 0,
    "aria-label": "Chart of networks; arrow keys, Home and End go from network to network",
    onkeydown: onKey, onclick: onPointer,
    onpointermove: (event) => { if (event.pointerType === "mouse") onPointer(event, 6); },
  }, chart);
  const shown = h("p", { class: "cw-note cw-shown-in" });
  const legend = h("p", { class: "cw-families" });
  const told = h("p", { class: "cw-told" });
  const judged = h("p", {});
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const step = (by, words, label) => h("button", {
    type: "button", "aria-label": label, onclick: () => walk("x", by),
  }, words);
  const previous = step(-1, "← Previous", "Previous network");
  const next = step(1, "Next →", "Next network");

  const fields = controls({
    model,
    fields: [
      choice("view", "Chart", [["balls", "accuracy and cost"], ["timeline", "timeline"]]),
      choice("by", "Cost", [["operations", "operations"], ["parameters", "parameters"], ["depth", "depth"]]),
      choice("family", "Family", [["all", "all"], ...FAMILIES.map((name) => [name, name])]),
      choice("weights", "Weights", [["V1", "first (V1)"], ["best", "best"]]),
      toggle("by_factors", "Cost by factors (logarithmic)"),
    ],
    explain: () => null,
    draw: (wanted) => { setting = wanted; draw(); },
  });

  function draw() {
    if (!setting) return;
    found = layout(networks, setting);
    if (found.balls.length && !found.balls.some((ball) => ball.name === chosen)) {
      chosen = found.balls[0].name;
      queueMicrotask(() => choose(chosen)); // the model is about to get the setting: wait for that
    }
    shown.textContent = caption(found.balls.length, setting)
      + (found.front.length > 1 ? " Line: networks that no shown one beats." : "");
    const present = FAMILIES.filter((name) => found.balls.some((b) => byName[b.name].family === name));
    legend.replaceChildren(...present.map((name) => h("span", { class: familyClass(name) }, name)));
    paint();
    tell();
  }

  const familyClass = (name) => `cw-family-${FAMILIES.indexOf(name)}`;

  function paint() {
    const width = Math.max(220, Math.round(view.clientWidth || 640));
    const height = Math.round(Math.min(440, Math.max(300, width * 0.62)));
    const isTimeline = setting.view === "timeline";
    const largest = Math.min(34, Math.max(16, width * 0.05)) * (isTimeline ? 0.6 : 1);
    const marks = found.y.ticks.filter((tick, _, { length }) =>
      !found.y.log || length < 9 || Number.isInteger(Math.log10(tick)));
    const digits = Math.max(...marks.map((tick) => String(tick).length));
    const frame = {
      left: 26 + 7 * digits, right: width - 0.7 * largest, top: isTimeline ? largest : 8, bottom: height - 44,
    };
    const px = (x) => frame.left + x * (frame.right - frame.left);
    const py = (y) => frame.bottom - y * (frame.bottom - frame.top);
    const balls = found.balls.map((ball) => ({
      ...ball, px: px(ball.x), py: py(ball.y), pr: Math.max(3, largest * ball.r),
    }));
    found.painted = balls;
    const text = (x, y, words, attributes = {}) => svg("text", { x, y, ...attributes }, words);
    const parts = [];
    let room = -Infinity;
    found.x.ticks.forEach((tick) => {
      const x = px(place(found.x, tick));
      parts.push(svg("line", { x1: x, x2: x, y1: frame.top, y2: frame.bottom, class: "cw-rule" }));
      const half = 3.5 * String(tick).length;
      if (x - half < room + 6) return;
      room = x + half;
      parts.push(text(x, frame.bottom + 17, tick, { "text-anchor": "middle" }));
    });
    room = Infinity;
    marks.forEach((tick) => {
      const y = py(place(found.y, tick));
      parts.push(svg("line", { x1: frame.left, x2: frame.right, y1: y, y2: y, class: "cw-rule" }));
      if (room - y < 16) return;
      room = y;
      parts.push(text(frame.left - 6, y + 4, tick, { "text-anchor": "end" }));
    });
    const cost = COSTS[setting.by][0];
    const middle = (frame.top + frame.bottom) / 2;
    parts.push(
      text((frame.left + frame.right) / 2, height - 8, isTimeline ? "year" : cost, { "text-anchor": "middle" }),
      text(12, middle, isTimeline ? cost : "% right", {
        "text-anchor": "middle", transform: `rotate(-90 12 ${middle})`,
      }));
    if (found.front.length > 1) {
      const points = found.front.map((name) => balls.find((ball) => ball.name === name));
      parts.push(svg("polyline", { class: "cw-front", points: points.map((b) => `${b.px},${b.py}`).join(" ") }));
    }
    [...balls].sort((a, b) => b.pr - a.pr).forEach((ball) => {
      const kind = `cw-ball ${familyClass(byName[ball.name].family)}${ball.name === chosen ? " cw-chosen" : ""}`;
      parts.push(svg("circle", { cx: ball.px, cy: ball.py, r: ball.pr, class: kind }));
    });
    const taken = balls.map((b) => ({ left: b.px - 4, right: b.px + 4, top: b.py - 4, bottom: b.py + 4 }));
    const isFirst = (ball) => 2 * (ball.name === chosen) + found.front.includes(ball.name);
    [...balls].sort((a, b) => isFirst(b) - isFirst(a)).forEach((ball) => {
      if (width < 420 && !isFirst(ball)) return;
      const box = findRoom(ball, taken, { left: frame.left, right: width, top: 0, bottom: frame.bottom });
      if (!box) return;
      taken.push(box);
      parts.push(text((box.left + box.right) / 2, box.bottom - 4, ball.name, {
        "text-anchor": "middle", class: ball.name === chosen ? "cw-name cw-chosen" : "cw-name",
      }));
    });
    chart.setAttribute("width", width);
    chart.setAttribute("height", height);
    chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
    chart.replaceChildren(...parts);
  }

  function tell() {
    const isThere = found.balls.some((ball) => ball.name === chosen);
    told.textContent = isThere ? describe(byName[chosen], setting.weights)
      : "Torchvision has no weights for this family, so there is no accuracy to draw. The timeline shows it.";
    judged.textContent = isThere && setting.view === "balls" ? verdict(found.balls, chosen) : "";
    const order = along("x");
    const at = order.findIndex((ball) => ball.name === chosen);
    previous.setAttribute("aria-disabled", at <= 0);
    next.setAttribute("aria-disabled", at < 0 || at === order.length - 1);
  }

  const along = (axis) => {
    const other = axis === "x" ? "y" : "x";
    return [...found.balls].sort((a, b) => a[axis] - b[axis] || a[other] - b[other]);
  };

  function walk(axis, by) {
    const order = along(axis);
    const at = order.findIndex((ball) => ball.name === chosen);
    go(order[Math.min(order.length - 1, Math.max(0, at + by))]);
  }

  function go(ball) {
    if (!ball || ball.name === chosen) return;
    choose(ball.name);
    paint();
    tell();
    spoken.textContent = `${told.textContent} ${judged.textContent}`;
  }

  function choose(name) {
    chosen = name;
    saving = true;
    model.set("chosen", name);
    model.save_changes();
    saving = false;
  }

  function onKey(event) {
    const move = {
      ArrowLeft: ["x", -1], ArrowRight: ["x", 1], ArrowDown: ["y", -1], ArrowUp: ["y", 1],
      Home: ["x", -Infinity], End: ["x", Infinity],
    }[event.key];
    if (!move || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    walk(...move);
  }

  /** Take the ball under the pointer, or the nearest one; hovering takes only what is `within` reach. */
  function onPointer(event, within = Infinity) {
    const box = chart.getBoundingClientRect();
    const far = (b) => Math.hypot(b.px - (event.clientX - box.left), b.py - (event.clientY - box.top));
    const near = found.painted.filter((ball) => far(ball) <= ball.pr + within);
    const inside = near.filter((ball) => far(ball) <= ball.pr).sort((a, b) => a.pr - b.pr);
    const [nearest] = inside.length ? inside : near.sort((a, b) => far(a) - a.pr - far(b) + b.pr);
    go(nearest);
  }

  /** Python has chosen another network. */
  function onChange() {
    if (saving || model.get("chosen") === chosen || !byName[model.get("chosen")]) return;
    chosen = model.get("chosen");
    draw();
  }

  const head = ["Network", "Year", "Layers", "Parameters", "MACs", "Right, V1", "Right, best"];
  const percent = (value) => (value === null ? "" : `${value.toFixed(1)}%`);
  const table = h("table", { class: "cw-layers" },
    h("thead", {}, h("tr", {}, ...head.map((word) => h("th", { scope: "col" }, word)))),
    h("tbody", {}, ...networks.map((n) => h("tr", {}, h("th", { scope: "row" }, n.name),
      ...[n.year, n.depth, amount(n.parameters), amount(n.macs), percent(n.V1), percent(n.best)]
        .map((cell) => h("td", {}, cell))))));

  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card", "aria-label": "Network chart lab", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Network chart lab"),
  fields.node, shown, legend, view,
  h("div", { class: "cw-walk" }, previous, next), told, judged,
  h("details", {}, h("summary", {}, "All numbers as a table"), h("div", { class: "cw-scroll" }, table)),
  h("p", { class: "cw-note" }, "Area of a ball: parameters. Counts: course_lib, without auxiliary heads. "
    + "Accuracy: torchvision, 50,000 test images of ImageNet."),
  spoken));
  const stop = fields.start();
  const watch = new ResizeObserver(() => { if (setting) paint(); });
  watch.observe(view);
  model.on("change:chosen", onChange);
  return () => { stop(); watch.disconnect(); model.off("change:chosen", onChange); };
}

export default { render, makeAxis, layout, describe, verdict };

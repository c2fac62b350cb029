// The threshold clinic: move a threshold over scores, and see what each choice does.
// Arithmetic and words are those of course_lib/widgets/threshold_scores.py.

import { choice, controls, h, slider, stepper } from "./shared.js";

const FINE = 10000; // scores are whole ten-thousandths
const STOPS = [ // how many of 1,000 are ill
  1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 150, 200, 250, 300, 372, 450, 500, 600, 700, 800, 900,
];
const BINS = 20;

// Arithmetic -----------------------------------------------------------------------------------------

/** Called ill at each threshold: nobody, then from the highest score down. */
function pointsOf({ ill, well }) {
  const thresholds = [...new Set([...ill, ...well])].sort((a, b) => b - a);
  let [tp, fp] = [0, 0];
  return [{ threshold: FINE, tp, fp }, ...thresholds.map((threshold) => {
    while (ill[tp] >= threshold) tp += 1; // the highest come first
    while (well[fp] >= threshold) fp += 1;
    return { threshold, tp, fp };
  })];
}

/** What a threshold gives; ppv is null where nobody is called ill, npv where everybody is. */
function outcome(sample, threshold, ill, costFn, costFp) {
  const atLeast = (scores) => scores.filter((score) => score >= threshold).length;
  return ratesOf(sample, { tp: atLeast(sample.ill), fp: atLeast(sample.well) }, ill, costFn, costFp);
}

function ratesOf(sample, { tp, fp }, ill, costFn, costFp) {
  const [m, n] = [sample.ill.length, sample.well.length];
  const [sensitivity, specificity] = [tp / m, (n - fp) / n];
  const p = ill / 1000;
  const [hits, alarms] = [p * sensitivity, (1 - p) * (fp / n)];
  const [misses, passed] = [p * ((m - tp) / m), (1 - p) * specificity];
  return {
    tp, fn: m - tp, fp, tn: n - fp, sensitivity, specificity,
    ppv: tp + fp ? hits / (hits + alarms) : null,
    npv: tp + fp < m + n ? passed / (passed + misses) : null,
    cost: 1000 * (costFn * misses + costFp * alarms),
  };
}

/** The threshold with the smallest cost, the highest of equally good ones. */
function cheapest(sample, ill, costFn, costFp) {
  const points = pointsOf(sample);
  const costs = points.map((point) => ratesOf(sample, point, ill, costFn, costFp).cost);
  const limit = Math.min(...costs) * (1 + 1e-12); // a tie is one in spite of rounding
  return points[costs.findIndex((cost) => cost <= limit)].threshold;
}

/** The mean precision at the scores of the ill, at a prevalence. */
function averagePrecision(sample, ill) {
  let sum = 0;
  let before = 0;
  pointsOf(sample).forEach((point) => {
    if (point.tp > before) sum += (point.tp - before) * ratesOf(sample, point, ill, 0, 0).ppv;
    before = point.tp;
  });
  return sum / sample.ill.length;
}

/** The band of precision at each recall of the grid: [recall, low, high], from that of the FPR. */
function precisionBand({ band }, ill) {
  const p = ill / 1000;
  const [, , low, high] = band;
  const precision = (recall, fpr) => (p * recall) / (p * recall + (1 - p) * (fpr / FINE));
  return low.map((_, k) => k / (low.length - 1)).slice(1)
    .map((recall, k) => [recall, precision(recall, high[k + 1]), precision(recall, low[k + 1])]);
}

// Words ----------------------------------------------------------------------------------------------

const tenthsText = (tenths) => `${Math.floor(tenths / 10)}.${tenths % 10}`;
const thresholdText = (threshold) => (threshold / FINE).toFixed(threshold % 100 === 0 ? 2 : 4);

/** A share: whole percent, or tenths where it is near 0 or 100. */
function percent(share) {
  if (share === null) return "–";
  if (share === 0 || share === 1) return `${100 * share}%`;
  const tenths = Math.floor(1000 * share + 0.5);
  if (tenths === 0) return "<0.1%";
  if (tenths === 1000) return ">99.9%";
  if (tenths >= 100 && tenths <= 900) return `${Math.floor(100 * share + 0.5)}%`;
  return `${tenthsText(tenths)}%`;
}

/** People in two parts that add up; tenths where one part is small. */
function split(of, share) {
  const part = of * share;
  if (Math.min(part, of - part) >= 10) {
    const whole = Math.floor(part + 0.5);
    return [String(whole), String(of - whole)];
  }
  const tenths = Math.floor(10 * part + 0.5);
  const rest = 10 * of - tenths;
  return tenths === 0 || rest === 0 ? [String(tenths / 10), String(rest / 10)]
    : [tenthsText(tenths), tenthsText(rest)];
}

const money = (cost) => (cost >= 10 || cost === 0 ? Math.floor(cost + 0.5).toLocaleString("en-US")
  : tenthsText(Math.floor(10 * cost + 0.5)));

/** What a threshold does to 1,000 people, in one sentence. */
function describe(sample, threshold, ill, costFn, costFp) {
  const found = outcome(sample, threshold, ill, costFn, costFp);
  const best = cheapest(sample, ill, costFn, costFp);
  const least = outcome(sample, best, ill, costFn, costFp).cost;
  const [hits, misses] = split(ill, found.sensitivity);
  const [alarms] = split(1000 - ill, found.fp / (found.fp + found.tn));
  const right = found.ppv === null ? "nobody is called ill"
    : `a call of ill is right in ${percent(found.ppv)}`;
  const compared = found.cost <= least * (1 + 1e-12) ? "the least possible"
    : `the least is ${money(least)}, at ${thresholdText(best)}`;
  return `At the threshold ${thresholdText(threshold)}, of 1,000 people with ${ill} ill, ${hits} are `
    + `found, ${misses} are missed and ${alarms} well people are alarmed; ${right}; the errors `
    + `cost ${money(found.cost)}, ${compared}.`;
}

// Pictures -------------------------------------------------------------------------------------------

const svg = (tag, attributes = {}, ...children) => {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  Object.entries(attributes).forEach(([name, value]) => node.setAttribute(name, value));
  node.append(...children);
  return node;
};
const text = (x, y, words, attributes = {}) => svg("text", { x, y, ...attributes }, words);
const line = (x1, y1, x2, y2, kind) => svg("line", { x1, y1, x2, y2, class: kind });
const path = (points) => points.map(([x, y], n) => `${n ? "L" : "M"}${x.toFixed(1)} ${y.toFixed(1)}`).join("");
const diamond = (x, y, r) => svg("path", {
  d: `M${x} ${y - r}L${x + r} ${y}L${x} ${y + r}L${x - r} ${y}Z`, class: "cw-best",
});

function resize(chart, width, height, parts) {
  chart.setAttribute("width", width);
  chart.setAttribute("height", height);
  chart.setAttribute("viewBox", `0 0 ${width} ${height}`);
  chart.replaceChildren(...parts);
}

const EDGE = 14; // half of the slider's handle, so that it stands under the line

/** Both histograms: the ill upward, the well downward, each as shares of its own. */
function paintScores(chart, width, sample, threshold, best, found) {
  const [top, half, gap] = [22, width < 500 ? 72 : 92, 3];
  const axis = top + half + gap;
  const bottom = axis + gap + half;
  const height = bottom + 42;
  const px = (score) => EDGE + (score / FINE) * (width - 2 * EDGE);
  const cut = px(threshold);
  const parts = [];
  const kinds = [[sample.ill, "cw-ill", -1], [sample.well, "cw-well", 1]].map(([scores, kind, down]) => {
    const bins = Array(BINS).fill(0);
    scores.forEach((score) => { bins[Math.floor((score * BINS) / FINE)] += 1 / scores.length; });
    return { bins, kind, down };
  });
  const most = Math.max(...kinds.flatMap(({ bins }) => bins));
  kinds.forEach(({ bins, kind, down }) => bins.forEach((share, n) => {
    const size = (half * share) / most;
    const y = down > 0 ? axis + gap : axis - gap - size;
    const [from, to] = [px((n * FINE) / BINS) + 0.5, px(((n + 1) * FINE) / BINS) - 0.5];
    const bar = (x, right, called) => {
      if (size && right > x) parts.push(svg("rect", { x, y, width: right - x, height: size, class: `${kind} ${called}` }));
    };
    bar(from, Math.min(to, cut), "cw-not-called");
    bar(Math.max(from, cut), to, "cw-called");
  }));
  const well = percent(found.fp / (found.fp + found.tn));
  const missed = percent(found.fn / (found.tp + found.fn));
  parts.push(
    line(EDGE, axis, width - EDGE, axis, "cw-axis"),
    text(EDGE, 14, `ill: ${missed} missed`),
    text(width - EDGE, 14, `${percent(found.sensitivity)} found`, { "text-anchor": "end" }),
    text(EDGE, bottom + 16, `well: ${percent(found.specificity)} left alone`),
    text(width - EDGE, bottom + 16, `${well} alarmed`, { "text-anchor": "end" }));
  [0, 0.25, 0.5, 0.75, 1].forEach((tick) => parts.push(
    text(px(tick * FINE), bottom + 36, tick, { "text-anchor": tick === 0 ? "start" : tick === 1 ? "end" : "middle" })));
  parts.push(
    line(px(best), top, px(best), bottom, "cw-best-line"), diamond(px(best), axis, 7),
    line(cut, top - 4, cut, bottom + 4, "cw-cut"),
    svg("circle", { cx: cut, cy: axis, r: 9, class: "cw-grip" }));
  resize(chart, width, height, parts);
}

/** A unit square with a band, a curve, chance, the chosen point and the cheapest one. */
function paintCurve(chart, width, names, { band, curve, chance, here, best }) {
  const side = Math.min(width - 54, 360);
  const [left, top] = [44, 10];
  const px = (x) => left + x * side;
  const py = (y) => top + (1 - y) * side;
  const at = (points) => points.map(([x, y]) => [px(x), py(y)]);
  const parts = [];
  [0, 0.5, 1].forEach((tick) => parts.push(
    line(px(tick), py(0), px(tick), py(1), "cw-rule"), line(px(0), py(tick), px(1), py(tick), "cw-rule"),
    text(px(tick), py(0) + 16, tick, { "text-anchor": "middle" }),
    text(left - 6, py(tick) + 4, tick, { "text-anchor": "end" })));
  const around = [...band.map(([x, low]) => [x, low]), ...band.map(([x, , high]) => [x, high]).reverse()];
  parts.push(
    svg("path", { d: `${path(at(around))}Z`, class: "cw-band" }),
    svg("path", { d: path(at(chance)), class: "cw-chance" }),
    svg("path", { d: path(at(curve)), class: "cw-curve" }),
    text(px(0.5), py(0) + 34, names[0], { "text-anchor": "middle" }),
    text(13, py(0.5), names[1], { "text-anchor": "middle", transform: `rotate(-90 13 ${py(0.5)})` }));
  if (best) parts.push(diamond(px(best[0]), py(best[1]), 8));
  if (here) parts.push(svg("circle", { cx: px(here[0]), cy: py(here[1]), r: 6.5, class: "cw-here-point" }));
  resize(chart, left + side + 10, side + 52, parts);
}

/** The line of precision over recall: at each recall, the first threshold that reaches it. */
function precisionLine(sample, points, ill) {
  const found = [];
  let before = 0;
  points.filter(({ tp }) => tp).forEach((point) => {
    const precision = ratesOf(sample, point, ill, 0, 0).ppv;
    const recall = point.tp / sample.ill.length;
    found.push([before, precision], [recall, precision]);
    before = recall;
  });
  return found;
}

// The widget -----------------------------------------------------------------------------------------

const nearestStop = (ill) => {
  const far = STOPS.map((stop) => Math.abs(Math.log(stop / ill)));
  return far.indexOf(Math.min(...far));
};

function render({ model, el }) {
  const samples = model.get("samples");
  const points = Object.fromEntries(samples.map((sample) => [sample.name, pointsOf(sample)]));
  let setting = null;
  let moving = false; // between the first and the last place of a drag, nothing is read out
  let dragged = null; // the pointer that drags the line: its id, and where a finger came down

  const move = (isMoving) => {
    moving = isMoving;
    if (!moving) speak();
  };
  let threshold;
  let prevalence;
  const keep = (field, then) => (onChange) => { const made = field(onChange); then(made); return made; };

  const fields = controls({
    model,
    fields: [
      choice("sample", "Scores", samples.map(({ name, title }) => [name, title])),
      stepper("cost_fn", "Cost of a miss", "", 0, 999),
      stepper("cost_fp", "Cost of a false alarm", "", 0, 999),
      keep(slider("threshold", "Threshold:", { min: 0, max: 100, step: 1 }, {
        place: (value) => Math.round(100 * value),
        value: (place) => place / 100,
        words: (value) => thresholdText(Math.round(value * FINE)),
      }, move), (field) => { threshold = field; }),
      keep(slider("ill", "Prevalence:", { min: 0, max: STOPS.length - 1, step: 1 }, {
        place: nearestStop,
        value: (place) => STOPS[place],
        words: (value) => `${value} of 1,000 ill, ${percent(value / 1000)}`,
      }, move), (field) => { prevalence = field; }),
    ],
    explain: () => null,
    draw: (wanted) => {
      const isFirst = setting === null;
      setting = wanted;
      draw();
      if (!moving && !isFirst) speak();
    },
  });

  const scores = svg("svg", { "aria-hidden": "true", class: "cw-chart" });
  const view = h("div", {
    class: "cw-scores-view", role: "img",
    onpointerdown: onDown, onpointermove: onMove, onpointerup: onUp,
    onpointercancel: () => { if (dragged) { dragged = null; move(false); } },
  }, scores);
  const charts = [["ROC curve", ["false positive rate", "true positive rate"]],
    ["Precision and recall", ["recall", "precision"]]].map(([title, names]) => {
    const chart = svg("svg", { "aria-hidden": "true", class: "cw-chart" });
    const box = h("div", { role: "img" }, chart);
    const figure = h("figure", {}, h("figcaption", {}, title), box);
    return { chart, box, figure, names };
  });
  const told = h("p", { class: "cw-told" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const about = h("span", {});
  const go = h("button", {
    type: "button", onclick: () => threshold.set(bestThreshold() / FINE),
  }, "To the cheapest");
  const half = h("button", { type: "button", onclick: () => threshold.set(0.5) }, "To 0.50");

  const cell = () => h("td", {});
  const cells = Array.from({ length: 9 }, cell);
  const head = (word) => h("th", { scope: "col" }, word);
  const row = (word, from) => h("tr", {}, h("th", { scope: "row" }, word), ...cells.slice(from, from + 3));
  const table = h("table", { class: "cw-layers cw-people" },
    h("caption", {}, "Of 1,000 people"),
    h("thead", {}, h("tr", {}, h("td", {}), head("Called ill"), head("Called well"), head("All"))),
    h("tbody", {}, row("Ill", 0), row("Well", 3), row("All", 6)));
  const bars = ["Called ill", "Called well"].map((word, n) => {
    const parts = [h("span", { class: n ? "cw-well" : "cw-ill" }), h("span", { class: n ? "cw-ill" : "cw-well" })];
    const said = h("span", {});
    const bar = h("div", { class: "cw-parts", "aria-hidden": "true" }, ...parts);
    return { parts, said, bar, node: h("div", {}, h("p", {}, h("b", {}, `${word}: `), said), bar) };
  });
  const measures = [
    ["Sensitivity", "of the ill are found"], ["Specificity", "of the well are left alone"],
    ["PPV", "of those called ill are ill"], ["NPV", "of those called well are well"],
    ["AUC", ""], ["Average precision", "moves with the prevalence"], ["Cost", ""],
  ].map(([name, words]) => {
    const [value, said] = [h("b", {}), h("span", {}, words)];
    return { value, said, node: h("div", {}, h("dt", {}, name), h("dd", {}, value, " ", said)) };
  });

  const current = () => samples.find(({ name }) => name === setting.sample);
  const costs = () => [setting.ill, setting.cost_fn, setting.cost_fp];
  const fine = () => Math.round(setting.threshold * FINE);
  const bestThreshold = () => cheapest(current(), ...costs());

  function draw() {
    const sample = current();
    const found = outcome(sample, fine(), ...costs());
    const best = bestThreshold();
    const least = outcome(sample, best, ...costs()).cost;
    const { ill } = setting;
    told.textContent = describe(sample, fine(), ...costs());
    const ofIll = split(ill, found.sensitivity);
    const ofWell = split(1000 - ill, found.fp / (found.fp + found.tn));
    const called = ill * found.sensitivity + (1000 - ill) * (found.fp / (found.fp + found.tn));
    const all = split(1000, called / 1000);
    [...ofIll, ill, ...ofWell, 1000 - ill, ...all, "1,000"].forEach((value, n) => { cells[n].textContent = value; });
    [[found.ppv, "ill", "well"], [found.npv, "well", "ill"]].forEach(([share, right, wrong], n) => {
      const { parts, said, bar } = bars[n];
      said.textContent = share === null ? "nobody."
        : `${all[n]}; ${percent(share)} of them are ${right}, ${percent(1 - share)} are ${wrong}.`;
      bar.hidden = share === null;
      parts.forEach((part, k) => { part.style.flexGrow = k ? 1 - share : share; });
    });
    const [auc, low, high] = sample.auc.map((value) => value.toFixed(3));
    const shown = [found.sensitivity, found.specificity, found.ppv, found.npv].map(percent);
    shown.push(auc, averagePrecision(sample, ill).toFixed(3), money(found.cost));
    shown.forEach((value, n) => { measures[n].value.textContent = value; });
    measures[4].said.textContent = `(95%: ${low} to ${high}), whatever you move`;
    const part = (people) => tenthsText(Math.floor(10 * people + 0.5));
    const misses = part(ill * (found.fn / (found.tp + found.fn)));
    const alarms = part((1000 - ill) * (found.fp / (found.fp + found.tn)));
    measures[6].said.textContent = `per 1,000: ${misses} misses at ${setting.cost_fn}, ${alarms} false alarms `
      + `at ${setting.cost_fp}. The least: ${money(least)}, at ${thresholdText(best)}`;
    about.textContent = sample.about;
    go.setAttribute("aria-disabled", fine() === best);
    half.setAttribute("aria-disabled", fine() === FINE / 2);
    paint();
  }

  function paint() {
    const sample = current();
    const { ill } = setting;
    const [m, n] = [sample.ill.length, sample.well.length];
    const found = outcome(sample, fine(), ...costs());
    const bestAt = bestThreshold();
    const best = outcome(sample, bestAt, ...costs());
    paintScores(scores, Math.max(220, view.clientWidth || 640), sample, fine(), bestAt, found);
    view.setAttribute("aria-label", `Histograms of the scores: of ${m} ill people upward, of ${n} well ones `
      + `downward. The threshold stands at ${thresholdText(fine())}, the cheapest one at ${thresholdText(bestAt)}.`);
    const [roc, pr] = charts;
    const size = (box) => Math.max(180, box.clientWidth || 300);
    const onRoc = ({ fp, tp }) => [fp / n, tp / m];
    const onPr = ({ ppv, sensitivity }) => (ppv === null ? null : [sensitivity, ppv]);
    const [tprLow, tprHigh] = sample.band;
    paintCurve(roc.chart, size(roc.box), roc.names, {
      band: tprLow.map((low, k) => [k / (tprLow.length - 1), low / FINE, tprHigh[k] / FINE]),
      curve: points[sample.name].map(onRoc), chance: [[0, 0], [1, 1]], here: onRoc(found), best: onRoc(best),
    });
    paintCurve(pr.chart, size(pr.box), pr.names, {
      band: precisionBand(sample, ill), curve: precisionLine(sample, points[sample.name], ill),
      chance: [[0, ill / 1000], [1, ill / 1000]], here: onPr(found), best: onPr(best),
    });
    roc.box.setAttribute("aria-label", "ROC curve with its 95% band. Your point: false positive rate "
      + `${percent(found.fp / n)}, true positive rate ${percent(found.sensitivity)}.`);
    pr.box.setAttribute("aria-label", "Precision over recall with its 95% band, at a prevalence of "
      + `${percent(ill / 1000)}. Your point: recall ${percent(found.sensitivity)}, precision ${percent(found.ppv)}.`);
  }

  const speak = () => { spoken.textContent = told.textContent; };

  function drag(event) {
    const box = view.getBoundingClientRect();
    const place = (event.clientX - box.left - EDGE) / (box.width - 2 * EDGE);
    threshold.set(Math.round(100 * Math.min(1, Math.max(0, place))) / 100);
  }

  function onDown(event) {
    if (event.button !== 0 || dragged) return;
    const isFinger = event.pointerType === "touch"; // it may be about to scroll
    dragged = { id: event.pointerId, from: isFinger ? [event.clientX, event.clientY] : null };
    view.setPointerCapture?.(event.pointerId);
    if (isFinger) return;
    event.preventDefault();
    threshold.input.focus({ preventScroll: true }); // the arrow keys go on from here
    moving = true;
    drag(event);
  }

  function onMove(event) {
    if (dragged?.id !== event.pointerId) return;
    if (dragged.from) {
      const [across, down] = [event.clientX - dragged.from[0], event.clientY - dragged.from[1]].map(Math.abs);
      if (across < 8 || down > across) return;
      dragged.from = null;
    }
    moving = true;
    drag(event);
  }

  function onUp(event) {
    if (dragged?.id !== event.pointerId) return;
    const from = dragged.from ?? [event.clientX, event.clientY];
    dragged = null;
    if (Math.hypot(event.clientX - from[0], event.clientY - from[1]) < 16) drag(event);
    move(false);
  }

  const key = (kind, words) => h("span", { class: `cw-sign ${kind}` }, words);

  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card cw-clinic", "aria-label": "Threshold clinic", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Threshold clinic"),
  fields.node,
  view, threshold.node, prevalence.node, told,
  h("div", { class: "cw-walk" }, go, half),
  h("div", { class: "cw-counted" },
    h("div", {}, h("div", { class: "cw-scroll" }, table), ...bars.map((bar) => bar.node)),
    h("dl", {}, ...measures.map((measure) => measure.node))),
  h("p", { class: "cw-signs" }, key("cw-sign-ill", "ill"), key("cw-sign-well", "well"),
    key("cw-sign-here", "your threshold"), key("cw-sign-best", "the cheapest"),
    key("cw-sign-band", "95% of 2,000 bootstrap samples"), key("cw-sign-chance", "chance")),
  h("div", { class: "cw-curves" }, ...charts.map((chart) => chart.figure)),
  h("p", { class: "cw-note" }, about, " Solid bars: called ill. The cheapest threshold is chosen on these "
    + "people themselves; on others it will cost more than it looks."),
  spoken));
  const stop = fields.start();
  const watch = new ResizeObserver(() => { if (setting) paint(); });
  watch.observe(view);
  return () => { stop(); watch.disconnect(); };
}

export default {
  render, pointsOf, outcome, cheapest, averagePrecision, precisionBand, describe, percent, split, money,
};

// The lab of chest films: a network's fourteen probabilities, its maps, and its errors.
// Arithmetic and words are those of course_lib/widgets/chest_film_scores.py.

import { choice, controls, h, slider, toggle } from "./shared.js";

const SIZE = 64; // pixels of a film
const FOR = [230, 159, 0]; // colors of the map: speaks for the finding, or against it
const AGAINST = [86, 180, 233];

// Arithmetic -----------------------------------------------------------------------------------------

const bytes = (text) => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** The data with their bytes decoded, once. */
function readData(data) {
  const films = data.films.map((film) => ({ ...film, maps: bytes(film.maps) }));
  return { ...data, films, scores: bytes(data.scores), truth: bytes(data.truth) };
}

const scoreOf = (data, row, k) => data.scores[row * data.findings.length + k];

function isThere(data, row, k) {
  const line = Math.ceil(data.findings.length / 8);
  return ((data.truth[row * line + (k >> 3)] >> (7 - (k & 7))) & 1) === 1;
}

function outcome(data, row, k, threshold) {
  const isCalled = scoreOf(data, row, k) >= threshold;
  if (isThere(data, row, k)) return isCalled ? "hit" : "miss";
  return isCalled ? "false alarm" : "rightly not called";
}

/** The four cells of a finding over all test films. */
function counts(data, k, threshold) {
  const found = { hit: 0, miss: 0, "false alarm": 0, "rightly not called": 0 };
  for (let row = 0; row < data.test_films; row += 1) found[outcome(data, row, k, threshold)] += 1;
  const [tp, fn, fp, tn] = Object.values(found);
  return { tp, fn, fp, tn };
}

/** Sensitivity, specificity, PPV and NPV, each as part and whole. */
const ratesOf = ({ tp, fn, fp, tn }) => [[tp, tp + fn], [tn, fp + tn], [tp, tp + fp], [tn, fn + tn]];

/** The bytes of a map: `steps` is 0, and one more or less is a unit of the logit. */
function mapOf(data, film, k) {
  const places = data.side * data.side;
  return data.films[film].maps.subarray(k * places, (k + 1) * places);
}

/** Row and column of the map's highest place, the first of several. */
function peak(data, film, k) {
  const map = mapOf(data, film, k);
  const at = map.indexOf(Math.max(...map));
  return [Math.floor(at / data.side), at % data.side];
}

/** Whether the map's highest place, a square of some pixels, has one in the box of the finding. */
function peakTouches(data, film, k) {
  const [x0, y0, x1, y1] = data.films[film].boxes[k];
  const step = SIZE / data.side;
  const [top, left] = peak(data, film, k).map((place) => place * step);
  return left < x1 && x0 < left + step && top < y1 && y0 < top + step;
}

/** A square map enlarged, bilinear, pixels being squares, as torch's interpolate does it. */
function enlarge(map, side, size) {
  const places = Array.from({ length: size }, (_, n) => {
    const at = Math.max(0, ((n + 0.5) * side) / size - 0.5);
    const low = Math.floor(at);
    return [low, Math.min(side - 1, low + 1), at - low];
  });
  const large = new Float64Array(size * size);
  places.forEach(([top, bottom, down], r) => places.forEach(([left, right, across], c) => {
    const upper = map[top * side + left] * (1 - across) + map[top * side + right] * across;
    const lower = map[bottom * side + left] * (1 - across) + map[bottom * side + right] * across;
    large[r * size + c] = upper * (1 - down) + lower * down;
  }));
  return large;
}

// Words ----------------------------------------------------------------------------------------------

const hundredths = (value) => (value / 100).toFixed(2);

/** A share with a tenth of a percent. */
function share(part, whole) {
  if (whole === 0) return "–";
  const tenths = Math.floor((1000 * part) / whole + 0.5);
  return `${Math.floor(tenths / 10)}.${tenths % 10}%`;
}

const IN_WORDS = {
  hit: "It is there: a hit.",
  miss: "It is there: a miss.",
  "false alarm": "It is not there: a false alarm.",
  "rightly not called": "It is not there: rightly so.",
};

/** What the model says of a film; with `truth` what is there, and with `box` whether the map touches it. */
function describe(data, film, k, threshold, truth, box) {
  const { row } = data.films[film];
  const score = scoreOf(data, row, k);
  const [how, said] = score >= threshold ? ["at least", "and calls it"] : ["below", "and does not call it"];
  const text = `Film ${film + 1}: the model gives ${data.findings[k]} ${hundredths(score)}, ${how} the `
    + `threshold ${hundredths(threshold)}, ${said}.`;
  if (!truth) return `${text} Is it there?`;
  const told = `${text} ${IN_WORDS[outcome(data, row, k, threshold)]}`;
  if (!box || !isThere(data, row, k)) return told;
  return `${told} The strongest place of the map ${peakTouches(data, film, k) ? "touches" : "lies off"} its frame.`;
}

/** What the threshold does to all test films. */
function summary(data, k, threshold) {
  const { tp, fn, fp, tn } = counts(data, k, threshold);
  return `${tp + fn} of ${data.test_films} test films show ${data.findings[k]}. At ${hundredths(threshold)} the `
    + `model finds ${tp} of them and misses ${fn}; it raises a false alarm on ${fp} of the ${fp + tn} others.`;
}

const third = (place, side, words) => words[Math.min(2, Math.floor((3 * (place + 0.5)) / side))];

/** Where the map is strongest, for those who don't see it. */
function where(data, film, k) {
  const [r, c] = peak(data, film, k);
  return `${third(r, data.side, ["top", "middle", "bottom"])} ${third(c, data.side, ["left", "center", "right"])}`;
}

// The widget -----------------------------------------------------------------------------------------

const PERCENT = { min: 0, max: 100, step: 1 };
const WHICH = [["all", "all"], ["hit", "hits"], ["miss", "misses"], ["false alarm", "false alarms"]];

/** A field whose value buttons set, and nothing shows. */
function held(name) {
  return (onChange) => {
    let now = null;
    const write = (wanted) => { now = wanted; };
    const set = (wanted) => { write(wanted); onChange(true); };
    return { name, node: h("div", {}), input: h("input"), read: () => now, write, set };
  };
}

function render({ model, el }) {
  const data = readData(model.get("data"));
  const count = data.films.length;
  let setting = null;
  let moving = false; // between the first and the last place of a drag, nothing is read out
  const made = {};
  const keep = (field, before) => (onChange) => {
    const found = field((isFinal) => { before?.(); onChange(isFinal); });
    made[found.name] = found;
    return found;
  };
  const move = (isMoving) => {
    moving = isMoving;
    if (!moving) speak();
  };

  const numberOf = (finding) => data.findings.indexOf(finding);
  const cut = () => Math.round(100 * made.threshold.read());
  const fits = (film, kind) => kind === "all"
    || outcome(data, data.films[film - 1].row, numberOf(made.finding.read()), cut()) === kind;
  const all = Array.from({ length: count }, (_, n) => n + 1);
  const fitting = () => all.filter((film) => fits(film, made.which.read()));

  /** Where the film is none of those that are asked for, go to the first that is. */
  function findFilm() {
    const films = fitting();
    if (films.length && !films.includes(made.film.read())) made.film.write(films[0]);
  }

  /** To the next film of those that are asked for; after the last comes the first. */
  function turn(by) {
    const films = fitting();
    if (!films.length) return;
    const now = made.film.read();
    const next = by > 0 ? films.find((film) => film > now) ?? films[0]
      : films.findLast((film) => film < now) ?? films.at(-1);
    made.film.set(next);
    speak();
  }

  const fields = controls({
    model,
    fields: [
      keep(choice("which", "Films", WHICH), () => {
        if (made.which.read() !== "all") made.truth.write(true); // the list tells it
        findFilm();
      }),
      keep(held("film")),
      keep(choice("finding", "Finding", data.findings.map((name) => [name, name])), findFilm),
      keep(slider("threshold", "Threshold:", PERCENT, {
        place: (value) => Math.round(100 * value), value: (place) => place / 100, words: (value) => value.toFixed(2),
      }, move)),
      keep(slider("opacity", "Map:", PERCENT, {
        place: (value) => value, value: (place) => place, words: (value) => (value ? `${value}%` : "off"),
      }, () => {})),
      keep(toggle("truth", "Show what is there"), () => {
        if (!made.truth.read()) made.which.write("all");
      }),
      keep(toggle("box", "Frame its place")),
    ],
    explain: ({ film, finding }) => (all.includes(film) && numberOf(finding) >= 0 ? null
      : `There is no film ${film}, or no finding ${finding}.`),
    draw: (wanted) => {
      const before = setting;
      setting = wanted;
      draw();
      const isSaid = before && ["film", "finding", "threshold", "which", "truth"].some((name) => before[name] !== wanted[name]);
      if (isSaid && !moving) speak();
    },
  });

  const image = h("img", { class: "dark-light", alt: "", width: SIZE, height: SIZE, draggable: "false" });
  const canvas = h("canvas", { width: SIZE, height: SIZE });
  const frame = h("div", { class: "cw-box" });
  const view = h("div", { class: "cw-view cw-film", role: "img" }, image, canvas, frame);
  const caption = h("p", { class: "cw-where" });
  const back = h("button", { type: "button", onclick: () => turn(-1) }, "Previous");
  const next = h("button", { type: "button", onclick: () => turn(1) }, "Next");
  const legend = h("p", { class: "cw-where cw-colors" });
  const told = h("p", { class: "cw-told" });
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const best = h("button", {
    type: "button", onclick: () => { made.threshold.set(data.thresholds[numberOf(setting.finding)] / 100); },
  });
  const half = h("button", { type: "button", onclick: () => made.threshold.set(0.5) }, "Back to 0.50");

  const rows = data.findings.map((name) => {
    const [bar, value, truth] = [h("span", { class: "cw-bar" }), h("td", {}), h("td", {})];
    const button = h("button", {
      type: "button",
      onclick: () => {
        made.finding.write(name);
        made.finding.input.dispatchEvent(new Event("change"));
      },
    }, name);
    const node = h("tr", {}, h("th", { scope: "row" }, button),
      h("td", { class: "cw-chance", "aria-hidden": "true" }, bar), value, truth);
    return { node, button, bar, value, truth };
  });
  const list = h("table", { class: "cw-layers cw-findings" },
    h("caption", {}, "What the model says of this film"),
    h("colgroup", {}, ...["name", "bar", "value", "truth"].map((name) => h("col", { class: `cw-col-${name}` }))),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "Finding"),
      h("th", { scope: "col", colspan: 2 }, "Probability"),
      h("th", { scope: "col" }, "In truth"))),
    h("tbody", {}, ...rows.map((row) => row.node)));

  const cells = Array.from({ length: 4 }, () => h("td", {}));
  const head = (word, scope) => h("th", { scope }, word);
  const table = h("table", { class: "cw-layers cw-cells4" },
    h("caption", {}, `All ${data.test_films} test films`),
    h("thead", {}, h("tr", {}, h("td", {}), head("Called", "col"), head("Not called", "col"))),
    h("tbody", {},
      h("tr", {}, head("There", "row"), cells[0], cells[1]),
      h("tr", {}, head("Not there", "row"), cells[2], cells[3])));
  const measures = ["Sensitivity", "Specificity", "PPV", "NPV", "AUROC"].map((name) => {
    const [value, said] = [h("b", {}), h("span", {})];
    return { value, said, node: h("div", {}, h("dt", {}, name), h("dd", {}, value, " ", said)) };
  });
  const over = h("p", {});

  function paintMap(k) {
    const large = enlarge(mapOf(data, setting.film - 1, k), data.side, SIZE);
    const context = canvas.getContext("2d");
    const pixels = context.createImageData(SIZE, SIZE);
    large.forEach((code, n) => {
      const strength = code - data.steps;
      pixels.data.set([...(strength > 0 ? FOR : AGAINST), (255 * Math.abs(strength)) / data.steps], 4 * n);
    });
    context.putImageData(pixels, 0, 0);
    canvas.style.opacity = setting.opacity / 100;
  }

  function draw() {
    const { film, finding, truth } = setting;
    const k = numberOf(finding);
    const threshold = cut();
    const { row, picture, boxes } = data.films[film - 1];
    const films = fitting();
    const kind = WHICH.find(([name]) => name === setting.which)[1];
    const source = `data:image/webp;base64,${picture}`;
    if (image.getAttribute("src") !== source) image.src = source;
    paintMap(k);
    const place = truth ? boxes[k] : null;
    frame.hidden = !(setting.box && place);
    if (place) {
      const [x0, y0, x1, y1] = place.map((value) => (100 * value) / SIZE);
      Object.assign(frame.style, { left: `${x0}%`, top: `${y0}%`, width: `${x1 - x0}%`, height: `${y1 - y0}%` });
    }
    view.setAttribute("aria-label", `Film ${film}, a phantom. `
      + (setting.opacity ? `The map of ${finding} is strongest at the ${where(data, film - 1, k)} of the picture.` : "")
      + (frame.hidden ? "" : ` The frame is where ${finding} was drawn.`));
    const at = films.indexOf(film) + 1;
    const which = setting.which === "all" ? `Film ${film} of ${count}.`
      : !films.length ? `Of these ${count} films, none is a ${setting.which} for ${finding} at ${hundredths(threshold)}.`
        : at ? `Film ${film}: ${setting.which} ${at} of ${films.length} for ${finding}, among ${count} films.`
          : `Film ${film} is not among the ${kind} for ${finding} (${films.length} of ${count} films).`;
    const framed = !setting.box ? "" : !truth ? " The frame comes with the truth."
      : place ? ` Framed: ${finding}.` : ` Nothing to frame: no ${finding}.`;
    caption.textContent = which + framed;
    [back, next].forEach((button) => button.setAttribute("aria-disabled", films.length === 0 || (films.length === 1 && at === 1)));
    const most = data.units[k] * data.steps;
    legend.replaceChildren(h("span", { class: "cw-for" }, "for"), h("span", { class: "cw-against" }, "against"),
      `${finding}; full color: ${most.toFixed(1)} of the logit, on each film`);
    told.textContent = describe(data, film - 1, k, threshold, truth, setting.box);
    rows.forEach(({ button, bar, value, truth: cell, node }, n) => {
      const score = scoreOf(data, row, n);
      const isCalled = score >= threshold;
      button.setAttribute("aria-pressed", n === k);
      bar.style.setProperty("--part", score / 100);
      bar.style.setProperty("--cut", threshold / 100);
      node.classList.toggle("cw-shown", isCalled);
      value.replaceChildren(hundredths(score), ...(isCalled ? [h("span", { class: "cw-spoken" }, " called")] : []));
      const found = outcome(data, row, n, threshold);
      cell.textContent = !truth ? "?" : found === "rightly not called" ? "–" : found;
      cell.className = truth && (found === "miss" || found === "false alarm") ? "cw-off" : "";
    });
    const found = counts(data, k, threshold);
    [found.tp, found.fn, found.fp, found.tn].forEach((value, n) => { cells[n].textContent = value; });
    over.textContent = summary(data, k, threshold);
    ratesOf(found).forEach(([part, whole], n) => {
      measures[n].value.textContent = share(part, whole);
      measures[n].said.textContent = `${part} of ${whole}`;
    });
    const [auc, low, high] = data.auroc[k].map((value) => value.toFixed(3));
    measures[4].value.textContent = auc;
    measures[4].said.textContent = `95%: ${low} to ${high}`;
    best.textContent = `Best F1: ${hundredths(data.thresholds[k])}`;
    best.setAttribute("aria-disabled", threshold === data.thresholds[k]);
    half.setAttribute("aria-disabled", threshold === 50);
  }

  const speak = () => { spoken.textContent = told.textContent; };

  el.classList.add("cw");
  el.append(h("section", {
    class: "cw-card cw-films", "aria-label": "Chest films", "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, "Chest films"),
  h("p", {}, "Phantoms, drawn from formulas, that the network was not trained on. Choose a finding, look at "
    + "its map, say what you think, then show what is there."),
  fields.node,
  h("div", { class: "cw-fields" },
    h("div", { class: "cw-look" },
      h("div", { class: "cw-pick" }, made.finding.node, made.which.node),
      view, h("div", { class: "cw-walk" }, back, next), caption,
      made.opacity.node, legend, made.truth.node, made.box.node),
    h("div", { class: "cw-outputs" }, told, made.threshold.node, h("div", { class: "cw-walk" }, best, half),
      h("div", { class: "cw-scroll" }, list))),
  over,
  h("div", { class: "cw-counted" }, h("div", { class: "cw-scroll" }, table),
    h("dl", {}, ...measures.map((measure) => measure.node))),
  h("p", { class: "cw-note" }, "No patient is behind any film. The mean of a map plus a constant is "
    + "the logit. Best F1: on the validation films. The films shown are chosen by a rule so that each finding has hits, misses and false alarms, where "
    + "there are any: count errors on all test films, not on these."),
  spoken));
  const stop = fields.start();
  return stop;
}

export default {
  render, readData, counts, ratesOf, enlarge, mapOf, peak, describe, summary, share,
};

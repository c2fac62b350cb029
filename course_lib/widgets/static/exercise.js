// One exercise of any kind: shows the question, grades, gives the mistake's own hint.
// The rules and words of grading are those of course_lib/exercises; a test compares the two.

import { h, minus } from "./shared.js";

const TRY_AGAIN = "That is not it. Try once more, or look at the solution.";
let lastNode = 0;

// DOM --------------------------------------------------------------------------------------------

const newId = () => `cw-${(lastNode += 1)}`;
const unmarked = (text) => text.replace(/[`*]/g, "").trim();

/** `code`, **bold** and *emphasis* as nodes; all text ends up in text nodes. */
function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(/`([^`]+)`|\*\*([^*]+)\*\*|\*([^*\s](?:[^*]*[^*\s])?)\*/g)) {
    nodes.push(text.slice(end, match.index));
    const kind = match[1] ? "code" : match[2] ? "strong" : "em";
    nodes.push(h(kind, {}, match[1] ?? match[2] ?? match[3]));
    end = match.index + match[0].length;
  }
  return [...nodes, text.slice(end)];
}

/** Paragraphs and fenced blocks as nodes. */
function markup(text) {
  return text.split(/^```.*\n([\s\S]*?)\n```[ \t]*$/m).flatMap((part, i) => {
    if (i % 2) return [h("pre", { tabindex: 0 }, h("code", {}, part))];
    const paragraphs = part.split(/\n[ \t]*\n/).filter((paragraph) => paragraph.trim());
    return paragraphs.map((paragraph) => h("p", {}, ...inline(paragraph.trim())));
  });
}

function table(name, rows) {
  const cell = (value) => h("td", {}, minus(value));
  return h("table", { class: "cw-grid" }, h("caption", {}, name),
    h("tbody", {}, ...rows.map((row) => h("tr", {}, ...row.map(cell)))));
}

// Reading and grading ------------------------------------------------------------------------------

/** The reader's own text; without the signs that markup() would read. */
const quote = (text) => {
  const letters = [...text.replace(/[`*]/g, "")];
  return `“${letters.slice(0, 20).join("")}${letters.length > 20 ? "…" : ""}”`;
};

const trimmed = (text) => text.replace(/^[ \t\r\n\u00a0\u202f]+|[ \t\r\n\u00a0\u202f]+$/g, "");

/** A finite number, or a string that says what is wrong. */
function readNumber(value, unit = "", whole = false) {
  if (value == null) return "Type a number first.";
  if (typeof value !== "string" && typeof value !== "number") {
    const shown = Array.isArray(value) ? "a list" : typeof value === "object" ? "dict" : value;
    return `A number is asked for; ${shown} is not one.`;
  }
  let text = trimmed(String(value).replaceAll("−", "-"));
  if (unit && text.endsWith(unit)) text = trimmed(text.slice(0, -unit.length));
  if (!text) return "Type a number first.";
  if (whole && /^[+-]?[1-9][0-9]{0,2}(,[0-9]{3})+$/.test(text)) text = text.replaceAll(",", "");
  if (/^[+-]?[1-9][0-9]{0,2}([, '’_\u00a0\u202f][0-9]{3})+([.,][0-9]*)?$/.test(text)) {
    return `${quote(text)} can be read in two ways. `
      + "Write it without commas or spaces between the digits.";
  }
  if (!/^[+-]?([0-9]+([.,][0-9]*)?|[.,][0-9]+)([eE][+-]?[0-9]+)?$/.test(text)) {
    return `${quote(text)} is not a number. Write it in digits, like 3 or 2.5.`;
  }
  const number = Number(text.replace(",", "."));
  return Number.isFinite(number) ? number : `${quote(text)} is far too large.`;
}

function readIndices(value, count) {
  const isIndex = (item) => Number.isInteger(item) && item >= 0 && item < count;
  if (!Array.isArray(value) || !value.every(isIndex)) return null;
  return new Set(value).size === value.length ? value : null;
}

const right = (message = "") => ({ correct: true, message, counted: true });
const wrong = (message, more = {}) => ({ correct: false, message, counted: true, ...more });
const unclear = (message, more = {}) => ({ correct: false, message, counted: false, ...more });
const close = (a, b, tolerance) => Math.abs(a - b) <= tolerance + 1e-9 * Math.max(1, Math.abs(b));

function gradeNumber({ answer, tolerance, unit, whole, mistakes, hint }, given) {
  const value = readNumber(given, unit, whole);
  if (typeof value === "string") return unclear(value);
  if (close(value, answer, tolerance)) return right();
  const mistake = mistakes.find((known) => close(value, known.answer, tolerance));
  if (mistake) return wrong(mistake.hint);
  if (whole && !Number.isInteger(value)) {
    return unclear("The answer is a whole number; this is not.");
  }
  return wrong(hint || TRY_AGAIN);
}

function gradeOneChoice({ options, answer, hint }, given) {
  const picked = readIndices([given], options.length);
  if (!picked) return unclear("Choose one of the options first.");
  const { feedback } = options[picked[0]];
  return picked[0] === answer ? right(feedback) : wrong(feedback || hint || TRY_AGAIN);
}

function gradeSeveralChoices({ options, answers, hint }, given) {
  const ticked = readIndices(given, options.length);
  if (!ticked?.length) return unclear("Tick every option that holds first.");
  const missed = options.filter((_, i) => ticked.includes(i) !== answers.includes(i));
  if (!missed.length) return right();
  const said = missed.map((option) => option.feedback).filter(Boolean);
  return wrong(said.join("\n\n") || hint || TRY_AGAIN);
}

function gradeMatrix({ answer, tolerance, mistakes, hint }, given) {
  const [height, width] = [answer.length, answer[0].length];
  const isRow = (row) => Array.isArray(row) && row.length === width;
  if (!Array.isArray(given) || given.length !== height || !given.every(isRow)) {
    return unclear(`A matrix of ${height} rows and ${width} columns is asked for.`);
  }
  const rows = given.map((row) => row.map((cell) => readNumber(cell)));
  const cells = rows.flatMap((row, r) => row.map((_, c) => [r, c]));
  const name = ([r, c]) => `row ${r + 1}, column ${c + 1}`;
  const unread = cells.find(([r, c]) => typeof rows[r][c] === "string");
  if (unread) {
    const [r, c] = unread;
    return unclear(`R${name(unread).slice(1)}: ${rows[r][c]}`, { cells: [unread] });
  }
  const differing = (other) => cells.filter(([r, c]) => !close(rows[r][c], other[r][c], tolerance));
  const faults = differing(answer);
  if (!faults.length) return right();
  const mistake = mistakes.find((known) => !differing(known.answer).length);
  if (mistake) return wrong(mistake.hint);
  let where = `${faults.length} of the ${cells.length} cells are not right yet.`;
  if (faults.length === cells.length) where = "No cell is right yet.";
  else if (faults.length <= 3) where = `Look again at ${faults.map(name).join("; ")}.`;
  return wrong(`${where} ${hint}`.trim(), { cells: faults });
}

function gradeOrder({ items, order, precedences, hint }, given) {
  const list = readIndices(given, items.length);
  if (!items.length || list?.length !== items.length) {
    return unclear(`An answer lists the numbers 0 to ${items.length - 1}, each once.`);
  }
  if (precedences.length) {
    const broken = precedences.find((rule) => list.indexOf(rule.first) > list.indexOf(rule.then));
    if (!broken) return right();
    const [first, then] = [items[broken.first].trim(), items[broken.then].trim()];
    return wrong(broken.hint || `“${first}” must come before “${then}”.`);
  }
  const good = list.findIndex((item, i) => items[item] !== items[order[i]]);
  if (good < 0) return right();
  const start = ["Something else comes first.", "The first is in place; look at what follows."];
  const message = start[good] ?? `The first ${good} are in place; look at what follows.`;
  return wrong(`${message} ${hint}`.trim());
}

const GRADERS = {
  "number": gradeNumber,
  "one-choice": gradeOneChoice,
  "several-choices": gradeSeveralChoices,
  "matrix": gradeMatrix,
  "order": gradeOrder,
  "code": gradeOrder,
};

/** {correct, message, counted} for an exercise's spec and an answer. */
const grade = (exercise, answer) => GRADERS[exercise.kind](exercise, answer);

// Fields: each gives its nodes, and reads, writes and marks the reader's answer ---------------------

const typing = (mayBeNegative) => ({
  type: "text",
  inputmode: mayBeNegative ? "text" : "decimal", // a phone's decimal keyboard has no minus
  autocomplete: "off",
  autocapitalize: "off",
  spellcheck: "false",
});

function numberField({ answer, unit, mistakes }) {
  const [id, unitId] = [newId(), newId()];
  const mayBeNegative = [answer, ...mistakes.map((known) => known.answer)].some((n) => n < 0);
  const input = h("input", { id, ...typing(mayBeNegative), enterkeyhint: "done" });
  if (unit) input.setAttribute("aria-describedby", unitId);
  return {
    nodes: [h("div", { class: "cw-number" }, h("label", { for: id }, "Your answer"), input,
      unit ? h("span", { id: unitId }, unit) : null)],
    read: () => input.value,
    write: (given) => { input.value = ["string", "number"].includes(typeof given) ? given : ""; },
    mark: (feedback) => input.setAttribute("aria-invalid", Boolean(feedback && !feedback.correct)),
  };
}

function choiceField({ kind, options }) {
  const [name, type] = [newId(), kind === "one-choice" ? "radio" : "checkbox"];
  const inputs = options.map((_, i) => h("input", { type, name, value: i }));
  const chosen = () => inputs.flatMap((input, i) => (input.checked ? [i] : []));
  return {
    nodes: [h("div", { class: "cw-options" }, ...options.map((option, i) =>
      h("label", {}, inputs[i], h("span", {}, ...inline(option.text)))))],
    read: () => (type === "radio" ? chosen()[0] ?? null : chosen()),
    write: (given) => inputs.forEach((input, i) => { input.checked = [given].flat().includes(i); }),
    mark: () => {},
  };
}

function matrixField({ answer, mistakes }) {
  const mayBeNegative = [answer, ...mistakes.map((known) => known.answer)].flat(2).some((n) => n < 0);
  const inputs = answer.map((row, r) => row.map((_, c) =>
    h("input", { ...typing(mayBeNegative), "aria-label": `row ${r + 1}, column ${c + 1}` })));
  const move = (event) => {
    const r = inputs.findIndex((row) => row.includes(event.target));
    const c = inputs[r]?.indexOf(event.target);
    const { value, selectionStart, selectionEnd } = event.target;
    const [atStart, atEnd] = [selectionStart === 0, selectionEnd === value.length];
    const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (atStart) steps.ArrowLeft = [0, -1];
    if (atEnd) steps.ArrowRight = [0, 1];
    const [down, across] = steps[event.key] ?? [0, 0];
    const next = inputs[r + down]?.[c + across];
    if (!next || next === event.target) return;
    event.preventDefault();
    next.focus();
    next.select();
  };
  return {
    nodes: [h("div", { class: "cw-cells", style: `--n: ${answer[0].length}`, onkeydown: move },
      ...inputs.flat())],
    read: () => inputs.map((row) => row.map((input) => input.value)),
    write: (given) => inputs.forEach((row, r) => row.forEach((input, c) => {
      const value = given?.[r]?.[c];
      input.value = ["string", "number"].includes(typeof value) ? value : "";
    })),
    mark: (feedback) => inputs.forEach((row, r) => row.forEach((input, c) => {
      const fault = feedback?.cells?.some((cell) => cell[0] === r && cell[1] === c);
      input.setAttribute("aria-invalid", Boolean(fault));
    })),
  };
}

/** A line of code that keeps its indentation when it wraps. */
function codeLine(text) {
  const code = text.trimStart();
  return h("code", { style: `--indent: ${text.length - code.length}` }, code);
}

function orderField({ items, kind }) {
  const spoken = h("p", { class: "cw-spoken", role: "status" });
  const list = h("ol", { class: "cw-order" });
  let order = items.map((_, i) => i);
  const move = (item, step, button) => {
    const [from, to] = [order.indexOf(item), order.indexOf(item) + step];
    if (to < 0 || to >= order.length) return;
    [order[from], order[to]] = [order[to], order[from]];
    arrange();
    button.focus(); // moving a node loses its focus
    spoken.textContent = `${unmarked(items[item])}: now number ${to + 1} of ${order.length}`;
    list.dispatchEvent(new Event("input", { bubbles: true })); // as every other field does
  };
  const arrow = (item, step, word, sign) => h("button", {
    type: "button",
    "aria-label": `Move ${word}: ${unmarked(items[item])}`,
    onclick: (event) => move(item, step, event.currentTarget),
  }, sign);
  const rows = items.map((text, item) => h("li", {},
    h("span", { class: "cw-item" }, ...(kind === "code" ? [codeLine(text)] : inline(text))),
    arrow(item, -1, "up", "↑"), arrow(item, 1, "down", "↓")));
  const arrange = () => {
    list.replaceChildren(...order.map((item) => rows[item]));
    order.forEach((item, place) => {
      rows[item].children[1].setAttribute("aria-disabled", place === 0);
      rows[item].children[2].setAttribute("aria-disabled", place === order.length - 1);
    });
  };
  arrange();
  return {
    nodes: [list, spoken],
    read: () => [...order],
    write: (given) => {
      const known = readIndices(given, items.length);
      order = known?.length === items.length ? [...known] : items.map((_, i) => i);
      arrange();
    },
    mark: () => {},
  };
}

function codeField(exercise) {
  const call = `check("${exercise.id}", ${exercise.function})`;
  const lines = exercise.items.length ? orderField(exercise) : null;
  const here = lines ? " Here, put the lines of a solution in order." : "";
  return {
    read: () => null, write: () => {}, mark: () => {},
    ...lines,
    nodes: [h("pre", { tabindex: 0 }, h("code", {}, exercise.stub)),
      h("p", { class: "cw-note" }, "In the notebook, ", h("code", {}, call),
        ` runs the function that you wrote.${here}`),
      ...(lines?.nodes ?? [])],
  };
}

const FIELDS = {
  "number": numberField,
  "one-choice": choiceField,
  "several-choices": choiceField,
  "matrix": matrixField,
  "order": orderField,
  "code": codeField,
};

// The widget -----------------------------------------------------------------------------------------

function render({ model, el }) {
  const exercise = model.get("exercise");
  const field = FIELDS[exercise.kind](exercise);
  const gradable = exercise.kind !== "code" || exercise.items.length > 0;
  const solutionId = newId();

  const status = h("span", { class: "cw-status" });
  const tries = h("span", { class: "cw-tries" });
  const feedbackBox = h("div", { class: "cw-feedback", role: "status" });
  const solution = h("div", { class: "cw-solution", id: solutionId, hidden: true },
    h("p", { class: "cw-label" }, "Solution"), ...markup(exercise.solution));
  const toggle = h("button", {
    type: "button", "aria-expanded": "false", "aria-controls": solutionId,
    onclick: () => {
      solution.hidden = !solution.hidden;
      toggle.setAttribute("aria-expanded", String(!solution.hidden));
      toggle.textContent = solution.hidden ? "Show solution" : "Hide solution";
    },
  }, "Show solution");

  const tell = (feedback) => {
    field.mark(feedback);
    const count = model.get("tries") ?? 0;
    tries.textContent = count ? `${count} ${count === 1 ? "try" : "tries"}` : "";
    status.textContent = model.get("correct") ? "Solved" : "";
    feedbackBox.replaceChildren();
    if (!feedback) return;
    const verdict = feedback.correct ? "right" : feedback.counted ? "wrong" : "unclear";
    const word = { right: "Right.", wrong: "Not yet.", unclear: "Have another look." }[verdict];
    feedbackBox.append(h("div", { class: `cw-verdict cw-${verdict}` },
      h("p", { class: "cw-label" }, word), ...markup(feedback.message)));
  };

  const restore = () => {
    field.write(model.get("answer"));
    tell(model.get("tries") ? grade(exercise, model.get("answer")) : null);
  };

  let saving = false;
  const submit = (event) => {
    event.preventDefault();
    const answer = field.read();
    const feedback = grade(exercise, answer);
    const tried = model.get("tries") ?? 0;
    const isAgain = tried && !feedback.correct
      && JSON.stringify(answer) === JSON.stringify(model.get("answer"));
    if (feedback.counted && !model.get("correct") && !isAgain) { // what is solved stays solved
      saving = true;
      try {
        model.set("answer", answer);
        model.set("correct", feedback.correct);
        model.set("tries", tried + 1);
        model.save_changes();
      } finally {
        saving = false;
      }
    }
    tell(feedback);
  };

  const onChange = () => { if (!saving) restore(); };
  model.on("change", onChange);

  const given = exercise.given.map(([name, rows]) => table(name, rows));
  el.classList.add("cw");
  el.append(h("form", {
    class: "cw-card", novalidate: true, onsubmit: submit,
    oninput: () => tell(null), // a verdict is about the answer that was checked
    "data-lm-suppress-shortcuts": "true",
  },
  h("p", { class: "cw-kicker" }, `Exercise · ${exercise.level}`, status),
  h("fieldset", {}, h("legend", {}, exercise.title),
    h("div", { class: "cw-prompt" }, ...markup(exercise.prompt)),
    given.length ? h("div", { class: "cw-given" }, ...given) : null,
    ...field.nodes),
  h("div", { class: "cw-actions" },
    gradable ? h("button", { type: "submit", class: "cw-primary" }, "Check") : null,
    toggle, tries),
  feedbackBox, solution));
  restore();
  return () => model.off("change", onChange);
}

export default { render, grade };

// What the reader has done, chapter by chapter, with export, import and reset.
// The record belongs to the page (loader.js); this module shows it.

import { h } from "./shared.js";

const tries = (count) => `${count} ${count === 1 ? "try" : "tries"}`;
const exercises = (count) => `${count} ${count === 1 ? "exercise" : "exercises"}`;

/** What to say about one exercise, given its record or undefined. */
function stateOf(entry) {
  if (!entry) return { name: "open", text: "Not yet" };
  if (entry.correct) return { name: "done", text: `Done in ${tries(entry.tries)}` };
  return { name: "tried", text: `Tried, ${tries(entry.tries)}` };
}

function download(text, name) {
  const url = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/** A chapter, folded: with many of them only the one that is being worked on stands open. */
function chapterNode({ title, exercises: list }, saved, isOpen) {
  const done = list.filter(({ id }) => saved[id]?.correct).length;
  return h("details", { class: "cw-card cw-chapter", open: isOpen },
    h("summary", {},
      h("span", { class: "cw-title", role: "heading", "aria-level": "2" }, title),
      h("span", { class: "cw-count" }, `${done} of ${exercises(list.length)} done`),
      h("progress", { max: list.length, value: done, "aria-label": `Progress in ${title}` })),
    h("ul", {}, ...list.map((exercise) => {
      const state = stateOf(saved[exercise.id]);
      return h("li", { class: `cw-${state.name}` },
        h("a", { href: exercise.url }, exercise.title),
        h("span", { class: "cw-level" }, exercise.level),
        h("span", { class: "cw-state" }, state.text));
    })));
}

/** Where to go on: the first exercise not done, in the last chapter in which something was tried. */
function nextOf(chapters, saved) {
  const isOpen = ({ id }) => !saved[id]?.correct;
  const tried = chapters.findLastIndex(({ exercises: list }) => list.some(({ id }) => saved[id]));
  const from = Math.max(tried, 0);
  const chapter = [...chapters.slice(from), ...chapters.slice(0, from)]
    .find(({ exercises: list }) => list.some(isOpen));
  return chapter && { chapter, exercise: chapter.exercises.find(isOpen), isFirst: tried < 0 };
}

/** All chapters together, and the way on. */
function summaryNodes(chapters, saved, next) {
  const all = chapters.flatMap((chapter) => chapter.exercises);
  const done = all.filter(({ id }) => saved[id]?.correct).length;
  const way = next
    ? h("p", { class: "cw-next" }, next.isFirst ? "Begin with " : "Go on with ",
      h("a", { href: next.exercise.url }, next.exercise.title), ` (${next.chapter.title})`)
    : null;
  return [h("p", { class: "cw-all" }, h("strong", {}, `${done} of ${exercises(all.length)} done`)), way]
    .filter(Boolean);
}

function render({ model, el }) {
  const { store } = globalThis.courseWidgets;
  const summary = h("div", {});
  const list = h("div", {});
  const message = h("p", { class: "cw-problem", role: "status" });
  const say = (text) => { message.textContent = text; };

  const unkept = h("p", { class: "cw-note" },
    "This browser keeps no data for this page, so progress is forgotten when you leave it.");

  const show = () => {
    unkept.hidden = store.available;
    const [saved, chapters] = [store.all(), model.get("chapters")];
    const next = nextOf(chapters, saved);
    const were = [...list.children].map((node) => node.open); // what the reader folded stays so
    summary.replaceChildren(...summaryNodes(chapters, saved, next));
    const isAtWork = (chapter) => chapters.length === 1 || (chapter === next?.chapter && !next.isFirst);
    list.replaceChildren(...chapters.map((chapter, n) =>
      chapterNode(chapter, saved, were[n] ?? isAtWork(chapter))));
  };

  const importFile = async () => {
    const file = chooser.files[0];
    if (!file) return;
    try {
      if (file.size > 1e6) throw new Error("This file is too large to be a record of progress.");
      const count = store.importText(await file.text());
      say(`Read ${exercises(count)} from the file. ${store.available
        ? "What was done here before is kept."
        : "But this browser has no room to store it: it is forgotten when you leave this page."}`);
    } catch (error) {
      say(`${error.message} Nothing was changed.`);
    }
    chooser.value = ""; // so that the same file can be chosen again
  };

  const chooser = h("input", { type: "file", accept: ".json,application/json", onchange: importFile });
  const resetButton = h("button", { type: "button", onclick: () => ask(true) }, "Reset");
  const keepButton = h("button", { type: "button", onclick: () => ask(false) }, "Keep it");
  const deleteButton = h("button", {
    type: "button", class: "cw-danger",
    onclick: () => { store.reset(); ask(false); say("All progress is deleted."); },
  }, "Delete all progress");
  const question = h("div", {
    class: "cw-actions cw-question", role: "group", "aria-label": "Confirm the reset", hidden: true,
  }, h("p", {}, "Delete all answers in this browser? An export can bring them back."),
  keepButton, deleteButton);
  const ask = (isOpen) => {
    question.hidden = !isOpen;
    say("");
    (isOpen ? keepButton : resetButton).focus();
  };

  el.classList.add("cw", "cw-progress");
  el.append(
    unkept, summary, list,
    h("div", { class: "cw-actions" },
      h("button", {
        type: "button",
        onclick: () => { download(store.exportText(), "course-progress.json"); say("Exported."); },
      }, "Export"),
      h("label", { class: "cw-file" }, "Import", chooser),
      resetButton),
    question, message,
    h("p", { class: "cw-note" }, "Your answers stay in this browser; nothing is sent anywhere. "
      + "The page can be read by anyone who looks, answers included: it is for learning, not for marks."));
  show();
  return store.subscribe(show);
}

export default { render, stateOf, nextOf };

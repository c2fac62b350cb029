// How many of a few exercises are done, for the map of the course; nothing while none is.
// The record belongs to the page (loader.js); this module only counts.

import { h } from "./shared.js";

const words = (done, count) => {
  if (!done) return "";
  return done === count ? `All ${count} exercises done` : `${done} of ${count} exercises done`;
};

function render({ model, el }) {
  const { store } = globalThis.courseWidgets;
  const ids = model.get("ids");
  const text = h("span", {});
  const bar = h("progress", { max: ids.length, "aria-hidden": "true" });
  const show = () => {
    const saved = store.all();
    const done = ids.filter((id) => saved[id]?.correct).length;
    text.textContent = words(done, ids.length);
    bar.value = done;
    el.hidden = !done;
  };
  el.classList.add("cw-tally");
  el.append(bar, text);
  show();
  return store.subscribe(show);
}

export default { render, words };

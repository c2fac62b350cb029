// Runs the course's widget modules on a page without a kernel, and keeps the reader's progress.
// A classic script, so that it also works from file://. Each module is wrapped to call define().
(() => {
  "use strict";

  // Progress: one key in localStorage ---------------------------------------------------------------

  const KEY = "course-progress";
  const VERSION = 1;
  const listeners = new Set();
  let storage = null; // null: the browser denies it, so progress lives as long as the page
  let memory = {};
  let damaged = ""; // the key under which unreadable progress was set aside

  const MOST_TRIES = 1e6;

  /** What an exercise can keep: text, a number, or rows of them. Nothing deep is looked into. */
  const isAnswer = (value, depth = 2) => value === null || typeof value === "string"
    || Number.isFinite(value)
    || (depth > 0 && Array.isArray(value) && value.every((item) => isAnswer(item, depth - 1)));

  const isEntry = ([id, entry]) => /^[a-z0-9_]+\/[a-z0-9-]+$/.test(id)
    && entry !== null && typeof entry === "object" && "answer" in entry && isAnswer(entry.answer)
    && typeof entry.correct === "boolean"
    && Number.isInteger(entry.tries) && entry.tries >= 0 && entry.tries < MOST_TRIES;

  /** {exercises, clean}; throws when the text is not a record of progress at all. */
  function parse(text) {
    const record = JSON.parse(text);
    if (record?.version !== VERSION || record.exercises === null
      || typeof record.exercises !== "object" || Array.isArray(record.exercises)) {
      throw new Error("not a record of progress");
    }
    const entries = Object.entries(record.exercises);
    const good = entries.filter(isEntry).map(([id, { answer, correct, tries }]) =>
      [id, { answer, correct, tries }]);
    return { exercises: Object.fromEntries(good), clean: good.length === entries.length };
  }

  const textOf = (exercises) => JSON.stringify({ version: VERSION, exercises });

  const notify = () => listeners.forEach((listener) => listener());

  function read() {
    if (!storage) return memory;
    const text = storage.getItem(KEY);
    if (text === null) return {};
    let found = { exercises: {}, clean: false };
    try { found = parse(text); } catch { /* set aside below */ }
    if (!found.clean) {
      try {
        const key = `${KEY}-damaged-${Date.now()}`;
        storage.setItem(key, text); // untouched, before anything is written over it
        storage.setItem(KEY, textOf(found.exercises));
        damaged = key;
        showDamage(); // a page may be open when it happens
      } catch {
        [storage, memory] = [null, found.exercises]; // no room to set it aside: leave it alone
      }
    }
    return found.exercises;
  }

  function write(exercises) {
    memory = exercises;
    try { storage?.setItem(KEY, textOf(exercises)); } catch { storage = null; }
    notify();
  }

  /** Of two entries of one exercise the better one, with the tries of the longer history. */
  function better(saved, other) {
    if (!saved) return other;
    const winner = other.correct && !saved.correct ? other : saved;
    return { ...winner, tries: Math.max(saved.tries, other.tries) };
  }

  const store = {
    get available() { return storage !== null; },
    get damaged() { return damaged; },
    all: () => structuredClone(read()),
    get: (id) => store.all()[id] ?? null,
    set(id, entry) {
      if (!isEntry([id, entry])) throw new Error(`not a record of an exercise: ${id}`);
      write({ ...read(), [id]: entry });
    },
    exportText: () => `${JSON.stringify({ version: VERSION, exercises: read() }, null, 2)}\n`,
    /** Merge a record; an exercise solved here stays solved. Gives how many exercises it holds. */
    importText(text) {
      let found;
      try { found = parse(text); } catch {
        throw new Error("This file is not a record of progress from this course.");
      }
      if (!found.clean) throw new Error("This file is damaged: some of its entries are no answers.");
      const exercises = { ...read() };
      for (const [id, entry] of Object.entries(found.exercises)) {
        exercises[id] = better(exercises[id], entry);
      }
      write(exercises);
      return Object.keys(found.exercises).length;
    },
    /** Delete what is stored; that works in a full storage, too. */
    reset() {
      memory = {};
      try {
        localStorage.removeItem(KEY);
        storage = localStorage; // there may be room again
      } catch { /* denied: there is nothing */ }
      notify();
    },
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };

  try {
    localStorage.getItem(KEY); // no write: what a full storage holds can still be read
    storage = localStorage;
    window.addEventListener("storage", (event) => {
      if (event.key === KEY || event.key === null) {
        read(); // sets damaged progress aside even where no exercise asks
        notify();
      }
    });
  } catch { /* denied: store.available says so */ }
  read(); // sets damaged progress aside before anyone asks

  // Widgets: the part of anywidget's model that modules use -------------------------------------------

  const modules = {};

  function createModel(state, save) {
    const callbacks = {};
    const emit = (name) => [...callbacks[name] ?? []].forEach((callback) => callback());
    return {
      get: (key) => state[key],
      set(key, value) {
        if (Object.is(state[key], value)) return;
        state[key] = value;
        emit(`change:${key}`);
        emit("change");
      },
      save_changes: () => save(state),
      on: (name, callback) => { (callbacks[name] ??= new Set()).add(callback); },
      off: (name, callback) => { callbacks[name]?.delete(callback); },
      send: () => {}, // nobody listens: there is no kernel
    };
  }

  function note(text) {
    const node = document.createElement("p");
    node.className = "cw-note cw-host-note";
    node.setAttribute("role", "status");
    node.textContent = text;
    return node;
  }

  /** Restores a mount's answer from the store, follows changes there, and saves to it. */
  function keepProgress(element, id, state) {
    const fresh = { answer: state.answer ?? null, correct: state.correct ?? null, tries: state.tries ?? 0 };
    let seen = JSON.stringify(store.get(id));
    Object.assign(state, store.get(id));
    const model = createModel(state, ({ answer, correct, tries }) => {
      if (store.get(id)?.correct && !correct) return; // what was solved once stays solved
      const entry = { answer, correct, tries: Math.min(tries, MOST_TRIES - 1) };
      seen = JSON.stringify(entry);
      store.set(id, entry);
      if (!store.available && !element.querySelector(".cw-host-note")) {
        element.append(note("This browser keeps no data for this page, so your answers are "
          + "forgotten when you leave it. Grading works all the same."));
      }
    });
    store.subscribe(() => {
      const now = JSON.stringify(store.get(id));
      if (now === seen) return; // not ours: do not disturb what is being typed
      seen = now;
      Object.entries(store.get(id) ?? fresh).forEach(([key, value]) => model.set(key, value));
    });
    return model;
  }

  async function mount(element) {
    const module = modules[element.dataset.cwModule];
    if (!module || element.dataset.cwMounted) return;
    element.dataset.cwMounted = "true";
    try {
      const state = JSON.parse(element.dataset.cwState || "{}");
      const id = element.dataset.cwId;
      const model = id ? keepProgress(element, id, state) : createModel(state, () => {});
      const el = document.createElement("div");
      await module.initialize?.({ model });
      await module.render({ model, el });
      element.replaceChildren(el);
    } catch (error) { // the static content is still there
      console.error(error);
      element.append(note("This part could not be started; the text above is all there is."));
    }
  }

  function showDamage() {
    const first = document.querySelector(".cw-mount");
    if (!damaged || !first) return;
    const text = "Your saved progress could not be read in full. It was set aside "
      + `untouched in this browser, under “${damaged}”, and what could be read is kept.`;
    const shown = document.querySelector(".cw-damaged");
    if (shown?.textContent === text) return;
    const message = note(text);
    message.classList.add("cw-damaged");
    shown?.remove();
    first.before(message);
  }

  function mountAll() {
    showDamage();
    return Promise.all([...document.querySelectorAll(".cw-mount")].map(mount));
  }

  window.courseWidgets = {
    store,
    mountAll,
    define(name, module) {
      modules[name] = module;
      mountAll();
    },
  };
})();

"""Widgets in Python and in a real browser, on a page like the website's."""

import itertools
import json
import random
import re
import sys
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from browser import Pages, set_field
from course_lib import widgets
from course_lib.exercises import catalog, kinds
from course_lib.widgets import ConvolutionLab, ExerciseWidget
from course_lib.widgets.base import STATIC, mount_html
from course_lib.widgets.bundle import classic_script, one_file, widget_modules

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
KEY = "course-progress"
SAVED = f"JSON.parse(localStorage.getItem('{KEY}')).exercises"
Samples = dict[str, kinds.Exercise]

# In Python ----------------------------------------------------------------------------------------


def all_labs() -> list[Any]:
    """Each lab of the package, as it is when nothing is said."""
    return [getattr(widgets, name)() for name in widgets.__all__ if name != "ExerciseWidget"]


def all_widgets(samples: Samples) -> list[Any]:
    return [*all_labs(), *map(ExerciseWidget, samples.values())]


def test_the_bundle_has_three_forms_and_keeps_its_metadata(
    samples: Samples, monkeypatch: pytest.MonkeyPatch
) -> None:
    import anywidget.widget

    def bundle_with_metadata(**_: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        return {"application/vnd.jupyter.widget-view+json": {}}, {"colab": {"url": "x"}}

    monkeypatch.setattr(anywidget.widget, "repr_mimebundle", bundle_with_metadata)
    for widget in all_widgets(samples):
        bundle, metadata = widget._repr_mimebundle_()
        assert set(bundle) == {
            "application/vnd.jupyter.widget-view+json",
            "text/html",
            "text/plain",
        }
        assert metadata == {"colab": {"url": "x"}}


def test_colab_gets_no_html(monkeypatch: pytest.MonkeyPatch) -> None:
    widget = ConvolutionLab()
    monkeypatch.setitem(sys.modules, "google.colab", object())
    assert "text/html" not in widget._repr_mimebundle_()[0]


def test_the_output_is_deterministic(samples: Samples) -> None:
    for one, other in zip(all_widgets(samples), all_widgets(samples), strict=True):
        first, second = one._repr_mimebundle_()[0], other._repr_mimebundle_()[0]
        assert first["text/html"] == second["text/html"]
        assert first["text/plain"] == second["text/plain"]
        assert one.model_id not in first["text/html"]


def test_the_text_form_reads_well(samples: Samples) -> None:
    text = ConvolutionLab()._repr_mimebundle_()[0]["text/plain"]
    assert "Output 3 × 3:\n  12  12  17\n  10  17  19\n   9   6  14" in text
    text = ExerciseWidget(samples["number"])._repr_mimebundle_()[0]["text/plain"]
    assert text.startswith("Exercise (apply it): Size\n\nInput 5")
    assert "\n    1   −2    ?\n" in text
    text = ExerciseWidget(samples["code"])._repr_mimebundle_()[0]["text/plain"]
    assert "raise NotImplementedError" in text


def test_modules_are_wrapped_or_refused() -> None:
    for name in widget_modules():
        script = classic_script(name, one_file(name))
        assert script.startswith(f'courseWidgets.define("{name}", (() => {{\n"use strict"')
        assert not re.search(r"^\s*(export|import)\b", script, re.MULTILINE)
        assert "const h = (tag" in script
    multi = "const a = 1;\nexport default {\n  a,\n};\n"
    assert "return {\n  a,\n};" in classic_script("demo", multi)
    good = "const a = 1;\nexport default { a };\n"
    for bad in (
        'import x from "x";\n' + good,
        'const x = await import("x");\n' + good,
        "const u = import.meta.url;\n" + good,
        "const a = 1;\n",
        good + good,
        good + "const b = 2;\n",
        multi + "const b = 2;\n",
        "export const b = 2;\n" + good,
        "const a = 1;\nexport { a as default };\n",
        "const a = 1;\nexport default a;\n",
    ):
        with pytest.raises(ValueError, match=r"demo\.js must"):
            classic_script("demo", bad)
    with pytest.raises(ValueError, match="`name`"):
        classic_script('x"', good)


def test_modules_build_no_markup_from_text() -> None:
    for path in STATIC.glob("*.js"):
        source = path.read_text(encoding="utf-8")
        assert not re.search(
            r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(", source
        )
        assert path.stem == "loader" or "localStorage" not in source


# Exercises on the page ----------------------------------------------------------------------------


def card(page: Any, name: str) -> Any:
    return page.locator(f"#exercise-sample-{name} .cw-card")


def answer(page: Any, name: str, given: Any) -> None:
    """Give an answer as a reader does, and submit it."""
    form = card(page, name)
    if name in ("number", "fraction"):
        form.get_by_label("Your answer").fill(given)
        form.get_by_label("Your answer").press("Enter")
        return
    if name == "matrix":
        for (r, row), c in itertools.product(enumerate(given), range(3)):
            form.get_by_label(f"row {r + 1}, column {c + 1}").fill(str(row[c]))
    elif name in ("one", "nasty"):
        form.get_by_role("radio").nth(given).check()
    elif name == "several":
        for i in range(3):
            form.get_by_role("checkbox").nth(i).set_checked(i in given)
    else:
        for place, text in enumerate(given):
            button = form.get_by_role("button", name=f"Move up: {text.strip()}", exact=True)
            while form.locator("li .cw-item").all_text_contents().index(text.strip()) > place:
                button.click()
    form.get_by_role("button", name="Check").click()


WRONG_AND_RIGHT = [
    ("number", "4", "You rounded up.", "3"),
    ("fraction", "0.6", kinds.TRY_AGAIN, "0,5"),
    ("one", 0, "A is dark.", 1),
    ("several", [0, 1, 2], "One is odd.", [1, 2]),
    (
        "matrix",
        ((1, 3, 5), (2, 4, -3)),
        "Rows and columns are swapped.",
        ((1, 2, "−3"), ("3.0", 4, 5)),
    ),
    (
        "order",
        ("place", "pad", "multiply", "add"),
        "Something else comes first.",
        ("pad", "place", "multiply", "add"),
    ),
    (
        "partial",
        ("place", "pad", "multiply", "add"),
        "Pad first.",
        ("multiply", "add", "pad", "place"),
    ),
    (
        "code",
        ("    whole = n // 2", "def half(n):", "    return whole"),
        "Something else comes first.",
        ("def half(n):", "    whole = n // 2", "    return whole"),
    ),
]


@pytest.mark.parametrize(("name", "wrong", "hint", "right"), WRONG_AND_RIGHT)
def test_each_kind_is_graded_and_kept(
    widget_page: Pages, samples: Samples, name: str, wrong: Any, hint: str, right: Any
) -> None:
    page = widget_page(ExerciseWidget(samples[name]))
    feedback = card(page, name).locator(".cw-feedback")
    assert feedback.get_attribute("role") == "status"
    answer(page, name, wrong)
    assert feedback.inner_text().split("\n\n") == ["Not yet.", hint] or (
        feedback.locator("p").all_text_contents() == ["Not yet.", hint]
    )
    assert card(page, name).locator(".cw-tries").inner_text() == "1 try"
    page.reload()
    assert hint in feedback.inner_text()
    answer(page, name, right)
    assert feedback.locator("p").first.inner_text() == "Right."
    assert card(page, name).locator(".cw-status").inner_text() == "Solved"
    before = page.evaluate(SAVED)[f"sample/{name}"]
    assert (before["correct"], before["tries"]) == (True, 2)
    page.reload()
    assert feedback.locator("p").first.inner_text() == "Right."
    assert card(page, name).locator(".cw-tries").inner_text() == "2 tries"
    answer(page, name, wrong)  # playing on does not undo what was solved
    assert "Not yet." in feedback.inner_text()
    assert page.evaluate(SAVED)[f"sample/{name}"] == before


def test_only_a_new_answer_is_a_try(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(ExerciseWidget(samples["number"]), ExerciseWidget(samples["matrix"]))
    count = card(page, "number").locator(".cw-tries")
    page.get_by_label("Your answer").fill("4")
    card(page, "number").get_by_role("button", name="Check").dblclick()
    assert count.inner_text() == "1 try"
    for _ in range(3):
        answer(page, "number", "4")
    page.reload()
    answer(page, "number", "4")
    assert page.get_by_text("You rounded up.").is_visible()
    assert count.inner_text() == "1 try"
    answer(page, "number", "5")
    assert count.inner_text() == "2 tries"
    answer(page, "number", "3")
    for given in ("4", "5", "3.0"):
        answer(page, "number", given)
        assert count.inner_text() == "3 tries"
        assert card(page, "number").locator(".cw-status").inner_text() == "Solved"
    page.reload()
    assert count.inner_text() == "3 tries"
    for _ in range(2):
        answer(page, "matrix", ((1, 3, 5), (2, 4, -3)))
    assert card(page, "matrix").locator(".cw-tries").inner_text() == "1 try"


@pytest.mark.parametrize(("name", "wrong", "hint", "right"), WRONG_AND_RIGHT)
def test_a_verdict_goes_when_the_answer_changes(
    widget_page: Pages, samples: Samples, name: str, wrong: Any, hint: str, right: Any
) -> None:
    page = widget_page(ExerciseWidget(samples[name]))
    form = card(page, name)

    def change() -> None:
        if name in ("one", "several"):
            form.locator("input").nth(2).click()
        elif form.locator("input").count():
            form.locator("input").first.fill("7")
        else:
            form.get_by_role("button", name="Move down").first.click()

    for given, word, status, tries in [
        (wrong, "Not yet.", "", "1 try"),
        (right, "Right.", "Solved", "2 tries"),
    ]:
        answer(page, name, given)
        assert word in form.locator(".cw-feedback").inner_text()
        change()
        assert form.locator(".cw-feedback").inner_text() == ""
        assert form.locator("[aria-invalid=true]").count() == 0
        assert form.locator(".cw-status").inner_text() == status
        assert form.locator(".cw-tries").inner_text() == tries


def test_a_cell_that_cannot_be_read_is_marked(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(ExerciseWidget(samples["matrix"]))
    answer(page, "matrix", ((1, 2, -3), (3, "x", 5)))
    assert "Row 2, column 2: “x” is not a number." in card(page, "matrix").inner_text()
    marked = page.locator("[aria-invalid=true]")
    assert [marked.count(), marked.get_attribute("aria-label")] == [1, "row 2, column 2"]


def test_the_own_text_of_a_reader_is_no_markup(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(ExerciseWidget(samples["number"]))
    for given, shown in [("`24`", "“24”"), ("*x*", "“x”"), ("**" + "x" * 21, f"“{'x' * 20}…”")]:
        answer(page, "number", given)
        feedback = page.locator(".cw-feedback")
        assert feedback.inner_text().endswith(
            f"{shown} is not a number. Write it in digits, like 3 or 2.5."
        )
        assert feedback.locator("code, em, strong").count() == 0


def test_the_solution_is_behind_a_button(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(ExerciseWidget(samples["number"]))
    solution = page.get_by_text("Worked out:")
    assert not solution.is_visible()
    page.get_by_role("button", name="Show solution").click()
    assert solution.is_visible()
    button = page.get_by_role("button", name="Hide solution")
    assert button.get_attribute("aria-expanded") == "true"
    button.click()
    assert not solution.is_visible()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "Type a number first."),
        ("abc", "“abc” is not a number. Write it in digits, like 3 or 2.5."),
        ("1 000", "“1 000” can be read in two ways."),
        ("1e999", "“1e999” is far too large."),
        ("2.5", "The answer is a whole number; this is not."),
    ],
)
def test_a_bad_number_is_explained_and_costs_no_try(
    widget_page: Pages, samples: Samples, text: str, message: str
) -> None:
    page = widget_page(ExerciseWidget(samples["number"]))
    answer(page, "number", text)
    assert message in card(page, "number").locator(".cw-feedback").inner_text()
    assert page.get_by_label("Your answer").get_attribute("aria-invalid") == "true"
    assert page.locator(".cw-tries").inner_text() == ""
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None


def test_inputs_suit_a_phone(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(ExerciseWidget(samples["fraction"]), ExerciseWidget(samples["number"]))
    modes = [page.get_by_label("Your answer").nth(i).get_attribute("inputmode") for i in (0, 1)]
    assert modes == ["decimal", "text"]  # the second may be negative, and needs a minus


@pytest.mark.parametrize("java_script", [True, False])
def test_texts_are_shown_literally(widget_page: Pages, samples: Samples, java_script: bool) -> None:
    nasty = samples["nasty"]
    page = widget_page(
        ExerciseWidget(nasty),
        init="window.fail = () => { window.bad = 1 }",
        java_script_enabled=java_script,
    )
    if java_script:
        answer(page, "nasty", 0)
        assert page.get_by_text("<b>wrong</b>", exact=True).is_visible()
        page.get_by_role("button", name="Show solution").click()
        assert page.evaluate("window.bad") is None
    else:
        page.locator("summary").click()
    for text in (nasty.title, nasty.solution, "<script>fail('prompt')</script> &amp; \"quotes\""):
        assert page.get_by_text(text).is_visible(), text
    assert page.locator("code", has_text="<b>code</b>").is_visible()
    assert page.locator(".cw-mount :is(script, img, b, i, u)").count() == 0


def test_markup_is_the_same_with_and_without_javascript(
    widget_page: Pages, samples: Samples
) -> None:
    code = "```python\nx = 1\n\ny < 2\n```"
    text = f"One `a*b` **two** *three*.\n\nNext 3 * 4 * 5\nline.\n\n{code}\nEnd."
    exercise = kinds.Number(
        id="sample/number", title="T", level="apply it", prompt=text, solution="S", answer=1
    )
    page = widget_page(ExerciseWidget(exercise))
    shape = "nodes => nodes.map(n => [n.tagName, n.textContent])"
    live = page.locator(".cw-prompt > *").evaluate_all(shape)
    fallback = re.search("<p>One.*?End.</p>", ExerciseWidget(exercise)._static_mount(), re.DOTALL)
    assert fallback is not None
    page.evaluate("html => { document.body.innerHTML = html; }", fallback[0])
    assert page.locator("body > *").evaluate_all(shape) == live
    assert [tag for tag, _ in live] == ["P", "P", "PRE", "P"]


def test_without_javascript_the_question_is_there(widget_page: Pages, samples: Samples) -> None:
    widgets = [ExerciseWidget(samples[name]) for name in ("number", "one", "order", "code")]
    page = widget_page(*widgets, ConvolutionLab(), java_script_enabled=False)
    for text in ("Input 5, kernel 3", "multiply", "raise NotImplementedError", "Output 3 × 3"):
        assert page.get_by_text(text).first.is_visible()
    assert page.get_by_text("To answer here, run this cell").count() == 4
    page.locator("summary").first.click()
    assert page.get_by_text("Worked out:").first.is_visible()


def test_the_keyboard_is_enough(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(*(ExerciseWidget(samples[name]) for name in ("one", "matrix", "order")))
    keys = page.keyboard

    def focused() -> str:
        name: str = page.evaluate(
            "document.activeElement.ariaLabel ?? document.activeElement.textContent"
        )
        return name

    keys.press("Tab")
    keys.press("Space")
    keys.press("ArrowDown")
    keys.press("Enter")  # submits
    assert "Yes, B." in card(page, "one").inner_text()
    while focused() != "row 1, column 1":
        keys.press("Tab")
    keys.type("1")
    for key, cell in [
        ("ArrowRight", "row 1, column 2"),
        ("ArrowDown", "row 2, column 2"),
        ("ArrowLeft", "row 2, column 1"),
        ("ArrowUp", "row 1, column 1"),
        ("ArrowUp", "row 1, column 1"),
    ]:
        keys.press(key)
        assert focused() == cell
    keys.press("Enter")
    assert "Row 1, column 2: Type a number first." in card(page, "matrix").inner_text()
    items = card(page, "order").locator("li .cw-item")
    last = items.all_text_contents()[-1]
    while focused() != f"Move up: {last}":
        keys.press("Tab")
    for place in (3, 2, 1, 1):
        keys.press("Enter")
        assert focused() == f"Move up: {last}"
        spoken = card(page, "order").locator(".cw-spoken").text_content()
        assert spoken == f"{last}: now number {place} of 4"
    assert items.all_text_contents()[0] == last
    assert page.locator(".cw-order button").first.get_attribute("aria-disabled") == "true"


def test_python_can_follow_and_lead(widget_page: Pages, samples: Samples) -> None:
    """The module needs only anywidget's model; here is one that a test plays Python on."""
    page = widget_page()
    page.evaluate(
        """async (exercise) => {
          const { default: module } = await import("/modules/exercise.js");
          const state = { exercise, answer: null, correct: null, tries: 0 };
          const calls = [], callbacks = {};
          window.model = {
            get: (key) => state[key], set: (key, value) => { state[key] = value; },
            save_changes: () => calls.push({ ...state, exercise: null }),
            on: (name, callback) => { callbacks[name] = callback; },
            off: (name) => { delete callbacks[name]; },
          };
          window.lead = (change) => { Object.assign(state, change); callbacks.change(); };
          window.calls = calls; window.callbacks = callbacks;
          window.stop = module.render({ model: window.model, el: document.querySelector("main") });
        }""",
        samples["number"].spec(),
    )
    page.get_by_label("Your answer").fill("4")
    page.get_by_role("button", name="Check").click()
    assert page.evaluate("calls") == [
        {"answer": "4", "correct": False, "tries": 1, "exercise": None}
    ]
    page.evaluate("lead({ answer: 3, correct: true, tries: 2 })")
    assert page.get_by_label("Your answer").input_value() == "3"
    assert page.locator(".cw-status").inner_text() == "Solved"
    page.evaluate("stop()")
    assert page.evaluate("Object.keys(callbacks)") == []


def test_a_downloaded_page_works_without_a_server(
    widget_page: Pages, open_page: Pages, samples: Samples, tmp_path: Path
) -> None:
    widget_page(ExerciseWidget(samples["number"]))  # writes the page
    page = open_page((tmp_path / "index.html").as_uri())
    answer(page, "number", "3")
    assert page.locator(".cw-status").inner_text() == "Solved"


# Grading: Python and JavaScript agree -------------------------------------------------------------


def numbers_to_try(exercise: kinds.Exercise, rng: random.Random) -> list[Any]:
    texts = [
        *("", " ", "abc", "1,5", "1.5", "1,000", "1.000", "1 000", "1\u00a0000", "12,345,678.9"),
        *("1’000", "1_000", "0,125", "1e3", "1E-2", "1e999", "-1e999", "1e-400", "−3", "+4", "٣"),
        *(
            "0x10",
            "NaN",
            "Infinity",
            "inf",
            "nan",
            "--3",
            "3-",
            ".",
            ",",
            ".5",
            ",5",
            "5.",
            "1.2.3",
        ),
        *("3 px", "3px", "px", "px3", "3 px px", "x" * 50, "🙂" * 30, "\u00a03\u202f", "\ufeff3"),
        *(
            "`24`",
            "*x*",
            "**" + "y" * 21,
            "\x1f3",
            "3\n",
            "<script>",
            "5/2",
            "1e+2",
            "e5",
            "1,5e1",
            "-0",
            "00012",
            "4.0",
            "3.5",
        ),
    ]
    letters = "0123456789.,+-−eE '_px"
    texts += ["".join(rng.choices(letters, k=rng.randint(1, 8))) for _ in range(400)]
    answers = [exercise.spec()["answer"], *(m.answer for m in exercise.mistakes)]  # type: ignore[attr-defined]
    near = [a + d for a in answers for d in (0, 1, -1, 0.5, 0.01, 0.0101, 1e-9, 1e-10)]
    other: list[Any] = [None, True, False, [], [3], {}, 0, -2.5, 1e300, 12345678901234567]
    return [*texts, *near, *map(str, near), *other]


def answers_to_try(exercise: kinds.Exercise, rng: random.Random) -> list[Any]:
    bad: list[Any] = [
        None,
        "",
        "0",
        True,
        1.5,
        -1,
        99,
        [],
        {},
        [[]],
        [0, 0],
        ["0"],
        [1.0],
        [99],
        [True],
    ]
    spec = exercise.spec()
    if isinstance(exercise, kinds.Number):
        return numbers_to_try(exercise, rng)
    if isinstance(exercise, kinds.OneChoice | kinds.SeveralChoices):
        count = len(exercise.options)
        subsets = [[i for i in range(count) if bits >> i & 1] for bits in range(2**count)]
        return [*bad, *range(-1, count + 1), *subsets, *(s[::-1] for s in subsets)]
    if isinstance(exercise, kinds.Matrix):
        right = [*spec["answer"]]
        tries: list[Any] = [*bad, right, right[1:], [row[1:] for row in right], [*right, []]]
        tries += [mistake["answer"] for mistake in spec["mistakes"]]
        cells = ["", "x", None, "1,000", "−1", "2,5", [1], 0, 1, 2]
        for _ in range(300):
            rows = [[rng.choice((value, str(value))) for value in row] for row in right]
            for _ in range(rng.randrange(5)):
                rng.choice(rows)[rng.randrange(len(rows[0]))] = rng.choice(cells)
            tries.append(rows)
        return tries
    count = len(spec["items"])
    orders = itertools.islice(itertools.permutations(range(count)), 800)
    shuffled = [rng.sample(range(count), count) for _ in range(300)]
    return [*bad, *map(list, orders), *shuffled, spec["order"], list(range(count + 1))]


def test_python_and_javascript_grade_alike(widget_page: Pages, samples: Samples) -> None:
    page = widget_page()
    rng = random.Random(0)
    count = 0
    for exercise in [*samples.values(), *catalog()]:
        spec = json.loads(json.dumps(exercise.spec()))
        # What a browser cannot hold apart is made alike first: 1.0 is 1 in JSON for JavaScript.
        answers = json.loads(json.dumps(answers_to_try(exercise, rng)))
        graded = page.evaluate(
            """async ([exercise, answers]) => {
              const { default: { grade } } = await import("/modules/exercise.js");
              return answers.map((answer) => {
                const { correct, message, counted } = grade(exercise, answer);
                return [correct, message, counted];
              });
            }""",
            [spec, answers],
        )
        for given, (correct, message, counted) in zip(answers, graded, strict=True):
            feedback = exercise.grade(given)
            if isinstance(exercise, kinds.Code) and not (
                exercise.lines and isinstance(given, list)
            ):
                continue  # the website has only lines to grade, and always a list of them
            python = (feedback.correct, feedback.message, feedback.counted)
            assert python == (correct, message, counted), (exercise.id, given)
            count += 1
    assert count > 3000


# Progress -----------------------------------------------------------------------------------------

DENIED = """Object.defineProperty(window, "localStorage", {
  get() { throw new DOMException("denied", "SecurityError"); },
});"""
FULL = (
    'Storage.prototype.setItem = () => { throw new DOMException("full", "QuotaExceededError"); };'
)


def progress_mount(samples: Samples) -> str:
    exercises = [
        {"id": e.id, "title": e.title, "level": e.level, "url": f"#exercise-{e.id}"}
        for e in samples.values()
    ]
    chapters = [{"title": "Samples", "exercises": exercises}]
    return mount_html("progress", {"chapters": chapters}, "<p>The exercises</p>")


def record(**exercises: Any) -> str:
    entries = {
        f"sample/{name}": {"answer": answer, "correct": correct, "tries": tries}
        for name, (answer, correct, tries) in exercises.items()
    }
    return json.dumps({"version": 1, "exercises": entries})


def import_file(page: Any, text: str, name: str = "progress.json") -> str:
    file = {"name": name, "mimeType": "application/json", "buffer": text.encode()}
    page.locator("input[type=file]").set_input_files(file)
    page.wait_for_function("document.querySelector('.cw-problem').textContent")
    message: str = page.locator(".cw-problem").inner_text()
    return message


def test_of_many_chapters_the_one_at_work_is_open(widget_page: Pages) -> None:
    chapters = [
        {
            "title": f"Chapter {c}",
            "exercises": [
                {"id": f"c{c}/e{e}", "title": f"E{c}{e}", "level": "apply it", "url": f"#{c}{e}"}
                for e in (1, 2)
            ],
        }
        for c in (1, 2, 3)
    ]
    page = widget_page(mount_html("progress", {"chapters": chapters}, "<p>All</p>"), width=375)
    folded = page.locator("details.cw-chapter:not([open])")
    assert folded.count() == 3
    assert page.locator(".cw-all").inner_text() == "0 of 6 exercises done"
    assert page.locator(".cw-next").inner_text() == "Begin with E11 (Chapter 1)"

    def record_and_reload(name: str, correct: bool) -> None:
        entry = {"answer": "1", "correct": correct, "tries": 1}
        page.evaluate("([id, entry]) => courseWidgets.store.set(id, entry)", [name, entry])
        page.reload()

    record_and_reload("c2/e1", True)
    assert page.locator(".cw-next").inner_text() == "Go on with E22 (Chapter 2)"
    assert page.locator("details[open] .cw-title").all_inner_texts() == ["Chapter 2"]
    assert page.locator("details[open] .cw-count").inner_text() == "1 of 2 exercises done"
    record_and_reload("c3/e1", False)
    assert page.locator(".cw-next a").get_attribute("href") == "#31"
    page.locator("summary").first.press("Enter")
    page.evaluate("courseWidgets.store.set('c1/e2', {answer: '1', correct: true, tries: 1})")
    assert page.locator("details[open] .cw-title").all_inner_texts() == ["Chapter 1", "Chapter 3"]
    for name in ("c3/e1", "c3/e2", "c1/e1", "c2/e2"):
        record_and_reload(name, True)
    assert page.locator(".cw-all").inner_text() == "6 of 6 exercises done"
    assert page.locator(".cw-next").count() == 0


@pytest.mark.parametrize("how", [DENIED, FULL])
def test_denied_storage_is_said_and_grading_works(
    widget_page: Pages, samples: Samples, how: str
) -> None:
    page = widget_page(ExerciseWidget(samples["number"]), progress_mount(samples), init=how)
    assert page.evaluate("courseWidgets.store.available") is (how == FULL)  # until it is tried
    answer(page, "number", "4")
    assert page.evaluate("courseWidgets.store.available") is False
    assert page.get_by_text("so progress is forgotten when you leave it").is_visible()
    assert page.get_by_text("You rounded up.").is_visible()
    assert page.get_by_text("your answers are forgotten when you leave it").count() == 1
    answer(page, "number", "3")
    assert page.locator(".cw-status").inner_text() == "Solved"
    assert page.get_by_text("your answers are forgotten when you leave it").count() == 1
    assert page.get_by_text("Done in 2 tries").is_visible()


@pytest.mark.parametrize(
    "text",
    ["{", "", "null", "[]", '"x"', '{"version": 2, "exercises": {}}', '{"version": 1}'],
)
def test_corrupt_progress_is_set_aside(widget_page: Pages, samples: Samples, text: str) -> None:
    set_once = f"if (localStorage.length === 0) localStorage.setItem('{KEY}', {json.dumps(text)});"
    page = widget_page(ExerciseWidget(samples["number"]), init=set_once)
    note = page.get_by_text("Your saved progress could not be read in full.")
    assert note.is_visible()
    aside = page.evaluate(
        f"Object.entries(localStorage).filter(([key]) => key.startsWith('{KEY}-damaged-'))"
    )
    assert [value for _, value in aside] == [text]
    assert aside[0][0] in note.inner_text()
    answer(page, "number", "3")
    page.reload()
    assert page.locator(".cw-status").inner_text() == "Solved"
    assert not note.is_visible()


def test_what_can_be_read_of_damaged_progress_is_kept(widget_page: Pages, samples: Samples) -> None:
    saved = json.loads(record(number=("3", True, 2), one=(0, "yes", 1)))
    saved["exercises"]["__proto__"] = {"answer": 1, "correct": True, "tries": 1}
    text = json.dumps(saved)
    set_once = f"if (localStorage.length === 0) localStorage.setItem('{KEY}', {json.dumps(text)});"
    page = widget_page(ExerciseWidget(samples["number"]), init=set_once)
    assert page.locator(".cw-status").inner_text() == "Solved"
    assert page.locator(".cw-damaged").is_visible()
    assert list(page.evaluate(SAVED)) == ["sample/number"]
    assert text in page.evaluate("Object.values(localStorage)")


def test_damaged_progress_that_cannot_be_set_aside_is_left_alone(
    widget_page: Pages, samples: Samples
) -> None:
    script = f"""localStorage.setItem('{KEY}', 'broken');
      const {{ setItem }} = Storage.prototype;
      Storage.prototype.setItem = function (key, value) {{
        if (key.includes("damaged")) throw new DOMException("full", "QuotaExceededError");
        setItem.call(this, key, value);
      }};"""
    page = widget_page(ExerciseWidget(samples["number"]), init=script)
    answer(page, "number", "3")
    assert page.locator(".cw-status").inner_text() == "Solved"
    assert page.evaluate(f"localStorage.getItem('{KEY}')") == "broken"


@pytest.mark.parametrize(
    "bad",
    [
        '{"answer": "9", "correct": false, "tries": 9007199254740991}',
        f'{{"answer": {"[" * 5000 + "]" * 5000}, "correct": false, "tries": 1}}',
        '{"answer": {"a": 1}, "correct": false, "tries": 1}',
        '{"answer": 1e999, "correct": false, "tries": 1}',
    ],
    ids=["tries", "deep", "object", "infinite"],
)
def test_one_bad_entry_does_not_break_the_others(
    widget_page: Pages, samples: Samples, bad: str
) -> None:
    text = record(one=(1, True, 2), number=("BAD", False, 1))
    text = text.replace('{"answer": "BAD", "correct": false, "tries": 1}', bad)
    assert bad in text
    page = widget_page(
        ExerciseWidget(samples["one"]),
        ExerciseWidget(samples["number"]),
        init=f"if (!localStorage.length) localStorage.setItem('{KEY}', {json.dumps(text)});",
    )
    assert page.locator(".cw-damaged").is_visible()
    assert text in page.evaluate("Object.values(localStorage)")
    assert page.locator(".cw-status").first.inner_text() == "Solved"
    answer(page, "number", "3")
    assert page.evaluate(SAVED)["sample/number"] == {"answer": "3", "correct": True, "tries": 1}


def test_the_most_tries_can_still_be_followed_by_one(widget_page: Pages, samples: Samples) -> None:
    text = record(number=("4", False, 999_999))
    page = widget_page(
        ExerciseWidget(samples["number"]),
        init=f"if (!localStorage.length) localStorage.setItem('{KEY}', {json.dumps(text)});",
    )
    answer(page, "number", "3")
    assert page.get_by_text("Right.").is_visible()
    assert page.evaluate(SAVED)["sample/number"]["correct"] is True


def test_progress_damaged_while_the_page_is_open_is_said(
    widget_page: Pages, samples: Samples
) -> None:
    page = widget_page(ExerciseWidget(samples["number"]))
    note = page.locator(".cw-damaged")
    page.evaluate(f"localStorage.setItem('{KEY}', 'broken')")
    assert note.count() == 0
    answer(page, "number", "4")
    assert note.count() == 1
    assert page.evaluate("courseWidgets.store.damaged") in note.inner_text()
    page.wait_for_timeout(2)  # the key is a time
    other = page.context.new_page()
    other.route("**/*.js", lambda route: route.abort())  # a tab that only does damage
    other.goto(page.url)
    other.evaluate(f"localStorage.setItem('{KEY}', 'broken again')")
    page.wait_for_function("Object.values(localStorage).includes('broken again')")
    assert note.count() == 1
    assert page.evaluate("courseWidgets.store.damaged") in note.inner_text()


def test_a_full_storage_still_shows_what_it_holds(widget_page: Pages, samples: Samples) -> None:
    text = record(number=("3", True, 2))
    script = f"if (!localStorage.length) localStorage.setItem('{KEY}', {json.dumps(text)}); {FULL}"
    page = widget_page(
        ExerciseWidget(samples["number"]),
        ExerciseWidget(samples["one"]),
        progress_mount(samples),
        init=script,
    )
    status = page.locator(".cw-status").first
    assert status.inner_text() == "Solved"
    assert page.get_by_text("Done in 2 tries").is_visible()
    assert json.loads(page.evaluate("courseWidgets.store.exportText()")) == json.loads(text)
    assert import_file(page, record(one=(0, False, 1))) == (
        "Read 1 exercise from the file. But this browser has no room to store it: "
        "it is forgotten when you leave this page."
    )
    assert page.get_by_text("Tried, 1 try").is_visible()
    assert status.inner_text() == "Solved"
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Delete all progress").click()
    assert page.evaluate("localStorage.length") == 0
    assert status.inner_text() == ""
    assert page.get_by_text("Not yet", exact=True).count() == len(samples)


@pytest.mark.parametrize("value", [None, "x", 7, [9, 9], [[1]], [["1", 2], 3]])
def test_a_saved_answer_that_no_longer_fits_does_no_harm(
    widget_page: Pages, samples: Samples, value: Any
) -> None:
    text = record(**dict.fromkeys(samples, (value, False, 1)))
    page = widget_page(
        *map(ExerciseWidget, samples.values()),
        init=f"localStorage.setItem('{KEY}', {json.dumps(text)})",
    )
    assert page.get_by_role("button", name="Check").count() == len(samples)
    assert page.get_by_text("could not be").count() == 0


def test_progress_is_shown_exported_reset_and_imported(
    widget_page: Pages, samples: Samples, tmp_path: Path
) -> None:
    page = widget_page(
        ExerciseWidget(samples["number"]), ExerciseWidget(samples["one"]), progress_mount(samples)
    )
    rows = page.locator(".cw-progress li")
    assert page.locator(".cw-count").inner_text() == f"0 of {len(samples)} exercises done"
    assert rows.first.locator(".cw-state").inner_text() == "Not yet"
    answer(page, "number", "4")
    assert rows.first.locator(".cw-state").inner_text() == "Tried, 1 try"
    answer(page, "number", "3")
    answer(page, "one", 0)
    assert rows.first.locator(".cw-state").inner_text() == "Done in 2 tries"
    assert page.locator(".cw-count").inner_text() == f"1 of {len(samples)} exercises done"
    with page.expect_download() as download:
        page.get_by_role("button", name="Export").click()
    text = download.value.path().read_text(encoding="utf-8")
    assert download.value.suggested_filename == "course-progress.json"
    saved = page.evaluate(SAVED)
    assert json.loads(text) == {"version": 1, "exercises": saved}

    page.get_by_role("button", name="Reset").click()
    assert page.evaluate("document.activeElement.textContent") == "Keep it"
    page.get_by_role("button", name="Keep it").click()
    assert page.evaluate(SAVED) == saved
    page.get_by_role("button", name="Reset").click()
    page.get_by_role("button", name="Delete all progress").click()
    assert page.evaluate(f"localStorage.getItem('{KEY}')") is None
    assert page.locator(".cw-problem").inner_text() == "All progress is deleted."
    assert page.get_by_label("Your answer").input_value() == ""  # the exercise follows
    assert page.locator(".cw-status").first.inner_text() == ""

    assert import_file(page, text) == (
        "Read 2 exercises from the file. What was done here before is kept."
    )
    assert page.evaluate(SAVED) == saved
    assert page.get_by_label("Your answer").input_value() == "3"


def test_import_merges_and_loses_nothing(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(progress_mount(samples))
    import_file(page, record(number=("3", True, 2), one=(0, False, 5), matrix=([["1"]], False, 1)))
    import_file(page, record(number=("9", False, 7), one=(1, True, 1), order=([0], False, 1)))
    saved = {id.split("/")[1]: list(entry.values()) for id, entry in page.evaluate(SAVED).items()}
    assert saved == {
        "number": ["3", True, 7],
        "one": [1, True, 5],
        "matrix": [[["1"]], False, 1],
        "order": [[0], False, 1],
    }


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "[]",
        "null",
        '{"version": 9, "exercises": {}}',
        '{"version": 1, "exercises": []}',
        '{"version": 1, "exercises": {"sample/number": {"answer": 1}}}',
        '{"version": 1, "exercises": {"sample/number": {"answer":1,"correct":1,"tries":1}}}',
        '{"version": 1, "exercises": {"sample/number": {"answer":1,"correct":true,"tries":-1}}}',
        '{"version": 1, "exercises": {"__proto__": {"answer":1,"correct":true,"tries":1}}}',
        record(number=("3", False, 2**53 - 1)),
        record(number=("3", False, 10**6)),
        record(number=({"a": 1}, False, 1)),
        record(number=([[[1]]], False, 1)),
        record(number=("DEEP", False, 1)).replace('"DEEP"', "[" * 5000 + "]" * 5000),
        " " * 1_000_001,
    ],
)
def test_a_corrupt_import_changes_nothing(widget_page: Pages, samples: Samples, text: str) -> None:
    page = widget_page(progress_mount(samples))
    import_file(page, record(number=("3", True, 2)))
    before = page.evaluate(f"localStorage.getItem('{KEY}')")
    assert import_file(page, text).endswith("Nothing was changed.")
    assert page.evaluate(f"localStorage.getItem('{KEY}')") == before


def test_tabs_follow_each_other(widget_page: Pages, samples: Samples) -> None:
    page = widget_page(ExerciseWidget(samples["number"]), ExerciseWidget(samples["fraction"]))
    other = page.context.new_page()
    other.goto(page.url)
    page.locator("#exercise-sample-fraction input").fill("0.1")  # being typed, not submitted
    answer(other, "number", "3")
    page.wait_for_function("document.querySelector('.cw-status').textContent === 'Solved'")
    assert page.get_by_label("Your answer").first.input_value() == "3"
    assert page.get_by_label("Your answer").nth(1).input_value() == "0.1"


def test_a_module_that_fails_leaves_the_text(widget_page: Pages) -> None:
    page = widget_page(mount_html("exercise", {"exercise": None}, "<p>The question</p>"))
    assert page.get_by_text("This part could not be started").is_visible()
    assert page.get_by_text("The question").is_visible()
    assert len(page.complaints) == 1
    page.complaints.clear()


# For everyone -------------------------------------------------------------------------------------

FIND_FAULTS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations.filter((v) => ["serious", "critical"].includes(v.impact))
    .map((v) => [v.id, v.nodes.map((n) => n.html + " " + n.failureSummary)]);
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_accessibility_checker_finds_nothing(
    widget_page: Pages, samples: Samples, theme: str
) -> None:
    lab = ConvolutionLab(input_size=8, stride=3, padding=1, dilation=2)
    page = widget_page(
        *map(ExerciseWidget, samples.values()),
        lab,
        *all_labs(),
        progress_mount(samples),
        theme=theme,
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.add_style_tag(content="* { transition: none !important; }")
    assert page.evaluate(FIND_FAULTS) == []
    for name, wrong, _, right in WRONG_AND_RIGHT:
        answer(page, name, wrong if name in ("number", "one", "order") else right)
    page.locator("[aria-expanded=false]").evaluate_all("nodes => nodes.forEach((n) => n.click())")
    set_field(page.get_by_label("Convolution lab").first, "Kernel size", "7")
    page.get_by_role("button", name="Reset").click()
    assert page.evaluate(FIND_FAULTS) == []


def test_the_theme_does_not_paint_the_widgets_light_in_dark_mode(
    widget_page: Pages, samples: Samples
) -> None:
    page = widget_page(ExerciseWidget(samples["number"]), theme="dark")
    around = page.locator(".text_html").evaluate("node => getComputedStyle(node).backgroundColor")
    assert around == "rgba(0, 0, 0, 0)"
    colors = page.locator(".cw-card").evaluate(
        "node => [getComputedStyle(node).color, getComputedStyle(node).backgroundColor]"
    )
    text, card_color = (sum(map(int, re.findall(r"\d+", color)[:3])) for color in colors)
    assert text > 500
    assert card_color < 200


@pytest.mark.parametrize("width", [320, 375, 1280])
def test_no_page_scrolls_sideways(widget_page: Pages, samples: Samples, width: int) -> None:
    labs = [*all_labs(), ConvolutionLab(input_size=12, kernel_size=7, padding=4)]
    exercises = map(ExerciseWidget, [*samples.values(), *catalog()])
    page = widget_page(*exercises, *labs, progress_mount(samples), width=width)
    for name, wrong, _, _ in WRONG_AND_RIGHT:
        answer(page, name, wrong)
    page.locator("[aria-expanded=false]").evaluate_all("nodes => nodes.forEach((n) => n.click())")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    small = page.evaluate(
        """[...document.querySelectorAll(".cw button, .cw input[type=text], .cw-options label")]
          .map((node) => [node.outerHTML, node.getBoundingClientRect()])
          .filter(([, box]) => box.height && (box.height < 43.5 || box.width < 39.5))"""
    )
    assert small == []


def test_no_two_fields_of_a_page_share_an_id(widget_page: Pages) -> None:
    """Each lab brings its own copy of shared.js, which counts from 1; labels need their field."""
    page = widget_page(*all_labs())
    ids = page.locator(".cw [id]").evaluate_all("nodes => nodes.map((node) => node.id)")
    assert len(ids) > 10
    assert sorted(set(ids)) == sorted(ids)


def test_the_page_keeps_room_for_the_widgets(widget_page: Pages, samples: Samples) -> None:
    exercises = map(ExerciseWidget, [*samples.values(), *catalog()])
    page = widget_page(*all_labs(), *exercises, width=800)
    rooms = page.locator(".cw-mount").evaluate_all(
        """nodes => nodes.map((node) => [node.dataset.cwTitle,
          parseFloat(getComputedStyle(node).minHeight), node.firstChild.offsetHeight])"""
    )
    far = [(title, room, used) for title, room, used in rooms if abs(used - room) > 80]
    assert far == []


@pytest.mark.parametrize("java_script", [True, False])
def test_no_room_is_kept_for_a_widget_that_does_not_come(
    widget_page: Pages, java_script: bool
) -> None:
    piece = mount_html("none", {}, "<p>Static</p>", height="50rem")
    page = widget_page(piece, java_script_enabled=java_script)
    heights = []
    for media in ("screen", "print"):
        page.emulate_media(media=media)
        heights.append(page.locator(".cw-mount").bounding_box()["height"])
    assert (heights[0] >= 800) is java_script
    assert heights[1] < 100

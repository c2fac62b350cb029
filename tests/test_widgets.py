"""Widgets in Python and in a real browser, on a page like the website's."""

import gzip
import itertools
import json
import random
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest

from course_lib.exercises import catalog, kinds
from course_lib.widgets import ConvolutionLab, ExerciseWidget
from course_lib.widgets.base import STATIC, mount_html
from course_lib.widgets.bundle import classic_script, one_file, widget_modules
from course_lib.widgets.convolution_lab import LIMITS, make_input, make_kernel

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
GOLDEN = Path(__file__).parent / "golden" / "convolution_lab.json.gz"
KEY = "course-progress"
SAVED = f"JSON.parse(localStorage.getItem('{KEY}')).exercises"
Pages = Callable[..., Any]
Samples = dict[str, kinds.Exercise]

# In Python ----------------------------------------------------------------------------------------


def all_widgets(samples: Samples) -> list[Any]:
    return [ConvolutionLab(), *map(ExerciseWidget, samples.values())]


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


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"input_size": 13}, "`input_size` must be a whole number from 1 to 12, got 13"),
        ({"padding": -1}, "`padding` must be"),
        ({"stride": 0}, "`stride` must be"),
        ({"dilation": True}, "`dilation` must be"),
        ({"kernel_size": 2.0}, "`kernel_size` must be"),
        ({"kernel_size": 7}, "spans 7 cells, but the padded input has only 5"),
        ({"dilation": 3}, "spans 7 cells"),
    ],
)
def test_the_lab_refuses_a_setting_that_cannot_work(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        ConvolutionLab(**setting)


def test_the_golden_file_is_what_torch_says() -> None:
    from runpy import run_path

    with gzip.open(GOLDEN) as file:
        stored = json.load(file)
    made = run_path(str(GOLDEN.with_name("make_convolution_lab.py")))["compute"]()
    assert stored == made
    assert len(stored["settings"]) == 2000
    assert {output is None for output in stored["outputs"]} == {True, False}


def test_the_lab_computes_what_torch_says() -> None:
    with gzip.open(GOLDEN) as file:
        stored = json.load(file)
    for setting, output in zip(stored["settings"][:300], stored["outputs"], strict=False):
        if output is not None:
            assert ConvolutionLab(*setting[:5], flip=bool(setting[5])).output() == output


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


# The convolution lab ------------------------------------------------------------------------------


def test_the_lab_in_the_browser_computes_what_torch_says(widget_page: Pages) -> None:
    with gzip.open(GOLDEN) as file:
        stored = json.load(file)
    results = widget_page().evaluate(
        """async (settings) => {
          const { default: lab } = await import("/modules/convolution_lab.js");
          return settings.map(([i, k, padding, stride, dilation, flip]) => [
            lab.outputSize(i, k, { padding, stride, dilation }),
            lab.correlate(lab.makeInput(i), lab.makeKernel(k),
              { padding, stride, dilation, flip: Boolean(flip) }),
          ]);
        }""",
        stored["settings"],
    )
    for setting, output, (size, mine) in zip(
        stored["settings"], stored["outputs"], results, strict=True
    ):
        assert mine == output, setting
        assert size == (None if output is None else len(output)), setting


def test_both_languages_make_the_same_numbers(widget_page: Pages) -> None:
    made = widget_page().evaluate(
        """async () => {
          const { default: lab } = await import("/modules/convolution_lab.js");
          const sizes = [...Array(12).keys()].map((n) => n + 1);
          return [sizes.map(lab.makeInput), sizes.map(lab.makeKernel)];
        }"""
    )
    sizes = range(1, 13)
    assert made == [list(map(make_input, sizes)), list(map(make_kernel, sizes))]
    assert {v for rows in made[0] for row in rows for v in row} == {0, 1, 2, 3}
    assert {v for rows in made[1] for row in rows for v in row} == {-1, 0, 1, 2}


def test_never_visited_cells_are_those_without_a_gradient(widget_page: Pages) -> None:
    """An oracle of another kind: a cell matters when torch's gradient reaches it."""
    import torch
    from torch.nn.functional import conv2d

    rng = random.Random(1)
    settings: list[tuple[int, ...]] = []
    while len(settings) < 200:
        i, k, p, s, d = (rng.randint(low, high) for low, high in LIMITS.values())
        if d * (k - 1) + 1 <= i + 2 * p:
            settings.append((i, k, p, s, d))
    results = widget_page().evaluate(
        """async (settings) => {
          const { default: lab } = await import("/modules/convolution_lab.js");
          return settings.map(([i, k, padding, stride, dilation]) =>
            lab.unvisited(i, k, { padding, stride, dilation }));
        }""",
        settings,
    )
    for (i, k, p, s, d), missed in zip(settings, results, strict=True):
        image = torch.ones(1, 1, i, i, requires_grad=True)
        output = conv2d(image, torch.ones(1, 1, k, k), padding=p, stride=s, dilation=d)
        (gradient,) = torch.autograd.grad(output.sum(), image)
        touched = gradient[0, 0] > 0
        assert [n for n in range(i) if not touched[n].any()] == missed
        assert [n for n in range(i) if not touched[:, n].any()] == missed


def texts(page: Any, selector: str) -> list[str]:
    found: list[str] = page.locator(selector).all_inner_texts()
    return found


def set_field(page: Any, label: str, value: str) -> None:
    field = page.get_by_role("textbox", name=label)
    field.fill(value)
    field.press("Enter")


def test_the_lab_shows_the_slide(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab())
    cells = texts(page, "[role=gridcell]")
    assert cells == ["12", "12", "17", "10", "17", "19", "9", "6", "14"]
    assert (
        " ".join(texts(page, ".cw-products span"))
        == "3·0 + 3·1 + 2·2 + 0·2 + 0·2 + 1·0 + 3·0 + 1·1 + 2·2"
    )
    assert page.locator(".cw-sum").inner_text() == "= 12"
    formula = re.sub(r"\s+", " ", page.locator(".cw-formula").text_content())
    assert formula == "o = ⌊(i + 2p − d(k − 1) − 1)/s⌋ + 1= ⌊(5 + 0 − 2 − 1)/1⌋ + 1 = 3"
    page.get_by_label("Flip the kernel").check()
    assert texts(page, "[role=gridcell]") == ["18", "20", "19", "10", "9", "17", "11", "8", "14"]
    assert page.get_by_text("Kernel 3 × 3, flipped").is_visible()


def test_the_lab_is_stepped_through(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab(dilation=2, padding=1))  # 3 positions an axis
    here = page.locator("[role=gridcell][aria-selected=true]")

    def place() -> str:
        name: str = here.get_attribute("aria-label")
        return name.split(":")[0]

    assert place() == "row 1, column 1"
    assert page.locator("td.cw-hit").count() == 9
    assert page.locator("td.cw-window").count() == 25
    assert page.locator("td.cw-pad").count() == 49 - 25
    here.focus()
    for key, want in [
        ("ArrowRight", "row 1, column 2"),
        ("ArrowDown", "row 2, column 2"),
        ("End", "row 2, column 3"),
        ("ArrowRight", "row 2, column 3"),
        ("Home", "row 2, column 1"),
        ("Control+End", "row 3, column 3"),
        ("ArrowUp", "row 2, column 3"),
        ("Control+Home", "row 1, column 1"),
        ("ArrowLeft", "row 1, column 1"),
    ]:
        page.keyboard.press(key)
        assert place() == want
        assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    page.get_by_role("button", name="Next").click()
    assert place() == "row 1, column 2"
    assert page.locator(".cw-spoken").text_content().startswith("Output row 1, column 2: ")
    page.get_by_role("button", name="Previous").click()
    assert page.get_by_role("button", name="Previous").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Previous").click(force=True)
    assert place() == "row 1, column 1"
    page.locator("[role=gridcell]").nth(5).click()
    assert place() == "row 2, column 3"
    page.locator("[role=gridcell]").nth(7).hover()
    assert place() == "row 3, column 2"
    assert page.locator(".cw-position").inner_text() == "Position 8 of 9"


def test_the_lab_says_what_is_never_visited(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab(input_size=7, stride=3, kernel_size=2))
    assert page.locator(".cw-visits").inner_text() == (
        "Rows 3, 6 and 7 and columns 3, 6 and 7 are never visited: "
        "33 of the 49 input cells (hatched) change nothing in the output."
    )
    assert page.locator("td.cw-missed").count() == 33
    set_field(page, "Stride", "2")
    assert page.locator(".cw-visits").inner_text().startswith("Row 7 and column 7 are never")
    set_field(page, "Stride", "1")
    assert page.locator(".cw-visits").inner_text() == "Every input cell is visited."


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [
        ("Kernel size", "abc", "Kernel size must be a whole number from 1 to 7; “abc” is not one."),
        ("Input size", "", "Input size must be a whole number from 1 to 12; the field is empty."),
        ("Stride", "-1", "“-1” is not one."),
        ("Padding", "99999999999999999999", "Padding must be a whole number from 0 to 4"),
        ("Dilation", "1.5", "“1.5” is not one."),
        (
            "Kernel size",
            "6",
            "The kernel spans 6 cells, but the input has only 5. "
            "Make the kernel smaller, or the input or the padding larger.",
        ),
        ("Dilation", "3", "spans 7 cells (3 with dilation 3), but the input has only 5. "),
    ],
)
def test_the_lab_explains_an_impossible_setting_and_keeps_its_picture(
    widget_page: Pages, label: str, value: str, message: str
) -> None:
    page = widget_page(ConvolutionLab())
    before = page.locator(".cw-stage").inner_text()
    set_field(page, label, value)
    problem = page.locator(".cw-problem")
    assert message in problem.inner_text()
    assert problem.inner_text().endswith("The picture keeps the last setting that works.")
    assert page.locator(".cw-stage").inner_text() == before
    set_field(page, label, "5" if label == "Input size" else "1")
    assert problem.inner_text() == ""


PLAY_WITH_THE_LAB = """async (count) => {
  const { default: lab } = await import("/modules/convolution_lab.js");
  let seed = 1;
  const pick = (n) => {
    seed = (seed * 48271) % 2147483647;
    return seed % n;
  };
  const fields = [...document.querySelectorAll(".cw-stepper")].map((node, n) => ({
    input: node.querySelector("input"), buttons: [...node.querySelectorAll("button")],
    min: [1, 1, 0, 1, 1][n], max: [12, 7, 4, 4, 3][n],
  }));
  const captions = () => [...document.querySelectorAll("caption")].map((c) => c.textContent);
  const want = fields.map(({ input }) => input.value);
  const faults = [];
  let [seen, fits] = [captions(), 0];
  for (let n = 0; n < count; n += 1) {
    const which = pick(5);
    const { input, buttons, min, max } = fields[which];
    const how = pick(3);
    if (how === 2) {
      const text = pick(15) ? String(min + pick(max - min + 1)) : "x";
      want[which] = text;
      input.value = text;
      input.dispatchEvent(new Event("input", { bubbles: true }));
      input.dispatchEvent(new Event("change", { bubbles: true }));
    } else {
      const next = want[which] === "x" ? min : Number(want[which]) + [-1, 1][how];
      want[which] = String(Math.min(max, Math.max(min, next)));
      buttons[how].click();
    }
    const have = fields.map((field) => field.input.value);
    const [i, k, padding, stride, dilation] = want.map(Number);
    const size = want.includes("x") ? null : lab.outputSize(i, k, { padding, stride, dilation });
    if (size !== null) {
      const wide = i + 2 * padding;
      seen = [`Input ${i} × ${i}${padding ? `, padded to ${wide} × ${wide}` : ""}`,
        `Kernel ${k} × ${k}`, `Output ${size} × ${size}`];
      fits += 1;
    }
    const complains = document.querySelector(".cw-problem").textContent !== "";
    const marked = fields.map((field) => field.input.getAttribute("aria-invalid") === "true");
    const got = JSON.stringify([have, captions(), complains, marked]);
    const due = JSON.stringify([want, seen, size === null, want.map((text) => text === "x")]);
    if (got !== due) faults.push([n, got, due]);
  }
  return [fits, faults.slice(0, 3)];
}"""


def test_the_lab_never_rewrites_what_the_reader_sets(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab())
    fits, faults = page.evaluate(PLAY_WITH_THE_LAB, 400)
    assert faults == []
    assert 100 < fits < 350  # both ways to go happen often


def test_the_lab_follows_its_own_advice(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab())
    set_field(page, "Kernel size", "7")
    page.get_by_role("button", name="Padding: one more").click()
    assert page.get_by_label("Padding p").input_value() == "1"
    assert page.locator(".cw-problem").inner_text() == ""
    assert page.get_by_text("Input 5 × 5, padded to 7 × 7").is_visible()


def test_the_lab_marks_every_bad_field(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab())
    marked = page.locator(".cw-stepper:has([aria-invalid=true]) label")
    page.get_by_label("Kernel size k").fill("")
    assert marked.all_inner_texts() == []  # in the middle of typing
    page.get_by_label("Stride s").fill("x")
    assert marked.all_inner_texts() == ["Kernel size k", "Stride s"]
    problem = page.locator(".cw-problem").inner_text()
    assert "Kernel size must be" in problem
    assert "Stride must be" in problem
    page.get_by_label("Stride s").fill("2")
    assert marked.all_inner_texts() == ["Kernel size k"]
    page.get_by_label("Kernel size k").fill("2")
    assert marked.all_inner_texts() == []
    assert page.locator(".cw-problem").inner_text() == ""


def test_the_lab_has_steppers(widget_page: Pages) -> None:
    page = widget_page(ConvolutionLab())
    more = page.get_by_role("button", name="Input size: one more")
    for _ in range(9):
        more.click()
    field = page.get_by_label("Input size i")
    assert field.input_value() == "12"
    field.press("ArrowDown")
    assert field.input_value() == "11"
    page.get_by_role("button", name="Padding: one less").click()
    assert page.get_by_label("Padding p").input_value() == "0"
    assert page.get_by_text("Output 9 × 9").is_visible()


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
        *map(ExerciseWidget, samples.values()), lab, progress_mount(samples), theme=theme
    )
    page.evaluate(AXE.read_text(encoding="utf-8"))
    page.add_style_tag(content="* { transition: none !important; }")
    assert page.evaluate(FIND_FAULTS) == []
    for name, wrong, _, right in WRONG_AND_RIGHT:
        answer(page, name, wrong if name in ("number", "one", "order") else right)
    page.locator("[aria-expanded=false]").evaluate_all("nodes => nodes.forEach((n) => n.click())")
    set_field(page, "Kernel size", "7")
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
    labs = [ConvolutionLab(), ConvolutionLab(input_size=12, kernel_size=7, padding=4)]
    widgets = [*samples.values(), *catalog()]
    page = widget_page(*map(ExerciseWidget, widgets), *labs, progress_mount(samples), width=width)
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


def test_the_page_keeps_room_for_the_widgets(widget_page: Pages, samples: Samples) -> None:
    widgets = [ConvolutionLab(), *map(ExerciseWidget, [*samples.values(), *catalog()])]
    page = widget_page(*widgets, width=800)
    rooms = page.locator(".cw-mount").evaluate_all(
        """nodes => nodes.map((node) => [node.dataset.cwTitle,
          parseFloat(getComputedStyle(node).minHeight), node.firstChild.offsetHeight])"""
    )
    far = [(title, room, used) for title, room, used in rooms if abs(used - room) > 80]
    assert far == []


def test_never_visited_cells_differ_without_colors(widget_page: Pages) -> None:
    lab = ConvolutionLab(input_size=7, stride=3, kernel_size=2)
    page = widget_page(lab, forced_colors="active")
    look = """node => { const { borderRightStyle, textDecorationLine } = getComputedStyle(node);
      return [borderRightStyle, textDecorationLine]; }"""
    assert page.locator("td.cw-missed").first.evaluate(look) == ["dotted", "line-through"]
    assert page.locator("td.cw-hit").first.evaluate(look) == ["solid", "none"]


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

"""The convolution lab: torch's numbers in both languages, and its way with a reader."""

import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from browser import Pages, set_field, texts
from course_lib.widgets import ConvolutionLab
from course_lib.widgets.convolution_lab import LIMITS, make_input, make_kernel

GOLDEN = Path(__file__).parent / "golden" / "convolution_lab.json.gz"


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


def test_never_visited_cells_differ_without_colors(widget_page: Pages) -> None:
    lab = ConvolutionLab(input_size=7, stride=3, kernel_size=2)
    page = widget_page(lab, forced_colors="active")
    look = """node => { const { borderRightStyle, textDecorationLine } = getComputedStyle(node);
      return [borderRightStyle, textDecorationLine]; }"""
    assert page.locator("td.cw-missed").first.evaluate(look) == ["dotted", "line-through"]
    assert page.locator("td.cw-hit").first.evaluate(look) == ["solid", "none"]

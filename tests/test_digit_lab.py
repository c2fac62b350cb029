"""The digit lab: torch's pixels and numbers in the browser, and its way with a reader."""

import base64
import gzip
import json
import re
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
import torch

from browser import Pages, texts
from course_lib.data.digits import digits
from course_lib.data.drawing import draw_strokes, prepare_digit
from course_lib.models.drawn_digits import digit_record
from course_lib.widgets import DigitLab
from course_lib.widgets.digit_lab import EXAMPLES, PENS

GOLDEN = Path(__file__).parent / "golden" / "digit_lab.json.gz"
MAKE = run_path(str(GOLDEN.with_name("make_digit_lab.py")))
FORWARD = """async ([network, drawings]) => {
  const { default: lab } = await import("/modules/digit_lab.js");
  const net = lab.readNetwork(network);
  return drawings.map(({ strokes, pen, ink, side }) => {
    const bytes = strokes ? lab.drawStrokes(strokes, pen)
      : Uint8Array.from(atob(ink), (letter) => letter.charCodeAt(0));
    const digit = lab.prepareDigit(bytes, side, side);
    const { distances, ...maps } = lab.forward(net, digit);
    return [btoa(String.fromCharCode(...digit)), distances, ink ? [] : [...maps.c3]];
  });
}"""


def stored() -> Any:
    with gzip.open(GOLDEN) as file:
        return json.load(file)


def coded(pixels: torch.Tensor) -> str:
    return base64.b64encode(pixels.numpy().tobytes()).decode("ascii")


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"strokes": [[]]}, "`strokes` must be lists of x, y, x, y, ... in finite numbers"),
        ({"strokes": [[1, 2, 3]]}, "`strokes` must be"),
        ({"strokes": [[1, float("nan")]]}, "`strokes` must be"),
        ({"strokes": 3}, "`strokes` must be"),
        ({"strokes": [["a", "b"]]}, "`strokes` must be"),
        ({"pen": 0}, "`pen` must be a whole number from 1 to 60, got 0"),
        ({"pen": 2.5}, "`pen` must be"),
    ],
)
def test_the_lab_refuses_what_is_no_drawing(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        DigitLab(**setting)


def test_the_golden_file_is_what_torch_says() -> None:
    made, kept = MAKE["compute"](), stored()
    assert (kept["cases"], kept["digits"]) == (made["cases"], made["digits"])
    assert np.allclose(kept["distances"], made["distances"], rtol=0, atol=2e-6)
    assert len(set(kept["digits"])) > 25


def test_the_browser_draws_prepares_and_reads_as_torch_does(widget_page: Pages) -> None:
    golden = stored()
    drawings = [{"strokes": s, "pen": pen, "side": 280} for s, pen in golden["cases"]]
    found = widget_page().evaluate(FORWARD, [DigitLab().network, drawings])
    for case, digit, expected, (mine, distances, _) in zip(
        golden["cases"], golden["digits"], golden["distances"], found, strict=True
    ):
        assert mine == digit, case
        assert distances == pytest.approx(expected, abs=2e-6), case


def test_logits_of_a_hundred_real_digits_are_those_of_torch(widget_page: Pages) -> None:
    images = (255 * digits(32).test_images[:100, 0]).round().to(torch.uint8)
    prepared = torch.stack([prepare_digit(image) for image in images])
    expected = MAKE["distances"](prepared)
    drawings = [{"ink": coded(image), "side": 32} for image in images]
    found = widget_page().evaluate(FORWARD, [DigitLab().network, drawings])
    assert [digit for digit, _, _ in found] == [coded(digit) for digit in prepared]
    distances = torch.tensor([row for _, row, _ in found], dtype=torch.float64)
    assert torch.allclose(distances, expected, rtol=0, atol=1e-9)
    assert len(distances) == 100
    assert len(distances.argmin(dim=1).unique()) == 10


def test_maps_are_those_of_torch(widget_page: Pages) -> None:
    lab = DigitLab()
    drawing = {"strokes": lab.strokes, "pen": lab.pen, "side": 280}
    [(_, distances, c3)] = widget_page().evaluate(FORWARD, [lab.network, [drawing]])
    assert torch.allclose(torch.tensor(c3).view(16, 10, 10), lab.maps()["c3"], atol=1e-5)
    assert distances == pytest.approx(lab.distances().tolist(), abs=1e-3)
    assert [tuple(values.shape) for values in lab.maps().values()] == [
        (6, 28, 28), (6, 14, 14), (16, 10, 10), (16, 5, 5), (120,), (84,), (10,)
    ]  # fmt: skip


@pytest.mark.parametrize("pen", PENS)
@pytest.mark.parametrize("change", ["none", "shrunk", "slanted"])
def test_the_examples_are_read_however_they_are_drawn(pen: int, change: str) -> None:
    for digit, strokes in enumerate(EXAMPLES):
        points = [np.reshape(stroke, (-1, 2)) for stroke in strokes]
        if change == "shrunk":
            points = [0.6 * p + 8 for p in points]
        elif change == "slanted":
            points = [p + np.outer(0.25 * (140 - p[:, 1]), [1, 0]) for p in points]
        drawn = [p.ravel().tolist() for p in points]
        prepared = prepare_digit(draw_strokes(drawn, pen))
        assert MAKE["distances"](prepared[None]).argmin() == digit


@pytest.mark.parametrize("pen", PENS)
def test_a_one_is_read_with_and_without_its_upstroke_and_a_seven_stays_one(pen: int) -> None:
    seven = [85, 66, 195, 64, 122, 226]
    ones = [[140, 40, 140, 240], [160, 50, 120, 230], [90, 120, 150, 50, 150, 230]]
    drawn = [prepare_digit(draw_strokes([stroke], pen)) for stroke in (*ones, seven)]
    assert MAKE["distances"](torch.stack(drawn)).argmin(dim=1).tolist() == [1, 1, 1, 7]


def test_what_travels_with_the_page_is_light() -> None:
    html = DigitLab()._repr_mimebundle_()[0]["text/html"]
    assert len(html) < 110_000
    assert len(json.dumps(digit_record()["weights"])) < 100_000


def test_the_static_form_says_what_is_read(widget_page: Pages) -> None:
    page = widget_page(DigitLab(), DigitLab([]), java_script_enabled=False)
    assert "LeNet-5 reads this drawing as 3" in page.inner_text("body")
    assert "The paper is empty." in page.inner_text("body")
    assert page.locator("svg polyline").first.is_visible()
    assert "\n         3" in DigitLab()._repr_mimebundle_()[0]["text/plain"]


def reading(page: Any) -> str:
    text: str = page.locator(".cw-read").inner_text()
    return text


def where(page: Any) -> str:
    text: str = page.locator(".cw-where").inner_text()
    return text


def test_the_lab_shows_an_example_and_its_scores(widget_page: Pages) -> None:
    page = widget_page(DigitLab())
    assert reading(page).startswith("Read as 3 (")
    assert page.locator(".cw-shown").inner_text().startswith("3")
    assert len(texts(page, ".cw-scores tbody tr")) == 10
    page.get_by_label("Example").select_option("7")
    assert reading(page).startswith("Read as 7 (")
    assert page.locator(".cw-spoken").inner_text() == reading(page)
    page.get_by_label("Pen", exact=True).select_option("thick")
    assert reading(page).startswith("Read as 7 (")
    assert where(page).startswith("1 stroke, thick pen of 36 pixels, lifted")
    assert page.get_by_label("Example").input_value() == "7"


def test_a_line_is_read_while_it_is_drawn_and_said_when_it_ends(widget_page: Pages) -> None:
    page = widget_page(DigitLab([]))
    assert reading(page) == "The paper is empty. Draw a digit, from 0 to 9."
    frame = page.get_by_role("application").bounding_box()
    x, y, side = frame["x"], frame["y"], frame["width"]
    page.mouse.move(x + side / 2, y + side / 4)
    page.mouse.down()
    page.mouse.move(x + side / 2, y + 3 * side / 4, steps=8)
    page.wait_for_function("document.querySelector('.cw-read').textContent.startsWith('Read as 1')")
    assert page.locator(".cw-spoken").inner_text() == ""  # not at every point
    page.mouse.up()
    assert page.locator(".cw-spoken").inner_text() == reading(page)
    page.mouse.move(x, y, steps=3)  # lifted: it draws no more
    assert where(page).startswith("1 stroke, medium pen of 20 pixels, lifted")
    page.get_by_role("button", name="Clear").click()
    assert reading(page).startswith("The paper is empty.")
    assert set(texts(page, ".cw-scores tbody td:nth-child(4)")) == {"–"}
    page.get_by_role("button", name="Undo").click()
    assert reading(page).startswith("Read as 1")


def test_a_line_drawn_with_keys(widget_page: Pages) -> None:
    page = widget_page(DigitLab([]))
    page.get_by_role("application").focus()
    for _ in range(7):
        page.keyboard.press("ArrowUp")
    assert page.locator(".cw-spoken").inner_text() == "Column 140, row 70"
    page.keyboard.press("Space")
    assert "down at column 140, row 70" in where(page)
    for _ in range(14):
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("Space")
    assert where(page).endswith("lifted at column 142, row 210.")
    assert reading(page).startswith("Read as 1")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    assert where(page).startswith("2 strokes")
    for _ in range(40):
        page.keyboard.press("ArrowLeft")
    assert where(page).endswith("column 0, row 210.")


def test_a_finger_draws_and_a_second_one_does_not(widget_page: Pages) -> None:
    page = widget_page(DigitLab([]), has_touch=True)
    paper = page.get_by_role("application")
    paper.tap(position={"x": 90, "y": 90})
    assert where(page).startswith("1 stroke")
    page.evaluate(
        """() => {
          const paper = document.querySelector(".cw-paper");
          paper.setPointerCapture = () => {};
          const frame = paper.getBoundingClientRect();
          const send = (type, pointerId, x, y) => paper.dispatchEvent(new PointerEvent(type, {
            pointerId, clientX: frame.left + x, clientY: frame.top + y, bubbles: true,
            pointerType: "touch", button: 0 }));
          send("pointerdown", 5, 40, 40);
          send("pointerdown", 6, 200, 40);
          send("pointermove", 6, 200, 90);
          send("pointermove", 5, 40, 120);
          send("pointerup", 6, 200, 90);
          send("pointerup", 5, 40, 120);
        }"""
    )
    assert where(page).startswith("2 strokes")
    styles = page.locator(".cw *").evaluate_all(
        "nodes => nodes.filter((n) => getComputedStyle(n).touchAction === 'none')"
        ".map((n) => n.className)"
    )
    assert styles == ["cw-view cw-paper"]


def test_shrinking_slanting_and_turning_can_be_undone(widget_page: Pages) -> None:
    page = widget_page(DigitLab(EXAMPLES[5]))
    pixels = "c => c.toDataURL()"
    ink = page.locator(".cw-ink")
    before = ink.evaluate(pixels)
    for name in ("Shrink", "Slant", "Turn"):
        page.get_by_role("button", name=name).click()
        assert ink.evaluate(pixels) != before
        assert page.get_by_label("Example").input_value() == "own"
    for _ in range(3):
        page.get_by_role("button", name="Undo").click()
    assert ink.evaluate(pixels) == before
    assert page.get_by_label("Example").input_value() == "5"
    assert page.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Undo").click(force=True)
    assert ink.evaluate(pixels) == before


def test_an_empty_paper_has_nothing_to_change(widget_page: Pages) -> None:
    page = widget_page(DigitLab([]))
    for name in ("Undo", "Clear", "Shrink", "Slant", "Turn"):
        button = page.get_by_role("button", name=name)
        assert button.get_attribute("aria-disabled") == "true"
        button.click(force=True)
    assert reading(page).startswith("The paper is empty.")


def test_undoing_while_the_pen_is_down_ends_the_stroke(widget_page: Pages) -> None:
    page = widget_page(DigitLab([[140.0, 40.0, 140.0, 240.0]]))
    frame = page.get_by_role("application").bounding_box()
    x, y = frame["x"] + 40, frame["y"] + 40
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x, y + 60, steps=3)
    page.get_by_role("button", name="Undo").press("Enter")
    page.mouse.move(x, y + 90, steps=3)
    page.mouse.up()
    assert where(page).startswith("1 stroke, medium pen of 20 pixels, lifted")
    assert reading(page).startswith("Read as 1")
    page.get_by_role("application").focus()
    for _ in range(4):  # a held key: all but the first are repeats
        page.keyboard.down("Space")
    page.keyboard.up("Space")
    assert where(page).startswith("2 strokes, medium pen of 20 pixels, down")


def test_a_line_that_leaves_the_paper(widget_page: Pages) -> None:
    page = widget_page(DigitLab([]))
    frame = page.get_by_role("application").bounding_box()
    page.mouse.move(frame["x"] + 40, frame["y"] + 40)
    page.mouse.down()
    page.mouse.move(0, 0)
    page.mouse.move(900, 4000, steps=2)
    page.mouse.up()
    assert where(page).endswith("row 280.")  # the pen waits at the edge
    page.get_by_label("Example").select_option("1")
    page.get_by_label("Example").select_option("own")
    assert reading(page).startswith("The paper is empty.")


def test_what_lies_beside_the_paper_is_not_read(widget_page: Pages) -> None:
    lab = DigitLab([[1.0, 1.0]], pen=8)
    page = widget_page(lab)
    assert reading(page).startswith("Read as")
    page.get_by_role("button", name="Turn").click()
    assert reading(page).startswith("The paper is empty.")
    assert page.get_by_role("button", name="Clear").get_attribute("aria-disabled") == "false"
    assert "The paper is empty." in DigitLab([[-50.0, -50.0]])._static_text()

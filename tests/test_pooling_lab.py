"""The pooling lab: torch's numbers in both languages, and its way with a reader."""

import gzip
import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from browser import Pages, set_field, texts
from course_lib.widgets import PoolingLab
from course_lib.widgets.pooling_lab import LIMITS, make_input, pool

GOLDEN = Path(__file__).parent / "golden" / "pooling_lab.json.gz"


def stored() -> Any:
    with gzip.open(GOLDEN) as file:
        return json.load(file)


def lab_of(setting: list[int]) -> PoolingLab:
    size, kernel, stride, padding, shift, mean, ceil_mode = setting
    kind = "mean" if mean else "max"
    return PoolingLab(size, kind, kernel, stride, padding, shift, ceil_mode=bool(ceil_mode))


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"input_size": 11}, "`input_size` must be a whole number from 1 to 10, got 11"),
        ({"padding": -1}, "`padding` must be"),
        ({"stride": 0}, "`stride` must be"),
        ({"shift": True}, "`shift` must be"),
        ({"kernel_size": 2.0}, "`kernel_size` must be"),
        ({"kind": "median"}, '`kind` must be "max" or "mean", got \'median\''),
        ({"ceil_mode": 1}, "`ceil_mode` must be True or False, got 1"),
        ({"padding": 2}, "`padding` must be at most half of `kernel_size` 2, rounded down: 1"),
        ({"input_size": 3, "kernel_size": 5}, "at most the padded input size 3, got 5"),
    ],
)
def test_the_lab_refuses_a_setting_that_cannot_work(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        PoolingLab(**setting)


def test_the_golden_file_is_what_torch_says() -> None:
    from runpy import run_path

    made = run_path(str(GOLDEN.with_name("make_pooling_lab.py")))["compute"]()
    assert stored() == made
    assert len(made["settings"]) == 2000
    refused = sum(output is None for output in made["outputs"])
    assert 200 < refused < 1200


def test_the_lab_computes_what_torch_says() -> None:
    """And refuses what torch refuses."""
    golden = stored()
    for setting, output in zip(golden["settings"][:500], golden["outputs"], strict=False):
        if output is None:
            with pytest.raises(ValueError, match="must be at most"):
                lab_of(setting)
        else:
            mine = [[round(value, 6) for value in row] for row in lab_of(setting).output()]
            assert mine == output, setting


def test_the_lab_in_the_browser_computes_what_torch_says(widget_page: Pages) -> None:
    golden = stored()
    results = widget_page().evaluate(
        """async (settings) => {
          const { default: lab } = await import("/modules/pooling_lab.js");
          return settings.map(([i, k, stride, padding, shift, mean, ceil]) => {
            const kind = mean ? "mean" : "max";
            const options = { stride, padding, ceilMode: Boolean(ceil), kind };
            return [lab.outputSize(i, k, options), lab.pool(lab.makeInput(i, shift), k, options)];
          });
        }""",
        golden["settings"],
    )
    for setting, output, (size, mine) in zip(
        golden["settings"], golden["outputs"], results, strict=True
    ):
        assert size == (None if output is None else len(output)), setting
        rounded = mine and [[round(value, 6) for value in row] for row in mine]
        assert rounded == output, setting


def test_both_languages_make_the_same_numbers(widget_page: Pages) -> None:
    made = widget_page().evaluate(
        """async () => {
          const { default: lab } = await import("/modules/pooling_lab.js");
          return [0, 1, 2, 3].map((shift) => lab.makeInput(10, shift));
        }"""
    )
    assert made == [make_input(10, shift) for shift in range(4)]
    assert {value for row in made[0] for value in row} == set(range(10))
    for shift in (1, 2, 3):
        moved = [row[shift:] for row in make_input(10, shift)]
        assert moved == [row[:-shift] for row in make_input(10)]


def test_cells_that_are_never_read_have_no_gradient(widget_page: Pages) -> None:
    """An oracle of another kind: a cell is read when torch's gradient of a mean reaches it."""
    import torch
    from torch.nn.functional import avg_pool2d

    rng = random.Random(1)
    settings: list[tuple[int, ...]] = []
    while len(settings) < 200:
        i, k, s, p, _ = (rng.randint(low, high) for low, high in LIMITS.values())
        if p <= k // 2 and k <= i + 2 * p:
            settings.append((i, k, s, p, rng.randrange(2)))
    results = widget_page().evaluate(
        """async (settings) => {
          const { default: lab } = await import("/modules/pooling_lab.js");
          return settings.map(([i, k, stride, padding, ceil]) =>
            lab.unread(i, k, { stride, padding, ceilMode: Boolean(ceil) }));
        }""",
        settings,
    )
    assert sum(map(bool, results)) > 30
    for (i, k, s, p, ceil), missed in zip(settings, results, strict=True):
        image = torch.ones(1, 1, i, i, requires_grad=True)
        output = avg_pool2d(image, k, s, p, ceil_mode=bool(ceil))
        (gradient,) = torch.autograd.grad(output.sum(), image)
        touched = gradient[0, 0] > 0
        assert [n for n in range(i) if not touched[n].any()] == missed
        assert [n for n in range(i) if not touched[:, n].any()] == missed


def test_the_lab_shows_window_and_result(widget_page: Pages) -> None:
    page = widget_page(PoolingLab())
    lab = PoolingLab()
    cells = texts(page, "[role=gridcell]")
    assert cells == [str(value) for row in lab.output() for value in row]
    assert " ".join(texts(page, ".cw-products span")) == "max(2, 2, 0, 6)"
    assert page.locator(".cw-sum").inner_text() == "= 6"
    assert page.locator("td.cw-window").count() == 4
    assert page.locator("td.cw-hit").all_inner_texts() == ["6"]  # the winner
    formula = re.sub(r"\s+", " ", page.locator(".cw-formula").text_content())
    assert formula == "o = ⌊(i + 2p − k)/s⌋ + 1= ⌊(6 + 0 − 2)/2⌋ + 1 = 3"
    page.get_by_label("Pooling", exact=True).select_option("mean")
    assert " ".join(texts(page, ".cw-products span")) == "(2 + 2 + 0 + 6)/4"
    assert page.locator(".cw-sum").inner_text() == "= 2.5"
    assert page.locator("td.cw-hit").count() == 4


def test_padding_is_minus_infinity_for_max_and_zero_for_mean(widget_page: Pages) -> None:
    page = widget_page(PoolingLab(padding=1))
    assert " ".join(texts(page, ".cw-products span")) == "max(−∞, −∞, −∞, 2)"
    assert set(page.locator("td.cw-pad").all_inner_texts()) == {"−∞"}
    page.get_by_label("Pooling", exact=True).select_option("mean")
    assert " ".join(texts(page, ".cw-products span")) == "(0 + 0 + 0 + 2)/4"
    assert set(page.locator("td.cw-pad").all_inner_texts()) == {"0"}
    assert "Padded zeros count: the sum is divided by 4." in page.locator(".cw-aside").inner_text()


def test_the_lab_rounds_up(widget_page: Pages) -> None:
    page = widget_page(PoolingLab(input_size=5, kind="mean"))
    assert page.locator(".cw-visits").first.inner_text().startswith("Row 5 and column 5 are never")
    assert page.locator("td.cw-missed").count() == 9
    page.get_by_label("Round the size up").check()
    assert page.get_by_text("Output 3 × 3").is_visible()
    assert page.locator("td.cw-missed").count() == 0
    page.locator("[role=gridcell]").last.click()
    assert " ".join(texts(page, ".cw-products span")) == "(8)/1"
    assert "The window is cut off" in page.locator(".cw-aside").inner_text()


def test_the_lab_drops_a_window_that_sees_nothing(widget_page: Pages) -> None:
    page = widget_page(PoolingLab(input_size=5, padding=1, stride=3, ceil_mode=True))
    formula = re.sub(r"\s+", " ", page.locator(".cw-formula").text_content())
    assert formula.startswith("o = ⌈(i + 2p − k)/s⌉ + 1= ⌈(5 + 2 − 2)/3⌉ + 1 = 3− 1 = 2")
    assert "the last window would start beyond the input" in formula
    assert page.locator("[role=gridcell]").count() == 4


@pytest.mark.parametrize("kind", ["max", "mean"])
@pytest.mark.parametrize("shift", [1, 2, 3])
def test_the_lab_counts_what_a_shift_keeps(widget_page: Pages, kind: str, shift: int) -> None:
    lab = PoolingLab(input_size=8, kind=kind, shift=shift, kernel_size=3)
    page = widget_page(lab)
    size = len(lab.output())
    words = page.locator(".cw-shift").inner_text()
    assert f"{lab.kept()} of {size**2} outputs keep" in words
    marks = page.locator("[role=gridcell] sub").all_inner_texts()
    assert (len(marks), marks.count("=")) == (size**2, lab.kept())
    assert ("the output moved along" in words) is (shift == 2)
    page.locator("[role=gridcell]").nth(1).click()
    before = PoolingLab(input_size=8, kind=kind, kernel_size=3).output()[0][1]
    told = f"Before the shift: {round(before, 2):g}."
    assert told in page.locator(".cw-aside").inner_text()


def test_a_shift_by_the_stride_moves_the_output(widget_page: Pages) -> None:
    still, moved = PoolingLab(input_size=8), PoolingLab(input_size=8, shift=2)
    assert [row[1:] for row in moved.output()] == [row[:-1] for row in still.output()]
    page = widget_page(moved)
    assert page.locator(".cw-shift").inner_text().endswith("the output moved along, by 1 column.")
    set_field(page, "Shift", "0")
    assert page.locator(".cw-shift").inner_text().startswith("Shift the input and see")
    assert page.locator("[role=gridcell] sub").count() == 0


def test_the_output_moves_along_only_where_every_number_does(widget_page: Pages) -> None:
    """Wherever the lab says so, it is so; with padding or a cut window it is silent."""
    page = widget_page(PoolingLab())
    said = 0
    for size, kernel, stride, padding, shift, ceil_mode in [
        (8, 2, 2, 0, 2, False),
        (8, 3, 1, 0, 3, False),
        (9, 2, 1, 0, 2, True),
        (5, 2, 2, 0, 2, True),  # the last window is cut off
        (8, 2, 2, 1, 2, False),
        (3, 2, 1, 0, 3, False),  # no window was there before
        (8, 2, 2, 0, 3, False),
    ]:
        set_field(page, "Padding", "0")
        page.get_by_label("Round the size up").set_checked(ceil_mode)
        for label, value in [
            ("Input size", size),
            ("Window size", kernel),
            ("Stride", stride),
            ("Padding", padding),
            ("Shift", shift),
        ]:
            set_field(page, label, str(value))
        setting = {"input_size": size, "kernel_size": kernel, "stride": stride, "padding": padding}
        still = PoolingLab(**setting, ceil_mode=ceil_mode).output()
        moved = PoolingLab(**setting, ceil_mode=ceil_mode, shift=shift).output()
        step = shift // stride
        along = step < len(still) and shift % stride == 0
        along = along and [row[step:] for row in moved] == [row[:-step] for row in still]
        words = page.locator(".cw-shift").inner_text()
        assert words.startswith(f"The input moved {shift} to the right.")
        assert ("the output moved along" in words) is along, setting
        said += along
    assert said == 3


def test_a_padded_cell_loses_against_a_negative_number(widget_page: Pages) -> None:
    """The lab's own numbers are never negative, so zeros in the padding would not show."""
    assert pool([[-5, -3], [-4, -9]], 2, 1, 1) == [[-5, -3, -3], [-4, -3, -3], [-4, -4, -9]]
    assert widget_page().evaluate(
        """async () => {
          const { default: lab } = await import("/modules/pooling_lab.js");
          return lab.pool([[-5, -3], [-4, -9]], 2, { stride: 1, padding: 1 });
        }"""
    ) == pool([[-5, -3], [-4, -9]], 2, 1, 1)


def test_the_lab_counts_the_cells_that_it_hatches(widget_page: Pages) -> None:
    page = widget_page(PoolingLab(input_size=9, kernel_size=3, stride=4, padding=1))
    hatched = page.locator("td.cw-missed").count()
    words = page.locator(".cw-visits").first.inner_text()
    assert words.startswith("Rows 3 and 7 and columns 3 and 7 are never read: 32 of the 81 input")
    assert hatched == 32


def test_the_lab_is_stepped_through(widget_page: Pages) -> None:
    page = widget_page(PoolingLab())  # 3 windows an axis
    here = page.locator("[role=gridcell][aria-selected=true]")

    def place() -> str:
        name: str = here.get_attribute("aria-label")
        return name.split(":")[0]

    assert place() == "row 1, column 1"
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
    ]:
        page.keyboard.press(key)
        assert place() == want
        assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    page.get_by_role("button", name="Next").click()
    assert place() == "row 1, column 2"
    assert page.locator(".cw-spoken").text_content() == "Output row 1, column 2: 6"
    page.get_by_role("button", name="Previous").click()
    assert page.get_by_role("button", name="Previous").get_attribute("aria-disabled") == "true"
    page.locator("[role=gridcell]").nth(5).click()
    assert place() == "row 2, column 3"
    page.locator("[role=gridcell]").nth(7).hover()
    assert place() == "row 3, column 2"
    assert page.locator(".cw-position").inner_text() == "Window 8 of 9"


@pytest.mark.parametrize(
    ("label", "value", "message"),
    [
        ("Window size", "abc", "Window size must be a whole number from 1 to 5; “abc” is not one."),
        ("Input size", "", "Input size must be a whole number from 1 to 10; the field is empty."),
        ("Shift", "4", "Shift must be a whole number from 0 to 3; “4” is not one."),
        ("Padding", "2", "The padding is at most half of the window, rounded down: ⌊2/2⌋ = 1."),
        ("Input size", "1", "The window spans 2 cells, but the input has only 1. "),
    ],
)
def test_the_lab_explains_an_impossible_setting_and_keeps_its_picture(
    widget_page: Pages, label: str, value: str, message: str
) -> None:
    page = widget_page(PoolingLab())
    before = page.locator(".cw-stage").inner_text()
    set_field(page, label, value)
    problem = page.locator(".cw-problem")
    assert message in problem.inner_text()
    assert problem.inner_text().endswith("The picture keeps the last setting that works.")
    assert page.locator(".cw-stage").inner_text() == before
    set_field(page, label, {"Input size": "5", "Window size": "3"}.get(label, "0"))
    assert problem.inner_text() == ""


def test_rounding_up_makes_room_for_a_window_that_is_too_large(widget_page: Pages) -> None:
    page = widget_page(PoolingLab(input_size=2))
    set_field(page, "Window size", "3")
    assert "The window spans 3 cells" in page.locator(".cw-problem").inner_text()
    page.get_by_label("Round the size up").check()
    assert page.locator(".cw-problem").inner_text() == ""
    assert page.get_by_text("Output 1 × 1").is_visible()
    set_field(page, "Window size", "5")
    problem = page.locator(".cw-problem").inner_text()
    assert "rounding up allows at most s − 1 = 1 more" in problem


def test_python_follows_the_reader(widget_page: Pages) -> None:
    page = widget_page(PoolingLab())
    page.get_by_label("Pooling", exact=True).select_option("mean")
    set_field(page, "Stride", "1")
    assert page.get_by_text("Output 5 × 5").is_visible()
    more = page.get_by_role("button", name="Input size: one more")
    for _ in range(6):
        more.click()
    assert page.get_by_label("Input size i").input_value() == "10"
    assert page.get_by_text("Output 9 × 9").is_visible()

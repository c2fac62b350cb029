"""The transposed convolution lab: torch's numbers in both views, and its way with a reader."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from browser import Pages, set_field, texts
from course_lib.arithmetic import conv_output_size
from course_lib.widgets import TransposedConvolutionLab
from course_lib.widgets.transposed_convolution_lab import LIMITS, NUMBERS, make_numbers

GOLDEN = Path(__file__).parent / "golden" / "transposed_convolution_lab.json.gz"
SLIDE = [
    [5, 4, 3, 2, 1, 0.5],
    [2.5, 2.5, 2.5, 2.5, 2.5, 1.25],
    [0, 1, 2, 3, 4, 2],
    [2, 2.25, 2.5, 3.5, 4.5, 2.25],
    [4, 3.5, 3, 4, 5, 2.5],
    [2, 1.75, 1.5, 2, 2.5, 1.25],
]


def stored() -> dict[str, Any]:
    with gzip.open(GOLDEN) as file:
        read: dict[str, Any] = json.load(file)
    return read


def near(mine: Any, wanted: Any) -> bool:
    """Whether two outputs are equal to the 6 decimals that are stored."""
    if mine is None or wanted is None:
        return mine is wanted
    return len(mine) == len(wanted) and all(
        a == pytest.approx(b, abs=1e-6) for a, b in zip(mine, wanted, strict=True)
    )


def choose(page: Any, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).select_option(value)


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"input_size": 7}, "`input_size` must be a whole number from 1 to 6, got 7"),
        ({"kernel_size": 0}, "`kernel_size` must be"),
        ({"padding": -1}, "`padding` must be"),
        ({"stride": 2.0}, "`stride` must be"),
        ({"output_padding": True}, "`output_padding` must be"),
        ({"output_padding": 2}, "`output_padding` must be smaller than `stride` 2"),
        ({"input_size": 1, "padding": 4}, "`padding` must be at most 1 to leave a pixel"),
        ({"numbers": "random"}, "`numbers` must be one of"),
        ({"view": "matrix"}, "`view` must be one of"),
    ],
)
def test_the_lab_refuses_a_setting_that_cannot_work(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        TransposedConvolutionLab(**setting)


def test_the_golden_file_is_what_torch_says() -> None:
    from runpy import run_path

    made = run_path(str(GOLDEN.with_name("make_transposed_convolution_lab.py")))["compute"]()
    kept = stored()
    assert kept["settings"] == made["settings"]
    assert all(map(near, made["outputs"], kept["outputs"]))
    assert len(kept["settings"]) == 2000
    assert {output is None for output in kept["outputs"]} == {True, False}


def test_the_lab_computes_what_torch_says() -> None:
    kept = stored()
    for setting, output in zip(kept["settings"][:300], kept["outputs"], strict=False):
        if output is None:
            with pytest.raises(ValueError, match=r"`(output_)?padding` must be"):
                TransposedConvolutionLab(*setting[:5], numbers=setting[5])
        else:
            lab = TransposedConvolutionLab(*setting[:5], numbers=setting[5])
            assert near(lab.output(), output), setting


def test_both_views_compute_in_the_browser_what_torch_says(widget_page: Pages) -> None:
    kept = stored()
    results = widget_page().evaluate(
        """async (settings) => {
          const { default: lab } = await import("/modules/transposed_convolution_lab.js");
          return settings.map(([i, k, stride, padding, output_padding, numbers]) => {
            const { input, kernel } = lab.makeNumbers(numbers, i, k);
            const setting = { stride, padding, output_padding };
            return [lab.outputSize(i, k, setting), lab.scatter(input, kernel, setting),
              lab.gather(input, kernel, setting)];
          });
        }""",
        kept["settings"],
    )
    for setting, output, (size, scattered, gathered) in zip(
        kept["settings"], kept["outputs"], results, strict=True
    ):
        assert near(scattered, output), setting
        assert near(gathered, output), setting
        assert size == (None if output is None else len(output)), setting


def test_both_languages_make_the_same_numbers(widget_page: Pages) -> None:
    sizes = [(n, i, k) for n in NUMBERS for i in range(1, 7) for k in range(1, 6)]
    made = widget_page().evaluate(
        """async (sizes) => {
          const { default: lab } = await import("/modules/transposed_convolution_lab.js");
          return sizes.map((size) => lab.makeNumbers(...size));
        }""",
        sizes,
    )
    for size, numbers in zip(sizes, made, strict=True):
        image, kernel = make_numbers(*size)
        assert near(numbers["input"], image)
        assert near(numbers["kernel"], kernel)


def test_the_sizes_that_are_taken_back_are_counted(widget_page: Pages) -> None:
    """Against trying every size with the convolution's own formula."""
    ranges = {name: range(low, high + 1) for name, (low, high) in LIMITS.items()}
    settings = [
        (i, k, s, p)
        for i in ranges["input_size"]
        for k in ranges["kernel_size"]
        for s in ranges["stride"]
        for p in ranges["padding"]
    ]
    results = widget_page().evaluate(
        """async (settings) => {
          const { default: lab } = await import("/modules/transposed_convolution_lab.js");
          return settings.map(([i, k, stride, padding]) =>
            lab.takenBack(i, k, { stride, padding }));
        }""",
        settings,
    )
    for (i, k, s, p), mine in zip(settings, results, strict=True):
        wanted = [
            n
            for n in range(1, 60)
            if n + 2 * p >= k and conv_output_size(n, k, stride=s, padding=p) == i
        ]
        assert mine == wanted, (i, k, s, p)
    assert TransposedConvolutionLab(4, 5, 3, 1, 2).taken_back() == [12, 13, 14]


def test_the_lab_scatters_the_slide(widget_page: Pages) -> None:
    page = widget_page(TransposedConvolutionLab())
    assert texts(page, "[role=gridcell]") == ["5", "3", "1", "0", "2", "4", "4", "3", "5"]
    assert page.locator("td.cw-pad").count() == 49 - 36
    assert page.locator(".cw-position").inner_text() == "Stamp 1 of 9"
    sums = page.locator("caption:has-text('Output') + tbody td:not(.cw-pad) > span")
    assert sums.all_inner_texts()[:2] == ["5", "2.5"]
    assert sums.all_inner_texts().count("0") == 32
    assert page.locator(".cw-sum").inner_text() == (
        "5 × the kernel is added to rows 1 to 2, columns 1 to 2 of the output. "
        "5 of its 9 numbers are cut off."
    )
    stamp = page.locator("caption:has-text('Stamp (× 5)') + tbody td > span")
    assert stamp.all_inner_texts() == [
        "1.25",
        "2.5",
        "1.25",
        "2.5",
        "5",
        "2.5",
        "1.25",
        "2.5",
        "1.25",
    ]
    for _ in range(8):
        page.get_by_role("button", name="Next").click()
    assert [float(text) for text in sums.all_inner_texts()] == [x for row in SLIDE for x in row]
    formula = page.locator(".cw-formula").text_content()
    assert formula == "o = (i − 1)s − 2p + k + a= 2·2 − 2 + 3 + 1 = 6"
    assert page.locator(".cw-visits").last.inner_text() == (
        "The convolution with kernel 3, stride 2 and padding 1 turns several sizes into 3: "
        "5 (output padding 0) and 6 (output padding 1). Output padding says which of them you "
        "want back."
    )


def test_the_lab_gathers_the_slide(widget_page: Pages) -> None:
    page = widget_page(TransposedConvolutionLab(view="gather"))
    cells = texts(page, "[role=gridcell]")
    assert [float(text) for text in cells] == [x for row in SLIDE for x in row]
    assert page.locator("td.cw-nail").count() == 9
    page.locator("[role=gridcell]").nth(8).click()  # row 2, column 3: the slide's slip
    assert page.locator("td.cw-hit").count() == 9
    assert " ".join(texts(page, ".cw-products span")) == (
        "0·0.25 + 3·0.5 + 0·0.25 + 0·0.5 + 0·1 + 0·0.5 + 0·0.25 + 2·0.5 + 0·0.25"
    )
    assert page.locator(".cw-sum").inner_text() == "= 2.5"
    assert page.locator(".cw-position").inner_text() == "Output cell 9 of 36"
    assert page.locator(".cw-aside").inner_text() == (
        "Of the 9 weights, 2 meet cells of the input (underlined). The others meet zeros."
    )
    assert texts(page, ".cw-products span:not(.cw-none)") == ["+ 3·0.5", "+ 2·0.5"]
    page.locator("[role=gridcell]").nth(7).click()  # row 2, column 2: between four cells
    assert page.locator(".cw-aside").inner_text().startswith("Of the 9 weights, 4 meet cells ")
    page.locator("[role=gridcell]").nth(0).click()  # on a cell, whatever its value
    assert page.locator(".cw-aside").inner_text().startswith("Of the 9 weights, 1 meets a cell ")


def test_the_gathering_kernel_is_flipped(widget_page: Pages) -> None:
    page = widget_page(TransposedConvolutionLab(numbers="numbered", view="gather"))
    kernel = page.locator("caption:has-text('flipped') + tbody td > span")
    assert kernel.all_inner_texts() == [str(n) for n in range(9, 0, -1)]


def test_views_and_numbers_are_chosen(widget_page: Pages) -> None:
    page = widget_page(TransposedConvolutionLab(4, 3, 2, 0, 0))
    choose(page, "Numbers", "ones")
    choose(page, "View", "gather")
    cells = texts(page, "[role=gridcell]")
    assert cells[:9] == ["1", "1", "2", "1", "2", "1", "2", "1", "1"]
    assert cells[9 * 2 + 2] == "4"
    shares = page.locator("[role=gridcell]").evaluate_all(
        "cells => cells.map((cell) => Number(cell.style.getPropertyValue('--share')) * 4)"
    )
    assert shares == [float(text) for text in cells]
    set_field(page, "Kernel size", "4")
    assert set(texts(page, "[role=gridcell]")[10 * 2 + 2 : 10 * 2 + 8]) == {"4"}
    choose(page, "View", "scatter")
    assert texts(page, "[role=gridcell]") == ["1"] * 16


@pytest.mark.parametrize("view", ["scatter", "gather"])
def test_the_lab_is_stepped_through(widget_page: Pages, view: str) -> None:
    lab = TransposedConvolutionLab(3, 2, 1, 0, 0) if view == "scatter" else None
    page = widget_page(lab or TransposedConvolutionLab(2, 2, 1, 0, 0, view="gather"))
    here = page.locator("[role=gridcell][aria-selected=true]")

    def place() -> str:
        name: str = here.get_attribute("aria-label")
        return name.split(":")[0]

    assert page.locator("[role=gridcell]").count() == 9  # 3 × 3 to step over in both
    assert place() == "row 1, column 1"
    here.focus()
    for key, want in [
        ("ArrowRight", "row 1, column 2"),
        ("ArrowDown", "row 2, column 2"),
        ("End", "row 2, column 3"),
        ("Home", "row 2, column 1"),
        ("Control+End", "row 3, column 3"),
        ("ArrowDown", "row 3, column 3"),
        ("Control+Home", "row 1, column 1"),
    ]:
        page.keyboard.press(key)
        assert place() == want
        assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    page.get_by_role("button", name="Next").click()
    assert place() == "row 1, column 2"
    assert "2 of 9" in page.locator(".cw-spoken").text_content()
    page.get_by_role("button", name="Previous").click()
    assert page.get_by_role("button", name="Previous").get_attribute("aria-disabled") == "true"
    page.get_by_role("button", name="Previous").click(force=True)
    assert place() == "row 1, column 1"
    page.locator("[role=gridcell]").nth(7).hover()
    assert place() == "row 3, column 2"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"Output padding": "2"}, "Output padding must be smaller than the stride: a convolution "),
        ({"Stride": "1"}, "there is nothing to choose: the output padding must be 0."),
        (
            {"Input size": "1", "Padding p": "3"},
            "Without padding the output has 4 rows; padding 3 cuts off 6 and leaves nothing. ",
        ),
        ({"Kernel size": "six"}, "Kernel size must be a whole number from 1 to 5; “six” is not "),
        ({"Stride": ""}, "Stride must be a whole number from 1 to 4; the field is empty."),
    ],
)
def test_the_lab_explains_an_impossible_setting_and_keeps_its_picture(
    widget_page: Pages, fields: dict[str, str], message: str
) -> None:
    page = widget_page(TransposedConvolutionLab())
    *possible, (label, value) = fields.items()
    for name, number in possible:
        set_field(page, name, number)
    before = page.locator(".cw-stage").inner_text()
    set_field(page, label, value)
    problem = page.locator(".cw-problem")
    assert message in problem.inner_text()
    assert problem.inner_text().endswith("The picture keeps the last setting that works.")
    assert page.locator(".cw-stage").inner_text() == before
    set_field(page, label, {"Output padding": "0", "Stride": "3", "Padding p": "0"}.get(label, "3"))
    assert problem.inner_text() == ""


def test_padding_larger_than_the_kernel_allows_cuts_the_input(widget_page: Pages) -> None:
    lab = TransposedConvolutionLab(5, 1, 1, 1, 0, numbers="numbered", view="gather")
    page = widget_page(lab)
    assert "1 cut off each side (k − 1 − p = −1)" in page.locator(".cw-visits").first.inner_text()
    shown = [float(text) for text in texts(page, "[role=gridcell]")]
    assert shown == [x for row in lab.output() for x in row]
    choose(page, "View", "scatter")
    assert page.locator(".cw-sum").inner_text() == "All of this stamp is cut off."


def test_rounded_numbers_are_marked(widget_page: Pages) -> None:
    page = widget_page(TransposedConvolutionLab(kernel_size=5, view="gather"))
    page.locator("[role=gridcell]").nth(8).click()
    assert page.locator(".cw-sum").inner_text().startswith("≈ ")
    choose(page, "View", "scatter")
    assert page.locator(".cw-sum").inner_text().endswith(" The numbers shown are rounded.")


def test_the_stamp_lies_beside_input_and_kernel_on_a_phone(widget_page: Pages) -> None:
    page = widget_page(TransposedConvolutionLab())
    page.set_viewport_size({"width": 375, "height": 812})
    tops = [
        page.locator(f"table:has(caption:has-text('{name}'))").bounding_box()["y"]
        for name in ("Input", "Kernel", "Stamp")
    ]
    assert tops == [tops[0]] * 3


def test_the_lab_follows_python(widget_page: Pages) -> None:
    text = TransposedConvolutionLab()._repr_mimebundle_()[0]["text/plain"]
    assert "Output 6 × 6:" in text
    assert "2.25" in text
    page = widget_page(TransposedConvolutionLab(), java_script_enabled=False)
    assert page.get_by_text("Each cell of the input stamps the kernel").is_visible()

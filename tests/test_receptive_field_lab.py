"""The receptive field lab: torch's numbers in both languages, and its way with a reader."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from browser import Pages, set_field, texts
from course_lib.widgets import ReceptiveFieldLab
from course_lib.widgets.receptive_field_lab import (
    MOST_LAYERS,
    PRESETS,
    SIZE,
    carry,
    ct_pixels,
    seen_pixels,
)

GOLDEN = Path(__file__).parent / "golden" / "receptive_field_lab.json.gz"
CONV = ("conv", 3, 1, 0, 1)


def stored() -> list[tuple[list[list[Any]], dict[str, Any]]]:
    with gzip.open(GOLDEN) as file:
        found = json.load(file)
    return list(zip(found["stacks"], found["measured"], strict=True))


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"layers": []}, "`layers` must be a list of 1 to 8 layers"),
        ({"layers": 3}, "`layers` must be a list of 1 to 8 layers"),
        ({"layers": [CONV] * 9}, "`layers` must be a list of 1 to 8 layers"),
        ({"layers": [("relu", 1, 1, 0, 1)]}, "`layers` must be .* with kind 'conv' or 'pool'"),
        ({"layers": [("conv", 3)]}, "`layers` must be .*kind, kernel, stride"),
        ({"layers": [("conv", 10, 1, 0, 1)]}, "`kernel` must be a whole number from 1 to 9"),
        ({"layers": [("pool", 2, 2, 2, 1)]}, "in layer 1, `padding` must be at most"),
        ({"layers": [CONV, ("conv", 9, 1, 0, 8)]}, "in layer 2, `kernel_size` must be at most"),
        ({"shown": 5}, "`shown` must be a whole number from 1 to 4"),
        ({"row": 13}, "`row` must be a whole number from 0 to 12"),
        ({"column": True}, "`column` must be"),
    ],
)
def test_the_lab_refuses_a_stack_that_cannot_work(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        ReceptiveFieldLab(**setting)


def test_the_golden_file_is_what_torch_says() -> None:
    from runpy import run_path

    with gzip.open(GOLDEN) as file:
        found = json.load(file)
    made = run_path(str(GOLDEN.with_name("make_receptive_field_lab.py")))["compute"]()
    assert found == made
    fits = [measured["pixels"] is not None for measured in found["measured"]]
    assert 100 < sum(fits) < 300  # both ways to go are there
    assert sum(measured["field"] is not None for measured in found["measured"]) > 100


def test_the_lab_computes_what_torch_says() -> None:
    for stack, measured in stored():
        layers = [tuple(layer) for layer in stack]
        if measured["pixels"] is None:
            with pytest.raises(ValueError, match=f"in layer {len(measured['sizes'])}, "):
                carry(layers)
            continue
        rows = carry(layers)
        assert [row[0] for row in rows] == measured["sizes"]
        assert seen_pixels(layers, measured["position"]) == measured["pixels"]
        if measured["field"]:
            assert list(rows[-1][1:]) == measured["field"]


def test_the_lab_in_the_browser_computes_what_torch_says(widget_page: Pages) -> None:
    cases = stored()
    results = widget_page().evaluate(
        """async (cases) => {
          const { default: lab } = await import("/modules/receptive_field_lab.js");
          const names = ["kind", "kernel", "stride", "padding", "dilation"];
          return cases.map(([stack, { position }]) => {
            const layers = stack.map((values) =>
              Object.fromEntries(names.map((n, i) => [n, values[i]])));
            const rows = lab.carry(layers);
            const { field, jump, start } = rows.at(-1);
            const pixels = position === null ? null : lab.seenPixels(layers, position);
            return [rows.map((row) => row.size), pixels, [field, jump, start], lab.misfit(layers)];
          });
        }""",
        cases,
    )
    for (stack, measured), (sizes, pixels, field, why) in zip(cases, results, strict=True):
        assert sizes == measured["sizes"], stack
        assert pixels == measured["pixels"], stack
        assert (why is None) == (pixels is not None), stack
        if why:
            assert why.startswith(f"Layer {len(sizes)} ")
        elif measured["field"]:
            assert field == measured["field"], stack


def test_the_library_says_the_same() -> None:
    from torch import nn

    from course_lib.arithmetic import receptive_field

    for _, layers in PRESETS:
        network = nn.Sequential(
            *(
                nn.Conv2d(1, 1, k, s, p, d) if kind == "conv" else nn.MaxPool2d(k, s, p, d)
                for kind, k, s, p, d in layers
            )
        )
        found = [
            (row.size[0], row.receptive_field[0], row.jump[0], row.start[0])
            for row in receptive_field(network, SIZE)
        ]
        assert found == carry(layers)[1:]


def test_the_image_is_small() -> None:
    assert len(ct_pixels()) < 8000


def rows(page: Any) -> list[str]:
    return [" ".join(row.split()) for row in texts(page, ".cw-layers tbody tr")]


def seen(page: Any) -> str:
    text: str = page.locator(".cw-seen").inner_text()
    return text


def test_the_lab_shows_the_table(widget_page: Pages) -> None:
    page = widget_page(ReceptiveFieldLab())
    assert rows(page) == [
        "image 64 × 64 1 × 1 1 0",
        "conv 5 60 × 60 5 × 5 1 0",
        "pool 2, s 2 30 × 30 6 × 6 2 0",
        "conv 5 26 × 26 14 × 14 2 0",
        "pool 2, s 2 13 × 13 16 × 16 4 0",
    ]
    assert seen(page).startswith(
        "Output row 6, column 6 of layer 4 (map 13 × 13) looks at rows 24 to 39 and columns 24 to"
    )
    page.get_by_role("button", name="conv 5").first.click()
    assert "of layer 1 (map 60 × 60)" in seen(page)
    assert page.evaluate("document.activeElement.textContent") == "conv 5"
    assert "field 1 + 1·(5 − 1)·1 = 5" in page.locator(".cw-formula").inner_text()
    assert page.get_by_label("Kernel k").input_value() == "5"


def test_a_preset_a_change_and_a_stack_of_your_own(widget_page: Pages) -> None:
    page = widget_page(ReceptiveFieldLab())
    page.get_by_label("Stack").select_option(label="Dilation 2, 2, 2 (with holes)")
    assert rows(page)[-1] == "conv 3, p 2, d 2 64 × 64 13 × 13 1 −6"
    assert "holes" in seen(page)
    set_field(page, "Dilation", "1")
    assert rows(page)[-1] == "conv 3, p 2 66 × 66 11 × 11 1 −6"
    assert page.get_by_label("Stack").input_value() == "own"
    page.get_by_role("button", name="Add a layer").click()
    assert len(rows(page)) == 5
    page.get_by_role("button", name="Remove it").click()
    assert len(rows(page)) == 4


def test_the_output_moves_by_keys_buttons_and_clicks(widget_page: Pages) -> None:
    page = widget_page(ReceptiveFieldLab())
    picture = page.get_by_role("application")
    picture.focus()
    for key, place in [
        ("ArrowRight", "row 6, column 7"),
        ("ArrowDown", "row 7, column 7"),
        ("Home", "row 7, column 0"),
        ("Control+End", "row 12, column 12"),
        ("ArrowRight", "row 12, column 12"),
        ("Control+Home", "row 0, column 0"),
    ]:
        page.keyboard.press(key)
        assert seen(page).startswith(f"Output {place} of")
    page.get_by_role("button", name="Output: one down").click()
    assert seen(page).startswith("Output row 1, column 0 of")
    assert (
        page.locator(".cw-spoken").inner_text().startswith("Output row 1, column 0: rows 4 to 19")
    )
    box = picture.bounding_box()
    picture.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert seen(page).startswith("Output row 6, column 6 of")


def test_padding_is_told(widget_page: Pages) -> None:
    page = widget_page(ReceptiveFieldLab([("conv", 3, 1, 1, 1)], row=0, column=0))
    assert "looks at rows −1 to 1 and columns −1 to 1. Of the 9 places of its field, 4 are" in seen(
        page
    )
    page.get_by_role("button", name="Output: one down").click()
    page.get_by_role("button", name="Output: one right").click()
    assert seen(page).endswith("All 9 pixels of its field lie in the image and are read.")


@pytest.mark.parametrize(
    ("layers", "shown", "label", "value", "message"),
    [
        ([CONV], 1, "Kernel", "x", "Kernel must be a whole number from 1 to 9; “x” is not one."),
        (
            [("conv", 9, 4, 0, 1)] * 2,
            2,
            "Dilation",
            "2",
            "Layer 2 (conv 9, s 4, d 2) spans 17 cells, but",
        ),
        (
            [("conv", 9, 4, 0, 1)] * 2,
            1,
            "Dilation",
            "6",
            "Layer 2 (conv 9, s 4) spans 9 cells, but only 4 are",
        ),
        ([("pool", 2, 2, 0, 1)], 1, "Padding", "2", "pooling takes at most half of its kernel, 1"),
    ],
)
def test_a_stack_that_cannot_work_is_explained_and_the_picture_stays(
    widget_page: Pages, layers: Any, shown: int, label: str, value: str, message: str
) -> None:
    page = widget_page(ReceptiveFieldLab(layers, shown=shown))
    before = rows(page)
    set_field(page, label, value)
    problem = page.locator(".cw-problem").first.inner_text()
    assert message in problem
    assert problem.endswith("The picture keeps the last setting that works.")
    assert rows(page) == before


def test_a_layer_that_others_need_is_not_removed(widget_page: Pages) -> None:
    stack = [("conv", 1, 1, 8, 1), ("conv", 9, 1, 8, 8), ("conv", 9, 1, 0, 2)]
    page = widget_page(ReceptiveFieldLab(stack, shown=1))
    page.get_by_role("button", name="Remove it").click()
    message = "Without layer 1 the layers after it do not fit: Layer"
    assert page.locator(".cw-problem").last.inner_text().startswith(message)
    assert len(rows(page)) == 4


def test_the_number_of_layers_has_limits(widget_page: Pages) -> None:
    page = widget_page(ReceptiveFieldLab([("conv", 3, 1, 1, 1)]))
    add, remove = (page.get_by_role("button", name=n) for n in ("Add a layer", "Remove it"))
    assert remove.get_attribute("aria-disabled") == "true"
    remove.click(force=True)
    for _ in range(MOST_LAYERS + 1):
        add.click(force=True)
    assert len(rows(page)) == 1 + MOST_LAYERS
    assert add.get_attribute("aria-disabled") == "true"


def test_the_picture_shows_what_is_read(widget_page: Pages) -> None:
    """Pixels that are read keep their gray value; the others are made pale."""
    import base64

    page = widget_page(ReceptiveFieldLab(PRESETS[-1][1], row=20, column=30))
    drawn = page.locator("canvas").evaluate(
        "c => [...c.getContext('2d').getImageData(0, 0, 64, 64).data].filter((_, n) => n % 4 === 0)"
    )
    gray = base64.b64decode(ct_pixels())
    rows_read, columns_read = (seen_pixels(PRESETS[-1][1], i) for i in (20, 30))
    for n, value in enumerate(drawn):
        if n // SIZE in rows_read and n % SIZE in columns_read:
            assert value == gray[n]
        else:
            assert abs(value - (40 + 0.35 * gray[n])) <= 1

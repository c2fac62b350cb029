"""Layer tables, and the lab that shows them: torchvision's numbers in both languages."""

import base64
import gzip
import json
from pathlib import Path
from runpy import run_path
from typing import Any

import pytest
import torch
from torch import nn

from browser import Pages, texts
from course_lib import models
from course_lib.arithmetic import count_macs, count_parameters, layer_table
from course_lib.widgets import LayerTableLab
from course_lib.widgets.layer_table_lab import NETWORKS, percent, retina_pixels, table_of

GOLDEN = Path(__file__).parent / "golden" / "layer_table_lab.json.gz"
NAMES = ("name", "block", "kind", "kernel", "stride", "padding", "maps", "size")
NAMES += ("parameters", "macs", "field", "jump", "start")
# What google-research/receptive_field says of VGG-16 (Distill 2019): field, stride, padding.
PUBLISHED = {
    "features.0": (3, 1, 1),
    "features.4": (6, 2, 2),
    "features.9": (16, 4, 6),
    "features.16": (44, 8, 18),
    "features.19": (76, 8, 34),
    "features.23": (100, 16, 42),
    "features.26": (164, 16, 74),
    "features.30": (212, 32, 90),
}


def stored() -> dict[str, Any]:
    with gzip.open(GOLDEN) as file:
        found: dict[str, Any] = json.load(file)
    return found


def layers_of(name: str) -> dict[str, dict[str, Any]]:
    rows = (dict(zip(NAMES, row, strict=True)) for row in table_of(name)["layers"])
    return {row["name"]: row for row in rows}


# The table ----------------------------------------------------------------------------------------


def test_a_table_of_odd_layers() -> None:
    """Rectangles, layers called twice, layers without a window, one shared layer."""
    shared = nn.Conv2d(2, 2, (1, 3), padding="same")
    model = nn.Sequential(
        nn.Conv2d(1, 2, (3, 5), stride=(1, 2), padding=(0, 2)), nn.ReLU(), shared, shared,
        nn.AvgPool2d(2, 1), nn.Flatten(), nn.Linear(2 * 5 * 3, 4),
    )  # fmt: skip
    rows = layer_table(model, (8, 8))
    assert [row.layer for row in rows] == [
        "Conv2d", "ReLU", "Conv2d", "Conv2d", "AvgPool2d", "Flatten", "Linear"
    ]  # fmt: skip
    first, _, one, two, pool, _, last = rows
    assert (first.kernel, first.stride, first.padding) == ((3, 5), (1, 2), (0, 2))
    assert (first.shape, first.size) == ((2, 6, 4), (6, 4))
    assert (first.macs, first.receptive_field) == (2 * 15 * 24, (3, 5))
    assert (one.name, two.name, one.padding) == ("2", "2:2", (0, 1))
    assert (one.parameters, two.parameters) == (2 * 2 * 3 + 2, 0)  # the same weights, once
    assert one.macs == two.macs == 2 * 2 * 3 * 24
    assert (pool.kernel, pool.stride, pool.parameters) == ((2, 2), (1, 1), 0)
    assert (last.kernel, last.shape, last.macs) == ((), (4,), 2 * 5 * 3 * 4)
    assert sum(row.parameters for row in rows) == count_parameters(model)
    assert sum(row.macs for row in rows) == count_macs(model, 8)


def test_a_table_leaves_the_model_as_it_is_and_refuses_what_does_not_fit() -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 5), nn.BatchNorm2d(4)).train()
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    layer_table(model, 9)
    assert model[1].training
    assert not model[0]._forward_hooks
    assert all(torch.equal(before[name], now) for name, now in model.state_dict().items())
    with pytest.raises(ValueError, match="`model` must take an image of 4 × 4 pixels"):
        layer_table(model, 4)


@pytest.mark.parametrize("name", NETWORKS)
def test_tables_add_up(name: str) -> None:
    table = table_of(name)
    _, function, size, keywords = NETWORKS[name]
    with torch.device("meta"):
        model = getattr(models, function)(**keywords).eval()
        norms = sum(count_parameters(m) for m in model.modules() if isinstance(m, nn.BatchNorm2d))
    layers = layers_of(name).values()
    assert len(layers) == len(table["layers"])  # every layer is called once
    assert table["normalization"] == norms
    assert sum(layer["parameters"] for layer in layers) + norms == count_parameters(model)
    assert sum(layer["macs"] for layer in layers) == count_macs(model, size) == table["macs"]


@pytest.mark.parametrize("name", stored()["costs"])
def test_the_tables_are_what_torchvision_says(name: str) -> None:
    module = run_path(str(GOLDEN.with_name("make_layer_table_lab.py")))
    wanted = stored()["costs"][name]
    assert module["costs"](name) == wanted
    layers = layers_of(name)
    for path, maps, side, parameters, macs in wanted:
        row = layers[path]
        found = (row["maps"], row["size"], row["parameters"], row["macs"])
        assert found == (maps, side, parameters, macs), path
    weighted = [n for n, row in layers.items() if row["parameters"]]
    assert weighted == [row[0] for row in wanted]


@pytest.mark.parametrize("name", stored()["windows"])
def test_the_fields_are_where_the_gradients_are(name: str) -> None:
    module = run_path(str(GOLDEN.with_name("make_layer_table_lab.py")))
    wanted = stored()["windows"][name]
    if name == "vgg16":  # the others take longer
        assert module["windows"](name, 1) == wanted
    layers, size = layers_of(name), table_of(name)["size"]
    for path, position, first, last in wanted:
        row = layers[path]
        start = row["start"] + position * row["jump"]
        assert (max(0, start), min(size, start + row["field"]) - 1) == (first, last), path


def test_the_fields_are_the_published_ones() -> None:
    layers = layers_of("vgg16")
    for path, wanted in PUBLISHED.items():
        row = layers[path]
        assert (row["field"], row["jump"], -row["start"]) == wanted


# The lab in Python --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keywords", "part"),
    [
        ({"networks": []}, "`networks` must name at least one network"),
        ({"networks": ["vgg17"]}, "`networks` must be 'lenet5' or"),
        ({"networks": ["vgg16"], "network": "alexnet"}, "`network` must be 'vgg16', got 'alexnet'"),
        ({"networks": "vgg16", "layer": "conv1"}, "`layer` must be 'features.0' or"),
        ({"networks": ["vgg16"], "row": 224}, "`row` must be a whole number from 0 to 223"),
        ({"networks": ["vgg16"], "column": -1}, "`column` must be a whole number from 0"),
    ],
)
def test_the_lab_refuses(keywords: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        LayerTableLab(**keywords)


def test_the_lab_says_it_in_words() -> None:
    lab = LayerTableLab(["alexnet", "vgg16"], network="vgg16", layer="classifier.0")
    assert lab.facts() == {
        "layer": "classifier.0: fully connected",
        "output": "4096",
        "parameters": "102,764,544 (74.3%)",
        "MACs": "102,760,448 (0.7%)",
        "receptive field": "404 × 404",
        "jump and start": "32, −90",
    }
    text = lab._repr_mimebundle_()[0]["text/plain"]
    assert "VGG-16 (2014), images of 224 × 224 pixels: 138,357,544 parameters" in text
    assert "features.30   512 × 7 × 7" in text
    dense = LayerTableLab("densenet121")._static_text()
    assert len(dense.splitlines()) < 20  # a line a block
    assert [percent(*pair) for pair in ((1, 8), (1, 3000), (0, 5), (2, 2))] == [
        "12.5%", "<0.1%", "0.0%", "100.0%"
    ]  # fmt: skip


def test_the_lab_is_light() -> None:
    assert len(base64.b64decode(retina_pixels())) == 96 * 96 * 3
    assert len(LayerTableLab()._repr_mimebundle_()[0]["text/html"]) < 150_000
    assert len(LayerTableLab(["vgg16"])._repr_mimebundle_()[0]["text/html"]) < 50_000


# The lab in the browser ---------------------------------------------------------------------------


def test_the_lab_in_the_browser_computes_what_torch_says(widget_page: Pages) -> None:
    cases = [
        [table_of(name), rows, stored()["windows"].get(name, [])]
        for name, rows in stored()["costs"].items()
    ]
    pairs = [(1, 3), (1, 8), (5, 10000), (0, 4), (102764544, 138357544), (1, 3000), (7, 7)]
    found, shares = widget_page().evaluate(
        """async ([cases, pairs]) => {
          const { default: lab } = await import("/modules/layer_table_lab.js");
          const found = cases.map(([table, costs, windows]) => {
            const layers = lab.layersOf(table);
            const at = Object.fromEntries(layers.map((layer) => [layer.name, layer]));
            const sums = lab.runs(layers).map((run) => [run.parameters, run.macs]);
            return [
              costs.map(([path]) =>
                ["maps", "size", "parameters", "macs"].map((name) => at[path][name])),
              windows.map(([path, position]) => lab.windowOf(at[path], position, table.size)),
              layers.every((layer) => [0, layer.size - 1].every((position) => {
                const [first, last] = lab.windowOf(layer, position);
                return lab.nearest(layer, (first + last) / 2) === position;
              })),
              [0, 1].map((n) => sums.reduce((total, pair) => total + pair[n], 0)),
            ];
          });
          return [found, pairs.map(([part, whole]) => lab.percent(part, whole))];
        }""",
        [cases, pairs],
    )
    for (table, costs, windows), (numbers, seen, back, sums) in zip(cases, found, strict=True):
        assert numbers == [row[1:] for row in costs]
        assert seen == [row[2:] for row in windows]
        assert back
        assert sums == [table["parameters"] - table["normalization"], table["macs"]]
    assert shares == [percent(*pair) for pair in pairs]


def facts(page: Any) -> str:
    return " ".join(page.locator(".cw-facts").inner_text().split())


def test_a_layer_is_chosen_and_told(widget_page: Pages) -> None:
    page = widget_page(LayerTableLab(["alexnet", "vgg16"], network="vgg16"))
    assert page.locator(".cw-editing").inner_text() == (
        "features.2: convolution 3 × 3, stride 1, padding 1"
    )
    page.get_by_role("button", name="classifier.0").click()
    assert "102,764,544, 74.3% of all" in facts(page)
    assert "Receptive field: 404 × 404 pixels" in facts(page)
    assert (
        page.locator(".cw-seen")
        .inner_text()
        .startswith(
            "Each output looks at rows −90 to 313 and columns −90 to 313: all of the image."
        )
    )
    assert page.locator("button[aria-pressed=true]").inner_text().split() == [
        "classifier.0",
        "fully",
        "connected",
    ]
    page.get_by_label("Network").select_option(label="AlexNet (2012, as in torchvision)")
    assert len(texts(page, ".cw-costs tbody tr")) == 11
    assert "61,100,840 parameters" in page.locator(".cw-total").inner_text()
    assert page.locator(".cw-editing").inner_text().startswith("features.2: max pooling 3 × 3")


def test_the_keyboard_walks_through_the_list_and_the_image(widget_page: Pages) -> None:
    page = widget_page(LayerTableLab(["vgg16"]))
    assert page.get_by_label("Network").count() == 0  # nothing to choose
    assert page.locator(".cw-costs button[tabindex='0']").count() == 1  # one stop for all layers
    page.locator(".cw-costs button[tabindex='0']").focus()
    for key, name in [
        ("ArrowDown", "features.4"),
        ("End", "classifier.6"),
        ("ArrowDown", "classifier.6"),
        ("Home", "features.0"),
        ("ArrowUp", "features.0"),
    ]:
        page.keyboard.press(key)
        assert page.evaluate("document.activeElement.textContent").split()[0] == name
        assert page.locator(".cw-editing").inner_text().startswith(name)
    page.get_by_role("application").focus()
    page.keyboard.press("Control+Home")
    assert "Output row 0, column 0 of 224 × 224 looks at rows −1 to 1" in (
        page.locator(".cw-seen").inner_text()
    )
    page.keyboard.press("ArrowDown")
    assert (
        page.locator(".cw-spoken").inner_text()
        == "Output row 1, column 0: rows 0 to 2, columns −1 to 1"
    )
    page.get_by_role("button", name="Output: one right").click()
    assert "row 1, column 1" in page.locator(".cw-seen").inner_text()


def test_the_place_in_the_image_is_kept_from_layer_to_layer(widget_page: Pages) -> None:
    page = widget_page(LayerTableLab(["vgg16"], layer="features.0", row=200, column=20))
    page.get_by_role("button", name="features.30").click()
    assert "Output row 6, column 0 of 7 × 7" in page.locator(".cw-seen").inner_text()
    box = page.get_by_role("application").bounding_box()
    page.get_by_role("application").click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    assert "Output row 3, column 3 of 7 × 7" in page.locator(".cw-seen").inner_text()


def test_blocks_have_sums(widget_page: Pages) -> None:
    page = widget_page(LayerTableLab(["densenet121"]))
    blocks = [" ".join(text.split()) for text in texts(page, ".cw-block")]
    assert [text.split()[0] for text in blocks] == [
        "denseblock1", "transition1", "denseblock2", "transition2",
        "denseblock3", "transition3", "denseblock4",
    ]  # fmt: skip
    members = [
        layer for layer in layers_of("densenet121").values() if layer["block"] == "denseblock4"
    ]
    total = sum(layer["parameters"] for layer in members) / 1e6
    assert blocks[-1].startswith(f"denseblock4 {total:.1f} M parameters")
    assert "83,648 of the parameters" in page.locator(".cw-total").inner_text()

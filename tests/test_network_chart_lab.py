"""The network chart lab: matplotlib's places in both languages, and its way with a reader."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from browser import Pages, texts
from course_lib.networks import NETWORKS, find_network
from course_lib.widgets import NetworkChartLab
from course_lib.widgets.network_chart_lab import Axis, describe, layout, make_axis

GOLDEN = Path(__file__).parent / "golden" / "network_chart_lab.json.gz"
SETTING = ["view", "by", "by_factors", "family", "weights"]


def stored() -> list[tuple[list[Any], dict[str, Any]]]:
    with gzip.open(GOLDEN) as file:
        found: list[tuple[list[Any], dict[str, Any]]] = json.load(file)["cases"]
    return found


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"view": "table"}, "`view` must be 'balls' or 'timeline', got 'table'"),
        ({"by": "macs"}, "`by` must be 'operations' or 'parameters' or 'depth', got 'macs'"),
        ({"by_factors": 1}, "`by_factors` must be True or False, got 1"),
        ({"family": "vgg"}, "`family` must be 'all' or 'LeNet' or .* got 'vgg'"),
        ({"weights": "V2"}, "`weights` must be 'V1' or 'best', got 'V2'"),
        ({"chosen": "VGG"}, "`chosen` must be 'LeNet-5' or .* got 'VGG'"),
    ],
)
def test_the_lab_refuses(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=part):
        NetworkChartLab(**setting)


def test_the_golden_file_is_what_matplotlib_says() -> None:
    from runpy import run_path

    made = run_path(str(GOLDEN.with_name("make_network_chart_lab.py")))["compute"]()
    assert stored() == made["cases"]
    assert len({len(case["places"]) for _, case in stored()}) > 5


def test_the_lab_places_as_matplotlib() -> None:
    for setting, case in stored():
        x, y, balls, _ = layout(*setting)
        assert [[x.low, x.high], [y.low, y.high]] == [case["x"], case["y"]], setting
        assert {ball.name for ball in balls} == set(case["places"]), setting
        for ball in balls:
            assert (ball.x, ball.y) == pytest.approx(case["places"][ball.name], abs=1e-8)
            assert 0 <= ball.x <= 1
            assert 0 <= ball.y <= 1


def test_the_lab_in_the_browser_places_as_matplotlib(widget_page: Pages) -> None:
    cases = stored()
    rows = NetworkChartLab().networks
    results = widget_page().evaluate(
        """async ([names, rows, cases]) => {
          const { default: lab } = await import("/modules/network_chart_lab.js");
          const keys = ["name", "family", "year", "size", "depth", "parameters", "macs"];
          keys.push("V1", "best");
          const networks = rows.map((row) => Object.fromEntries(keys.map((k, n) => [k, row[n]])));
          return cases.map((values) => {
            const setting = Object.fromEntries(names.map((name, n) => [name, values[n]]));
            const { x, y, balls, front } = lab.layout(networks, setting);
            const words = networks.map((n) => lab.describe(n, setting.weights));
            const told = balls.map((ball) => lab.verdict(balls, ball.name));
            return [x, y, balls, front, words, told];
          });
        }""",
        [SETTING, rows, [setting for setting, _ in cases]],
    )
    for (setting, case), (x, y, balls, front, words, told) in zip(cases, results, strict=True):
        mine = layout(*setting)
        for axis, found in zip(mine[:2], (x, y), strict=True):
            ticks = tuple(found["ticks"])
            assert Axis(found["low"], found["high"], found["log"], ticks) == axis
        for ball in balls:
            assert (ball["x"], ball["y"]) == pytest.approx(case["places"][ball["name"]], abs=1e-8)
        assert [ball["r"] for ball in balls] == pytest.approx([ball.r for ball in mine[2]])
        assert front == mine[3]
        assert words == [describe(network, setting[4]) for network in NETWORKS]
        if setting[0] == "balls":  # whom the front names, nobody beats
            unbeaten = {b["name"] for b, text in zip(balls, told, strict=True) if "None" in text}
            assert unbeaten == set(front)


def test_axes_hold_their_values() -> None:
    for values in ([0.0003, 7], [1, 1], [999, 1001], [0.05, 0.06], [3, 20], [20, 20]):
        for log in (False, True):
            axis = make_axis(values, log)
            assert axis.low <= min(values) <= max(values) <= axis.high
            assert axis.ticks[0] == axis.low
            assert axis.ticks[-1] == axis.high


def test_the_lab_tells_a_network(widget_page: Pages) -> None:
    page = widget_page(NetworkChartLab())
    told = page.locator(".cw-told")
    assert told.inner_text() == NetworkChartLab().describe()
    assert page.locator(".cw-told + p").inner_text() == (
        "Cheaper and right at least as often: EfficientNet-B0."
    )
    page.get_by_label("Weights").select_option("best")
    assert told.inner_text() == describe(find_network("ResNet-50"), "best")
    assert "80.9% of the test images right (weights V2)" in told.inner_text()
    assert page.locator(".cw-told + p").inner_text().startswith("None shown costs less")


def test_networks_are_chosen_by_keys_buttons_and_pointers(widget_page: Pages) -> None:
    page = widget_page(NetworkChartLab(family="ResNet"))
    told, view = page.locator(".cw-told"), page.get_by_role("application")
    view.focus()
    for key, name in [
        ("ArrowRight", "ResNet-101"),
        ("End", "ResNet-152"),
        ("ArrowRight", "ResNet-152"),
        ("Home", "ResNet-18"),
        ("ArrowUp", "ResNet-34"),
        ("ArrowDown", "ResNet-18"),
    ]:
        page.keyboard.press(key)
        assert told.inner_text().startswith(f"{name} (2015)")
    assert page.get_by_label("Previous network").get_attribute("aria-disabled") == "true"
    page.get_by_label("Next network").click()
    assert told.inner_text().startswith("ResNet-34")
    assert page.locator(".cw-spoken").text_content().startswith("ResNet-34")
    circles = page.locator("circle")
    boxes = [circles.nth(n).bounding_box() for n in range(5)]
    middles = [(b["x"] + b["width"] / 2, b["y"] + b["height"] / 2) for b in boxes]
    seen = set()
    for x, y in middles:
        page.mouse.move(x, y)
        seen.add(told.inner_text().split()[0])
    assert len(seen) == 5


def test_a_family_without_an_accuracy_says_so(widget_page: Pages) -> None:
    page = widget_page(NetworkChartLab(family="NiN"))
    assert page.locator("circle").count() == 0
    assert "no weights for this family" in page.locator(".cw-told").inner_text()
    page.get_by_label("Chart", exact=True).select_option("timeline")
    assert page.locator("circle").count() == 1
    assert page.locator(".cw-told").inner_text().startswith("NiN (2013): no accuracy")
    page.get_by_label("Family").select_option("all")
    assert page.locator("circle").count() == len(NETWORKS) - 1


def test_the_balls_have_the_area_of_the_parameters(widget_page: Pages) -> None:
    page = widget_page(NetworkChartLab())
    sizes = page.locator("circle").evaluate_all(
        "nodes => nodes.map((n) => Number(n.getAttribute('r')))"
    )
    assert sizes == sorted(sizes, reverse=True)  # small ones lie on top
    shown = sorted((n.parameters for n in NETWORKS if n.top1), reverse=True)
    for size, parameters in zip(sizes, shown, strict=True):
        assert size == pytest.approx(max(3, sizes[0] * (parameters / shown[0]) ** 0.5))


@pytest.mark.parametrize("width", [320, 1280])
def test_names_stand_free(widget_page: Pages, width: int) -> None:
    """No name covers another one, and none leaves the picture."""
    page = widget_page(NetworkChartLab(), width=width)
    for view in ("balls", "timeline"):
        page.get_by_label("Chart", exact=True).select_option(view)
        boxes = page.locator(".cw-name").evaluate_all(
            "nodes => nodes.map((node) => { const b = node.getBoundingClientRect(); "
            "return [b.left, b.right, b.top, b.bottom]; })"
        )
        assert len(boxes) >= (1 if width == 320 else 8)
        for n, (left, right, top, bottom) in enumerate(boxes):
            assert left >= 0
            assert right <= width
            for other in boxes[:n]:
                is_apart = right <= other[0] or other[1] <= left
                assert is_apart or bottom <= other[2] + 3 or other[3] <= top + 3


def test_without_javascript_there_is_the_table(widget_page: Pages) -> None:
    page = widget_page(NetworkChartLab(), java_script_enabled=False)
    rows = [" ".join(row.split()) for row in texts(page, "tbody tr")]
    assert len(rows) == len(NETWORKS)
    assert "VGG-16 2014 16 138 million 15.5 billion 71.6% 71.6%" in rows

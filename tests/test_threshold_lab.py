"""The threshold clinic: what the metrics say in both languages, and its way with a reader."""

import gzip
import json
import re
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
import torch

from browser import Pages, set_field, texts
from course_lib.metrics import predictive_values, roc_curve
from course_lib.metrics.bands import roc_band
from course_lib.widgets import ThresholdLab
from course_lib.widgets.threshold_scores import (
    FINE,
    average_precision,
    cheapest,
    describe,
    money,
    outcome,
    percent,
    sample_of,
    split,
)

GOLDEN = Path(__file__).parent / "golden" / "threshold_lab.json.gz"
MADE = run_path(str(GOLDEN.with_name("make_threshold_lab.py")))
SCRIPT = Path(__file__).parents[1] / "benchmarks" / "threshold_clinic.py"
REPEATED = (100, 500)


def stored() -> Any:
    with gzip.open(GOLDEN) as file:
        return json.load(file)


def samples() -> dict[str, dict[str, Any]]:
    return {sample["name"]: sample for sample in ThresholdLab().samples}


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-12, abs=1e-12)


def plain(case: Any) -> list[float]:
    """None, where nobody got an answer, as -1."""
    return [-1 if value is None else value for value in case]


# Numbers ------------------------------------------------------------------------------------------


def test_the_golden_file_is_what_the_metrics_say() -> None:
    made = MADE["compute"]()
    found = stored()
    assert [case[0] for case in found["cases"]] == [case[0] for case in made["cases"]]
    for (_, mine), (_, theirs) in zip(found["cases"], made["cases"], strict=True):
        assert plain(mine) == near(plain(theirs))
    assert len({case[-1] for _, case in made["cases"]}) > 10  # cheapest thresholds
    assert sum(None in case for _, case in made["cases"]) > 50


def test_the_lab_computes_what_the_metrics_say() -> None:
    known = samples()
    best = {}
    for (name, threshold, *setting), case in stored()["cases"]:
        found = outcome(known[name], threshold, *setting)
        assert plain(found) == near(plain(case[:-1]))
        key = (name, *setting)
        best.setdefault(key, cheapest(known[name], *setting))
        assert best[key] == case[-1]
    for name, curve in stored()["curves"].items():
        areas = [average_precision(known[name], ill) for ill in REPEATED]
        assert areas == near(curve["average_precision"])


def test_the_lab_in_the_browser_computes_what_the_metrics_say(widget_page: Pages) -> None:
    golden, known = stored(), samples()
    cases = golden["cases"]
    found, points, areas, said, bands = widget_page().evaluate(
        """async ([samples, cases, ills]) => {
          const { default: lab } = await import("/modules/threshold_lab.js");
          const names = Object.keys(samples);
          return [
            cases.map(([name, threshold, ...setting]) => {
              const all = lab.outcome(samples[name], threshold, ...setting);
              return [...Object.values(all), lab.cheapest(samples[name], ...setting)];
            }),
            names.map((name) => lab.pointsOf(samples[name])),
            names.map((name) => ills.map((ill) => lab.averagePrecision(samples[name], ill))),
            cases.filter((_, n) => n % 7 === 0)
              .map(([name, ...setting]) => lab.describe(samples[name], ...setting)),
            names.map((name) => ills.map((ill) => lab.precisionBand(samples[name], ill))),
          ];
        }""",
        [known, [setting for setting, _ in cases], REPEATED],
    )
    for mine, (_, theirs) in zip(found, cases, strict=True):
        assert plain(mine) == near(plain(theirs))
    for (name, curve), mine, area in zip(golden["curves"].items(), points, areas, strict=True):
        m, n = len(known[name]["ill"]), len(known[name]["well"])
        assert [point["threshold"] for point in mine] == curve["thresholds"]
        assert [point["tp"] / m for point in mine] == near(curve["tpr"])
        assert [point["fp"] / n for point in mine] == near(curve["fpr"])
        assert area == near(curve["average_precision"])
    for words, ((name, *setting), _) in zip(said, cases[::7], strict=True):
        assert words == describe(known[name], *setting)
    for name, both in zip(known, bands, strict=True):
        for ill, band in zip(REPEATED, both, strict=True):
            assert len(band) == 50
            for k, (recall, low, high) in enumerate(band, 1):
                ends = known[name]["band"][3][k], known[name]["band"][2][k]
                for value, fpr in zip((low, high), ends, strict=True):
                    chances = recall * ill, fpr / FINE * (1000 - ill)
                    assert value == pytest.approx(chances[0] / sum(chances), abs=1e-12)


def test_words_are_the_same_in_both_languages(widget_page: Pages) -> None:
    shares = [None, 0, 1, 1e-9, 0.0005, 0.00049, 0.0999, 0.1, 0.5, 0.9, 0.9001, 0.9995, 1 - 1e-9]
    costs = [0, 0.04, 0.96, 9.94, 9.96, 10, 999.5, 12345.6]
    parts = [(of, share) for of in (1, 10, 372, 999) for share in shares[1:]]
    found = widget_page().evaluate(
        """async ([shares, costs, parts]) => {
          const { default: lab } = await import("/modules/threshold_lab.js");
          return [shares.map(lab.percent), costs.map(lab.money), parts.map((p) => lab.split(...p))];
        }""",
        [shares, costs, parts],
    )
    assert found == [
        [percent(share) for share in shares],
        [money(cost) for cost in costs],
        [list(split(*part)) for part in parts],
    ]
    for (of, _), (one, other) in zip(parts, found[2], strict=True):
        assert float(one) + float(other) == pytest.approx(of)


# The band -----------------------------------------------------------------------------------------


def test_the_band_is_that_of_a_loop() -> None:
    """Resample by resample, threshold by threshold, with NumPy's order statistics."""
    random = np.random.default_rng(3)
    labels = np.array([1] * 9 + [0] * 14)
    scores = random.integers(0, 12, 23) / 12 + labels / 4
    steps, resamples = 5, 40
    found = roc_band(labels, scores, generator=7, resamples=resamples, steps=steps)
    generator = torch.Generator().manual_seed(7)
    ups, acrosses = [], []
    drawn = [
        torch.randint(size, (resamples, size), generator=generator).numpy() for size in (9, 14)
    ]
    for ill, well in zip(scores[:9][drawn[0]], scores[9:][drawn[1]], strict=True):
        points = [
            ((well >= t).mean(), (ill >= t).mean()) for t in (np.inf, *np.unique(scores)[::-1])
        ]
        grid = [k / steps for k in range(steps + 1)]
        ups.append([max(up for across, up in points if across <= g) for g in grid])
        acrosses.append([min(across for across, up in points if up >= g) for g in grid])
    for values, low, high in ((ups, *found[1:3]), (acrosses, *found[3:])):
        ends = [
            np.quantile(values, share, axis=0, method=method)
            for share, method in ((0.025, "lower"), (0.975, "higher"))
        ]
        assert low.tolist() == near(ends[0].tolist())
        assert high.tolist() == near(ends[1].tolist())


def test_the_band_of_precision_is_that_of_the_resamples() -> None:
    """Turned round, the ends of the FPR are the ends of precision, for any prevalence."""
    fpr = torch.rand(400, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    for prevalence in (0.01, 0.4):
        ppv = [predictive_values(0.7, 1 - value, prevalence=prevalence).ppv for value in fpr]
        tail = torch.tensor(0.025, dtype=torch.float64)
        high_fpr = fpr.quantile(1 - tail, interpolation="higher").item()
        low = torch.tensor(ppv, dtype=torch.float64).quantile(tail, interpolation="lower")
        assert predictive_values(0.7, 1 - high_fpr, prevalence=prevalence).ppv == near(low.item())


def test_the_band_holds_its_curve_and_narrows_with_people() -> None:
    for sample in samples().values():
        labels, scores = MADE["data_of"](sample)
        fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
        tpr_low, tpr_high, fpr_low, fpr_high = torch.tensor(sample["band"]) / FINE
        for k, place in enumerate(torch.arange(51, dtype=torch.float64) / 50):
            assert tpr_low[k] - 1e-4 <= tpr[fpr <= place].max() <= tpr_high[k] + 1e-4
            assert fpr_low[k] - 1e-4 <= fpr[tpr >= place].min() <= fpr_high[k] + 1e-4
        more = roc_band(labels.repeat(9), scores.repeat(9), generator=0, resamples=400)
        width = (more.tpr_high - more.tpr_low).mean()
        assert 2.2 < (tpr_high - tpr_low).mean() / width < 4


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"confidence": 1.0}, "`confidence` must be"),
        ({"resamples": 0}, "`resamples` must be 1 or more, got 0"),
        ({"steps": 0}, "`steps` must be 1 or more, got 0"),
    ],
)
def test_the_band_refuses(change: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        roc_band([0, 1], [0.1, 0.2], generator=0, **change)


def test_one_class_has_no_band() -> None:
    from course_lib.metrics import UndefinedMetricWarning

    with pytest.warns(UndefinedMetricWarning, match="only one class"):
        band = roc_band([1, 1], [0.1, 0.2], generator=0)
    assert all(end.isnan().all() for end in band[1:])


# The data -----------------------------------------------------------------------------------------


def test_the_record_is_what_the_script_makes() -> None:
    made = run_path(str(SCRIPT))["compute"]()
    for mine, theirs in zip(ThresholdLab().samples, made, strict=True):
        assert {**mine, "band": 0, "ill": 0, "well": 0, "auc": 0} == {
            **theirs, "band": 0, "ill": 0, "well": 0, "auc": 0,
        }  # fmt: skip
        for kind in ("ill", "well"):
            assert mine[kind] == pytest.approx(theirs[kind], abs=1)  # another BLAS
        assert mine["auc"] == pytest.approx(theirs["auc"], abs=1e-3)
        for ours, other in zip(mine["band"], theirs["band"], strict=True):
            assert ours == pytest.approx(other, abs=300)
    assert [len(made[0][kind]) for kind in ("ill", "well")] == [106, 179]
    assert made[1]["auc"][0] == 0.5


def test_a_cut_score_keeps_the_counts_at_two_digits() -> None:
    scores = torch.rand(500, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    scores[:3] = torch.tensor([0.29, 0.57, 0.58])  # floats a little below or above their digits
    labels = torch.arange(500) % 2
    sample = sample_of("x", "x", labels, scores)
    for k in range(100):
        found = outcome(sample, 100 * k, 500, 1, 1)
        called = scores >= k / 100
        assert (found.tp, found.fp) == (int((called & (labels == 1)).sum()),
                                        int((called & (labels == 0)).sum()))  # fmt: skip


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"sample": "own"}, "`sample` must be 'lumps' or 'useless' or 'excellent', got 'own'"),
        ({"threshold": 1.5}, "`threshold` must be from 0 to 1, got 1.5"),
        ({"threshold": float("nan")}, "`threshold` must be from 0 to 1, got nan"),
        ({"threshold": "x"}, "`threshold` must be from 0 to 1, got 'x'"),
        ({"ill": 0}, "`ill` must be a whole number from 1 to 999, got 0"),
        ({"cost_fn": -1}, "`cost_fn` must be a whole number from 0 to 999, got -1"),
        ({"cost_fp": 0.5}, "`cost_fp` must be a whole number from 0 to 999, got 0.5"),
        ({"y_true": [0, 1]}, "`y_true` and `y_score` must come together"),
        ({"y_true": [1, 1], "y_score": [0.2, 0.3]}, "`y_true` must have both 0 and 1"),
        ({"y_true": [0, 1], "y_score": [0.2, 3]}, "`y_score` must be from 0 to 1, got 0.2 to 3"),
    ],
)
def test_the_lab_refuses(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        ThresholdLab(**setting)


def test_a_reader_can_bring_scores() -> None:
    lab = ThresholdLab([0, 0, 1, 1], [0.1, 0.4, 0.35, 1.0], threshold=0.3, ill=500)
    assert [sample["name"] for sample in lab.samples] == ["own"]
    assert "500 are found" in lab.describe()
    assert "250 well people are alarmed" in lab.describe()


def test_it_is_small() -> None:
    lab = ThresholdLab()
    assert len(lab._repr_mimebundle_()[0]["text/html"]) < 16_000


# With a reader ------------------------------------------------------------------------------------

TOLD = ".cw-told"


def line_place(page: Any) -> tuple[float, float]:
    grip = page.locator(".cw-grip").bounding_box()
    return grip["x"] + grip["width"] / 2, grip["y"] + grip["height"] / 2


@pytest.mark.parametrize("width", [320, 1000])
def test_the_line_is_dragged_by_the_mouse(widget_page: Pages, width: int) -> None:
    page = widget_page(ThresholdLab(), width=width)
    slider = page.get_by_label("Threshold:")
    box = page.locator(".cw-scores-view").bounding_box()
    x, y = line_place(page)
    page.mouse.move(x, y)
    page.mouse.down()
    for share in (0.6, 0.7, 0.2):
        page.mouse.move(box["x"] + 14 + share * (box["width"] - 28), y + 30, steps=3)
        assert page.locator(".cw-spoken").text_content() == ""  # not before it is let go
    page.mouse.up()
    value = int(slider.input_value())
    assert value == pytest.approx(20, abs=1)
    assert page.locator(TOLD).inner_text() == ThresholdLab(threshold=value / 100).describe()
    assert page.locator(".cw-spoken").text_content() == page.locator(TOLD).inner_text()
    thumb = slider.bounding_box()  # the handle stands under the line
    at = thumb["x"] + 14 + value / 100 * (thumb["width"] - 28)
    assert line_place(page)[0] == pytest.approx(at, abs=1.5)
    page.mouse.move(box["x"] + 0.9 * box["width"], y)
    assert int(slider.input_value()) == value
    page.keyboard.press("ArrowRight")  # the slider has the focus
    assert int(slider.input_value()) == value + 1


def test_a_finger_moves_the_line_and_still_scrolls(widget_page: Pages) -> None:
    page = widget_page(ThresholdLab(), width=375, has_touch=True)
    slider, view = page.get_by_label("Threshold:"), page.locator(".cw-scores-view")
    box = view.bounding_box()
    page.touchscreen.tap(box["x"] + 14 + 0.3 * (box["width"] - 28), box["y"] + 80)
    assert slider.input_value() == "30"
    assert view.evaluate("node => getComputedStyle(node).touchAction") == "pan-y"
    touch = page.context.new_cdp_session(page)

    def send(kind: str, *spot: float) -> None:
        points = [{"x": spot[0], "y": spot[1]}] if spot else []
        touch.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    x, y = line_place(page)
    send("touchStart", x, y)
    for k in range(1, 9):
        send("touchMove", x + 12 * k, y)
    send("touchEnd")
    assert int(slider.input_value()) > 55
    before = slider.input_value()
    send("touchStart", x - 40, y)
    for k in range(1, 13):
        send("touchMove", x - 40, y - 12 * k)
    send("touchEnd")
    page.wait_for_function("window.scrollY > 40")
    assert slider.input_value() == before


def test_keys_move_both_sliders(widget_page: Pages) -> None:
    page = widget_page(ThresholdLab())
    slider = page.get_by_label("Threshold:")
    slider.focus()
    for key, value in [
        ("ArrowLeft", "0.49"),
        ("ArrowUp", "0.50"),
        ("Home", "0.00"),
        ("End", "1.00"),
    ]:
        page.keyboard.press(key)
        assert slider.get_attribute("aria-valuetext") == value
        assert page.locator(TOLD).inner_text() == ThresholdLab(threshold=float(value)).describe()
    assert "nobody is called ill" in page.locator(".cw-spoken").text_content()
    assert texts(page, "dd b")[2] == "–"
    assert page.locator(".cw-curves figure").nth(1).locator("circle").count() == 0
    page.keyboard.press("PageDown")
    assert slider.get_attribute("aria-valuetext") == "0.90"
    page.keyboard.press("Tab")
    page.keyboard.press("Home")
    assert page.evaluate("document.activeElement.getAttribute('aria-valuetext')") == (
        "1 of 1,000 ill, 0.1%"
    )
    assert page.locator(TOLD).inner_text() == ThresholdLab(threshold=0.9, ill=1).describe()


def test_prevalence_leaves_the_roc_curve_and_moves_the_other(widget_page: Pages) -> None:
    page = widget_page(ThresholdLab(threshold=0.4))
    curves = page.locator(".cw-curve")
    bands = page.locator(".cw-band")

    def seen() -> tuple[list[str], list[str], list[str]]:
        drawn = [
            path.evaluate_all("nodes => nodes.map((node) => node.getAttribute('d'))")
            for path in (curves, bands)
        ]
        return drawn[0], drawn[1], texts(page, "dd b")

    before = seen()
    page.get_by_label("Prevalence:").focus()
    page.keyboard.press("Home")
    after = seen()
    for mine, other in zip(before[:2], after[:2], strict=True):
        assert mine[0] == other[0]
        assert mine[1] != other[1]
    for n, stays in enumerate([True, True, False, False, True, False, False]):
        assert (before[2][n] == after[2][n]) is stays
    assert before[2][2] == percent(outcome(samples()["lumps"], 4000, 372, 20, 1).ppv)
    assert after[2][2] == percent(outcome(samples()["lumps"], 4000, 1, 20, 1).ppv) == "0.4%"


def test_the_cheapest_threshold_is_found_and_said(widget_page: Pages) -> None:
    page = widget_page(ThresholdLab())
    button = page.get_by_role("button", name="To the cheapest")
    button.click()
    best = cheapest(samples()["lumps"], 372, 20, 1)
    assert page.get_by_label("Threshold:").get_attribute("aria-valuetext") == f"{best / FINE:.4f}"
    assert page.locator(TOLD).inner_text().endswith("the least possible.")
    assert page.locator(".cw-spoken").text_content() == page.locator(TOLD).inner_text()
    assert button.get_attribute("aria-disabled") == "true"
    set_field(page, "Cost of a miss", "1")
    assert not page.locator(TOLD).inner_text().endswith("the least possible.")
    set_field(page, "Cost of a false alarm", "1000")
    assert "must be a whole number from 0 to 999" in page.locator(".cw-problem").inner_text()
    set_field(page, "Cost of a false alarm", "500")
    set_field(page, "Cost of a miss", "0")
    button.click()
    assert page.get_by_label("Threshold:").get_attribute("aria-valuetext") == "1.00"


def test_scores_that_know_nothing_treat_everybody_alike(widget_page: Pages) -> None:
    page = widget_page(ThresholdLab())
    page.get_by_label("Scores", exact=True).select_option("useless")
    page.get_by_role("button", name="To the cheapest").click()
    assert texts(page, "dd b")[0] == "100%"
    assert texts(page, "dd b")[1] == "0%"
    assert texts(page, "dd b")[4] == "0.500"
    assert "Simulated" in page.locator(".cw-note").inner_text()


def test_python_and_page_show_the_same_cells(widget_page: Pages) -> None:
    settings = ({}, {"threshold": 0.9, "ill": 7}, {"sample": "excellent", "threshold": 0.0})
    labs = [ThresholdLab(**setting) for setting in settings]
    page = widget_page(*labs)
    every = [row.split() for row in texts(page, ".cw-people tbody tr")]
    for n, lab in enumerate(labs):
        rows = every[3 * n : 3 * n + 3]
        text = lab._repr_mimebundle_()[0]["text/plain"]
        told = [line.split() for line in text.splitlines() if line.startswith(("ill ", "well "))]
        assert [[word.lower() for word in row] for row in rows[:2]] == told
        assert rows[2][-1] == "1,000"


def test_python_moves_the_page(widget_page: Pages) -> None:
    """A trait that Python sets is shown: here through the loader's own model."""
    page = widget_page()
    told = page.evaluate(
        """async (state) => {
          const { default: lab } = await import("/modules/threshold_lab.js");
          const heard = [];
          const model = {
            get: (key) => state[key], set: (key, value) => { state[key] = value; },
            save_changes: () => {}, on: (_, call) => heard.push(call), off: () => {},
          };
          const el = document.createElement("div");
          document.body.append(el);
          lab.render({ model, el });
          Object.assign(state, { threshold: 0.1234, ill: 123, sample: "excellent" });
          heard.forEach((call) => call());
          return el.querySelector(".cw-told").textContent;
        }""",
        ThresholdLab()._static_state(),
    )
    assert told == ThresholdLab(threshold=0.1234, ill=123, sample="excellent").describe()


def test_without_javascript_there_are_the_cells(widget_page: Pages) -> None:
    page = widget_page(ThresholdLab(), java_script_enabled=False)
    assert ThresholdLab().describe() in page.locator(".cw-card").inner_text()
    assert [row.split() for row in texts(page, "tbody tr")] == [
        ["ill", "249", "123", "372"],
        ["well", "109", "519", "628"],
    ]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_colors_of_the_pictures_stand_out(widget_page: Pages, theme: str) -> None:
    """Bars, lines and points: 3:1 against the card."""
    page = widget_page(ThresholdLab(), theme=theme)
    colors = page.locator(".cw-card").evaluate(
        """card => [["rect.cw-ill", "stroke"], ["rect.cw-well", "stroke"],
          ["rect.cw-ill.cw-called", "fill"], ["rect.cw-well.cw-called", "fill"],
          [".cw-cut", "stroke"], [".cw-curve", "stroke"], [".cw-best", "stroke"]]
          .map(([selector, kind]) => getComputedStyle(card.querySelector(selector))[kind])
          .concat(getComputedStyle(card).backgroundColor)"""
    )
    *found, card = map(luminance, colors)
    for color in found:
        light, dark = sorted((color, card), reverse=True)
        assert (light + 0.05) / (dark + 0.05) >= 3, colors


def luminance(color: str) -> float:
    parts = [int(part) / 255 for part in re.findall(r"\d+", color)[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

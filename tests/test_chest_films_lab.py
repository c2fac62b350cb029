"""The lab of chest films: what the metrics say in both languages, and its way with a reader."""

import gzip
import io
import json
import re
from base64 import b64decode
from pathlib import Path
from runpy import run_path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from browser import Pages, texts
from course_lib.data.labeled import read_record
from course_lib.data.phantoms import FINDINGS, chest_films
from course_lib.metrics import roc_auc_score
from course_lib.widgets import ChestFilmsLab
from course_lib.widgets.chest_film_scores import (
    counts,
    describe,
    outcome,
    peak,
    score_of,
    share,
    summary,
    there,
)

GOLDEN = Path(__file__).parent / "golden" / "chest_films_lab.json.gz"
MADE = run_path(str(GOLDEN.with_name("make_chest_films_lab.py")))
SCRIPT = run_path(str(Path(__file__).parents[1] / "benchmarks" / "train_chest_films.py"))
TOLD = ".cw-told"


def stored() -> Any:
    with gzip.open(GOLDEN) as file:
        return json.load(file)


def record() -> dict[str, Any]:
    return read_record("chest_films")


def near(value: Any) -> Any:
    return pytest.approx(value, rel=1e-12, abs=1e-9)


def numbers(case: Any) -> list[float]:
    """None, where there is nobody to count, as -1."""
    return [-1 if value is None else value for value in case]


def finds(lab: ChestFilmsLab, k: int, kind: str, threshold: int) -> list[int]:
    """The films, from 1, that are of a kind."""
    return [
        n
        for n, film in enumerate(lab.data["films"], 1)
        if outcome(lab.data, film["row"], k, threshold) == kind
    ]


# Numbers ------------------------------------------------------------------------------------------


def test_the_golden_file_is_what_the_metrics_say() -> None:
    made, found = MADE["compute"](), stored()
    for part in ("cases", "maps"):
        assert [case[0] for case in found[part]] == [case[0] for case in made[part]]
    for (_, mine), (_, theirs) in zip(found["cases"], made["cases"], strict=True):
        assert numbers(mine) == near(numbers(theirs))
    for (_, mine), (_, theirs) in zip(found["maps"], made["maps"], strict=True):
        assert mine[0] == theirs[0]
        assert mine[1] == near(theirs[1])
    assert sum(None in case for _, case in made["cases"]) > 10


def test_the_lab_counts_what_the_metrics_count() -> None:
    data = ChestFilmsLab().data
    for (k, threshold), case in stored()["cases"]:
        found = counts(data, k, threshold)
        parts = found.rates().values()
        rates = [part / whole if whole else -1 for part, whole in parts]
        assert [*found, *rates] == near(numbers(case))
    for (film, k), (place, _) in stored()["maps"]:
        assert list(peak(data, film, k)) == place


def test_the_lab_in_the_browser_computes_what_the_metrics_say(widget_page: Pages) -> None:
    golden, data = stored(), ChestFilmsLab().data
    settings = [case[0] for case in golden["cases"]]
    films = [
        (film, k, threshold, truth, box)
        for film in range(len(data["films"]))
        for k in range(14)
        for threshold, truth, box in ((0, 1, 1), (33, 0, 1), (50, 1, 0))
    ]
    shares = [[0, 0], [0, 7], [1, 3], [2, 3], [7, 7], [999, 1000], [1, 16]]
    found, maps, said, sums, parts = widget_page().evaluate(
        """async ([raw, settings, maps, films, shares]) => {
          const { default: lab } = await import("/modules/chest_films_lab.js");
          const data = lab.readData(raw);
          return [
            settings.map(([k, threshold]) => {
              const found = lab.counts(data, k, threshold);
              const rates = lab.ratesOf(found).map(([part, of]) => (of ? part / of : null));
              return [...Object.values(found), ...rates];
            }),
            maps.map(([film, k]) => {
              const large = lab.enlarge(lab.mapOf(data, film, k), data.side, 64);
              return [lab.peak(data, film, k), [...large].filter((_, n) => n % 61 === 0)];
            }),
            films.map((one) => lab.describe(data, ...one)),
            settings.map((one) => lab.summary(data, ...one)),
            shares.map((one) => lab.share(...one)),
          ];
        }""",
        [data, settings, [case[0] for case in golden["maps"]], films, shares],
    )
    for mine, (_, theirs) in zip(found, golden["cases"], strict=True):
        assert numbers(mine) == near(numbers(theirs))
    for mine, (_, theirs) in zip(maps, golden["maps"], strict=True):
        assert mine[0] == theirs[0]
        assert mine[1] == near(theirs[1])
    for words, (*setting, truth, box) in zip(said, films, strict=True):
        assert words == describe(data, *setting, truth=bool(truth), box=bool(box))
    assert sums == [summary(data, *setting) for setting in settings]
    assert parts == [share(*of) for of in shares]


# The data -----------------------------------------------------------------------------------------


def test_the_films_are_those_that_the_phantoms_draw() -> None:
    """Pictures, truth and boxes of some films are drawn again, from the patient's number alone."""
    kept = record()
    for film in kept["films"][::9]:
        drawn = chest_films(1, seed=0, first_patient=film["patient"])
        one = drawn.subset(drawn.film_numbers == film["number"])
        picture = np.asarray(Image.open(io.BytesIO(b64decode(film["picture"]))).convert("L")) / 255
        assert picture.shape == (64, 64)
        off = np.abs(picture - one.images[0, 0].numpy())
        assert off.mean() < 0.02  # the file is lossy
        assert off.max() < 0.15
        truth = [there(kept, film["row"], k) for k in range(14)]
        assert truth == one.truth[0].bool().tolist()
        assert film["boxes"] == {
            str(k): one.boxes[0, k].tolist() for k in range(14) if truth[k]
        }  # fmt: skip


def test_a_map_adds_up_to_the_probability() -> None:
    """The mean of a class activation map plus the bias is the logit; of rounded ones, too."""
    kept = record()
    units, bias = torch.tensor(kept["units"]), torch.tensor(kept["bias"])
    for n, film in enumerate(kept["films"]):
        logits = (MADE["maps_of"](kept, n) - kept["steps"]).mean(dim=(1, 2)) * units + bias
        room = logits.sigmoid() * 0.25 * units + 0.005
        scores = torch.tensor([score_of(kept, film["row"], k) for k in range(14)]) / 100
        assert ((scores + 0.005 - logits.sigmoid()).abs() <= room + 0.005).all()


def test_the_films_are_chosen_by_the_rule() -> None:
    kept = record()
    truth, scores = MADE["tensors"](kept)
    rows = [film["row"] for film in kept["films"]]
    assert rows == sorted(rows)
    patients = [film["patient"] for film in kept["films"]]
    assert len(set(patients)) == len(patients) == SCRIPT["SHOWN"]
    called = scores >= torch.tensor(kept["thresholds"])
    for kind in (called & (truth == 1), ~called & (truth == 1), called & (truth == 0)):
        assert (kind[rows].any(dim=0) >= kind.any(dim=0)).sum() >= 13  # a patient may be taken
    assert (~called[rows].any(dim=1) & (truth[rows] == 0).all(dim=1)).any()
    assert truth[rows].any(dim=0).all()


def test_the_choice_takes_the_first_of_each_kind() -> None:
    scores = torch.tensor([[9], [9], [1], [1], [9], [1]])
    truth = torch.tensor([[1.0], [1], [1], [0], [0], [0]])
    shown = SCRIPT["choose"](scores, truth, [5], [1, 2, 3, 4, 5, 5])
    assert shown == [0, 1, 2, 3, 4]  # the last is of a patient who is there
    assert set(SCRIPT["choose"](scores, truth, [5], [1, 1, 3, 4, 4, 4])) == {0, 2, 4}


def test_the_areas_are_those_of_the_scores() -> None:
    kept = record()
    truth, scores = MADE["tensors"](kept)
    found: Any = roc_auc_score(truth, scores, average=None)
    for area, (value, low, high) in zip(found.tolist(), kept["auroc"], strict=True):
        assert area == pytest.approx(value, abs=0.02)  # hundredths have ties
        assert low < value < high
    assert found.mean() > 0.8
    assert kept["findings"] == list(FINDINGS)


def test_it_is_light() -> None:
    """A page may have 300 kB, and 190 of them are the same on all."""
    html = ChestFilmsLab()._repr_mimebundle_()[0]["text/html"]
    assert len(gzip.compress(html.encode(), 6)) < 55_000


@pytest.mark.parametrize(
    ("setting", "part"),
    [
        ({"film": 0}, "`film` must be a whole number from 1 to"),
        ({"film": 99}, "`film` must be a whole number from 1 to"),
        ({"finding": "Flu"}, "`finding` must be 'Atelectasis' or"),
        ({"threshold": 1.01}, "`threshold` must be from 0 to 1, got 1.01"),
        ({"threshold": True}, "`threshold` must be from 0 to 1, got True"),
        ({"which": "misses"}, "`which` must be 'all' or 'hit' or 'miss' or 'false alarm'"),
        ({"opacity": 101}, "`opacity` must be a whole number from 0 to 100, got 101"),
        ({"truth": 1}, "`truth` must be True or False, got 1"),
        ({"box": None}, "`box` must be True or False, got None"),
    ],
)
def test_the_lab_refuses(setting: dict[str, Any], part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        ChestFilmsLab(**setting)


# With a reader ------------------------------------------------------------------------------------


def test_the_truth_is_shown_when_it_is_asked_for(widget_page: Pages) -> None:
    lab = ChestFilmsLab()
    page = widget_page(lab)
    assert page.locator(TOLD).inner_text() == lab.describe()
    assert lab.describe().endswith("Is it there?")
    assert set(texts(page, ".cw-findings td:last-child")) == {"?"}
    assert not page.locator(".cw-box").is_visible()
    page.get_by_label("Show what is there").check()
    shown = ChestFilmsLab(truth=True)
    assert page.locator(TOLD).inner_text() == shown.describe()
    assert "a hit." in shown.describe()
    row = lab.data["films"][lab.film - 1]["row"]
    wanted = [outcome(lab.data, row, k, 50).replace("rightly not called", "–") for k in range(14)]
    assert texts(page, ".cw-findings td:last-child") == wanted
    assert page.locator(".cw-spoken[role=status]").text_content() == shown.describe()
    box, view = (page.locator(s).bounding_box() for s in (".cw-box", ".cw-film"))
    k = str(FINDINGS.index("Effusion"))
    x0, y0, x1, _ = lab.data["films"][lab.film - 1]["boxes"][k]
    inner = view["width"] - 2
    assert box["x"] - view["x"] - 1 == pytest.approx(x0 / 64 * inner, abs=0.6)
    assert box["y"] - view["y"] - 1 == pytest.approx(y0 / 64 * inner, abs=0.6)
    assert box["width"] == pytest.approx((x1 - x0) / 64 * inner, abs=0.6)
    page.get_by_label("Frame its place").uncheck()
    assert not page.locator(".cw-box").is_visible()


def test_one_goes_through_the_misses(widget_page: Pages) -> None:
    lab = ChestFilmsLab()
    k = FINDINGS.index("Pneumonia")
    threshold = lab.data["thresholds"][k]
    misses = finds(lab, k, "miss", threshold)
    page = widget_page(lab)
    page.get_by_role("button", name="Pneumonia").click()
    page.get_by_role("button", name="Best F1").click()
    page.get_by_label("Films", exact=True).select_option("miss")
    assert page.get_by_label("Show what is there").is_checked()
    seen = []
    for _ in [*misses, 0]:
        said = page.locator(TOLD).inner_text()
        seen.append(int(re.match(r"Film (\d+)", said)[1]))  # type: ignore[index]
        assert said.split(" The strongest")[0].endswith("It is there: a miss.")
        page.get_by_role("button", name="Next").click()
    start = misses.index(seen[0])
    assert seen == [*misses[start:], *misses[:start], misses[start]]
    page.get_by_label("Show what is there").uncheck()  # a list of misses would tell
    assert page.get_by_label("Films", exact=True).input_value() == "all"


def test_a_film_stays_while_the_threshold_moves(widget_page: Pages) -> None:
    page = widget_page(ChestFilmsLab(which="hit", truth=True))
    slider = page.get_by_label("Threshold:")
    slider.focus()
    film = ChestFilmsLab().film
    slider.press("End")
    assert slider.get_attribute("aria-valuetext") == "1.00"
    assert page.locator(TOLD).inner_text().startswith(f"Film {film}: ")
    assert "It is there: a miss." in page.locator(TOLD).inner_text()
    assert "none is a hit for Effusion at 1.00" in page.locator(".cw-where").first.inner_text()
    next_ = page.get_by_role("button", name="Next")
    assert next_.get_attribute("aria-disabled") == "true"
    next_.click(force=True)
    assert page.locator(TOLD).inner_text().startswith(f"Film {film}: ")
    found = counts(ChestFilmsLab().data, FINDINGS.index("Effusion"), 100)
    assert texts(page, ".cw-cells4 tbody td") == [str(count) for count in found]


def test_each_finding_has_its_map(widget_page: Pages) -> None:
    page = widget_page(ChestFilmsLab())
    pixel = """canvas => [...canvas.getContext("2d").getImageData(0, 0, 64, 64).data].join()"""
    seen = set()
    for name in FINDINGS:
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        assert button.get_attribute("aria-pressed") == "true"
        seen.add(page.locator(".cw-film canvas").evaluate(pixel))
        assert f"map of {name} is strongest" in page.locator(".cw-film").get_attribute("aria-label")
    assert len(seen) == 14
    page.get_by_label("Map:").focus()
    page.keyboard.press("Home")
    assert page.locator(".cw-film canvas").evaluate("node => node.style.opacity") == "0"


def test_python_moves_the_page(widget_page: Pages) -> None:
    """A trait that Python sets is shown; one that cannot be is refused in words."""
    told = widget_page().evaluate(
        """async (state) => {
          const { default: lab } = await import("/modules/chest_films_lab.js");
          const heard = [];
          const model = {
            get: (key) => state[key], set: (key, value) => { state[key] = value; },
            save_changes: () => {}, on: (_, call) => heard.push(call), off: () => {},
          };
          const el = document.createElement("div");
          document.body.append(el);
          lab.render({ model, el });
          const set = (change) => {
            Object.assign(state, change);
            heard.forEach((call) => call());
          };
          set({ film: 5, finding: "Mass", threshold: 0.07, truth: true });
          const first = el.querySelector(".cw-told").textContent;
          set({ film: 500 });
          return [first, el.querySelector(".cw-problem").textContent];
        }""",
        ChestFilmsLab()._static_state(),
    )
    assert told[0] == ChestFilmsLab(5, finding="Mass", threshold=0.07, truth=True).describe()
    assert told[1].startswith("There is no film 500")


def test_without_javascript_there_is_a_film(widget_page: Pages) -> None:
    lab = ChestFilmsLab()
    page = widget_page(lab, java_script_enabled=False)
    card = page.locator(".cw-card").inner_text()
    assert lab.summary() in card
    assert "phantom" in card
    assert page.get_by_role("img", name="a phantom of a chest film").is_visible()
    rows = [row.split("\t") for row in texts(page, "tbody tr")]
    assert [row[0] for row in rows] == list(FINDINGS)
    assert lab.summary() in lab._repr_mimebundle_()[0]["text/plain"]

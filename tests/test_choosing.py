"""The chapter Choosing an architecture: its records, made here and again, and its figures."""

import importlib.util
import os
import sys
from pathlib import Path

import pytest
import torch

from course_lib.data.labeled import load_labeled, read_record
from course_lib.plotting import choosing as drawing

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
SHARED = Path(os.environ.get("COURSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
DATA = SHARED / "medmnist" / "pneumoniamnist.npz"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(
        "five_hundred_images", BENCHMARKS / "five_hundred_images.py"
    )
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_record_is_whole(script):
    record = read_record("five_hundred_images")
    seen = {(run["network"], run["seed"], run["images"]) for run in record["runs"]}
    assert len(seen) == len(record["runs"])
    curves = [name for name, _, images in seen if images == 50]
    assert len(set(curves)) == 4
    assert len({name for name, _, images in seen if images == 500}) == 7
    assert {seed for _, seed, _ in seen} == set(range(5))
    assert (
        record["parameters"] | record["macs"]
        == script.counts()["parameters"] | script.counts()["macs"]
    )
    assert {"command", "device", "torch", "scikit-learn"} <= set(record["made_by"])


def test_a_part_of_the_record_is_made_again(script):
    if not DATA.is_file():
        pytest.skip("PneumoniaMNIST is not here")
    record = read_record("five_hundred_images")
    (train, labels, test, truth), _ = load_labeled(DATA)
    assert record["train_images"] == len(train)
    assert (record["test_images"], record["test_with_disease"]) == (len(test), int(truth.sum()))
    for seed, images in ((0, 50), (1, 500)):
        chosen = script.draw(labels, images, seed)
        assert len(set(chosen.tolist())) == images
        scores = script.logistic(train[chosen], labels[chosen], test, seed)
        (run,) = [
            r
            for r in record["runs"]
            if (r["network"], r["seed"], r["images"])
            == ("pixels, logistic regression", seed, images)
        ]
        assert script.judge(scores, truth)["auc"] == pytest.approx(run["auc"], abs=0.003)


def test_the_record_of_the_films_is_whole():
    record = read_record("five_hundred_films")
    seen = {(run["network"], run["seed"]) for run in record["runs"]}
    assert len(seen) == len(record["runs"]) == 25
    for run in record["runs"]:
        assert run["images"] + run["test_images"] == record["films"] == 621
        assert 498 <= run["images"] <= 500
        assert 0 < run["test_women"] < run["test_images"]
    assert {"command", "device", "torch", "scikit-learn"} <= set(record["made_by"])


def test_auc_is_the_share_of_pairs(script):
    generator = torch.Generator().manual_seed(0)
    scores = torch.randint(9, (40,), generator=generator).double() - 4
    truth = torch.randint(2, (40,), generator=generator)
    sick, well = scores[truth == 1], scores[truth == 0]
    pairs = sick[:, None] - well
    share = ((pairs > 0).double() + 0.5 * (pairs == 0).double()).mean().item()
    judged = script.judge(scores.numpy(), truth)
    assert judged["auc"] == pytest.approx(share, abs=1e-4)
    assert judged["accuracy"] == pytest.approx(
        ((scores > 0) == truth).double().mean().item(), abs=1e-4
    )


def test_shifts_move_whole_images(script):
    torch.manual_seed(0)
    images = torch.rand(6, 1, 28, 28)
    moved = script.shift(images)
    assert moved.shape == images.shape
    for old, new in zip(images, moved, strict=True):
        middles = [
            old[:, 4 + r : 24 + r, 4 + c : 24 + c] for r in range(-2, 3) for c in range(-2, 3)
        ]
        assert any(torch.equal(middle, new[:, 4:24, 4:24]) for middle in middles)


def test_no_patient_is_on_both_sides(script, monkeypatch):
    monkeypatch.setitem(sys.modules, "five_hundred_images", script)
    spec = importlib.util.spec_from_file_location("films", BENCHMARKS / "five_hundred_films.py")
    films = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(films)
    patients = [str(n // 3) for n in range(621)]
    for seed in range(3):
        train, test = (part.tolist() for part in films.split(patients, seed))
        assert sorted(train + test) == list(range(621))
        assert films.TRAIN - 3 < len(train) <= films.TRAIN
        assert {patients[n] for n in train}.isdisjoint(patients[n] for n in test)


def test_figures_show_what_they_are_given():
    runs = [
        {"network": name, "seed": seed, "images": images, "auc": 0.8 + 0.01 * seed}
        for name in ("a, b", "c")
        for seed in range(3)
        for images in (50, 500)
    ]
    ax = drawing.show_scores(runs, 500).axes[0]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["a,\nb", "c"]
    assert [len(line.get_xdata()) for line in ax.lines] == [3, 2, 3, 2]
    ax = drawing.show_curves(runs, ["c"]).axes[0]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["50", "500"]
    ax = drawing.show_balls().axes[0]
    assert sum(len(c.get_offsets()) for c in ax.collections) == 19

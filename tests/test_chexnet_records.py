"""CheXNet on real films: the records are whole, and a part of them is made again."""

import importlib
import os
from pathlib import Path

import pytest
import torch

from course_lib.arithmetic import count_parameters
from course_lib.cases.chexnet import train_chexnet
from course_lib.data.labeled import read_record
from course_lib.data.splits import PatientOverlapError, patient_folds, refuse_overlap
from course_lib.metrics import roc_auc_score

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("COURSE_DATA", ROOT.parent / "shared" / "data"))
MADE_BY = {"command", "seeds", "device", "python", "torch", "date"}
FROZEN = "ImageNet features, frozen"


@pytest.fixture
def script(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module


@pytest.fixture(scope="module")
def children():
    return read_record("chexnet_pneumoniamnist")


@pytest.fixture(scope="module")
def nih():
    return read_record("chexnet_nih")


def test_five_networks_reach_an_auroc_of_95_percent(children):
    """A LeNet reaches .938; the chapter says that each seed passes .95."""
    aurocs = [run["auroc"] for run in children["runs"]]
    assert [run["seed"] for run in children["runs"]] == list(range(5))
    assert min(aurocs) >= 0.95
    assert children["mean_of_seeds_auroc"] > 0.95


def test_the_record_of_pneumoniamnist_is_whole(children, script):
    settings = script("chexnet_pneumoniamnist").SETTINGS
    assert set(children["made_by"]) >= MADE_BY
    assert [run["setting"] for run in children["tried"]] == list(settings)
    best = min(children["tried"], key=lambda run: run["valid_loss"] + run["varied_loss"])
    assert {run["setting"] for run in children["runs"]} == {children["network"], best["setting"]}
    assert not {run["seed"] for run in children["tried"]} & {r["seed"] for r in children["runs"]}
    assert all("auroc" not in run for run in children["tried"])  # no test film before the choice
    for run in children["runs"]:
        assert 0.5 < run["low"] < run["auroc"] < run["high"] < 1
        assert 1 <= run["best_epoch"] <= children["epochs"]
        assert run["auroc"] < run["valid_auroc"]  # the test films are of another kind
        assert run["seconds"] > 0
    assert children["parameters"] == count_parameters(script("chexnet_pneumoniamnist").network(1))
    twice = children["there_twice"]
    assert children["removed_from_train"] == twice["train in train"] + twice["train in valid"]
    assert children["films"]["train"] == 4708 - children["removed_from_train"]


def test_films_of_pneumoniamnist_are_prepared_again(children, script):
    folder = DATA / "medmnist"
    if not (folder / "pneumoniamnist.npz").is_file():
        pytest.skip("PneumoniaMNIST is not here; set COURSE_DATA to the folder that holds it")
    benchmark = script("chexnet_pneumoniamnist")
    parts, twice = benchmark.load(folder)
    assert twice == children["there_twice"]
    assert {name: len(y) for name, (_, y) in parts.items()} == children["films"]
    assert {name: int(y.sum()) for name, (_, y) in parts.items()} == children["with_pneumonia"]
    seen = {image.numpy().tobytes() for image in parts["train"][0]}
    assert len(seen) == len(parts["train"][0])
    for part in ("valid", "test"):
        assert not seen & {image.numpy().tobytes() for image in parts[part][0]}
    # A little training already learns what the record's networks have learned.
    images, labels = (x[:600] for x in parts["train"])
    train = benchmark.prepare(images, 28), labels
    valid = benchmark.prepare(parts["valid"][0], 28), parts["valid"][1]
    torch.manual_seed(0)
    history = train_chexnet(
        benchmark.network(1), train, valid, epochs=2, batch_size=30, balanced=labels, progress=False
    )
    assert 0.8 < history.rows[-1]["auroc"] < min(run["valid_auroc"] for run in children["runs"])


def test_varied_films_keep_their_shape_and_change(script):
    vary = script("chexnet_pneumoniamnist").vary
    films = torch.linspace(-1, 1, 28).expand(4, 1, 28, 28)  # bright on the right
    torch.manual_seed(0)
    varied = vary(films)
    assert varied.shape == films.shape
    assert not torch.allclose(varied[0], varied[1])
    assert (varied[..., 20:].mean((1, 2, 3)) > varied[..., :8].mean((1, 2, 3))).all()
    torch.manual_seed(0)
    slopes = vary(films.repeat(8, 1, 1, 1), flip=True).diff(dim=-1).mean((1, 2, 3))
    assert (slopes < 0).any()
    assert (slopes > 0).any()


def test_the_record_of_nih_films_is_whole(nih, script):
    benchmark = script("chexnet_nih")
    assert set(nih["made_by"]) >= MADE_BY | {"pretrained", "scikit-learn"}
    methods = {row["method"]: row for row in nih["methods"]}
    assert len(methods) == len(nih["methods"])
    assert set(methods) == set(benchmark.WORDS)
    assert "p" not in methods[FROZEN]
    for row in nih["methods"]:
        assert row["what"] == benchmark.WORDS[row["method"]]
        assert 0 < row["low"] < row["auroc"] < row["high"] < 1
        # Five networks do not share a scale: one list of all films costs some AUROC.
        assert sum(row["folds"]) / 5 == pytest.approx(row["auroc"], abs=0.06)
        for run in row["runs"]:
            assert run["low"] < run["auroc"] < run["high"]
            assert len(run["folds"]) == benchmark.FOLDS
        if row["method"] != FROZEN:
            more = row["auroc"] - methods[FROZEN]["auroc"]
            assert row["more_than_frozen"] == pytest.approx(more, abs=2e-4)
            assert 0 <= row["p"] <= 1


def test_one_row_of_the_nih_record_is_made_again(nih, script):
    folder = DATA / "nih_starter"
    if not (folder / "labels.csv").is_file():
        pytest.skip("the NIH films are not here; set COURSE_DATA to the folder that holds them")
    benchmark = script("chexnet_nih")
    films, labels, patients = benchmark.load(folder)
    assert (len(films), int(labels.sum())) == (nih["films"], nih["with_effusion"])
    assert len(set(patients.tolist())) == nih["patients"]
    folds = patient_folds(patients, benchmark.FOLDS, stratify=labels, seed=0)
    for fit, held in folds:
        refuse_overlap(patients, {"train": fit, "test": held})
        assert labels[held].mean().item() == pytest.approx(labels.mean().item(), abs=0.01)
    with pytest.raises(PatientOverlapError):
        refuse_overlap(patients, {"train": folds[0][0], "test": folds[1][1]})
    score = benchmark.one_number(films)
    (row,) = [r for r in nih["methods"] if r["method"] == "one number"]
    assert roc_auc_score(labels[:, 0], score) == pytest.approx(row["auroc"], abs=1e-3)
    by_hand = films[:, 0, 150:].mean((1, 2)) - films[:, 0, 75:149].mean((1, 2))
    assert torch.corrcoef(torch.stack([by_hand, score]))[0, 1] > 0.99


def test_what_the_chapter_says_of_the_nih_films(nih):
    rows = {row["method"]: row for row in nih["methods"]}
    frozen = rows[FROZEN]
    tuned = rows["phantoms, then films, 64 x 64"]
    scratch = [rows["from scratch, 64 x 64"], rows["from scratch, 112 x 112"]]
    for row in scratch:  # films alone are too few
        assert row["auroc"] < frozen["auroc"]
        assert row["p"] < 0.01
    assert tuned["auroc"] < frozen["auroc"]  # not better than frozen features, and not worse
    assert tuned["p"] > 0.1
    both = rows["phantoms, then films, and ImageNet"]
    assert both["auroc"] > frozen["auroc"]
    assert "afterwards" in both["what"]
    assert "afterwards" in nih["choice"]
    # Pooled, phantoms help a lot; fold by fold, in three of five.
    assert nih["phantoms_help"]["p"] < 0.01
    assert sum(a > b for a, b in zip(tuned["folds"], scratch[0]["folds"], strict=True)) == 3

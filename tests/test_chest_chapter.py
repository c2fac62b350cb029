"""The chapter Chest X-rays: the slides' tables, its figures, its exercises and its record."""

import math

import matplotlib
import matplotlib.pyplot as plt
import numpy as np
import pytest
import sklearn.metrics
import torch

from course_lib.cases.chexnet import published, reader_study
from course_lib.cases.chexnet.readers import mean_f1
from course_lib.data.labeled import read_record
from course_lib.data.phantoms import FINDINGS, chest_films
from course_lib.data.splits import split_patients
from course_lib.exercises import chest_xrays as exercises
from course_lib.exercises import find
from course_lib.losses import BalancedLoss, multilabel_loss
from course_lib.plotting import chest_xrays as drawing

matplotlib.use("Agg")

# L060, as printed there: Wang, Yao, CheXNet.
SLIDE_AUROC = """
Atelectasis .716 .772 .8094
Cardiomegaly .807 .904 .9248
Effusion .784 .859 .8638
Infiltration .609 .695 .7345
Mass .706 .792 .8676
Nodule .671 .717 .7802
Pneumonia .633 .713 .7680
Pneumothorax .806 .841 .8887
Consolidation .708 .788 .7901
Edema .835 .882 .8878
Emphysema .815 .829 .9371
Fibrosis .769 .767 .8047
Pleural Thickening .708 .765 .8062
Hernia .767 .914 .9164
"""

# L059, as printed there: F1 and the ends of its interval.
SLIDE_F1 = """
Radiologist 1 .383 .309 .453
Radiologist 2 .356 .282 .428
Radiologist 3 .365 .291 .435
Radiologist 4 .442 .390 .492
Radiologist average .387 .330 .442
CheXNet .435 .387 .481
"""


def rows(text):
    for line in text.strip().splitlines():
        words = line.split()
        yield " ".join(words[:-3]), tuple(map(float, words[-3:]))


@pytest.fixture(autouse=True)
def _close_figures():
    yield
    plt.close("all")


def test_the_42_numbers_of_slide_060():
    table = dict(rows(SLIDE_AUROC))
    assert table == published.AUROC
    assert set(table) == set(FINDINGS)
    assert sum(map(len, table.values())) == 42
    # Yao was best before on thirteen, Wang on one; CheXNet is above both on all
    best = [max((0, 1), key=lambda n: values[n]) for values in table.values()]
    assert best.count(1) == 13
    margins = {name: v[2] - max(v[:2]) for name, v in table.items()}
    assert {n for n, m in margins.items() if m > 0.05} == {
        "Mass", "Nodule", "Pneumonia", "Emphysema",
    }  # fmt: skip
    assert min(margins.values()) > 0


def test_the_table_of_slide_059_and_what_it_does_not_add_up_to():
    assert dict(rows(SLIDE_F1)) == published.F1
    readers = [published.F1[f"Radiologist {n}"][0] for n in range(1, 5)]
    assert round(sum(readers) / 4, 3) in (0.386, 0.387)
    assert published.F1_DIFFERENCE == (0.051, 0.005, 0.084)
    patients, films = np.array(list(published.SPLIT.values())).sum(axis=0)
    assert (patients, published.FILMS - films) == (30_805, 6_712)


def test_losses_of_the_exercises():
    labels, said = torch.tensor([[1.0, 0, 0]]), torch.tensor([[0.8, 0.1, 0.5]])
    wanted = multilabel_loss(said.logit(), labels).item()
    assert find("chest_xrays/loss").answer == pytest.approx(wanted, abs=1e-5)
    column = (torch.arange(1000) < 40).float()[:, None]
    loss = BalancedLoss(column)
    assert loss.positive.item() == pytest.approx(0.96)
    for y in (0, 1):
        p = torch.tensor([[0.3]])
        one = loss(p.logit(), torch.tensor([[float(y)]])).item()
        assert exercises.balanced_loss(0.3, y, 40, 960) == pytest.approx(one, rel=1e-5)


def test_f1_of_two_readers():
    one, other = [1] * 30 + [0] * 390, [0] * 10 + [1] * 50 + [0] * 360
    assert find("chest_xrays/f1").answer == pytest.approx(mean_f1([one, other])[0].item())
    assert find("chest_xrays/f1").answer == pytest.approx(sklearn.metrics.f1_score(one, other))


def test_logit_and_ratio_of_the_exercises():
    assert find("chest_xrays/cam").answer == pytest.approx(np.mean([2, -0.4, 0.8, 0]) - 1.5)
    assert 1 / (1 + math.exp(0.9)) == pytest.approx(0.29, abs=0.002)  # as its solution says
    assert find("chest_xrays/ratio").answer == pytest.approx(0.55)


def test_ratio_is_measured_where_the_phantom_has_it():
    film = chest_films(
        1, size=160, seed=6, first_patient=30, prevalence=0.0, films_per_patient=(1, 1)
    )
    big = film.counterfactual("Cardiomegaly", present=True)
    ax = drawing.show_ratio(big.images[0], big.organ_masks(0)).axes[0]
    chest, heart = (int(text.get_text().split()[1]) for text in ax.texts)
    assert heart / chest == pytest.approx(big.cardiothoracic_ratios[0].item(), abs=0.04)


def test_dots_stand_where_the_values_are():
    data = {"ours": [(0.8, 0.7, 0.9), (0.6, 0.5, 0.7)], "theirs": [0.85, 0.65]}
    ax = drawing.show_dots(["A", "B"], data, xlabel="AUROC").axes[0]
    drawn = [list(line.get_xdata()) for line in ax.lines[:2]]
    assert drawn == [[0.8, 0.6], [0.85, 0.65]]
    ends = [segment[:, 0].tolist() for bars in ax.collections for segment in bars.get_segments()]
    assert ends == [[0.7, 0.9], [0.5, 0.7]]
    assert [label.get_text() for label in ax.get_yticklabels()] == ["A", "B"]


def test_maps_lie_below_their_films():
    place = torch.zeros(4, 8, 8, dtype=torch.bool)
    place[:, 2:4, 2:4] = True
    figure = drawing.show_maps(torch.zeros(4, 1, 8, 8), torch.rand(4, 8, 8), place, "ABCD", rows=2)
    assert [ax.get_title() for ax in figure.axes] == ["A", "B", "", "", "C", "D", "", ""]
    assert [len(ax.images) for ax in figure.axes] == [1, 1, 2, 2, 1, 1, 2, 2]


def test_a_part_of_the_record_is_recomputed():
    """Films, their split, and what no network is needed for."""
    run = read_record("chexnet_phantoms")["runs"][1]
    films = chest_films(800, seed=run["seed"], label_noise=0.35)
    parts = split_patients(films.patients, stratify=films.truth)
    assert {name: len(part) for name, part in parts.items()} == run["films"]
    test = films.subset(parts["test"])
    ceiling = sklearn.metrics.roc_auc_score(test.labels.numpy(), test.truth.numpy())
    assert run["noise"]["ceiling"] == pytest.approx(ceiling, abs=1e-4)
    assert run["noise"]["truth on reports"] < ceiling


def test_what_the_chapter_claims_holds_for_each_seed():
    runs = read_record("chexnet_phantoms")["runs"]
    assert [run["seed"] for run in runs] == list(range(5))
    for run in runs:
        assert run["mean"] == pytest.approx(sum(run["auroc"].values()) / 14, abs=1e-4)
        assert list(run["auroc"]) == list(FINDINGS)
        assert sum(run["peaks"]["inside"]) > 2 * sum(run["peaks"]["chance"])


def test_who_knows_the_truth_is_beaten_by_who_copies():
    readings = torch.tensor([[1, 1, 0, 0, 0, 1], [1, 0, 1, 0, 0, 1], [0, 1, 0, 0, 0, 1]])
    truth, majority = torch.tensor([1, 0, 0, 1, 0, 0]), (readings.sum(dim=0) >= 2).int()
    scores = [reader_study(readings, own, resamples=20).model.estimate for own in (truth, majority)]
    assert scores[1] > scores[0]
    by_hand = np.mean([sklearn.metrics.f1_score(reader, truth) for reader in readings])
    assert scores[0] == pytest.approx(by_hand)

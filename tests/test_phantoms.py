"""Phantoms of chest films: what they promise is held against the pixels and against counting."""

import math
import re
from dataclasses import fields
from typing import Any

import numpy as np
import pytest
import torch

from course_lib.data.phantoms import (
    CHESTXRAY14_COUNTS,
    CHRONIC,
    DEVICES,
    FINDINGS,
    PREVALENCE,
    ChestFilms,
    Shortcut,
    Site,
    chest_films,
    index_of,
)
from course_lib.metrics import roc_auc_score

TWO_SITES = (Site("A"), Site("B", share=0.5, contrast=0.6, exposure=0.1, noise=0.06))


def same(a: ChestFilms, b: ChestFilms) -> bool:
    return all(
        torch.equal(getattr(a, f.name), getattr(b, f.name))
        for f in fields(ChestFilms)
        if isinstance(getattr(a, f.name), torch.Tensor)
    )


@pytest.fixture(scope="module")
def many() -> ChestFilms:
    """About 1,000 films of the smallest size: enough to count on."""
    return chest_films(400, size=32, sites=TWO_SITES, label_noise=0.2, seed=3)


def within(count: int, n: int, p: float) -> bool:
    """Say whether a count is within 5 standard deviations of a binomial one."""
    return abs(count - n * p) <= 5 * math.sqrt(n * p * (1 - p)) + 1e-9


def test_names_are_those_of_the_slide() -> None:
    slide = (
        "Atelectasis, Cardiomegaly, Consolidation, Edema, Effusion, Emphysema, Fibrosis, Hernia, "
        "Infiltration, Mass, Nodule, Pleural Thickening, Pneumonia, Pneumothorax"
    )
    assert ", ".join(FINDINGS) == slide
    assert [index_of(name) for name in FINDINGS] == list(range(14))
    assert tuple(PREVALENCE) == tuple(CHESTXRAY14_COUNTS) == FINDINGS


@pytest.mark.parametrize("size", [32, 50, 64, 128, 224])
def test_films_of_any_size_are_films(size: int) -> None:
    films = chest_films(2, size=size, prevalence=0.5, seed=1)
    n = len(films)
    assert films.images.shape == (n, 1, size, size)
    assert films.images.dtype == torch.float32
    assert films.labels.shape == films.truth.shape == (n, 14)
    assert films.boxes.shape == (n, 14, 4)
    assert films.devices.shape == (n, len(DEVICES))
    assert bool(((films.images >= 0) & (films.images <= 1)).all())
    for film in range(n):
        for column, name in enumerate(FINDINGS):
            mask = films.mask(film, name)
            assert mask.shape == (size, size)
            assert bool(mask.any()) == bool(films.truth[film, column])
            x0, y0, x1, y1 = films.boxes[film, column].tolist()
            if mask.any():
                rows, columns = np.nonzero(mask.numpy())
                expected = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
                assert (x0, y0, x1, y1) == expected
            else:
                assert (x0, y0, x1, y1) == (0, 0, 0, 0)


def test_anatomy_and_truth_are_the_same_at_every_size() -> None:
    small, large = (chest_films(6, size=size, sites=(Site("A", noise=0),)) for size in (32, 128))
    assert torch.equal(small.truth, large.truth)
    assert torch.equal(small.cardiothoracic_ratios, large.cardiothoracic_ratios)
    shrunk = torch.nn.functional.avg_pool2d(large.images, 4)
    for a, b in zip(small.images, shrunk, strict=True):
        assert np.corrcoef(a.flatten(), b.flatten())[0, 1] > 0.97


def test_nothing_depends_on_how_many_are_asked_for_and_no_global_number_is_drawn() -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    numpy_before = str(np.random.mtrand._rand.__getstate__())
    one, few, other = (chest_films(n, size=32, seed=s) for n, s in ((3, 7), (9, 7), (3, 8)))
    assert torch.equal(torch.get_rng_state(), before)
    assert str(np.random.mtrand._rand.__getstate__()) == numpy_before
    assert same(one, chest_films(3, size=32, seed=7))
    assert same(one, few.subset(few.patients < 3))
    assert not torch.equal(one.images[0], other.images[0])
    later = chest_films(6, size=32, seed=7, first_patient=3)
    assert same(later, few.subset(few.patients >= 3))
    more = chest_films(3, size=32, seed=7, films_per_patient=(4, 4))
    first = one.subset(one.film_numbers < 1)
    assert torch.equal(first.images, more.subset(more.film_numbers < 1).images)


def test_what_is_asked_of_one_finding_leaves_the_others_alone() -> None:
    usual, ill = chest_films(20, size=32), chest_films(20, size=32, prevalence={"Mass": 1.0})
    column = index_of("Mass")
    others = [n for n in range(14) if n != column]
    assert torch.equal(usual.truth[:, others], ill.truth[:, others])
    assert bool(ill.truth[:, column].all())


def test_a_patient_keeps_the_anatomy_and_what_is_chronic(many: ChestFilms) -> None:
    chronic = [index_of(name) for name in CHRONIC]
    counts = many.patients.bincount()
    assert set(counts.tolist()) == {1, 2, 3, 4}
    assert all(within(int((counts == n).sum()), 400, 0.25) for n in (1, 2, 3, 4))
    for patient in range(400):
        own = many.subset(many.patients == patient)
        assert own.film_numbers.tolist() == list(range(len(own)))
        assert len(own.sites.unique()) == 1
        assert len(own.cardiothoracic_ratios.unique()) == 1
        assert len(own.truth[:, chronic].unique(dim=0)) == 1
    acute = [n for n in range(14) if n not in chronic]
    assert len({tuple(row) for row in many.truth[:, acute].tolist()}) > 20
    # Proportions, which a turn or a shift of the film does not change, come back in the next film.
    calm = chest_films(40, prevalence=0.0, films_per_patient=(2, 2))
    proportions = []
    for film in range(80):
        organs = calm.organ_masks(film)
        right, left, heart = (float(organs[n].sum()) for n in ("right lung", "left lung", "heart"))
        proportions.append((heart / (left + right), left / right))
    twins = torch.tensor(proportions).view(40, 2, 2).permute(2, 1, 0)
    for first, second in twins:
        assert np.corrcoef(first, second)[0, 1] > 0.6
        assert abs(np.corrcoef(first, second.roll(1))[0, 1]) < 0.5  # another patient
    assert not torch.equal(calm.images[0], calm.images[1])


@pytest.mark.parametrize("finding", FINDINGS)
def test_the_mask_is_where_the_film_changes(finding: str) -> None:
    """The oracle is the same film without the finding: no scanner between, or a usual one."""
    without = chest_films(
        10, prevalence=0.0, films_per_patient=(1, 1), sites=(Site("A", noise=0, scatter=0),)
    )
    ill = without.counterfactual(finding, present=True)
    assert same(ill.counterfactual(finding, present=False), without)
    assert bool(ill.truth[:, index_of(finding)].all())
    assert torch.equal(ill.devices, without.devices)
    change = (ill.images - without.images)[:, 0].abs()
    inside, outside, found = 0.0, 0.0, 0
    for film in range(10):
        mask = ill.mask(film, finding)
        near = torch.nn.functional.max_pool2d(mask[None, None].float(), 5, 1, 2)[0, 0] > 0
        inside += float(change[film][near].sum())
        outside += float(change[film][~near].sum())
        found += int(change[film][mask].mean() > 4 * change[film][~near].mean())
    # An atelectasis draws the whole diaphragm up: that is a sign of it, and not its place.
    assert inside / (inside + outside) > (0.5 if finding == "Atelectasis" else 0.7)
    assert found >= 9


def test_brightness_goes_where_a_radiologist_expects_it() -> None:
    healthy = chest_films(12, prevalence=0.0, films_per_patient=(1, 1), sites=(Site("A", noise=0),))
    dark = {"Emphysema", "Pneumothorax"}
    for finding in FINDINGS:
        if finding in {"Cardiomegaly", "Hernia"}:
            continue
        ill = healthy.counterfactual(finding, present=True)
        change = (ill.images - healthy.images)[:, 0]
        signs = [float(change[f][ill.mask(f, finding)].mean()) for f in range(12)]
        assert sum(s < 0 for s in signs) >= 11 if finding in dark else min(signs) > 0, finding


def test_the_cardiothoracic_ratio_is_what_a_ruler_measures() -> None:
    films = chest_films(
        12, size=224, prevalence={"Cardiomegaly": 0.5, "Emphysema": 0.0}, films_per_patient=(1, 1)
    )
    for film in range(len(films)):
        organs = films.organ_masks(film)
        heart = organs["heart"].any(dim=0).nonzero()
        lungs = (organs["left lung"] | organs["right lung"]).any(dim=0).nonzero()
        measured = float((heart.max() - heart.min() + 1) / (lungs.max() - lungs.min() + 1))
        assert measured == pytest.approx(float(films.cardiothoracic_ratios[film]), abs=0.025)


def test_an_enlarged_heart_is_wider_than_half_of_the_chest(many: ChestFilms) -> None:
    enlarged = many.truth[:, index_of("Cardiomegaly")].bool()
    assert enlarged.any()
    assert torch.equal(many.cardiothoracic_ratios > 0.5, enlarged)


def test_right_is_left_on_a_film() -> None:
    films = chest_films(5, prevalence=0.0)
    for film in range(len(films)):
        organs = films.organ_masks(film)
        columns = {name: float(m.nonzero()[:, 1].float().mean()) for name, m in organs.items()}
        assert columns["right lung"] < columns["heart"] < columns["left lung"]
        assert columns["heart"] > 32  # more of it is on the patient's left
        bottoms = {name: int(m.nonzero()[:, 0].max()) for name, m in organs.items()}
        assert bottoms["right lung"] <= bottoms["left lung"]  # the liver lifts the right dome


def test_a_mass_is_larger_than_a_nodule() -> None:
    films = chest_films(30, size=128, prevalence={"Mass": 1.0, "Nodule": 1.0}, seed=2)
    pixel = 2 / 128 / 0.05  # centimeters
    sides = {}
    for name in ("Mass", "Nodule"):
        area = torch.tensor([float(films.mask(f, name).sum()) for f in range(len(films))])
        sides[name] = 2 * (area / math.pi).sqrt() * pixel
    assert sides["Nodule"].max() < 3.5
    assert sides["Mass"].median() > 3.5
    assert sides["Nodule"].median() < 2.6


def test_findings_come_as_often_as_asked(many: ChestFilms) -> None:
    first = many.truth[many.film_numbers == 0]
    for column, name in enumerate(FINDINGS):
        assert within(int(first[:, column].sum()), 400, PREVALENCE[name]), name
    listed = chest_films(300, size=32, prevalence=[n / 13 for n in range(14)]).truth
    assert not listed[:, 0].any()
    assert listed[:, 13].all()
    with_heart = first[first[:, index_of("Cardiomegaly")] > 0][:, index_of("Edema")].mean()
    assert with_heart > first[:, index_of("Edema")].mean() * 1.5  # heart failure has both


def test_reports_miss_and_invent_as_often_as_asked(many: ChestFilms) -> None:
    truth, labels = many.truth.bool(), many.labels.bool()
    missed, present = int((truth & ~labels).sum()), int(truth.sum())
    invented = int((labels & ~truth).sum())
    assert within(missed, present, 0.2)
    chances = torch.tensor([0.2 * p / (1 - p) for p in PREVALENCE.values()])
    expected = float(((~truth).sum(0) * chances).sum())
    assert abs(invented - expected) < 5 * math.sqrt(expected)
    assert invented / int(labels.sum()) == pytest.approx(0.2, abs=0.06)
    pair = chest_films(300, size=32, label_noise=(0.5, 0.0))
    assert not (pair.labels > pair.truth).any()
    assert within(int((pair.labels < pair.truth).sum()), int(pair.truth.sum()), 0.5)
    half = chest_films(60, size=32, prevalence=0.5, label_noise=0.2)
    absent = ~half.truth.bool()
    assert within(int(half.labels.bool()[absent].sum()), int(absent.sum()), 0.2)
    right = chest_films(20, size=32)
    assert torch.equal(right.labels, right.truth)


def test_sites_have_their_share_and_their_scanner(many: ChestFilms) -> None:
    assert many.site_names == ("A", "B")
    own = torch.stack([many.sites[many.patients == p][0] for p in range(400)])
    assert within(int((own == 0).sum()), 400, 2 / 3)
    spread = many.images.flatten(1).std(dim=1)
    assert spread[many.sites == 1].mean() < 0.75 * spread[many.sites == 0].mean()

    def of(**scanner: Any) -> torch.Tensor:
        return chest_films(4, sites=(Site("A", **scanner),), prevalence=0.0).images

    assert of(exposure=0.2).mean() > of().mean() + 0.1
    assert of(scatter=0.6).std() < of().std()
    grain = of(noise=0.05) - of(noise=0.0)
    assert 0.02 < grain.std() < 0.05
    assert np.corrcoef(grain.flatten(1))[0, 1:].max() < 0.1  # each film has its own


def test_the_marker_goes_with_the_finding_at_one_site() -> None:
    shortcut = Shortcut("L", "Pneumonia", site="A", strength=0.9, elsewhere=0.2)
    films = chest_films(
        500, size=32, sites=(Site("A"), Site("B")), prevalence={"Pneumonia": 0.4}, shortcut=shortcut
    )
    marker, ill = films.devices[:, -1], films.truth[:, index_of("Pneumonia")].bool()
    for site, chance in ((0, 0.9), (1, 0.2)):
        here = films.sites == site
        assert within(int((marker & ill & here).sum()), int((ill & here).sum()), chance)
        assert within(int((marker & ~ill & here).sum()), int((~ill & here).sum()), 1 - chance)
        area = roc_auc_score(ill[here].int(), marker[here].float())
        assert area == pytest.approx(chance, abs=0.06)
    without = chest_films(30, size=32, prevalence={"Pneumonia": 0.4})
    assert not without.devices[:, -1].any()
    # The corner of the film alone says it: upper right for an L, upper left for an R.
    corner = films.images[:, 0, :8, -6:].amax(dim=(1, 2))
    assert roc_auc_score(marker.int(), corner) > 0.99
    right = Shortcut("R", "Pneumonia", site="A", strength=1.0)
    mirrored = chest_films(30, size=32, prevalence={"Pneumonia": 0.4}, shortcut=right)
    corner = mirrored.images[:, 0, :8, :6].amax(dim=(1, 2))
    assert roc_auc_score(mirrored.devices[:, -1].int(), corner) > 0.99
    assert torch.equal(mirrored.devices[:, -1], mirrored.truth[:, 12].bool())


def test_devices_go_with_disease_and_are_seen() -> None:
    films = chest_films(600, size=32, prevalence={"Pneumothorax": 0.3}, films_per_patient=(1, 1))
    tube = films.devices[:, DEVICES.index("Chest tube")]
    ill = films.truth[:, index_of("Pneumothorax")].bool()
    assert within(int(tube[ill].sum()), int(ill.sum()), 0.5)
    assert within(int(tube[~ill].sum()), int((~ill).sum()), 0.01)
    for other in DEVICES[:2]:
        assert 0 < int(films.devices[:, DEVICES.index(other)].sum()) < 200


def test_subset_keeps_what_belongs_together(many: ChestFilms) -> None:
    order = torch.tensor([5, 2, -1, 2])
    some = many.subset(order)
    for at, film in enumerate(order.tolist()):
        assert torch.equal(some.images[at], many.images[film])
        assert torch.equal(some.labels[at], many.labels[film])
        for name in FINDINGS:
            assert torch.equal(some.mask(at, name), many.mask(film, name))
    assert len(many.subset([])) == 0
    assert len(many.subset(slice(3, 9, 2))) == 3
    assert same(many.subset(7), many.subset([7]))
    again = some.counterfactual("Mass", present=True).counterfactual("Mass", present=False)
    usual = some.truth[:, index_of("Mass")] == 0
    assert torch.equal(again.images[usual], some.images[usual])


def test_it_is_a_data_set_of_torch() -> None:
    films = chest_films(8, size=32)
    batches = list(torch.utils.data.DataLoader(films, batch_size=4))
    assert torch.equal(torch.cat([images for images, _ in batches]), films.images)
    assert torch.equal(torch.cat([labels for _, labels in batches]), films.labels)
    assert sum(1 for _ in films) == len(films)
    image, label = films[-1]
    assert image.shape == (1, 32, 32)
    assert label.shape == (14,)
    with pytest.raises(IndexError):
        films[len(films)]


CALLS: list[tuple[Any, str]] = [
    (lambda: chest_films(0), "`patients` must be at least 1, got 0"),
    (lambda: chest_films(2.5), "`patients` must be an int"),
    (lambda: chest_films(1, size=31), "`size` must be a whole number from 32 to 1024, got 31"),
    (lambda: chest_films(1, seed=-1), "`seed` must be a whole number from 0"),
    (lambda: chest_films(1, first_patient=-1), "`first_patient` must be a whole number from 0"),
    (lambda: chest_films(1, prevalence=1.5), "`prevalence` must be a number from 0 to 1, got 1.5"),
    (lambda: chest_films(1, prevalence="often"), "`prevalence` must be a number from 0 to 1"),
    (lambda: chest_films(1, prevalence=math.nan), "`prevalence` must be a number from 0 to 1"),
    (lambda: chest_films(1, prevalence=[0.1] * 13), "`prevalence` must have 14 values"),
    (
        lambda: chest_films(1, prevalence={"Flu": 0.1}),
        "`prevalence` must have names of FINDINGS, got 'Flu'",
    ),
    (lambda: chest_films(1, films_per_patient=(3, 2)), "`films_per_patient` must be two whole"),
    (lambda: chest_films(1, films_per_patient=2), "`films_per_patient` must be two whole numbers"),
    (lambda: chest_films(1, films_per_patient=(0, 2)), "`films_per_patient` must be a whole"),
    (lambda: chest_films(1, sites=()), "`sites` must be a tuple of at least one Site, got ()"),
    (lambda: chest_films(1, sites=("A",)), "`sites` must be a tuple of at least one Site"),
    (lambda: chest_films(1, sites=(Site("A"), Site("A"))), "`sites` must each have their own name"),
    (lambda: chest_films(1, label_noise=-0.1), "`label_noise` must be a number from 0 to 1"),
    (lambda: chest_films(1, label_noise=(0.1,)), "`label_noise` must be one number or two"),
    (lambda: chest_films(1, label_noise=(0.1, 2)), "`label_noise` must be a number from 0 to 1"),
    (lambda: chest_films(1, shortcut="L"), "`shortcut` must be a Shortcut or None, got 'L'"),
    (
        lambda: chest_films(1, shortcut=Shortcut("L", "Mass", "B", 1)),
        "`shortcut` must be at one of the sites A, got 'B'",
    ),
    (lambda: Shortcut("X", "Mass", "A", 1), "`marker` must be 'L' or 'R', got 'X'"),
    (lambda: Shortcut("L", "mass", "A", 1), "`finding` must be 'Atelectasis' or"),
    (lambda: Shortcut("L", "Mass", "", 1), "`site` must be a string with a name"),
    (lambda: Shortcut("L", "Mass", "A", 1.1), "`strength` must be a number from 0 to 1, got 1.1"),
    (lambda: Shortcut("L", "Mass", "A", 1, -1), "`elsewhere` must be a number from 0 to 1"),
    (lambda: Site(3), "`name` must be a string with a name, got 3"),
    (lambda: Site("A", share=0), "`share` must be a number above 0, got 0"),
    (lambda: Site("A", share=math.inf), "`share` must be a number above 0, got inf"),
    (lambda: Site("A", exposure=1), "`exposure` must be a number from -0.5 to 0.5, got 1"),
    (lambda: Site("A", contrast=0), "`contrast` must be a number from 0.2 to 3, got 0"),
    (lambda: Site("A", noise=True), "`noise` must be a number from 0 to 0.5, got True"),
    (lambda: Site("A", scatter=1), "`scatter` must be a number from 0 to 0.9, got 1"),
    (lambda: index_of("Flu"), "`finding` must be 'Atelectasis' or"),
]


@pytest.mark.parametrize(("call", "part"), CALLS, ids=range(len(CALLS)))
def test_what_cannot_be_drawn_is_refused(call: Any, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        call()


@pytest.mark.parametrize(
    ("call", "part"),
    [
        (lambda f: f.mask(99, "Mass"), "`film` must be a whole number from -2 to 1, got 99"),
        (lambda f: f.mask(0, "Flu"), "`finding` must be 'Atelectasis' or"),
        (lambda f: f.organ_masks(2), "`film` must be a whole number from -2 to 1, got 2"),
        (lambda f: f.subset([0, 2]), "`films` must be whole numbers from -2 to 1, got [0, 2]"),
        (lambda f: f.subset([0.5]), "`films` must be whole numbers from -2 to 1"),
        (lambda f: f.subset(torch.ones(3).bool()), "`films` must have a bool for each of the 2"),
        (lambda f: f.counterfactual("Flu", present=True), "`finding` must be 'Atelectasis' or"),
        (lambda f: f.counterfactual("Mass", present=1), "`present` must be True or False, got 1"),
    ],
)
def test_what_films_cannot_do_is_refused(call: Any, part: str) -> None:
    with pytest.raises(ValueError, match=re.escape(part)):
        call(chest_films(2, size=32, films_per_patient=(1, 1)))

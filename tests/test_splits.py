"""Splits by patient, the check that refuses a leak, and films that are there twice."""

import csv
import os
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict

from course_lib.data.duplicates import Duplicate, Film, find_duplicates
from course_lib.data.splits import (
    PatientOverlapError,
    patient_folds,
    refuse_overlap,
    split_patients,
)

DATA = Path(os.environ.get("COURSE_DATA", Path(__file__).parents[2] / "shared" / "data"))
NIH, PNEUMONIA = DATA / "nih1000", DATA / "medmnist" / "pneumoniamnist.npz"
needs_nih = pytest.mark.skipif(not NIH.is_dir(), reason="the 1,000 NIH films are not here")
needs_pneumonia = pytest.mark.skipif(not PNEUMONIA.is_file(), reason="PneumoniaMNIST is not here")
SHARES = {"train": 0.7, "valid": 0.1, "test": 0.2}


def crowd(seed, patients=200):
    """Patients with 1 to about 30 films; a patient's films are mostly of one kind."""
    random = np.random.default_rng(seed)
    sizes = np.minimum(random.zipf(1.8, patients), 30)
    who = random.permutation(np.repeat(np.arange(patients), sizes))
    often = random.random(patients) < 0.3
    return who, (random.random(len(who)) < np.where(often[who], 0.8, 0.1)).astype(int)


def distance(labels, parts, shares):
    """Count (found - wanted)² / wanted of films and of each kind, from its words."""
    total = 0.0
    for films, share in zip(parts, shares, strict=True):
        for kind in (np.ones(len(labels)), labels == 0, labels == 1):
            wanted = share * kind.sum()
            total += (kind[films].sum() - wanted) ** 2 / wanted
    return total


def assert_whole(who, parts):
    films = np.concatenate(parts)
    assert sorted(films.tolist()) == list(range(len(who)))
    owners = [set(np.asarray(who)[part].tolist()) for part in parts]
    assert sum(map(len, owners)) == len(set(np.asarray(who).tolist()))
    assert all((np.diff(part) > 0).all() for part in parts)


# --- splits


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 30), min_size=1, max_size=80).filter(lambda who: len(set(who)) >= 4),
    st.integers(2, 4),
    st.integers(0, 5),
)
def test_patients_stay_together_whatever_their_films(who, k, seed):
    folds = patient_folds(who, k, seed=seed)
    assert len(folds) == k
    assert_whole(who, [held for _, held in folds])
    for fit, held in folds:
        assert len(held)
        assert sorted([*fit, *held]) == list(range(len(who)))


@pytest.mark.parametrize("seed", range(3))
def test_shares_are_met_for_films_and_for_each_kind(seed):
    who, labels = crowd(seed)
    parts = split_patients(who, stratify=labels, seed=seed)
    assert list(parts) == ["train", "valid", "test"]
    assert_whole(who, list(parts.values()))
    for name, films in parts.items():
        assert len(films) / len(who) == pytest.approx(SHARES[name], abs=0.01)
        assert labels[films].mean() == pytest.approx(labels.mean(), abs=0.02)


def test_it_is_nearer_to_its_shares_than_scikit_learn_is():
    ours, peers = [], []
    for seed in range(5):
        who, labels = crowd(seed)
        mine = [held for _, held in patient_folds(who, 5, stratify=labels, seed=seed)]
        peer = StratifiedGroupKFold(5, shuffle=True, random_state=seed).split(who, labels, who)
        theirs = [held for _, held in peer]
        assert_whole(who, theirs)
        ours.append(distance(labels, mine, [0.2] * 5))
        peers.append(distance(labels, theirs, [0.2] * 5))
    assert max(ours) < min(peers)


def test_no_single_move_would_help():
    who, labels = crowd(3, patients=40)
    shares = list(SHARES.values())
    parts = list(split_patients(who, stratify=labels, seed=1).values())
    best = distance(labels, parts, shares)
    for patient in np.unique(who):
        films = np.flatnonzero(who == patient)
        without = [np.setdiff1d(part, films) for part in parts]
        for to in range(3):
            moved = [np.union1d(p, films) if i == to else p for i, p in enumerate(without)]
            assert distance(labels, moved, shares) >= best - 1e-9


def test_large_patients_come_into_each_part_about_as_often_as_others():
    who, labels = crowd(0, patients=100)
    largest = np.bincount(who).argmax()
    where = Counter(
        name
        for seed in range(150)
        for name, films in split_patients(who, stratify=labels, seed=seed).items()
        if largest in who[films]
    )
    assert where["test"] == pytest.approx(30, abs=18)  # 3.7 standard deviations
    assert where["train"] == pytest.approx(105, abs=21)


def test_a_seed_makes_the_same_split_and_another_seed_another():
    who, labels = crowd(1)
    first, again, other = (split_patients(who, stratify=labels, seed=s) for s in (0, 0, 1))
    assert all((first[name] == again[name]).all() for name in first)
    assert set(first["test"]) != set(other["test"])


def test_names_numbers_tensors_and_tables_give_one_split():
    who, labels = crowd(2)
    names = [f"{patient:05d}" for patient in who]
    words = np.array(["well", "ill"])[1 - labels]
    expected = split_patients(who, stratify=labels)
    for patients, stratify in (
        (names, labels.tolist()),
        (torch.tensor(who), torch.tensor(labels)),
        (np.array(names, dtype=object), words),
    ):
        found = split_patients(patients, stratify=stratify)
        assert all((found[name] == expected[name]).all() for name in expected)


def test_fourteen_findings_at_once():
    who, _ = crowd(4, patients=2000)
    findings = np.random.default_rng(0).random((len(who), 14)) < np.linspace(0.02, 0.3, 14)
    findings[:, 3] = False  # a finding that nobody has
    parts = split_patients(who, stratify=findings)
    for name, films in parts.items():
        wanted = SHARES[name] * findings.sum(axis=0)
        assert np.abs(findings[films].sum(axis=0) - wanted).max() <= 2


def test_folds_are_a_cv_of_scikit_learn():
    who, labels = crowd(5)
    x = np.random.default_rng(0).normal(size=(len(who), 2)) + labels[:, None]
    folds = patient_folds(who, 5, stratify=labels)
    scores = cross_val_predict(LogisticRegression(), x, labels, cv=folds, method="predict_proba")
    assert scores.shape == (len(who), 2)


BAD_SPLITS = [
    (([],), "`patients` must not be empty"),
    (([[1, 2]],), r"`patients` must have shape \(N,\), got \[\[1, 2\]\]"),
    (([[1], [1, 2]],), r"`patients` must have shape \(N,\)"),
    (([1.0, float("nan")],), "`patients` must name each film's, got nan at 1"),
    ((["Mia", None],), "`patients` must name each film's, got None at 1"),
    ((np.array(["Mia", 3], dtype=object),), "`patients` must be of one kind"),
    (([1, 2], {"train": 1.0}), "`fractions` must name two parts or more, got {'train': 1.0}"),
    (([1, 2], [0.5, 0.5]), r"`fractions` must name two parts or more, got \[0.5, 0.5\]"),
    (([1, 2], {"a": 0.5, "b": 0.6}), "`fractions` must add up to 1, got 1.1"),
    (([1, 2], {"a": 1.5, "b": -0.5}), "`fractions` must be between 0 and 1, got 1.5 for 'a'"),
    (([1, 2], {"a": "0.5", "b": 0.5}), "`fractions` must be between 0 and 1, got '0.5' for 'a'"),
    (([1, 1],), "`fractions` must leave a patient for each part, got none of 1 for"),
]


@pytest.mark.parametrize(("given", "message"), BAD_SPLITS)
def test_bad_splits_are_refused(given, message):
    with pytest.raises(ValueError, match=message):
        split_patients(*given)


@pytest.mark.parametrize(
    ("stratify", "message"),
    [
        ([0, 1], "`stratify` must be as long as `patients`, 3, got 2"),
        ([0, 1, None], "`stratify` must name each film's, got None at 2"),
        ([[0, 1]] * 2, r"`stratify` must hold 0 and 1 in 3 rows, got shape \(2, 2\)"),
        ([[0, 2]] * 3, "`stratify` must hold 0 and 1 in 3 rows"),
    ],
)
def test_bad_kinds_are_refused(stratify, message):
    with pytest.raises(ValueError, match=message):
        split_patients([1, 2, 3], stratify=stratify)


@pytest.mark.parametrize("seed", [-1, 0.5, True, "0"])
def test_bad_seeds_are_refused(seed):
    with pytest.raises(ValueError, match="`seed` must be a whole number from 0"):
        split_patients([1, 2, 3], seed=seed)


@pytest.mark.parametrize("k", [1, 4, 2.0])
def test_bad_numbers_of_folds_are_refused(k):
    with pytest.raises(ValueError, match="`k` must be a whole number from 2 to 3, got"):
        patient_folds([1, 2, 2, 3], k)


# --- the check


def test_a_split_of_ours_passes_and_a_split_of_films_does_not():
    who, labels = crowd(6)
    refuse_overlap(who, split_patients(who, stratify=labels))
    random = np.random.default_rng(0).permutation(len(who))
    with pytest.raises(PatientOverlapError) as caught:
        refuse_overlap(who, {"train": random[50:], "test": random[:50]})
    expected = set(who[random[:50]]) & set(who[random[50:]])
    assert set(caught.value.patients) == expected
    assert f"{len(expected)} of {len(set(who))} patients have films in more" in str(caught.value)
    assert f"and {len(expected) - 5} more" in str(caught.value)


def test_it_says_who_is_where():
    with pytest.raises(PatientOverlapError) as caught:
        refuse_overlap(list("aabbc"), ["x", "y", "x", "z", "x"])
    assert caught.value.patients == {"a": ("x", "y"), "b": ("x", "z")}
    assert str(caught.value) == (
        "2 of 3 patients have films in more than one split (x and y: 1, x and z: 1): "
        "'a' (x, y), 'b' (x, z)"
    )


def test_indices_masks_and_empty_splits():
    who = [1, 1, 2, 3]
    refuse_overlap(who, {"train": [0, 1], "valid": [], "test": torch.tensor([3, 2])})
    refuse_overlap(who, {"train": [True, True, False, False], "test": np.array([0, 0, 1, 1]) > 0})
    with pytest.raises(PatientOverlapError, match=r"1 of 2 patients has .*train and test: 1"):
        refuse_overlap(who, {"train": [True, False, False, False], "test": [1, 2]})
    with pytest.raises(PatientOverlapError):  # the same film on both sides
        refuse_overlap(who, {"train": [3], "test": [3]})


@pytest.mark.parametrize(
    ("splits", "message"),
    [
        ({"train": [0, 4]}, "`splits` must hold indices from 0 to 2, got 4 for 'train'"),
        ({"train": [-1]}, "`splits` must hold indices from 0 to 2, got -1 for 'train'"),
        ({"train": [0.5]}, r"`splits` must hold indices of films, got \[0.5\] for 'train'"),
        ({"train": [True, False]}, "`splits` must hold indices of films"),
        (["train", "test"], "`splits` must be as long as `patients`, 3, got 2"),
        (["train", "test", None], "`splits` must name each film's, got None at 2"),
    ],
)
def test_bad_splits_are_refused_before_they_are_checked(splits, message):
    with pytest.raises(ValueError, match=message):
        refuse_overlap([1, 2, 3], splits)


@needs_nih
def test_thirty_patients_of_the_nih_films_are_in_more_than_one_split():
    with (NIH / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    who, split = [row["Patient ID"] for row in rows], [row["split"] for row in rows]
    with pytest.raises(PatientOverlapError, match=r"^30 of 264 patients have films") as caught:
        refuse_overlap(who, split)
    by_hand = {p: {s for q, s in zip(who, split, strict=True) if q == p} for p in set(who)}
    assert {p: set(s) for p, s in caught.value.patients.items()} == {
        p: s for p, s in by_hand.items() if len(s) > 1
    }
    labels = np.array([row["abn"] == "True" for row in rows])
    parts = split_patients(who, stratify=labels)
    refuse_overlap(who, parts)
    assert [len(films) for films in parts.values()] == pytest.approx([700, 100, 200], abs=2)
    assert [labels[films].mean() for films in parts.values()] == pytest.approx([0.5] * 3, abs=0.01)


# --- duplicates


def by_hand(images_by_split):
    """Compare every pair: an image counts if an earlier one equals it."""
    everything = [(s, i, x) for s, images in images_by_split.items() for i, x in enumerate(images)]
    pairs = []
    for n, (split, i, image) in enumerate(everything):
        for s, j, earlier in everything[:n]:
            if earlier.shape == image.shape and (earlier == image).all():
                pairs.append(Duplicate(Film(s, j), Film(split, i)))
                break
    return pairs


def test_the_same_pairs_as_by_comparing_each_with_each():
    random = np.random.default_rng(0)
    images = {name: random.integers(0, 2, (30, 2, 3), dtype=np.uint8) for name in "abc"}
    found = find_duplicates(images)
    assert found == by_hand(images)
    assert {(p.first.split, p.again.split) for p in found} >= {("a", "a"), ("a", "b"), ("a", "c")}
    assert find_duplicates({name: torch.from_numpy(x) for name, x in images.items()}) == found


def test_values_count_not_their_storage():
    image = np.arange(12).reshape(3, 4)
    forms = [
        image.astype(np.uint8),
        image.astype(np.float32),
        torch.tensor(image, dtype=torch.bfloat16),
        torch.tensor(image, dtype=torch.float64, requires_grad=True)[None],
        np.asfortranarray(image),
        image.T.copy().T,
    ]
    assert len(find_duplicates({"a": forms})) == len(forms) - 1
    others = [image, image.T, image.reshape(2, 6), image + 256, image - 1, image / 2, image + 0.5]
    assert find_duplicates({"a": others}) == []
    assert len(find_duplicates({"a": [np.array([-0.0, 0.5]), np.array([0.0, 0.5])]})) == 1


def test_files_are_compared_by_their_decoded_pixels(tmp_path):
    gray = np.random.default_rng(0).integers(0, 256, (8, 8), dtype=np.uint8)
    for folder in ("train/ill", "test"):
        (tmp_path / folder).mkdir(parents=True)
    Image.fromarray(gray).save(tmp_path / "train" / "ill" / "a.png", compress_level=0)
    Image.fromarray(gray).save(tmp_path / "test" / "a.PNG", compress_level=9)
    Image.fromarray(gray).convert("RGB").save(tmp_path / "test" / "b.tif")
    Image.fromarray(gray).convert("RGBA").save(tmp_path / "test" / "c.png")
    Image.fromarray(gray).convert("P").save(tmp_path / "test" / "d.bmp")
    Image.fromarray(gray[::-1].copy()).save(tmp_path / "test" / "e.png")
    clear = Image.fromarray(gray).convert("RGBA")
    clear.putalpha(100)
    clear.save(tmp_path / "test" / "f.png")
    (tmp_path / "test" / "notes.txt").write_text("no image")
    found = find_duplicates({"train": tmp_path / "train", "test": str(tmp_path / "test")})
    assert {pair.first for pair in found} == {Film("train", "ill/a.png")}
    assert [pair.again.item for pair in found] == ["a.PNG", "b.tif", "c.png", "d.bmp"]
    # A folder against an array in memory.
    assert len(find_duplicates({"memory": [gray], "files": tmp_path / "train"})) == 1


def test_unreadable_files_are_named(tmp_path):
    with pytest.raises(ValueError, match=r"a folder for 'a', got .*missing"):
        find_duplicates({"a": tmp_path / "missing"})
    with pytest.raises(ValueError, match="a folder with images, got"):
        find_duplicates({"a": tmp_path})
    Image.fromarray(np.eye(64, dtype=np.uint8)).save(tmp_path / "good.png")
    whole = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"readable images, got .*cut\.png"):
        find_duplicates({"a": tmp_path})
    (tmp_path / "cut.png").write_bytes(b"no image at all")
    with pytest.raises(ValueError, match=r"readable images, got .*cut\.png"):
        find_duplicates({"a": tmp_path})


@pytest.mark.parametrize(
    ("images", "message"),
    [
        ([np.eye(2)], "`images_by_split` must give images for each name, got"),
        ({"a": 3}, "`images_by_split` must hold images, got 3 for 'a'"),
        ({"a": torch.tensor(3)}, r"must hold images, got tensor\(3\) for 'a'"),
        ({"a": [np.array(["x"])]}, "images of numbers, got <U1.* as Film"),
        ({"a": [np.empty((0, 3))]}, r"images of numbers, got float64, shape \(0, 3\)"),
    ],
)
def test_what_is_no_image_is_refused(images, message):
    with pytest.raises(ValueError, match=message):
        find_duplicates(images)


@needs_pneumonia
def test_eight_films_of_pneumoniamnist_are_in_training_and_validation():
    with np.load(PNEUMONIA) as arrays:
        images = {name: arrays[f"{name}_images"] for name in ("train", "val", "test")}
    found = find_duplicates(images)
    kinds = Counter((pair.first.split, pair.again.split) for pair in found)
    assert kinds == {("train", "train"): 18, ("train", "val"): 8, ("test", "test"): 3}
    for (split, i), (again, j) in found:
        assert (images[split][i] == images[again][j]).all()
    # NumPy's own count of rows that are there again.
    rows = np.concatenate([x.reshape(len(x), -1) for x in images.values()])
    assert len(rows) - len(np.unique(rows, axis=0)) == len(found)

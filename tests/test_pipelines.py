"""The patches, the two pipelines, and the results that were recorded with them."""

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import binomtest
from skimage.io import imsave

from course_lib.data.labeled import count_duplicates, load_labeled, read_record
from course_lib.data.quality import (
    MARGIN,
    PATCH,
    TEST_IMAGES,
    TRAINING_IMAGES,
    cut,
    gaussian_blur,
    quality_patches,
    source_images,
    squeeze,
)
from course_lib.exercises.medical_images import wilson
from course_lib.pipelines import (
    SmallNet,
    draw_few,
    fit_classical,
    fit_network,
    hog_features,
    sharpness_features,
)

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("COURSE_DATA", ROOT.parent / "shared" / "data"))
RECORDS = {"mednist": "mednist", "pneumoniamnist": "medmnist/pneumoniamnist.npz"}


@pytest.fixture(scope="module")
def patches():
    return quality_patches(("abdomen MR", "chest CT"), seed=3)


def test_sharp_patches_are_cut_from_their_image_and_blurred_ones_by_scipy(patches):
    known = source_images()
    for index in range(0, len(patches.labels), 7):
        image, (top, left) = known[patches.sources[index]], patches.places[index].tolist()
        whole = image.numpy()
        if sigma := float(patches.blur[index]):
            whole = gaussian_filter(whole, sigma, mode="mirror", radius=MARGIN)
        expected = whole[top : top + PATCH, left : left + PATCH]
        inside = MARGIN <= top <= image.shape[0] - PATCH - MARGIN
        inside &= MARGIN <= left <= image.shape[1] - PATCH - MARGIN
        found = patches.images[index].numpy()
        if inside or not sigma:
            assert np.allclose(found, expected, atol=1e-5)


def test_labels_say_which_are_blurred(patches):
    assert torch.equal(patches.labels, (patches.blur > 0).long())
    assert ((patches.blur == 0) | ((patches.blur >= 1) & (patches.blur <= 2))).all()
    assert 0.3 < patches.labels.float().mean() < 0.7


def test_patches_do_not_overlap_and_seeds_decide(patches):
    again = quality_patches(("abdomen MR", "chest CT"), seed=3)
    other = quality_patches(("abdomen MR", "chest CT"), seed=4)
    places = {(s, *p) for s, p in zip(patches.sources, patches.places.tolist(), strict=True)}

    assert len(places) == len(patches.labels)
    assert all(value % PATCH == 0 for _, *place in places for value in place)
    assert torch.equal(again.images, patches.images)
    assert not torch.equal(other.labels, patches.labels)


def test_no_image_is_on_both_sides():
    assert not set(TRAINING_IMAGES) & set(TEST_IMAGES)
    assert set(TRAINING_IMAGES) | set(TEST_IMAGES) == set(source_images())


def test_an_unknown_image_is_refused():
    with pytest.raises(ValueError, match="`names` must be among"):
        quality_patches(("foot",))


@pytest.mark.parametrize("sigma", [0.0, 0.7, 2.0])
def test_blur_is_that_of_scipy(sigma):
    image = torch.rand(30, 40, generator=torch.Generator().manual_seed(0))
    expected = gaussian_filter(image.numpy(), sigma, mode="mirror", radius=MARGIN)

    assert np.allclose(gaussian_blur(image, sigma), expected, atol=1e-5)


@pytest.mark.parametrize("sigma", [-0.1, 3.0])
def test_blur_has_its_limits(sigma):
    with pytest.raises(ValueError, match=r"`sigma` must be from 0 to 2\.7"):
        gaussian_blur(torch.zeros(20, 20), sigma)


def test_cut_is_the_loop_over_places():
    image = torch.arange(70.0 * 50).reshape(70, 50)
    windows, places = cut(image, step=8)

    assert len(windows) == len(places) == 5 * 3
    for window, (top, left) in zip(windows, places.tolist(), strict=True):
        assert torch.equal(window, image[top : top + PATCH, left : left + PATCH])


def test_hog_does_not_see_contrast_and_sees_direction():
    image = torch.rand(1, 32, 32, generator=torch.Generator().manual_seed(0))
    turned = image.transpose(1, 2)

    assert np.allclose(hog_features(image), hog_features(0.5 * image), atol=1e-3)
    assert not np.allclose(hog_features(image), hog_features(turned), atol=1e-2)


def test_sharpness_from_its_definition():
    image = torch.rand(1, 9, 12, generator=torch.Generator().manual_seed(0))
    x = image[0].double().numpy()
    across = np.mean([(x[r, c + 1] - x[r, c]) ** 2 for r in range(9) for c in range(11)])
    down = np.mean([(x[r + 1, c] - x[r, c]) ** 2 for r in range(8) for c in range(12)])
    laplace = [
        x[r - 1, c] + x[r + 1, c] + x[r, c - 1] + x[r, c + 1] - 4 * x[r, c]
        for r in range(1, 8)
        for c in range(1, 11)
    ]
    expected = [x.std(ddof=1), np.sqrt(across + down), np.sqrt(np.mean(np.square(laplace)))]

    assert np.allclose(sharpness_features(image)[0], np.log(np.array(expected) + 1e-4), atol=1e-5)


def test_both_pipelines_learn_stripes():
    generator = torch.Generator().manual_seed(0)
    labels = torch.arange(40) % 2
    stripes = (torch.arange(16) % 4 < 2).float().expand(16, 16)
    images = torch.stack([stripes.T if label else stripes for label in labels])
    images = images + 0.2 * torch.rand(images.shape, generator=generator)

    for predict in (
        fit_classical(images[:20], labels[:20], features="hog"),
        fit_network(images[:20], labels[:20], steps=30),
    ):
        assert (predict(images[20:]) == labels[20:]).float().mean() > 0.9


def test_training_leaves_the_global_seed_alone_and_repeats():
    images = torch.rand(8, 16, 16, generator=torch.Generator().manual_seed(0))
    targets = images.mean((1, 2))
    before = torch.get_rng_state()
    first = fit_network(images, targets, steps=5, seed=1, regression=True)(images)

    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(
        fit_network(images, targets, steps=5, seed=1, regression=True)(images), first
    )
    assert not torch.equal(
        fit_network(images, targets, steps=5, seed=2, regression=True)(images), first
    )


def test_a_prediction_does_not_depend_on_its_neighbors():
    images = torch.rand(8, 16, 16, generator=torch.Generator().manual_seed(0))
    predict = fit_network(images, images.mean((1, 2)), steps=5, regression=True)

    assert torch.allclose(predict(images)[:1], predict(images[:1]), atol=1e-5)


def test_the_parameters_of_the_network():
    assert sum(p.numel() for p in SmallNet(2).parameters()) == 6010


def test_a_few_are_drawn_from_all_classes():
    labels = torch.arange(6).repeat(10)
    drawn = draw_few(labels, 20, seed=0)

    assert labels[drawn].bincount().tolist() == [4, 4, 3, 3, 3, 3]
    assert len(set(drawn.tolist())) == 20
    assert not torch.equal(drawn, draw_few(labels, 20, seed=1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fit_classical(torch.zeros(2, 8, 8), torch.zeros(2), features="x"), "`features`"),
        (lambda: fit_network(torch.zeros(2, 8, 8), torch.zeros(3)), "`labels` must have shape"),
        (lambda: hog_features(torch.zeros(1, 8, 8)), "at least 16 x 16 pixels"),
        (lambda: sharpness_features(torch.zeros(8, 8)), "`images` must have shape"),
        (lambda: draw_few(torch.tensor([0, 1]), 1, seed=0), "`count` must be from 2 to 2"),
        (lambda: draw_few(torch.tensor([0, 0, 0, 1]), 4, seed=0), "must have 2 of class 1"),
        (lambda: load_labeled("nowhere"), r"`path` must be a \.npz file"),
        (lambda: read_record("nothing"), "`name` must be that of a record"),
    ],
)
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_folder_of_folders_is_split_by_class(tmp_path):
    for label, name in enumerate(("a", "b")):
        (tmp_path / name).mkdir()
        for number in range(8):
            image = np.full((6, 6), 20 * number + label, dtype=np.uint8)
            imsave(tmp_path / name / f"{number}.png", image, check_contrast=False)
    (train, labels, test, truth), names = load_labeled(tmp_path)

    assert names == ("a", "b")
    assert labels.bincount().tolist() == [6, 6]
    assert truth.bincount().tolist() == [2, 2]
    assert (test[-1] * 255).round().unique().tolist() == [141]
    assert count_duplicates(train, test) == 0


@pytest.mark.parametrize(("right", "tested"), [(19, 20), (0, 5), (5, 5), (310, 376)])
def test_wilson_of_the_exercise_is_that_of_scipy(right, tested):
    interval = binomtest(right, tested).proportion_ci(method="wilson")

    assert wilson(right, tested) == pytest.approx((interval.low, interval.high), abs=1e-6)


@pytest.mark.parametrize("name", RECORDS)
def test_record_says_what_produced_it(name):
    record = read_record(name)

    assert {"data", "command", "date", "device", "machine", "versions"} <= set(record)
    assert set(record["results"]) == {"sharpness", "hog", "network"}
    for found in record["results"].values():
        assert all(0 <= n <= record["test_images"] for n in found["right_all"])
        assert len(found["right_few"]) == 5
        assert sum(found["right_all_by_class"]) == found["right_all"][0]
        assert sum(found["right_few_by_class"]) == found["right_few"][0]


@pytest.mark.parametrize("name", RECORDS)
def test_record_is_true_where_the_data_are(name):
    path = DATA / RECORDS[name]
    if not path.exists():
        pytest.skip(f"{path.name} is not here; set COURSE_DATA to the folder that holds it")
    record = read_record(name)
    (train, labels, test, truth), names = load_labeled(path)

    assert (len(train), len(test), len(names)) == (
        record["training_images"],
        record["test_images"],
        len(record["classes"]),
    )
    assert count_duplicates(train, test) == record["test_images_equal_to_a_training_image"]
    assert labels.bincount().tolist() == record["training_images_by_class"]
    assert truth.bincount().tolist() == record["test_images_by_class"]
    found = fit_classical(train, labels, features="sharpness")(test)
    assert int((found == truth).sum()) == pytest.approx(
        record["results"]["sharpness"]["right_all"][0], abs=3
    )
    some = draw_few(labels, record["few"], seed=0)
    found = fit_classical(train[some], labels[some], features="hog")(test)
    assert int((found == truth).sum()) == pytest.approx(
        record["results"]["hog"]["right_few"][0], abs=6
    )


def test_squeezing_loses_more_the_less_it_keeps():
    image = 1000 * torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(0)) - 500
    errors = [float((squeeze(image, ratio) - image).abs().mean()) for ratio in (1, 10, 100)]

    assert errors[0] < 1
    assert errors[0] < errors[1] < errors[2]


@pytest.mark.parametrize(
    ("image", "ratio", "message"),
    [
        (torch.zeros(4, 4), 2, r"`image` must have shape \(1, H, W\), got \(4, 4\)"),
        (torch.zeros(1, 4, 4), 0.5, "`ratio` must be at least 1, got 0.5"),
        (torch.tensor([[[0.0, 1e6]]]), 2, "`image` must span at most 65,535, got 0 to 1e"),
    ],
)
def test_what_cannot_be_squeezed_is_named(image, ratio, message):
    with pytest.raises(ValueError, match=message):
        squeeze(image, ratio)

"""MedMNIST's sets: the real one that is there, made ones in 2-D and 3-D, and broken files."""

import os
from pathlib import Path

import medmnist
import numpy as np
import pytest
import torch

from course_lib.data import medmnist_sets
from course_lib.data.medmnist_sets import medmnist_set

SHARED = Path(__file__).parents[2] / "shared" / "data" / "medmnist"


def write(folder, name, *, size=28, channels=1, dims=2, labels=1, less=0):
    """Write a file with the numbers of images that medmnist expects, each of two pixels' size."""
    info = medmnist.INFO[name]
    arrays = {}
    for split, n in info["n_samples"].items():
        shape = (n - less, *(2,) * dims, *((channels,) if channels > 1 else ()))
        arrays[f"{split}_images"] = np.full(shape, 51, np.uint8)
        arrays[f"{split}_labels"] = np.ones((n - less, labels), np.uint8)
    mark = "" if size == 28 else f"_{size}"
    np.savez_compressed(folder / f"{name}{mark}.npz", **arrays)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the real data beside the repository")
def test_pneumoniamnist():
    films = medmnist_set("pneumoniamnist", "train", root=SHARED)
    assert films.images.shape == (4708, 1, 28, 28)
    assert films.labels.bincount().tolist() == [1214, 3494]
    assert films.names == ("normal", "pneumonia")
    image, label = films[3]
    assert image.dtype == torch.float32
    assert 0 <= image.min() < image.max() <= 1
    assert label == films.labels[3]
    assert len(medmnist_set("pneumoniamnist", "valid", root=SHARED)) == 524


@pytest.mark.parametrize(
    ("name", "size", "make", "shape"),
    [
        ("retinamnist", 28, {"channels": 3}, (3, 2, 2)),
        ("breastmnist", 224, {"size": 224}, (1, 2, 2)),
        ("nodulemnist3d", 64, {"size": 64, "dims": 3}, (1, 2, 2, 2)),
    ],
)
def test_shapes(tmp_path, name, size, make, shape):
    write(tmp_path, name, **make)
    images = medmnist_set(name, "test", size=size, root=tmp_path, transform=lambda x: x * 2)
    assert images[0][0].shape == shape
    torch.testing.assert_close(images[0][0], torch.full(shape, 0.4))
    assert images.labels.shape == (len(images),)
    assert len(images.subset(torch.arange(len(images)) < 3)) == 3


def test_several_labels(tmp_path):
    write(tmp_path, "chestmnist", labels=14)
    films = medmnist_set("chestmnist", "valid", root=tmp_path)
    assert films.labels.shape == (len(films), 14)
    assert films.labels.dtype == torch.float32
    assert len(films.names) == 14


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("chestminst", "train"), "`name` must be 'pathmnist' or"),
        (("chestmnist", "val"), "`split` must be 'train' or 'valid' or 'test'"),
        (("chestmnist", "train", 32), "`size` must be 28 or 64 or 128 or 224, got 32"),
        (("organmnist3d", "train", 128), "`size` must be 28 or 64, got 128"),
    ],
)
def test_refuses(tmp_path, arguments, words):
    name, split, *size = arguments
    with pytest.raises(ValueError, match=words):
        medmnist_set(name, split, size=size[0] if size else 28, root=tmp_path)


def test_files_that_are_missing_or_broken(tmp_path):
    with pytest.raises(ValueError, match=r"breastmnist.npz is not there; download=True"):
        medmnist_set("breastmnist", "train", root=tmp_path)
    write(tmp_path, "breastmnist")
    path = tmp_path / "breastmnist.npz"
    whole = path.read_bytes()
    for broken in (whole[:-40], whole[:50], b"", b"<html>"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match=r"breastmnist.npz cannot be read .*fetch it again"):
            medmnist_set("breastmnist", "train", root=tmp_path)
    np.savez(path, train_images=np.zeros(3))
    with pytest.raises(ValueError, match="cannot be read"):
        medmnist_set("breastmnist", "train", root=tmp_path)
    write(tmp_path, "breastmnist", less=1)
    with pytest.raises(ValueError, match=r"must hold the 546 images .* has 545 with 545 labels"):
        medmnist_set("breastmnist", "train", root=tmp_path)


def test_fetches_the_file_that_medmnist_names(tmp_path, monkeypatch):
    asked = []

    def fetch(url, path, **checks):
        asked.append((url, path.name, checks))
        write(path.parent, "breastmnist", size=64)

    monkeypatch.setattr(medmnist_sets, "fetch", fetch)
    medmnist_set("breastmnist", "train", size=64, root=os.fspath(tmp_path), download=True)
    info = medmnist.INFO["breastmnist"]
    assert asked == [(info["url_64"], "breastmnist_64.npz", {"md5": info["MD5_64"]})]

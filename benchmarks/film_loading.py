"""How fast do films come from the disk to the network, beside plain torchvision?

Both read the same gray PNG files through a DataLoader without workers, and bring them to what
DenseNet-121 takes. On a GPU the time until they are there is measured.
"""

import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.transforms import v2

from course_lib.data.films import Films
from course_lib.data.transforms import IMAGENET_MEAN, IMAGENET_STD, film_transform
from course_lib.devices import find_device
from measuring import Claim, compare, main

SIZE, BATCH = 224, 16


def write_films(folder: Path, count: int, size: int) -> list[Path]:
    """Store smooth gray pictures, which PNG shrinks as it does films."""
    paths = []
    for number in range(count):
        rows, columns = np.mgrid[:size, :size] / size
        waves = np.sin(7 * rows + number) * np.cos(5 * columns) + 0.1 * np.sin(90 * rows * columns)
        grain = np.random.default_rng(number).normal(0, 0.02, (size, size))
        gray = ((waves + grain + 1.3) / 2.6).clip(0, 1) * 255
        paths.append(folder / "films" / f"{number:03}.png")
        paths[-1].parent.mkdir(exist_ok=True)
        Image.fromarray(gray.astype(np.uint8)).save(paths[-1])
    return paths


def loading(small: bool) -> Claim:
    """Measure an epoch of reading, for films of several sizes."""
    device = find_device()
    plain = v2.Compose(
        [
            v2.Resize((SIZE, SIZE)),
            v2.RandomHorizontalFlip(0.0 if small else 0.5),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize(IMAGENET_MEAN, IMAGENET_STD),
        ]
    )
    cases = []
    for size in (256,) if small else (256, 512, 1024):
        with tempfile.TemporaryDirectory() as name:
            paths = write_films(Path(name), 4 if small else 64, size)
            labels = torch.zeros(len(paths), 1)
            ours = Films(
                paths, labels, np.arange(len(paths)), ("nothing",), None,  # type: ignore[arg-type]
                film_transform(SIZE, train=not small),
            )  # fmt: skip
            theirs = ImageFolder(name, plain)
            if small:  # nothing is flipped
                difference = (ours[0][0] - theirs[0][0]).abs().max() * min(IMAGENET_STD)
                assert difference < 0.02, difference  # theirs rounds to bytes in between

            def epoch(films: Iterable[object]) -> None:
                for images, _ in films:  # type: ignore[misc]
                    images.to(device)

            def mine(films: Films = ours) -> None:
                epoch(DataLoader(films, BATCH, shuffle=True))

            def peer(films: ImageFolder = theirs) -> None:
                epoch(DataLoader(films, BATCH, shuffle=True))

            case_name = f"{len(paths)} films of {size} × {size}"
            cases.append(compare(case_name, mine, peer, 1 if small else 5))
    return Claim(
        title="Films from the disk",
        means="PNG files read, resized, flipped, normalized and put into batches; torchvision's "
        "ImageFolder with its own loader beside our table of films, the same DataLoader for both.",
        size=f"gray PNG to 3 × {SIZE} × {SIZE}",
        ours="course_lib",
        peer="torchvision",
        bar=None,
        cases=cases,
        device=device.type,
    )


CLAIMS = (loading,)

if __name__ == "__main__":
    main(*CLAIMS)

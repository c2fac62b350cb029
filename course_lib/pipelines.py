"""Two ways from an image to a class: hand-made features and a line, or a network.

Both are fitted by the same call, `fit(images, labels)`, and return a function that maps images to
classes. So the same split, the same images and the same test serve both. Shapes: N images, H rows,
W columns, F features, K classes.
"""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

Predict = Callable[[Tensor], Tensor]


def hog_features(images: Tensor) -> NDArray[np.float64]:
    """Describe images by the directions of their edges: histograms of oriented gradients.

    `(N, H, W) -> (N, F)`

    >>> hog_features(torch.rand(2, 32, 32)).shape
    (2, 324)

    Args:
        images: Gray, of any range, H and W at least 16.

    Returns:
        9 directions in cells of 8 x 8 pixels, each block of 2 x 2 cells brought to the same
        contrast. For 32 x 32 pixels 3 x 3 blocks of 4 cells: 324 numbers.

    Raises:
        ValueError: If `images` has another shape.

    Source: Dalal and Triggs 2005; computed by scikit-image. O(N H W).
    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    from skimage.feature import hog

    _check_images(images)
    if min(images.shape[1:]) < 16:
        raise ValueError(f"`images` must have at least 16 x 16 pixels, got {tuple(images.shape)}")
    return np.stack(
        [hog(image, pixels_per_cell=(8, 8), cells_per_block=(2, 2)) for image in images.numpy()]
    )


def sharpness_features(images: Tensor) -> NDArray[np.float64]:
    """Describe the sharpness of images by three numbers.

    `(N, H, W) -> (N, 3)`

    >>> fine, coarse = torch.zeros(2, 8, 8)
    >>> fine[:, ::2], coarse[:, :4] = 1.0, 1.0
    >>> sharp = sharpness_features(torch.stack([fine, coarse]))
    >>> bool(sharp[0, 1] > sharp[1, 1])
    True

    Args:
        images: Gray, H and W at least 3.

    Returns:
        The logarithms of the contrast (standard deviation), of the root mean square of the
        differences of neighbors, and of that of the Laplace kernel. Blur hardly changes the
        first, lowers the second, and lowers the third most.

    Raises:
        ValueError: If `images` has another shape.

    O(N H W). Derived in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    _check_images(images)
    across, down = images.diff(dim=2), images.diff(dim=1)
    middle = images[:, 1:-1, 1:-1]
    sides = images[:, 1:-1, :-2] + images[:, 1:-1, 2:]
    laplace = sides + images[:, :-2, 1:-1] + images[:, 2:, 1:-1] - 4 * middle
    contrast = images.std(dim=(1, 2))
    edges = (across.square().mean((1, 2)) + down.square().mean((1, 2))).sqrt()
    detail = laplace.square().mean((1, 2)).sqrt()
    features: NDArray[np.float64] = (
        torch.stack([contrast, edges, detail], dim=1).add(1e-4).log().double().numpy()
    )
    return features


FEATURES = {"hog": hog_features, "sharpness": sharpness_features}


def fit_classical(images: Tensor, labels: Tensor, *, features: str) -> Predict:
    """Fit hand-made features, standardized, and a logistic regression.

    `(N, H, W), (N,) -> predict`

    >>> images = torch.stack([torch.zeros(8, 8), torch.rand(8, 8)])
    >>> predict = fit_classical(images, torch.tensor([0, 1]), features="sharpness")
    >>> predict(images)
    tensor([0, 1])

    Args:
        images: Gray.
        labels: Classes 0 to K - 1.
        features: "hog" or "sharpness".

    Returns:
        `predict`, from images (M, H, W) on any device to classes (M,) on the CPU.

    Raises:
        ValueError: If `features` is unknown, or shapes do not fit.

    Mean and standard deviation of each feature come from the training images alone.
    Derived in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    if features not in FEATURES:
        raise ValueError(f"`features` must be one of {sorted(FEATURES)}, got {features!r}")
    _check_labels(images, labels)
    describe = FEATURES[features]
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    model.fit(describe(images.cpu()), labels.cpu().numpy())
    return lambda new: torch.from_numpy(model.predict(describe(new.cpu())))


class SmallNet(nn.Module):
    """Three convolutions of 3 x 3 with batch normalization, the mean of each map, a linear layer.

    `(N, 1, H, W) -> (N, K)`

    >>> SmallNet(2)(torch.zeros(4, 1, 32, 32)).shape
    torch.Size([4, 2])

    Args:
        outputs: K: classes, or 1 for a regression.
        width: Maps of the first layer; the next two have twice and four times as many.

    6,010 parameters for two classes. Its output does not depend on the size of the image.
    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """

    def __init__(self, outputs: int, width: int = 8) -> None:
        """Build the layers."""
        super().__init__()
        layers: list[nn.Module] = []
        channels = 1
        for maps in (width, 2 * width, 4 * width):
            layers += [
                nn.Conv2d(channels, maps, 3, padding=1, bias=False),
                nn.BatchNorm2d(maps),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
            channels = maps
        layers[-1] = nn.AdaptiveAvgPool2d(1)
        self.features = nn.Sequential(*layers, nn.Flatten())
        self.head = nn.Linear(channels, outputs)

    def forward(self, x: Tensor) -> Tensor:
        """Return one number for each output."""
        scores: Tensor = self.head(self.features(x))
        return scores


def fit_network(
    images: Tensor,
    targets: Tensor,
    *,
    steps: int = 120,
    seed: int = 0,
    device: torch.device | str = "cpu",
    regression: bool = False,
) -> Predict:
    """Train `SmallNet` on the pixels.

    `(N, H, W), (N,) -> predict`

    >>> images = torch.stack([torch.zeros(16, 16), torch.rand(16, 16)])
    >>> predict = fit_network(images, torch.tensor([0, 1]), steps=3)
    >>> predict(images).shape
    torch.Size([2])

    Args:
        images: Gray.
        targets: Classes 0 to K - 1, or with `regression` any numbers.
        steps: Batches of up to 32 images, each mirrored at random.
        seed: For the weights, the batches and the mirrors.
        device: Where to train.
        regression: Predict the number itself, with the squared error as loss.

    Returns:
        `predict`, from images (M, H, W) on any device to classes or numbers (M,) on the CPU.

    Raises:
        ValueError: If shapes do not fit.

    Each image is brought to mean 0 and standard deviation 1 by itself. AdamW with a learning rate
    that rises to 0.01 and falls. Leaves the global seed as it was.
    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    _check_labels(images, targets)
    generator = torch.Generator().manual_seed(seed)
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        net = SmallNet(1 if regression else int(targets.max()) + 1).to(device)
    inputs = _standardize(images).to(device)
    wanted = targets.float().to(device) if regression else targets.long().to(device)
    optimizer = torch.optim.AdamW(net.parameters(), lr=0.01, weight_decay=0.001)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.01, total_steps=max(steps, 2))
    for _ in range(steps):
        batch = torch.randint(len(images), (min(32, len(images)),), generator=generator)
        mirrored = [axis for axis in (2, 3) if torch.rand(1, generator=generator) < 0.5]
        outputs = net(inputs[batch.to(device)].flip(mirrored))
        target = wanted[batch.to(device)]
        loss = F.mse_loss(outputs[:, 0], target) if regression else F.cross_entropy(outputs, target)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
    net.eval()

    @torch.no_grad()
    def predict(new: Tensor) -> Tensor:
        parts = torch.split(_standardize(new), 256)
        outputs = torch.cat([net(part.to(device)).cpu() for part in parts])
        return outputs[:, 0] if regression else outputs.argmax(dim=1)

    return predict


def draw_few(labels: Tensor, count: int, *, seed: int) -> Tensor:
    """Draw training images at random, from all classes as equally as `count` allows.

    >>> labels = torch.tensor([0] * 50 + [1] * 50)
    >>> labels[draw_few(labels, 20, seed=0)].bincount()
    tensor([10, 10])

    Args:
        labels: Classes 0 to K - 1 of all training images, shape (N,).
        count: How many to draw, K to N.
        seed: Which ones.

    Returns:
        Indices into `labels`, int64 of shape (count,).

    Raises:
        ValueError: If `count` is below the number of classes, or a class has too few images.

    Used in the chapter What we ask of medical images (book/01_medical_images.md).
    """
    classes = int(labels.max()) + 1
    if not classes <= count <= len(labels):
        raise ValueError(f"`count` must be from {classes} to {len(labels)}, got {count}")
    generator = torch.Generator().manual_seed(seed)
    chosen = []
    for label in range(classes):
        members = (labels == label).nonzero()[:, 0]
        wanted = count // classes + (label < count % classes)
        if wanted > len(members):
            raise ValueError(f"`labels` must have {wanted} of class {label}, got {len(members)}")
        chosen.append(members[torch.randperm(len(members), generator=generator)[:wanted]])
    return torch.cat(chosen)


def _standardize(images: Tensor) -> Tensor:
    mean = images.mean(dim=(1, 2), keepdim=True)
    return ((images - mean) / (images.std(dim=(1, 2), keepdim=True) + 1e-3))[:, None]


def _check_images(images: Tensor) -> None:
    if images.ndim != 3 or min(images.shape) < 1 or min(images.shape[1:]) < 3:
        expected = "(N, H, W) with at least 3 x 3 pixels"
        raise ValueError(f"`images` must have shape {expected}, got {tuple(images.shape)}")


def _check_labels(images: Tensor, labels: Tensor) -> None:
    _check_images(images)
    if labels.shape != images.shape[:1]:
        raise ValueError(f"`labels` must have shape ({len(images)},), got {tuple(labels.shape)}")

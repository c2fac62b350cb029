"""Every network of the course in one table: year, depth, parameters, operations, accuracy.

The counts are computed by `course_lib.arithmetic` on the meta device and stored here, so that the
table can be shown without building a network; a test builds each one and counts again. They are for
one image of `size` pixels and 1000 classes (LeNet: 10), without auxiliary heads.

The accuracies are those that torchvision publishes with its weights: the percentage of the 50,000
validation images of ImageNet that are right at the first guess. V1 and V2 are its names
IMAGENET1K_V1 and IMAGENET1K_V2: the same network, trained once more by torchvision's newer recipe.

"LeNet-5" is the network as it is built today, "AlexNet" the one of the paper, "AlexNet 2014" the
slimmer one that torchvision has weights for; "GoogLeNet" is torchvision's, too.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from torch import nn

FAMILIES = ("LeNet", "AlexNet", "NiN", "VGG", "Inception", "ResNet", "DenseNet", "for phones")


class Network(NamedTuple):
    """One row of the table.

    Attributes:
        name: As the chapters write it.
        family: One of `FAMILIES`.
        year: Of the first public version of the paper.
        builder: Its function in `course_lib.models`; for those "for phones", with which the course
            compares, in `torchvision.models`.
        size: Rows and columns of the image, in pixels.
        depth: Layers with weights on the longest way, as `count_depth` counts.
        parameters: Numbers that are learned.
        macs: Multiply-accumulates for one image.
        top1: By the name of the weights, the share of images that is right, in percent.
        options: Keywords of the builder.
    """

    name: str
    family: str
    year: int
    builder: str
    size: int
    depth: int
    parameters: int
    macs: int
    top1: Mapping[str, float]
    options: Mapping[str, Any]

    @property
    def is_ours(self) -> bool:
        """Whether `course_lib.models` builds it."""
        return self.family != "for phones"

    def build(self) -> "nn.Module":
        """Build the network with random weights; under `torch.device("meta")` with none.

        >>> import torch
        >>> with torch.device("meta"):
        ...     net = find_network("ResNet-18").build()
        >>> sum(p.numel() for p in net.parameters())
        11689512
        """
        if self.is_ours:
            from course_lib import models
        else:
            import torchvision.models as models  # type: ignore[no-redef]
        net: nn.Module = getattr(models, self.builder)(**self.options)
        return net


# Name, family, year, builder, size, depth, parameters, multiply-accumulates.
_ROWS = (
    ("LeNet-5", "LeNet", 1998, "lenet5_dense", 32, 5, 61_706, 416_520),
    ("AlexNet", "AlexNet", 2012, "alexnet", 227, 8, 60_965_224, 724_406_816),
    ("AlexNet 2014", "AlexNet", 2014, "alexnet", 224, 8, 61_100_840, 714_188_480),
    ("NiN", "NiN", 2013, "nin", 224, 12, 7_439_608, 965_572_864),
    ("VGG-11", "VGG", 2014, "vgg11", 224, 11, 132_863_336, 7_609_090_048),
    ("VGG-13", "VGG", 2014, "vgg13", 224, 13, 133_047_848, 11_308_466_176),
    ("VGG-16", "VGG", 2014, "vgg16", 224, 16, 138_357_544, 15_470_264_320),
    ("VGG-19", "VGG", 2014, "vgg19", 224, 19, 143_667_240, 19_632_062_464),
    ("GoogLeNet", "Inception", 2014, "googlenet", 224, 22, 6_624_904, 1_498_376_192),
    ("Inception-v2", "Inception", 2015, "inception_v2", 299, 54, 25_954_248, 6_352_562_784),
    ("Inception-v3", "Inception", 2015, "inception_v3", 299, 48, 23_834_568, 5_713_216_096),
    ("ResNet-18", "ResNet", 2015, "resnet18", 224, 18, 11_689_512, 1_814_073_344),
    ("ResNet-34", "ResNet", 2015, "resnet34", 224, 34, 21_797_672, 3_663_761_408),
    ("ResNet-50", "ResNet", 2015, "resnet50", 224, 50, 25_557_032, 4_089_184_256),
    ("ResNet-101", "ResNet", 2015, "resnet101", 224, 101, 44_549_160, 7_801_405_440),
    ("ResNet-152", "ResNet", 2015, "resnet152", 224, 152, 60_192_808, 11_513_626_624),
    ("DenseNet-121", "DenseNet", 2016, "densenet121", 224, 121, 7_978_856, 2_834_161_664),
    ("DenseNet-161", "DenseNet", 2016, "densenet161", 224, 161, 28_681_000, 7_727_907_072),
    ("DenseNet-169", "DenseNet", 2016, "densenet169", 224, 169, 14_149_480, 3_359_843_328),
    ("DenseNet-201", "DenseNet", 2016, "densenet201", 224, 201, 20_013_928, 4_291_365_888),
    ("SqueezeNet 1.1", "for phones", 2016, "squeezenet1_1", 224, 18, 1_235_496, 349_151_936),
    ("MobileNet-v2", "for phones", 2018, "mobilenet_v2", 224, 53, 3_504_872, 300_774_272),
    ("EfficientNet-B0", "for phones", 2019, "efficientnet_b0", 224, 82, 5_288_548, 385_814_752),
)

_TOP1: dict[str, dict[str, float]] = {
    "AlexNet 2014": {"V1": 56.522},
    "VGG-11": {"V1": 69.020},
    "VGG-13": {"V1": 69.928},
    "VGG-16": {"V1": 71.592},
    "VGG-19": {"V1": 72.376},
    "GoogLeNet": {"V1": 69.778},
    "Inception-v3": {"V1": 77.294},
    "ResNet-18": {"V1": 69.758},
    "ResNet-34": {"V1": 73.314},
    "ResNet-50": {"V1": 76.130, "V2": 80.858},
    "ResNet-101": {"V1": 77.374, "V2": 81.886},
    "ResNet-152": {"V1": 78.312, "V2": 82.284},
    "DenseNet-121": {"V1": 74.434},
    "DenseNet-161": {"V1": 77.138},
    "DenseNet-169": {"V1": 75.600},
    "DenseNet-201": {"V1": 76.896},
    "SqueezeNet 1.1": {"V1": 58.178},
    "MobileNet-v2": {"V1": 71.878, "V2": 72.154},
    "EfficientNet-B0": {"V1": 77.692},
}

_OPTIONS: dict[str, dict[str, Any]] = {
    "AlexNet": {"variant": "paper"},
    "GoogLeNet": {"aux_logits": False},
    "Inception-v2": {"aux_logits": False},
    "Inception-v3": {"aux_logits": False},
}

NETWORKS = tuple(Network(*row, _TOP1.get(row[0], {}), _OPTIONS.get(row[0], {})) for row in _ROWS)


def find_network(name: str) -> Network:
    """Return the row of a network.

    >>> find_network("VGG-16").parameters
    138357544

    Args:
        name: As in `NETWORKS`.

    Raises:
        ValueError: If there is no such network.

    Used in the chapter Choosing an architecture (book/15_choosing.md).
    """
    for network in NETWORKS:
        if network.name == name:
            return network
    known = ", ".join(network.name for network in NETWORKS)
    raise ValueError(f"`name` must be one of {known}, got {name!r}")


def accuracy_of(network: Network, weights: str = "V1") -> float | None:
    """Return a network's published accuracy in percent; None if there is none.

    >>> accuracy_of(find_network("ResNet-50")), accuracy_of(find_network("ResNet-50"), "best")
    (76.13, 80.858)
    >>> accuracy_of(find_network("LeNet-5")) is None
    True

    Args:
        network: A row of `NETWORKS`.
        weights: "V1" for the first recipe, "best" for the highest that is published.

    Raises:
        ValueError: If `weights` is neither.

    Used in the chapter Choosing an architecture (book/15_choosing.md).
    """
    if weights not in ("V1", "best"):
        raise ValueError(f"`weights` must be 'V1' or 'best', got {weights!r}")
    if weights == "V1":
        return network.top1.get("V1")
    return max(network.top1.values(), default=None)


def undominated(costs: list[float], gains: list[float]) -> list[int]:
    """Return which points no other point beats: the Pareto front, from the cheapest on.

    A point is beaten by one that costs no more and gains no less, and is better in one of the two.

    >>> undominated([1, 2, 3], [10, 9, 11])
    [0, 2]

    Args:
        costs: Of each point; less is better.
        gains: Of each point; more is better.

    Raises:
        ValueError: If there are not as many of both.

    Cost: O(n log n).
    Built in the chapter Choosing an architecture (book/15_choosing.md).
    """
    if len(costs) != len(gains):
        raise ValueError(f"`gains` must be as many as `costs`, {len(costs)}, got {len(gains)}")
    front: list[int] = []
    for n in sorted(range(len(costs)), key=lambda n: (costs[n], -gains[n])):
        last = front[-1] if front else None
        if last is None or gains[n] > gains[last]:
            front.append(n)
        else:
            is_equal = (costs[n], gains[n]) == (costs[last], gains[last])
            front += [n] * is_equal
    return front

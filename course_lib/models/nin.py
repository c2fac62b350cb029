"""Network in Network (NiN): a small network at every pixel, no fully connected layer at the end.

Lin, Chen and Yan, "Network In Network", 2013, arXiv 1312.4400. The paper's networks are for images
of 32 x 32 pixels; this is the larger one of the textbook Dive into Deep Learning (d2l.ai), section
8.3, built from its blocks: AlexNet's kernels (11, 5, 3, 3), each followed by two layers of 1 x 1.
No library has weights of it: checked against the layers written out, and against d2l's counts.

N images, C channels, H rows, W columns, K classes.
"""

from torch import nn

from course_lib._checks import whole_number

# Maps, kernel, stride and padding of each block but the last, whose maps are the classes.
_BLOCKS = ((96, 11, 4, 0), (256, 5, 1, 2), (384, 3, 1, 1))


def nin_block(
    in_channels: int, out_channels: int, kernel_size: int, stride: int = 1, padding: int = 0
) -> nn.Sequential:
    """Return a convolution and two layers of 1 x 1, each with a ReLU.

    `(N, in_channels, H, W) -> (N, out_channels, H', W')`, the size as after the convolution alone.

    >>> import torch
    >>> nin_block(3, 8, 5)(torch.zeros(1, 3, 12, 12)).shape
    torch.Size([1, 8, 8, 8])

    Args:
        in_channels: Channels of the input, at least 1.
        out_channels: Maps of all three layers, at least 1.
        kernel_size: Of the first layer.
        stride: Of the first layer.
        padding: Of the first layer.

    Raises:
        ValueError: If an argument is out of its range.

    Source: Lin et al. (2013), section 3.1, where the block is called mlpconv.
    Derived in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    inputs, maps = (
        whole_number("in_channels", in_channels),
        whole_number("out_channels", out_channels),
    )
    kernel = whole_number("kernel_size", kernel_size)
    stride, padding = whole_number("stride", stride), whole_number("padding", padding)
    return nn.Sequential(
        nn.Conv2d(inputs, maps, kernel, stride, padding),
        nn.ReLU(inplace=True),
        nn.Conv2d(maps, maps, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(maps, maps, 1),
        nn.ReLU(inplace=True),
    )


def nin(num_classes: int = 1000, *, in_channels: int = 3, dropout: float = 0.5) -> nn.Sequential:
    """Return NiN: four blocks, and the mean of each map of the last is the logit of a class.

    `(N, C, H, W) -> (N, K)`, H and W at least 67.

    >>> import torch
    >>> nin(5, in_channels=1)(torch.zeros(2, 1, 67, 67)).shape
    torch.Size([2, 5])

    Args:
        num_classes: K, at least 1.
        in_channels: C, at least 1.
        dropout: Before the last block while training, from 0 to below 1.

    Raises:
        ValueError: If an argument is out of its range.

    3 channels and 1,000 classes: 7,439,608 parameters, 965,572,864 multiply-accumulates at 224 x
    224; 1 channel and 10 classes: 1,992,166 parameters. Receptive field of the last map: 195
    pixels, jump 32. The last block ends in a ReLU, as d2l's: no logit is below 0. Weights start as
    He et al. 2015 drew them; the paper names no rule.

    Derived in the chapter Network in Network and GoogLeNet (book/11_googlenet.md).
    """
    classes = whole_number("num_classes", num_classes)
    channels = whole_number("in_channels", in_channels)
    if not 0 <= dropout < 1:
        raise ValueError(f"`dropout` must be from 0 to below 1, got {dropout!r}")
    layers: list[nn.Module] = []
    for maps, kernel, stride, padding in _BLOCKS:
        layers += [nin_block(channels, maps, kernel, stride, padding), nn.MaxPool2d(3, stride=2)]
        channels = maps
    last = nin_block(channels, classes, 3, padding=1)
    model = nn.Sequential(*layers, nn.Dropout(dropout), last, nn.AdaptiveAvgPool2d(1), nn.Flatten())
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
    return model

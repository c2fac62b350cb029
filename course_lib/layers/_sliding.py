"""What slides over a map, and how the values between the layers are laid out."""

import re
from dataclasses import dataclass

import torch.nn.functional as F
from torch import nn

Kinds = tuple[type[nn.Module], ...]

CONV: Kinds = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORM: Kinds = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
AVG_POOL: Kinds = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d)
MAX_POOL: Kinds = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
ADAPTIVE_AVG: Kinds = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)
ADAPTIVE_MAX: Kinds = (nn.AdaptiveMaxPool1d, nn.AdaptiveMaxPool2d, nn.AdaptiveMaxPool3d)
F_AVG = (F.avg_pool1d, F.avg_pool2d, F.avg_pool3d)
F_MAX = (F.max_pool1d, F.max_pool2d, F.max_pool3d)
F_ADAPTIVE_AVG = (F.adaptive_avg_pool1d, F.adaptive_avg_pool2d, F.adaptive_avg_pool3d)
F_ADAPTIVE_MAX = (F.adaptive_max_pool1d, F.adaptive_max_pool2d, F.adaptive_max_pool3d)

# Act on each position alone: the same on a vector as on a map
POINTWISE_LAYERS = (
    nn.Identity, nn.ReLU, nn.ReLU6, nn.LeakyReLU, nn.ELU, nn.SELU, nn.CELU, nn.GELU, nn.SiLU,
    nn.Mish, nn.Sigmoid, nn.Tanh, nn.Hardsigmoid, nn.Hardswish, nn.Hardtanh, nn.LogSigmoid,
    nn.Softplus, nn.Softsign, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d,
    nn.AlphaDropout, nn.FeatureAlphaDropout,
)  # fmt: skip
POINTWISE = re.compile(
    "relu_?|relu6|leaky_relu|elu|selu|celu|gelu|silu|mish|sigmoid|tanh|hardsigmoid|hardswish|"
    "hardtanh|logsigmoid|softplus|softsign|dropout[123]?d?|alpha_dropout|add_?|iadd|sub_?|isub|"
    "mul_?|imul|div|truediv|pow|neg|abs|exp|log|sqrt|square|clamp|maximum|minimum|contiguous|"
    "clone|float|double|half|to|detach|type_as"
)
# Read a neighborhood on a map, and work on any size as they are
SLIDING_LAYERS = (*CONV, *NORM, *AVG_POOL, *MAX_POOL, nn.LPPool1d, nn.LPPool2d, nn.PReLU,
                  nn.LocalResponseNorm, nn.ZeroPad1d, nn.ZeroPad2d, nn.ZeroPad3d, nn.Softmax2d,
                  nn.ConstantPad1d, nn.ConstantPad2d, nn.ConstantPad3d)  # fmt: skip
SLIDING = re.compile("(avg|max|lp)_pool[123]d|conv[123]d|batch_norm|prelu|local_response_norm")
# Fully connected without a layer: the weights have no name to keep
PRODUCTS = {"linear", "matmul", "mm", "addmm", "einsum"}
RESHAPES = {"flatten", "view", "reshape", "squeeze", "unsqueeze"}


@dataclass(frozen=True)
class Form:
    """How the value of a node has been laid out in the new network.

    `kind` is "map" (N, C, *size), "plane" (N, *size), or "flat": a vector (N, C * size) of the old
    network that stays the map (N, C, *size) in the new one.
    """

    kind: str
    size: tuple[int, ...]

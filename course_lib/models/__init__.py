"""The architectures of the lecture, one file a family, from LeNet-5 to DenseNet.

All take `num_classes` and `in_channels` (a gray image has one), and images (N, C, H, W); all give
logits (N, K). Where torchvision has the network, weights load both ways under `strict=True`.
"""

from course_lib.models.alexnet import AlexNet, alexnet
from course_lib.models.densenet import (
    DenseNet,
    densenet121,
    densenet161,
    densenet169,
    densenet201,
    densenet_cifar,
)
from course_lib.models.googlenet import GoogLeNet, GoogLeNetOutputs, Inception, googlenet
from course_lib.models.inception import inception_v2, inception_v3
from course_lib.models.lenet import lenet5, lenet5_connections, lenet5_dense
from course_lib.models.nin import nin, nin_block
from course_lib.models.pretrained import Transfer, load_pretrained
from course_lib.models.resnet import (
    ResNet,
    plain18,
    plain34,
    resnet18,
    resnet34,
    resnet50,
    resnet101,
    resnet152,
)
from course_lib.models.resnet_cifar import (
    CifarResNet,
    plain20_cifar,
    plain32_cifar,
    plain44_cifar,
    plain56_cifar,
    plain110_cifar,
    resnet20_cifar,
    resnet32_cifar,
    resnet44_cifar,
    resnet56_cifar,
    resnet110_cifar,
)
from course_lib.models.vgg import VGG, vgg11, vgg13, vgg16, vgg19

__all__ = [
    "VGG",
    "AlexNet",
    "CifarResNet",
    "DenseNet",
    "GoogLeNet",
    "GoogLeNetOutputs",
    "Inception",
    "ResNet",
    "Transfer",
    "alexnet",
    "densenet121",
    "densenet161",
    "densenet169",
    "densenet201",
    "densenet_cifar",
    "googlenet",
    "inception_v2",
    "inception_v3",
    "lenet5",
    "lenet5_connections",
    "lenet5_dense",
    "load_pretrained",
    "nin",
    "nin_block",
    "plain18",
    "plain20_cifar",
    "plain32_cifar",
    "plain34",
    "plain44_cifar",
    "plain56_cifar",
    "plain110_cifar",
    "resnet18",
    "resnet20_cifar",
    "resnet32_cifar",
    "resnet34",
    "resnet44_cifar",
    "resnet50",
    "resnet56_cifar",
    "resnet101",
    "resnet110_cifar",
    "resnet152",
    "vgg11",
    "vgg13",
    "vgg16",
    "vgg19",
]

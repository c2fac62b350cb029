"""fully_convolutional against the network itself, on the trained size and crop by crop."""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
import torchvision.models as zoo
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import parametrizations

from course_lib.arithmetic import receptive_field
from course_lib.layers import fully_convolutional

CONV = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
POOL = (nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)
NORM = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)
ADAPT = (nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d, nn.AdaptiveAvgPool3d)


def prepared(model):
    """Return `model` in float64 and eval mode, with batch normalization that does something."""
    generator = torch.Generator().manual_seed(0)
    for module in model.modules():
        if isinstance(module, NORM):
            module.running_mean.uniform_(-1, 1, generator=generator)
            module.running_var.uniform_(0.5, 2, generator=generator)
    return model.double().eval()


def images(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.rand(*shape, generator=generator, dtype=torch.float64)


@torch.no_grad()
def same_on_the_trained_size(model, size, channels):
    converted = fully_convolutional(model, size)
    batch = images(2, channels, *size)
    wanted, made = model(batch), converted(batch)
    assert made.shape == (*wanted.shape, *(1,) * len(size))
    torch.testing.assert_close(made.flatten(1), wanted, rtol=1e-10, atol=1e-10)
    return converted


@torch.no_grad()
def crops_differ_by(model, converted, size, channels, larger):
    """Return the largest difference between the map and the network on each crop."""
    jump = receptive_field(converted, larger)[-1].jump
    image = images(1, channels, *larger, seed=1)
    made = converted(image)[0]
    worst = 0.0
    for place in itertools.product(*map(range, made.shape[1:])):
        corner = [p * int(j) for p, j in zip(place, jump, strict=True)]
        crop = image[(..., *(slice(c, c + n) for c, n in zip(corner, size, strict=True)))]
        worst = max(worst, (model(crop)[0] - made[(slice(None), *place)]).abs().max().item())
    assert made[0].numel() > 1
    return worst


def lenet(rank, size, *, norm, pool, kernel=3, stride=2):
    """Build a chain without padding: two convolutions, the pooling `pool`, two linear layers."""
    torch.manual_seed(1)
    front = [CONV[rank - 1](2, 3, kernel), nn.ReLU(), POOL[rank - 1](2, stride)]
    front += [CONV[rank - 1](3, 4, 2), *([NORM[rank - 1](4)] if norm else []), nn.Tanh()]
    front += [] if pool is None else [ADAPT[rank - 1](pool)]
    features = nn.Sequential(*front)
    with torch.no_grad():
        width = features.eval()(torch.zeros(1, 2, *size)).flatten(1).shape[1]
    middle = [nn.Linear(width, 6), *([nn.BatchNorm1d(6)] if norm else []), nn.ReLU(), nn.Dropout()]
    return prepared(nn.Sequential(features, nn.Flatten(), *middle, nn.Linear(6, 5), nn.Softmax(1)))


@pytest.mark.parametrize("rank", [1, 2, 3])
@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    data=st.data(),
    norm=st.booleans(),
    pool=st.sampled_from([None, 1]),
    kernel=st.integers(1, 3),
    stride=st.integers(1, 2),
)
def test_without_padding_each_position_is_the_network_on_its_crop(
    rank, data, norm, pool, kernel, stride
):
    size = tuple(data.draw(st.integers(8, 10)) for _ in range(rank))
    larger = tuple(n + data.draw(st.integers(2, 5)) for n in size)
    model = lenet(rank, size, norm=norm, pool=pool, kernel=kernel, stride=stride)
    converted = same_on_the_trained_size(model, size, 2)
    assert crops_differ_by(model, converted, size, 2, larger) < 1e-10


def test_adaptive_pooling_that_divides_keeps_its_windows():
    model = lenet(2, (12, 16), norm=True, pool=2)  # 4 x 6 positions
    converted = same_on_the_trained_size(model, (12, 16), 2)
    assert crops_differ_by(model, converted, (12, 16), 2, (18, 30)) < 1e-10
    assert receptive_field(converted, (12, 16))[-1].jump == (4, 6)


def test_field_and_jump_are_those_of_the_last_map_and_the_kernel_on_it():
    model = lenet(2, (20, 20), norm=False, pool=None)
    last = receptive_field(model, 20)["0"]
    row = receptive_field(fully_convolutional(model, 20), 64)[-1]
    assert row.jump == last.jump
    assert row.start == last.start
    wide = last.receptive_field[0] + (last.size[0] - 1) * last.jump[0]
    assert row.receptive_field == (wide, wide)


class Functions(nn.Module):
    """A network written with functions; `head` says how the map becomes a vector."""

    def __init__(self, head, width):
        super().__init__()
        self.conv, self.fc, self.head = nn.Conv2d(1, 4, 3), nn.Linear(width, 3), head

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv(x)), 2)
        return F.log_softmax(self.fc(F.dropout(self.head(x), 0.5, self.training)), dim=-1)


def fx_takes_a_size_as_window():
    try:
        torch.fx.symbolic_trace(Functions(lambda x: F.avg_pool2d(x, x.shape[2:]), 4))
    except TypeError:  # torch 2.6
        return False
    return True


SIZE_AS_WINDOW = pytest.mark.skipif(
    not fx_takes_a_size_as_window(), reason="this torch.fx refuses a size as a window"
)


@pytest.mark.parametrize(
    ("head", "width"),
    [
        (lambda x: torch.flatten(x, 1), 100),
        (lambda x: x.flatten(start_dim=1), 100),
        (lambda x: x.view(x.size(0), -1), 100),
        (lambda x: x.view(-1, 100), 100),
        (lambda x: x.reshape(x.shape[0], 100), 100),
        (lambda x: x.mean((2, 3)), 4),
        (lambda x: x.mean([-1, -2], keepdim=True).squeeze(-1).squeeze(-1), 4),
        (lambda x: x.amax(dim=(2, 3)), 4),
        (lambda x: F.adaptive_avg_pool2d(x, 1).flatten(1), 4),
        (lambda x: F.adaptive_max_pool2d(x, (1, 1)).flatten(1), 4),
        (lambda x: F.adaptive_avg_pool2d(x, 5).flatten(1), 100),
        pytest.param(lambda x: F.avg_pool2d(x, x.size()[2:]).view(-1, 4), 4, marks=SIZE_AS_WINDOW),
        pytest.param(
            lambda x: F.avg_pool2d(x, kernel_size=x.shape[2:]).flatten(1), 4, marks=SIZE_AS_WINDOW
        ),
        (lambda x: torch.cat([x.mean((2, 3)), x.amax((2, 3))], 1), 8),
        (lambda x: torch.cat([x, -x], dim=1).flatten(1), 200),
    ],
)
def test_ways_to_make_a_vector(head, width):
    torch.manual_seed(2)
    model = prepared(Functions(head, width))
    converted = same_on_the_trained_size(model, (12, 12), 1)
    assert crops_differ_by(model, converted, (12, 12), 1, (16, 20)) < 1e-10


@pytest.mark.parametrize(
    ("name", "size", "more"),
    [
        ("alexnet", (224, 224), {}),
        ("resnet18", (64, 64), {}),
        ("resnet50", (64, 64), {}),
        ("densenet121", (64, 64), {}),
        ("squeezenet1_1", (64, 64), {}),
        ("mobilenet_v2", (32, 32), {}),
        ("googlenet", (64, 64), {"init_weights": False, "transform_input": True}),
        ("inception_v3", (75, 75), {"init_weights": False}),
    ],
)
def test_networks_of_torchvision(name, size, more):
    torch.manual_seed(3)
    model = zoo.get_model(name, num_classes=7, **more).double().eval()
    converted = same_on_the_trained_size(model, size, 3)
    for layer in converted.modules():
        assert not isinstance(layer, nn.Linear)
    with torch.no_grad():
        assert min(converted(images(1, 3, size[0] + 32, size[1] + 64)).shape[2:]) > 1


def small_vgg(padding):
    torch.manual_seed(4)
    layers = zoo.vgg.make_layers([4, "M", 8, 8, "M"], batch_norm=True)
    for layer in layers:
        if isinstance(layer, nn.Conv2d):
            layer.padding = (padding, padding)
    model = zoo.VGG(layers, num_classes=5, init_weights=False)
    model.classifier = nn.Sequential(
        nn.Linear(8 * 49, 16), nn.ReLU(), nn.Dropout(), nn.Linear(16, 5)
    )
    return prepared(model)


def test_vgg_without_its_padding_is_exact_everywhere_and_with_it_only_on_the_trained_size():
    bare, padded = small_vgg(0), small_vgg(1)
    converted = same_on_the_trained_size(bare, (38, 38), 3)  # 7 x 7 positions
    assert crops_differ_by(bare, converted, (38, 38), 3, (46, 50)) < 1e-10
    converted = same_on_the_trained_size(padded, (28, 28), 3)
    assert crops_differ_by(padded, converted, (28, 28), 3, (36, 40)) > 1e-4


def test_the_copy_has_weights_and_gradients_of_its_own():
    model = lenet(2, (10, 10), norm=True, pool=None).train()
    model[2].weight.requires_grad_(False)
    before = copy.deepcopy(model.state_dict())
    converted = fully_convolutional(model, 10)
    assert model.training
    assert not converted.training
    assert isinstance(model[2], nn.Linear)
    kept = {name: p.requires_grad for name, p in converted.named_parameters()}
    assert kept == {name: p.requires_grad for name, p in model.named_parameters()}
    for parameter in converted.parameters():
        parameter.data.zero_()
    for name, value in model.state_dict().items():
        assert torch.equal(value, before[name])


class Attends(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.attention = nn.Conv2d(1, 4, 3), nn.MultiheadAttention(4, 2)

    def forward(self, x):
        x = self.conv(x).flatten(2).permute(2, 0, 1)
        return self.attention(x, x, x)[0]


class Excites(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)

    def forward(self, x):
        x = self.conv(x)
        return x * x.mean((2, 3), keepdim=True)


class Decides(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, 3)

    def forward(self, x):
        return self.conv(x) if x.sum() > 0 else x


class Halves(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 4, 3), nn.Linear(128, 3)

    def forward(self, x):
        left, right = self.conv(x).chunk(2, 1)
        return self.fc((left * right).flatten(1))


class Multiplies(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.weight = nn.Conv2d(1, 4, 3), nn.Parameter(torch.rand(256, 3))

    def forward(self, x):
        return self.conv(x).flatten(1) @ self.weight


class Scales(nn.Module):
    """One pooling layer, called on maps of two sizes."""

    def __init__(self, pool, stride):
        super().__init__()
        self.first, self.second = nn.Conv2d(1, 4, 3), nn.Conv2d(4, 4, 3, stride)
        self.pool, self.fc = pool, nn.Linear(8, 3)

    def forward(self, x):
        near = self.first(x)
        far = self.second(near)
        return self.fc(torch.cat([self.pool(near), self.pool(far)], 1).flatten(1))


class Again(nn.Module):
    """Layers that are called twice, where a vector becomes a map."""

    def __init__(self):
        super().__init__()
        self.conv, self.act = nn.Conv2d(1, 4, 3), nn.PReLU(4)
        self.first, self.second = nn.Linear(256, 4), nn.Linear(4, 4)
        self.norm = nn.BatchNorm1d(4)

    def forward(self, x):
        x = self.norm(self.act(self.first(self.act(self.conv(x)).flatten(1))))
        return self.second(self.norm(self.act(self.second(x))))


class Twice(nn.Linear):
    """A fully connected layer in name only."""

    def forward(self, x):
        return 2 * super().forward(x)


@pytest.mark.parametrize(
    "model",
    [
        Again(),
        Scales(nn.AdaptiveAvgPool2d(1), 1),
        Scales(nn.AdaptiveMaxPool2d(1), 1),
        nn.Sequential(nn.Conv2d(1, 4, 3), nn.AvgPool2d(8, divisor_override=3), nn.Flatten(),
                      nn.Linear(4, 2)),
        nn.Sequential(parametrizations.weight_norm(nn.Conv2d(1, 4, 3)), nn.Flatten(),
                      parametrizations.weight_norm(nn.Linear(256, 2))),
    ],
)  # fmt: skip
def test_layers_that_are_called_twice_or_are_not_plain(model):
    model = prepared(model)
    converted = same_on_the_trained_size(model, (10, 10), 1)
    assert crops_differ_by(model, converted, (10, 10), 1, (14, 17)) < 1e-10


def test_a_pooling_that_rounds_up_is_exact_on_the_trained_size_only():
    torch.manual_seed(5)
    pool = nn.AvgPool2d(2, ceil_mode=True)
    model = prepared(nn.Sequential(nn.Conv2d(1, 2, 2), pool, nn.Flatten(), nn.Linear(50, 2)))
    converted = same_on_the_trained_size(model, (10, 10), 1)
    assert crops_differ_by(model, converted, (10, 10), 1, (14, 14)) > 1e-4


def test_hooks_stay_with_the_model():
    calls = []
    model = lenet(2, (10, 10), norm=False, pool=None)
    for layer in model.modules():
        layer.register_forward_pre_hook(lambda *_: calls.append("before"))
        layer.register_forward_hook(lambda *_: calls.append("after"))
        layer.register_full_backward_hook(lambda *_: calls.append("back"))
    converted = fully_convolutional(model, 10)
    converted(images(1, 2, 12, 12)).sum().backward()
    assert calls == []
    assert all(p.grad is None for p in model.parameters())
    model(images(1, 2, 10, 10))
    assert "after" in calls


def test_a_model_on_the_meta_device_stays_there():
    with torch.device("meta"):
        model = sequence(nn.Flatten(), nn.Linear(256, 3))
        converted = fully_convolutional(model, 10)
        assert converted(torch.empty(1, 1, 12, 11)).shape == (1, 3, 3, 2)
    assert all(p.is_meta for p in converted.parameters())


def sequence(*layers):
    return nn.Sequential(nn.Conv2d(1, 4, 3), *layers)


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Attends(), r"its call of `(flatten|permute)`"),
        (
            Excites(),
            r"its call of `mul` \(mul\) joins a map with one that was looked at as a whole",
        ),
        (Decides(), "must be a network that torch.fx can trace"),
        (sequence(nn.Flatten(), Twice(256, 3)), r"`linear` .* is no layer `nn.Linear`"),
        (sequence(nn.Linear(8, 3)), r"`1` \(Linear\) is applied along an axis of the image"),
        (sequence(nn.GroupNorm(1, 4)), r"`1` \(GroupNorm\) can't be converted"),
        (sequence(nn.Flatten(), nn.BatchNorm1d(256)), r"`2` \(BatchNorm1d\) has another mean"),
        (sequence(nn.Flatten(), nn.Softmax(1)), r"`2` \(Softmax\) mixes all positions"),
        (sequence(nn.Flatten(), nn.LayerNorm(256)), r"`2` \(LayerNorm\) needs a vector, and the"),
        (sequence(nn.AdaptiveAvgPool2d(3)), "makes 3 positions of 8, in windows of several sizes"),
        (Halves(), r"its call of `chunk` \(chunk\) returns several tensors"),
        (Scales(nn.AdaptiveAvgPool2d(1), 2), "does not take an image of 20 × 20 pixels"),
        (Multiplies(), r"its call of `matmul` \(matmul\) is no layer `nn.Linear`: write it as one"),
        (sequence(nn.Flatten(2)), r"`1` \(Flatten\) makes \(4, 64\) of \(4, 8, 8\)"),
        (
            sequence(nn.MaxPool2d(9)),
            "image of 10 × 10 pixels with 1 channel, but its layer `1`",
        ),
    ],
)
def test_what_can_not_slide_is_named(model, message):
    with pytest.raises(ValueError, match=f"^`model` must .*{message}|^`model` {message}"):
        fully_convolutional(model, 10)

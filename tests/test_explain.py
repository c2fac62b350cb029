"""Maps of where a network looks: against captum, against each other, and against known places."""

import json
from pathlib import Path

import pytest
import torch
from golden.make_explain import network
from test_models import FAMILIES, build
from torch import nn

from course_lib.explain import (
    class_activation_map,
    grad_cam,
    input_gradient,
    map_inside,
    occlusion,
    peak_inside,
)

GOLDEN = Path(__file__).parent / "golden"
POOLED = [name for name in FAMILIES if name not in {"lenet5", "lenet5_dense", "alexnet", "vgg11"}]


@pytest.fixture(scope="module")
def captum():
    found = json.loads((GOLDEN / "explain.json").read_text())
    tensors = {k: torch.tensor(v) for k, v in found.items() if k != "parameters"}
    return network(found["parameters"]), tensors


def family(name):
    size, keywords = FAMILIES[name]
    keywords = {"in_channels": 1, "num_classes": 5, **keywords}
    images = torch.rand(2, keywords["in_channels"], size, size, generator=torch.manual_seed(1))
    return build(name, **keywords), images


class TestAgainstCaptum:
    def test_the_network_is_the_same(self, captum):
        model, golden = captum
        torch.testing.assert_close(model(golden["images"]), golden["logits"])

    def test_grad_cam(self, captum):
        model, golden = captum
        for layer in ("3", None):
            found = grad_cam(model, golden["images"], golden["target"], layer=layer, upsample=False)
            torch.testing.assert_close(found, golden["grad_cam"][:, 0])

    def test_gradient(self, captum):
        model, golden = captum
        found = input_gradient(model, golden["images"], golden["target"])
        torch.testing.assert_close(found, golden["gradient"])

    def test_occlusion(self, captum):
        model, golden = captum
        found = occlusion(
            model, golden["images"], golden["target"], window=(3, 4), stride=(1, 2), fill=0.25
        )
        torch.testing.assert_close(found, golden["occlusion"][:, 0], rtol=1e-4, atol=1e-6)


class TestClassActivationMap:
    @pytest.mark.parametrize("name", POOLED)
    def test_adds_up_to_the_logit(self, name):
        model, images = family(name)
        maps = class_activation_map(model, images, upsample=False)
        bias = getattr(model, "fc", getattr(model, "classifier", None))
        bias = 0 if bias is None else bias.bias.detach()
        with torch.no_grad():
            logits = model(images)
        torch.testing.assert_close(maps.mean(dim=(2, 3)) + bias, logits, rtol=1e-3, atol=1e-4)

    @pytest.mark.parametrize("name", POOLED)
    def test_is_grad_cam_before_the_cut(self, name):
        model, images = family(name)
        exact = class_activation_map(model, images, 3, upsample=False)
        places = exact[0].numel()
        found = grad_cam(model, images, 3, upsample=False)
        torch.testing.assert_close(found * places, exact.relu(), rtol=1e-3, atol=1e-4)

    def test_one_class_each(self):
        model, images = family("resnet20_cifar")
        every = class_activation_map(model, images)
        assert every.shape == (2, 5, 32, 32)
        each = class_activation_map(model, images, torch.tensor([4, 0]))
        assert each.equal(torch.stack([every[0, 4], every[1, 0]]))

    def test_in_three_dimensions(self):
        model = nn.Sequential(
            nn.Conv3d(1, 4, 3), nn.ReLU(), nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(4, 2)
        )
        images = torch.rand(2, 1, 6, 7, 8)
        maps = class_activation_map(model, images, upsample=False)
        wanted = model(images) - model[4].bias
        torch.testing.assert_close(maps.mean(dim=(2, 3, 4)), wanted)
        assert class_activation_map(model, images, 0).shape == (2, 6, 7, 8)

    @pytest.mark.parametrize("name", ["lenet5_dense", "alexnet", "vgg11"])
    def test_refuses_other_networks_by_name(self, name):
        model, images = family(name)
        with pytest.raises(ValueError, match=r"`model` must end with global average pooling"):
            class_activation_map(model, images, 0)

    def test_refuses_what_is_not_linear(self):
        model, images = family("resnet20_cifar")
        with pytest.raises(ValueError, match="something lies between"):
            class_activation_map(nn.Sequential(model, nn.Sigmoid()), images, 0)


@pytest.mark.parametrize("name", FAMILIES)
def test_grad_cam_of_every_family(name):
    model, images = family(name)
    found = grad_cam(model, images, torch.tensor([0, 4]))
    assert found.shape == (2, *images.shape[2:])
    assert found.min() >= 0
    assert not found.requires_grad


class TestLeavesNoTrace:
    @pytest.mark.parametrize(
        "explain",
        [
            lambda m, x: class_activation_map(m, x, 0),
            lambda m, x: grad_cam(m, x, 0, layer="layer3"),
            lambda m, x: input_gradient(m, x, 0),
            lambda m, x: occlusion(m, x, 0, window=16),
        ],
        ids=["class_activation_map", "grad_cam", "input_gradient", "occlusion"],
    )
    def test_in_model_and_images(self, explain):
        model, images = family("resnet20_cifar")
        model.train()
        model.layer1.eval()
        before = {name: value.clone() for name, value in model.state_dict().items()}
        explain(model, images)
        assert model.training
        assert not model.layer1.training
        assert all(value.equal(before[name]) for name, value in model.state_dict().items())
        assert all(p.grad is None for p in model.parameters())
        assert not images.requires_grad
        assert not model.layer3._forward_hooks


class TestOcclusion:
    def test_every_pixel_is_covered(self):
        model = nn.Sequential(nn.Flatten(), nn.Linear(35, 2))
        images = torch.rand(2, 1, 5, 7)
        exact = images[:, 0] * model[1].weight[1].detach().view(5, 7)
        torch.testing.assert_close(occlusion(model, images, 1, window=1), exact)
        wide = occlusion(model, images, 1, window=(4, 3), stride=(3, 2))
        assert wide.isfinite().all()

    def test_a_blurred_copy_may_cover(self):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
        images = torch.rand(2, 1, 4, 4)
        assert not occlusion(model, images, 0, window=2, fill=images).any()

    @pytest.mark.parametrize(
        ("keywords", "words"),
        [
            ({"window": 9}, "`window` must fit into `images`"),
            ({"window": 2, "stride": 3}, "`stride` must be at most `window`"),
            ({"window": 0}, "`window` must be at least 1"),
            ({"window": 2, "batch_size": 0}, "`batch_size` must be at least 1"),
        ],
    )
    def test_refuses(self, keywords, words):
        model = nn.Sequential(nn.Flatten(), nn.Linear(16, 2))
        with pytest.raises(ValueError, match=words):
            occlusion(model, torch.rand(1, 1, 4, 4), 0, **keywords)


class TestRefuses:
    @pytest.mark.parametrize("target", [5, -1, 1.5, True])
    def test_classes_that_are_none(self, target):
        model, images = family("resnet20_cifar")
        with pytest.raises(ValueError, match="`target` must be"):
            input_gradient(model, images, target)

    @pytest.mark.parametrize(
        "target", [torch.tensor([0]), torch.tensor([0, 5]), torch.tensor([0.0, 1.0])]
    )
    def test_classes_of_each_image_that_are_none(self, target):
        model, images = family("resnet20_cifar")
        with pytest.raises(ValueError, match="`target` must be a class from 0 to 4"):
            grad_cam(model, images, target)

    def test_layers_that_do_not_exist_or_have_no_maps(self):
        model, images = family("resnet20_cifar")
        with pytest.raises(ValueError, match="`layer` must be one of conv1, bn1"):
            grad_cam(model, images, 0, layer="layer9")
        with pytest.raises(ValueError, match="`layer` must give maps"):
            grad_cam(model, images, 0, layer="fc")

    def test_images_that_are_none(self):
        model, images = family("resnet20_cifar")
        with pytest.raises(ValueError, match="`images` must be of a floating type"):
            input_gradient(model, (images * 255).byte(), 0)
        with pytest.raises(ValueError, match="`images` must be \\(N, C, H, W\\) with at least one"):
            input_gradient(model, images[:0], 0)


class TestAgreement:
    def test_a_network_that_looks_for_a_spot_finds_it(self):
        model = nn.Sequential(
            nn.Conv2d(1, 1, 3, padding=1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()
        )
        nn.init.constant_(model[0].weight, 1 / 9)
        nn.init.constant_(model[0].bias, -0.5)
        images, masks = torch.zeros(4, 1, 16, 16), torch.zeros(4, 16, 16, dtype=torch.bool)
        for n, (row, column) in enumerate([(2, 2), (2, 9), (9, 2), (10, 11)]):
            images[n, :, row : row + 4, column : column + 4] = 1
            masks[n, row : row + 4, column : column + 4] = True
        for maps in (
            class_activation_map(model, images, 0),
            grad_cam(model, images, 0, layer="1"),
            input_gradient(model, images, 0)[:, 0],
            occlusion(model, images, 0, window=3, stride=1),
        ):
            assert peak_inside(maps, masks).all()
            assert (map_inside(maps, masks) > 0.4).all()

    def test_an_even_map_has_the_share_of_the_mask(self):
        masks = torch.zeros(1, 4, 4, dtype=torch.bool)
        masks[:, :2, :3] = True
        assert map_inside(torch.ones(1, 4, 4), masks).item() == 6 / 16

    def test_refuses(self):
        masks = torch.ones(1, 4, 4, dtype=torch.bool)
        for judge in (peak_inside, map_inside):
            with pytest.raises(ValueError, match="`masks` must have the shape"):
                judge(torch.ones(1, 4, 5), masks)
            with pytest.raises(ValueError, match="1 empty ones"):
                judge(torch.ones(1, 4, 4), ~masks)
            with pytest.raises(ValueError, match="`masks` must be bool"):
                judge(torch.ones(1, 4, 4), masks.float())

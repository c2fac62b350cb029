"""Weights of torchvision in our models: gray images, other classes, odd files."""

import pytest
import torch
import torchvision
from torchvision.models import DenseNet121_Weights, GoogLeNet_Weights

from course_lib.models import densenet121, load_pretrained
from parity import randomize


@pytest.fixture(scope="module")
def theirs():
    model = torchvision.models.densenet121(num_classes=20).double().eval()
    randomize(model)
    return model


def images(channels, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(2, channels, 32, 32, dtype=torch.float64, generator=generator)


def test_all_fits(theirs):
    ours = densenet121(20).double().eval()
    done = load_pretrained(ours, theirs.state_dict())
    torch.testing.assert_close(ours(images(3)), theirs(images(3)))
    assert (done.adapted, done.fresh, done.unused, done.note) == ((), (), (), "")
    assert set(done.loaded) == set(theirs.state_dict())


def test_gray_images_get_the_maps_of_their_copies(theirs):
    ours = densenet121(20, in_channels=1).double().eval()
    done = load_pretrained(ours, theirs.state_dict())
    gray = images(1)
    torch.testing.assert_close(ours(gray), theirs(gray.expand(-1, 3, -1, -1)))
    assert done.adapted == ("features.conv0.weight",)


def test_four_channels_keep_the_size_of_the_maps(theirs):
    ours = densenet121(20, in_channels=4).double().eval()
    load_pretrained(ours, theirs.state_dict())
    gray = images(1)
    expected = theirs(gray.expand(-1, 3, -1, -1))
    torch.testing.assert_close(ours(gray.expand(-1, 4, -1, -1)), expected)


def test_other_classes_get_a_fresh_head(theirs):
    ours = densenet121(14).double().eval()
    head = ours.classifier.weight.clone()
    done = load_pretrained(ours, theirs.state_dict())
    assert done.fresh == ("classifier.weight", "classifier.bias")
    assert torch.equal(ours.classifier.weight, head)
    torch.testing.assert_close(ours.features(images(3)), theirs.features(images(3)))
    assert "left as they were: classifier.weight, classifier.bias" in str(done)


def test_names_and_counters_of_old_files(theirs):
    old = {
        name.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): tensor
        for name, tensor in theirs.state_dict().items()
        if not name.endswith("num_batches_tracked")
    }
    assert "features.denseblock1.denselayer1.norm.1.weight" in old
    ours = densenet121(20).double().eval()
    load_pretrained(ours, old)
    torch.testing.assert_close(ours(images(3)), theirs(images(3)))


def test_enumerations_are_downloaded_and_checked(theirs, monkeypatch):
    asked = []

    def download(url, **keywords):
        asked.append((url, keywords))
        return theirs.state_dict()

    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", download)
    done = load_pretrained(densenet121(20), DenseNet121_Weights.DEFAULT, progress=False)
    assert asked == [(DenseNet121_Weights.DEFAULT.url, {"progress": False, "check_hash": True})]
    assert done.source == "DenseNet121_Weights.IMAGENET1K_V1"


def test_auxiliary_heads_and_the_range_of_images(monkeypatch):
    build = torchvision.models.googlenet
    full = build(num_classes=4, init_weights=False)
    stripped = {n: t for n, t in full.state_dict().items() if not n.startswith("aux")}
    monkeypatch.setattr(
        "torchvision.models._api.load_state_dict_from_url", lambda *args, **keywords: stripped
    )
    ours = build(num_classes=4, init_weights=False)
    done = load_pretrained(ours, GoogLeNet_Weights.DEFAULT)
    assert done.fresh
    assert all(name.startswith("aux") for name in done.fresh)
    assert ours.transform_input is True
    gray = build(num_classes=4, init_weights=False)
    gray.conv1.conv = torch.nn.Conv2d(1, 64, 7, 2, 3, bias=False)
    assert load_pretrained(gray, GoogLeNet_Weights.DEFAULT).note.endswith("from -1 to 1")
    assert gray.transform_input is False
    done = load_pretrained(
        build(num_classes=5, aux_logits=False, init_weights=False), full.state_dict()
    )
    assert done.fresh == ("fc.weight", "fc.bias")
    assert any(name.startswith("aux2") for name in done.unused)
    done = load_pretrained(build(num_classes=5, init_weights=False), full.state_dict())
    assert {name.rpartition(".")[0] for name in done.fresh} == {"fc", "aux1.fc2", "aux2.fc2"}


def test_refuses_what_does_not_fit_and_loads_nothing(theirs):
    ours = densenet121(20).double()
    before = ours.features.conv0.weight.clone()
    broken = dict(theirs.state_dict())
    del broken["features.norm5.weight"]
    broken["features.denseblock1.denselayer1.conv1.weight"] = torch.zeros(3, 3)
    with pytest.raises(ValueError, match="`weights` must fit DenseNet, but") as caught:
        load_pretrained(ours, broken)
    assert "features.norm5.weight is missing" in str(caught.value)
    assert "has shape (3, 3), and (128, 64, 1, 1) is needed" in str(caught.value)
    assert torch.equal(ours.features.conv0.weight, before)
    with pytest.raises(ValueError, match="and 603 more"):
        load_pretrained(ours, {})
    with pytest.raises(ValueError, match="`weights` must be a state dict or one of torchvision's"):
        load_pretrained(ours, "DEFAULT")

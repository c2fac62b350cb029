"""Hold a model against its twin of another library: weights, logits and gradients."""

import torch


def randomize(model, seed=0):
    """Give every weight and every running statistic of batch normalization a value of its own."""
    generator = torch.Generator().manual_seed(seed)
    for name, tensor in model.state_dict().items():
        if name.endswith("running_var"):
            tensor.uniform_(0.5, 1.5, generator=generator)
        elif name.endswith(("running_mean", "bias")):
            tensor.normal_(0, 0.1, generator=generator)
        elif tensor.is_floating_point() and tensor.ndim == 1:  # the scale of a normalization
            tensor.uniform_(0.5, 1.5, generator=generator)


def run(model, images, train, seed=1):
    """Run forward and backward with the same dropout; give outputs, gradients, running numbers."""
    model.train(train)
    model.zero_grad()
    images = images.clone().requires_grad_()
    torch.manual_seed(seed)
    outputs = model(images)
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    sum((out * torch.linspace(-1, 1, out.numel()).view_as(out)).sum() for out in outputs).backward()
    gradients = {name: p.grad for name, p in model.named_parameters() if p.grad is not None}
    return outputs, {"image": images.grad, **gradients}, dict(model.named_buffers())


def assert_twins(ours, theirs, size, channels=3, batch=2):
    """Exchange weights both ways and compare in float64, in train and eval mode.

    Args:
        ours: A model of ours.
        theirs: Its twin, with dropout in the same places.
        size: Rows and columns of the images to try.
        channels: Of the images.
        batch: Images; at least 2 where maps shrink to one pixel under batch normalization.
    """
    ours, theirs = ours.double(), theirs.double()
    randomize(theirs)
    ours.load_state_dict(theirs.state_dict(), strict=True)
    theirs.load_state_dict(ours.state_dict(), strict=True)
    images = torch.randn(
        batch, channels, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(2)
    )
    with torch.random.fork_rng():
        for train in (False, True):
            found, wanted = run(ours, images, train), run(theirs, images, train)
            assert found[1].keys() == wanted[1].keys()
            assert all(g.abs().max() > 0 for g in wanted[1].values()), "nothing flows"
            for a, b in zip(found[0], wanted[0], strict=True):
                torch.testing.assert_close(a, b, rtol=1e-9, atol=1e-9 * b.abs().max().item())
            for part in (1, 2):
                for name, tensor in wanted[part].items():
                    scale = tensor.abs().max().item()
                    torch.testing.assert_close(
                        found[part][name],
                        tensor,
                        rtol=1e-8,
                        atol=1e-9 * scale,
                        msg=lambda text, name=name: f"{name}: {text}",
                    )

"""How much faster is a fully convolutional network than the classifier on each crop?

Both say the same for each position of a larger image (asserted). The crops go through the
classifier in batches.
"""

import torch
from torch import Tensor, nn

from course_lib.arithmetic import receptive_field
from course_lib.layers import fully_convolutional
from measuring import Claim, compare, main

TRAINED, BATCH = 64, 64  # pixels; crops at a time


def classifier(size: int) -> nn.Module:
    """Return a small classifier without padding for images of `size` pixels."""
    torch.manual_seed(0)
    layers: list[nn.Module] = []
    for inputs, outputs in ((1, 16), (16, 32), (32, 64)):
        layers += [nn.Conv2d(inputs, outputs, 3), nn.ReLU(), nn.MaxPool2d(2)]
    with torch.no_grad():
        width = nn.Sequential(*layers)(torch.zeros(1, 1, size, size)).numel()
    head = [nn.Flatten(), nn.Linear(width, 64), nn.ReLU(), nn.Linear(64, 10)]
    return nn.Sequential(*layers, *head).eval()


@torch.no_grad()
def windows(small: bool) -> Claim:
    """Measure both ways over one image."""
    side = 80 if small else 256
    model = classifier(TRAINED)
    converted = fully_convolutional(model, TRAINED)
    jump = int(receptive_field(converted, side)[-1].jump[0])
    image = torch.rand(1, 1, side, side)

    def crops() -> Tensor:
        found = image[0, 0].unfold(0, TRAINED, jump).unfold(1, TRAINED, jump)
        down, right = found.shape[:2]
        batches = found.reshape(-1, 1, TRAINED, TRAINED).split(BATCH)
        return torch.cat([model(batch) for batch in batches]).T.reshape(1, -1, down, right)

    at_once = converted(image)
    torch.testing.assert_close(crops(), at_once, rtol=1e-4, atol=1e-5)
    down, right = at_once.shape[2:]
    return Claim(
        title="A classifier at each place of a larger image",
        means="The same classifier, turned into a fully convolutional network that takes the image "
        "at once, beside the classifier on one crop after the other.",
        size=f"trained on {TRAINED} × {TRAINED} pixels, image of {side} × {side}",
        ours="fully convolutional",
        peer="crop by crop",
        bar=None,
        cases=[
            compare(
                f"{down} × {right} places, {jump} pixels apart",
                lambda: converted(image),
                crops,
                1 if small else 7,
            )
        ],
    )


CLAIMS = (windows,)

if __name__ == "__main__":
    main(*CLAIMS)

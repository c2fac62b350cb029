"""How much faster is `F.conv2d` than the loops of `course_lib.arithmetic`, and than unfolding?

All three say the same (asserted).
"""

import torch
import torch.nn.functional as F

from course_lib.arithmetic import cross_correlate2d
from measuring import Claim, case, main, take_turns

KERNEL = 3  # pixels


def loops(small: bool) -> Claim:
    """Measure the three ways."""
    size = 32 if small else 128
    generator = torch.Generator().manual_seed(0)
    image = torch.rand(size, size, generator=generator)
    kernel = torch.rand(KERNEL, KERNEL, generator=generator)
    rows, weights = image.tolist(), kernel.tolist()
    side = size - KERNEL + 1

    def conv2d() -> torch.Tensor:
        return F.conv2d(image[None, None], kernel[None, None])[0, 0]

    def unfold() -> torch.Tensor:
        return (kernel.flatten() @ F.unfold(image[None, None], KERNEL)).view(side, side)

    def in_python() -> list[list[float]]:
        return cross_correlate2d(rows, weights)

    torch.testing.assert_close(unfold(), conv2d())
    torch.testing.assert_close(torch.tensor(in_python()), conv2d())
    calls = {"conv2d": conv2d, "unfold and multiply": unfold, "loops in Python": in_python}
    times = take_turns(calls, 1 if small else 15)
    ours = times.pop("conv2d")
    return Claim(
        title="One convolution, three ways",
        means="torch's conv2d beside the loops of the chapter on convolution, which are there to "
        "be read, and beside unfolding the image and multiplying.",
        size=f"{KERNEL} × {KERNEL} kernel, {size} × {size} image",
        ours="torch",
        peer="the other way",
        bar=None,
        cases=[case(name, ours, peer) for name, peer in times.items()],
    )


CLAIMS = (loops,)

if __name__ == "__main__":
    main(*CLAIMS)

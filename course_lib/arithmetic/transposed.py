"""Transposed convolution written out as loops, to be read.

`course_lib.arithmetic` exports it. To compute, call `torch.nn.functional.conv_transpose2d`.
"""

from course_lib._checks import Matrix, SizeLike, matrix, pair
from course_lib.arithmetic.sizes import conv_transpose_output_size


def transposed_convolve2d(
    image: Matrix,
    kernel: Matrix,
    *,
    padding: SizeLike = 0,
    stride: SizeLike = 1,
    output_padding: SizeLike = 0,
) -> list[list[float]]:
    """Stamp the kernel, times each value of the image, into the output: a transposed convolution.

    Shapes: (H, W), (kernel height, kernel width) -> (output height, output width).

    >>> transposed_convolve2d([[5, 3, 1]], [[0.5, 1, 0.5]], stride=(1, 2), padding=(0, 1))
    [[5, 4.0, 3, 2.0, 1]]

    Args:
        image: rows of numbers: lists, a NumPy array or a torch tensor.
        kernel: rows of numbers.
        padding: pixels cut off at each end of the output, at least 0: one value, or (rows,
            columns).
        stride: pixels of the output between the stamps of two neighbors, at least 1: one value, or
            (down, right).
        output_padding: pixels added at the lower and right end, 0 to `stride` - 1.

    Returns:
        Lists of Python numbers, exact for integers; `conv_transpose_output_size` says how many.

    Raises:
        ValueError: if an argument is no matrix or out of its range, or the padding leaves nothing.

    Where stamps overlap they add up; where no stamp falls there is 0. Cost: O(image pixels x
    kernel pixels), in Python: for reading and for small examples.

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, section 4;
    `torch.nn.functional.conv_transpose2d` with one channel.

    Derived in the chapter Upsampling (book/06_upsampling.md).
    """
    values, weights = matrix("image", image), matrix("kernel", kernel)
    cut, step = pair("padding", padding), pair("stride", stride)
    height, width = conv_transpose_output_size(
        (len(values), len(values[0])),
        (len(weights), len(weights[0])),
        padding=cut,
        stride=step,
        output_padding=pair("output_padding", output_padding),
    )
    output: list[list[float]] = [[0] * width for _ in range(height)]
    for y, row in enumerate(values):
        for x, value in enumerate(row):
            for i, weight_row in enumerate(weights):
                for j, weight in enumerate(weight_row):
                    down, right = y * step[0] + i - cut[0], x * step[1] + j - cut[1]
                    if 0 <= down < height and 0 <= right < width:
                        output[down][right] += value * weight
    return output

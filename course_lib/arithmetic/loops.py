"""Convolution and cross-correlation written out as loops, to be read.

`course_lib.arithmetic` exports both. To compute, call `torch.nn.functional.conv2d`.
"""

from course_lib._checks import Matrix, SizeLike, matrix, pair


def cross_correlate2d(
    image: Matrix, kernel: Matrix, *, padding: SizeLike = 0, stride: SizeLike = 1
) -> list[list[float]]:
    """Slide the kernel over the image as it is: what deep learning calls a convolution.

    Shapes: (H, W), (kernel height, kernel width) -> (output height, output width).

    >>> cross_correlate2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]])
    [[-4, -4], [-4, -4]]

    Args:
        image: rows of numbers: lists, a NumPy array or a torch tensor.
        kernel: rows of numbers.
        padding: zeros around the image in pixels, at least 0: one value, or (rows, columns).
        stride: pixels between two positions of the kernel, at least 1: one value, or (down, right).

    Returns:
        Lists of Python numbers, exact for integers; value [m][n] is the sum of the products at the
        kernel's position m down and n to the right.

    Raises:
        ValueError: if an argument is no matrix or out of its range, or the kernel is larger than
            the padded image.

    Around the image there are zeros. Cost: O(output pixels x kernel pixels), in Python: for reading
    and for small examples.

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, section 1.1; `torch.nn.functional.conv2d`
    with one channel.

    Derived in the chapter Convolution (book/04_convolution.md).
    """
    weights = matrix("kernel", kernel)
    pixels = _pad(matrix("image", image), *pair("padding", padding))
    height, width = len(pixels), len(pixels[0])
    kernel_height, kernel_width = len(weights), len(weights[0])
    down, right = pair("stride", stride)
    if kernel_height > height or kernel_width > width:
        raise ValueError(
            f"`kernel` must be at most as large as the padded image ({height}, {width}), "
            f"got shape ({kernel_height}, {kernel_width})"
        )

    output = []
    for y in range(0, height - kernel_height + 1, down):
        row = []
        for x in range(0, width - kernel_width + 1, right):
            total: float = 0
            for i in range(kernel_height):
                for j in range(kernel_width):
                    total += pixels[y + i][x + j] * weights[i][j]
            row.append(total)
        output.append(row)
    return output


def convolve2d(
    image: Matrix, kernel: Matrix, *, padding: SizeLike = 0, stride: SizeLike = 1
) -> list[list[float]]:
    """Slide the flipped kernel over the image: the convolution of mathematics.

    Shapes: (H, W), (kernel height, kernel width) -> (output height, output width).

    >>> convolve2d([[1, 2, 3], [4, 5, 6], [7, 8, 9]], [[1, 0], [0, -1]])
    [[4, 4], [4, 4]]

    Args:
        image: rows of numbers: lists, a NumPy array or a torch tensor.
        kernel: rows of numbers, not flipped: this function does it.
        padding: zeros around the image in pixels, at least 0: one value, or (rows, columns).
        stride: pixels between two positions of the kernel, at least 1: one value, or (down, right).

    Returns:
        Lists of Python numbers as `cross_correlate2d` returns them; equal to its result where the
        kernel looks the same after half a turn.

    Raises:
        ValueError: if an argument is no matrix or out of its range, or the kernel is larger than
            the padded image.

    Padding with the kernel's size - 1 gives the full convolution, in which image and kernel may
    change places. Cost: O(output pixels x kernel pixels), in Python.

    Source: Dumoulin and Visin (2016), arXiv:1603.07285, section 1.1, with the flip that deep
    learning leaves out; `scipy.signal.convolve2d`.

    Derived in the chapter Convolution (book/04_convolution.md).
    """
    upside_down = matrix("kernel", kernel)[::-1]
    flipped = [row[::-1] for row in upside_down]
    return cross_correlate2d(image, flipped, padding=padding, stride=stride)


def _pad(image: list[list[float]], rows: int, columns: int) -> list[list[float]]:
    """Put zeros around the image."""
    side: list[float] = [0] * columns
    empty: list[float] = [0] * (columns + len(image[0]) + columns)
    return [empty] * rows + [side + row + side for row in image] + [empty] * rows

"""The generator on pictures of any size: strip by strip, with the norm statistics of the whole picture.

Tiles with the statistics of a thumbnail would be an approximation, and need blending. Here every layer's output is
what it is for the whole picture, up to rounding: a strip is read from the layer below together with the neighbours
that its convolution looks at, and moments are summed up over all strips. Only the deepest layers, at a fraction of
the picture's size, are kept whole, two at a time: 32 bytes a pixel of the picture, in place of 500. What lies above
them is computed again each time it is needed, which costs half as much again.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.blocks import (
    EPS,
    ConditionalInstanceNorm,
    Moments,
    ReflectConv,
    StyledResidual,
    StyledUp,
    normalised,
)
from stylefuse.networks.generator import Generator

# Pixels of the picture in a strip: larger ones leave the caches, smaller ones compute more of their neighbours.
STRIP_PIXELS = 200_000
MIN_LINES = 32
# The dimension along which a picture is cut into strips.
HEIGHT, WIDTH = 2, 3


class Layer(NamedTuple):
    """A layer's output for one whole picture, computed where it is read.

    read: gives lines `first` to `last` (0 <= first < last <= length) along `cut`: 1×C×h×w.
    length: all lines; lines: those of a strip.
    """

    read: Callable[[int, int], Tensor]
    length: int
    lines: int
    cut: int

    def strips(self) -> Iterator[tuple[int, int, Tensor]]:
        """All of it: first line, line after the last, and the strip."""
        for first in range(0, self.length, self.lines):
            last = min(first + self.lines, self.length)
            yield first, last, self.read(first, last)

    def each(self, function: Callable[[Tensor], Tensor]) -> "Layer":
        """The layer after a function of single pixels."""
        return self._replace(read=lambda first, last: function(self.read(first, last)))

    def convolved(self, conv: ReflectConv) -> "Layer":
        """The layer after a convolution; its length must be a multiple of the stride."""
        stride, kernel, border = conv.stride[0], conv.kernel_size[0], conv.border

        def read(first: int, last: int) -> Tensor:
            # Lines that the convolution looks at; beyond the picture they are reflected, within they are read.
            start, stop = first * stride - border, (last - 1) * stride - border + kernel
            x = self.read(max(start, 0), min(stop, self.length))
            beyond = (max(-start, 0), max(stop - self.length, 0))
            aside = (border, border)
            pad = aside + beyond if self.cut == HEIGHT else beyond + aside
            return F.conv2d(F.pad(x, pad, mode="reflect"), conv.weight, conv.bias, conv.stride)

        return Layer(read, self.length // stride, max(self.lines // stride, 1), self.cut)

    def doubled(self) -> "Layer":
        """The layer after nearest upsampling by two."""

        def read(first: int, last: int) -> Tensor:
            x = F.interpolate(self.read(first // 2, -(-last // 2)), scale_factor=2.0, mode="nearest")
            return x.narrow(self.cut, first % 2, last - first)

        return Layer(read, 2 * self.length, 2 * self.lines, self.cut)

    def moments(self) -> Moments:
        """As `blocks.instance_moments` of the whole layer, from sums over its strips."""
        total: Any = 0.0
        squares: Any = 0.0
        count = 0
        for _, _, x in self.strips():
            total = total + x.sum(dim=(2, 3), keepdim=True).double()
            squares = squares + x.square().sum(dim=(2, 3), keepdim=True).double()
            count += x.shape[2] * x.shape[3]
        mean = total / count
        variance = (squares / count - mean.square()).clamp_min(0)
        return mean.float(), (variance + EPS).rsqrt().float()

    def kept(self, into: Tensor | None = None) -> "Layer":
        """The layer computed now, once and for all; into a tensor that it may itself be read from, if one is given."""
        late: Any = None
        for first, last, strip in self.strips():
            if into is None:
                size = list(strip.shape)
                size[self.cut] = self.length
                into = strip.new_empty(size)
            # A strip late: the next one still looks at the old lines beside it.
            if late:
                _lines(into, self.cut, *late[:2]).copy_(late[2])
            late = first, last, strip
        assert into is not None  # there is at least one strip
        _lines(into, self.cut, *late[:2]).copy_(late[2])
        return self._replace(read=partial(_lines, into, self.cut))


def repaint_in_strips(
    generator: Generator, picture: Layer, style: Tensor
) -> Iterator[tuple[int, int, Tensor]]:
    """What `generator(x, style)` gives for one picture, strip by strip.

    Args:
        picture: padded as `Generator.padding` says, its strips a multiple of the stride, 3 channels in [-1, 1].
        style: weights over the rows, 1×rows.

    Yields:
        First line, line after the last, and the strip, 1×3×h×w float32 in [-1, 1].
    """
    h, memory = _grained(generator, picture).convolved(generator.encoder.stem).each(F.relu), None
    for down in cast(list[ReflectConv], list(generator.encoder.downs)):
        h = h.convolved(down)
        if down is generator.encoder.downs[-1]:
            h = h.kept()
            memory = h.read(0, h.length)
        h = h.each(partial(normalised, moments=h.moments())).each(F.relu)
    whole, spare = h.kept(memory), None
    for block in cast(list[StyledResidual], list(generator.trunk)):
        spare = _add_residual(block, whole, spare, style)
    del spare
    h = whole
    for up in cast(list[StyledUp], list(generator.ups)):
        h = h.doubled().convolved(up.conv)
        h = h.each(partial(_styled, up.norm, style, h.moments()))
    for first, last, change in h.convolved(generator.head).strips():
        yield first, last, change.add_(generator.recoloured(picture.read(first, last), style)).tanh_()


def strip_lines(across: int, stride: int, pixels: int) -> int:
    """Lines of a strip of about so many pixels, where a line has `across`: `MIN_LINES` or more, in whole strides."""
    return -(-max(pixels // across, MIN_LINES) // stride) * stride


def _grained(generator: Generator, picture: Layer) -> Layer:
    def read(first: int, last: int) -> Tensor:
        corner = (first, 0) if picture.cut == HEIGHT else (0, first)
        return generator.grained(picture.read(first, last), corner)

    return picture._replace(read=read)


def _add_residual(block: StyledResidual, x: Layer, spare: Tensor | None, style: Tensor) -> Tensor:
    """Add the block's change to x, which is kept; `spare` is memory of its size. Returns that memory."""
    h = x.convolved(block.conv1).kept(spare)
    memory = h.read(0, h.length)
    h = h.each(partial(_styled, block.norm1, style, h.moments()))
    h = h.convolved(block.conv2).kept(memory)
    moments = h.moments()
    for first, last, strip in x.strips():
        strip.add_(block.norm2(h.read(first, last), style, moments))
    return memory


def _lines(x: Tensor, cut: int, first: int, last: int) -> Tensor:
    return x.narrow(cut, first, last - first)


def _styled(norm: ConditionalInstanceNorm, style: Tensor, moments: Moments, x: Tensor) -> Tensor:
    return F.relu(norm(x, style, moments))

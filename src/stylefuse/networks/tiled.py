"""The generator on pictures of any size: tile by tile, with the norm statistics of the whole picture.

Tiles with the statistics of a thumbnail would be an approximation, and need blending. Here every layer's output is
what it is for the whole picture, up to rounding: a tile is read from the layer below together with the neighbours
that its convolution looks at, and moments are summed up over all tiles. Only the deepest layers, at a fraction of
the picture's size, are kept whole, two at a time: 32 bytes a pixel of the picture, in place of 500. What lies above
them is computed again each time it is needed, which costs half as much again.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

from torch import Tensor
from torch.nn import functional as F

from stylefuse.networks.blocks import (
    EPS,
    ConditionalInstanceNorm,
    Moments,
    ReflectConv,
    StyledResidual,
    normalised,
)
from stylefuse.networks.generator import Generator

# Pixels of the picture in a tile: larger ones leave the caches, smaller ones compute more of their neighbours.
TILE_PIXELS = 200_000
MIN_LINES = 32
# The dimension along which a picture is cut into tiles.
HEIGHT, WIDTH = 2, 3


class Layer(NamedTuple):
    """A layer's output for one whole picture, computed where it is read.

    read: gives lines `first` to `last` (0 <= first < last <= length) along `cut`: 1×C×h×w.
    length: all lines; lines: those of a tile.
    """

    read: Callable[[int, int], Tensor]
    length: int
    lines: int
    cut: int

    def tiles(self) -> Iterator[tuple[int, int, Tensor]]:
        """All of it: first line, line after the last, and the tile."""
        for first in range(0, self.length, self.lines):
            last = min(first + self.lines, self.length)
            yield first, last, self.read(first, last)

    def map(self, function: Callable[[Tensor], Tensor]) -> "Layer":
        """The layer after a function of single pixels."""
        return self._replace(read=lambda first, last: function(self.read(first, last)))

    def conv(self, conv: ReflectConv) -> "Layer":
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

    def upsample(self) -> "Layer":
        """The layer after nearest upsampling by two."""

        def read(first: int, last: int) -> Tensor:
            x = F.interpolate(self.read(first // 2, -(-last // 2)), scale_factor=2.0, mode="nearest")
            return x.narrow(self.cut, first % 2, last - first)

        return Layer(read, 2 * self.length, 2 * self.lines, self.cut)

    def moments(self) -> Moments:
        """As `blocks.instance_moments` of the whole layer, from sums over its tiles."""
        total, squares, count = 0.0, 0.0, 0
        for _, _, x in self.tiles():
            total = total + x.sum(dim=(2, 3), keepdim=True).double()
            squares = squares + x.square().sum(dim=(2, 3), keepdim=True).double()
            count += x.shape[2] * x.shape[3]
        mean = total / count
        variance = (squares / count - mean.square()).clamp_min(0)
        return mean.float(), (variance + EPS).rsqrt().float()

    def materialise(self, into: Tensor | None = None) -> "Layer":
        """The layer computed now, once and for all; into a tensor that it may itself be read from, if one is given."""
        late = None
        for first, last, tile in self.tiles():
            if into is None:
                size = list(tile.shape)
                size[self.cut] = self.length
                into = tile.new_empty(size)
            # A tile late: the next one still looks at the old lines beside it.
            if late:
                _lines(into, self.cut, *late[:2]).copy_(late[2])
            late = first, last, tile
        _lines(into, self.cut, *late[:2]).copy_(late[2])
        return self._replace(read=partial(_lines, into, self.cut))


def repaint_tiled(generator: Generator, picture: Layer, style: Tensor) -> Iterator[tuple[int, int, Tensor]]:
    """What `generator(x, style)` gives for one picture, tile by tile.

    Args:
        picture: padded as `Generator.padding` says, its tiles a multiple of the stride, 3 channels in [-1, 1].
        style: weights over the rows, 1×rows.

    Yields:
        First line, line after the last, and the tile, 1×3×h×w float32 in [-1, 1].
    """
    h, memory = _grained(generator, picture).conv(generator.encoder.stem).map(F.relu), None
    for down in generator.encoder.downs:
        h = h.conv(down)
        if down is generator.encoder.downs[-1]:
            h = h.materialise()
            memory = h.read(0, h.length)
        h = h.map(partial(normalised, moments=h.moments())).map(F.relu)
    whole, spare = h.materialise(memory), None
    for block in generator.trunk:
        spare = _add_residual(block, whole, spare, style)
    del spare
    h = whole
    for up in generator.ups:
        h = h.upsample().conv(up.conv)
        h = h.map(partial(_styled, up.norm, style, h.moments()))
    for first, last, change in h.conv(generator.head).tiles():
        yield first, last, change.add_(generator.recolour(picture.read(first, last), style)).tanh_()


def tile_lines(across: int, stride: int, pixels: int) -> int:
    """Lines of a tile of about so many pixels, where a line has `across`: `MIN_LINES` or more, in whole strides."""
    return -(-max(pixels // across, MIN_LINES) // stride) * stride


def _grained(generator: Generator, picture: Layer) -> Layer:
    def read(first: int, last: int) -> Tensor:
        corner = (first, 0) if picture.cut == HEIGHT else (0, first)
        return generator.add_grain(picture.read(first, last), corner)

    return picture._replace(read=read)


def _add_residual(block: StyledResidual, x: Layer, spare: Tensor | None, style: Tensor) -> Tensor:
    """Add the block's change to x, which is kept; `spare` is memory of its size. Returns that memory."""
    h = x.conv(block.conv1).materialise(spare)
    memory = h.read(0, h.length)
    h = h.map(partial(_styled, block.norm1, style, h.moments()))
    h = h.conv(block.conv2).materialise(memory)
    moments = h.moments()
    for first, last, tile in x.tiles():
        tile.add_(block.norm2(h.read(first, last), style, moments))
    return memory


def _lines(x: Tensor, cut: int, first: int, last: int) -> Tensor:
    return x.narrow(cut, first, last - first)


def _styled(norm: ConditionalInstanceNorm, style: Tensor, moments: Moments, x: Tensor) -> Tensor:
    return F.relu(norm(x, style, moments))

"""Tiled inference: the generator on pictures of any size, tile by tile.

The result is that of the whole picture, up to rounding, so no blending is needed: each tile reads the pixels around it
that the convolutions need, and normalisation uses the moments of the whole layer, summed over all tiles. A tile is a
strip over the full width or height. Only the deepest layers, which are small, are stored whole, two at a time: 32 bytes
a pixel of the picture instead of 500. The layers above are computed again whenever they are read, which takes half as
much time again.
"""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, NamedTuple, cast

from torch import Tensor
from torch.nn import functional as F

from stylefuse._progress import tell
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

# Pixels of the picture in a tile: larger tiles do not fit the caches, smaller ones overlap more.
TILE_PIXELS = 200_000
MIN_LINES = 32
# Dimensions along which a picture can be cut into tiles.
HEIGHT, WIDTH = 2, 3


class Layer(NamedTuple):
    """The output of a layer for one whole picture; parts of it are computed when they are read.

    read: returns lines `first` to `last` (0 <= first < last <= length) along `cut`: 1×C×h×w.
    length: number of all lines.
    lines: number of lines of a tile.
    cut: dimension along which tiles are cut, `HEIGHT` or `WIDTH`.
    """

    read: Callable[[int, int], Tensor]
    length: int
    lines: int
    cut: int

    def tiles(self) -> Iterator[tuple[int, int, Tensor]]:
        """Yield all tiles: first line, line after the last, and the tile."""
        for first in range(0, self.length, self.lines):
            last = min(first + self.lines, self.length)
            yield first, last, self.read(first, last)

    def map(self, function: Callable[[Tensor], Tensor]) -> "Layer":
        """Apply a function of single pixels."""
        return self._replace(read=lambda first, last: function(self.read(first, last)))

    def conv(self, conv: ReflectConv, style: Tensor | None = None) -> "Layer":
        """Apply a convolution, for style weights 1×rows; the length must be a multiple of its stride."""
        stride, kernel, border = conv.stride[0], conv.kernel_size[0], conv.border

        def read(first: int, last: int) -> Tensor:
            # Lines that the convolution needs: those inside the picture are read, those outside are reflected.
            start, stop = first * stride - border, (last - 1) * stride - border + kernel
            x = self.read(max(start, 0), min(stop, self.length))
            beyond = (max(-start, 0), max(stop - self.length, 0))
            aside = (border, border)
            pad = aside + beyond if self.cut == HEIGHT else beyond + aside
            return conv.padded(F.pad(x, pad, mode="reflect"), style)

        return Layer(read, self.length // stride, max(self.lines // stride, 1), self.cut)

    def upsample(self) -> "Layer":
        """Upsample by two, nearest."""

        def read(first: int, last: int) -> Tensor:
            x = F.interpolate(self.read(first // 2, -(-last // 2)), scale_factor=2.0, mode="nearest")
            return x.narrow(self.cut, first % 2, last - first)

        return Layer(read, 2 * self.length, 2 * self.lines, self.cut)

    def moments(self) -> Moments:
        """Return `blocks.instance_moments` of the whole layer, from sums over its tiles."""
        total: Any = 0.0
        squares: Any = 0.0
        count = 0
        for _, _, x in self.tiles():
            total = total + x.sum(dim=(2, 3), keepdim=True).double()
            squares = squares + x.square().sum(dim=(2, 3), keepdim=True).double()
            count += x.shape[2] * x.shape[3]
        mean = total / count
        variance = (squares / count - mean.square()).clamp_min(0)
        return mean.float(), (variance + EPS).rsqrt().float()

    def materialise(self, into: Tensor | None = None) -> "Layer":
        """Compute the whole layer now and store it.

        Args:
            into: memory for it; may be the memory that this layer is computed from.
        """
        late: Any = None
        for first, last, tile in self.tiles():
            if into is None:
                size = list(tile.shape)
                size[self.cut] = self.length
                into = tile.new_empty(size)
            # Write one tile late: the next tile still reads the old lines beside it.
            if late:
                _lines(into, self.cut, *late[:2]).copy_(late[2])
            late = first, last, tile
        assert into is not None  # there is at least one strip
        _lines(into, self.cut, *late[:2]).copy_(late[2])
        return self._replace(read=partial(_lines, into, self.cut))


def repaint_tiled(generator: Generator, picture: Layer, style: Tensor) -> Iterator[tuple[int, int, Tensor]]:
    """Compute `generator(x, style)` for one picture, tile by tile.

    Args:
        picture: padded by `Generator.padding`, with tiles of a multiple of the stride, 3 channels in [-1, 1].
        style: weights over the rows, 1×rows.

    Yields:
        First line, line after the last, and the tile, 1×3×h×w float32 in [-1, 1].
    """
    # Every step below passes over all tiles once or a few times; they take roughly as long as each other.
    steps, done = len(generator.encoder.downs) + len(generator.trunk) + len(generator.ups) + 1, 0
    h, memory = _grained(generator, picture).conv(generator.encoder.stem).map(F.relu), None
    for down in cast(list[ReflectConv], list(generator.encoder.downs)):
        h = h.conv(down)
        if down is generator.encoder.downs[-1]:
            h = h.materialise()
            memory = h.read(0, h.length)
        h = h.map(partial(normalised, moments=h.moments())).map(F.relu)
        tell((done := done + 1) / steps)
    whole, spare = h.materialise(memory), None
    for block in cast(list[StyledResidual], list(generator.trunk)):
        spare = _add_residual(block, whole, spare, style)
        tell((done := done + 1) / steps)
    del spare
    h = whole
    for up in cast(list[StyledUp], list(generator.ups)):
        h = h.upsample().conv(up.conv, style)
        h = h.map(partial(_styled, up.norm, style, h.moments()))
        tell((done := done + 1) / steps)
    for first, last, change in h.conv(generator.head, style).tiles():
        yield first, last, change.add_(generator.recolour(picture.read(first, last), style)).tanh_()
        tell((done + last / picture.length) / steps)


def tile_lines(across: int, stride: int, pixels: int) -> int:
    """Return the lines of a tile: about `pixels` / `across`, at least `MIN_LINES`, a multiple of the stride."""
    return -(-max(pixels // across, MIN_LINES) // stride) * stride


def _grained(generator: Generator, picture: Layer) -> Layer:
    def read(first: int, last: int) -> Tensor:
        corner = (first, 0) if picture.cut == HEIGHT else (0, first)
        return generator.add_grain(picture.read(first, last), corner)

    return picture._replace(read=read)


def _add_residual(block: StyledResidual, x: Layer, spare: Tensor | None, style: Tensor) -> Tensor:
    """Add the block's residual to x, a stored layer, in place. Returns memory of x's size, `spare` if it is given."""
    h = x.conv(block.conv1, style).materialise(spare)
    memory = h.read(0, h.length)
    h = h.map(partial(_styled, block.norm1, style, h.moments()))
    h = h.conv(block.conv2, style).materialise(memory)
    moments = h.moments()
    for first, last, tile in x.tiles():
        tile.add_(block.norm2(h.read(first, last), style, moments))
    return memory


def _lines(x: Tensor, cut: int, first: int, last: int) -> Tensor:
    return x.narrow(cut, first, last - first)


def _styled(norm: ConditionalInstanceNorm, style: Tensor, moments: Moments, x: Tensor) -> Tensor:
    return F.relu(norm(x, style, moments))

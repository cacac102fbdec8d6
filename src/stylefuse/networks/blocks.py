"""Building blocks shared by the networks."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.sets import max_of_set, mean_of_set

# Mean and inverse deviation of each channel of each picture: two N×C×1×1 tensors.
Moments = tuple[Tensor, Tensor]
# Added to variances.
EPS = 1e-5
# Rank of the change that an added style makes to the weights of a convolution.
RANK = 4


class ReflectConv(nn.Conv2d):
    """Convolution at stride 1 or 2 with reflection padding; zero padding would show as a frame."""

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3, stride: int = 1):
        super().__init__(channels_in, channels_out, kernel, stride)
        self.border = kernel // 2

    def forward(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        return self.padded(F.pad(x, (self.border,) * 4, mode="reflect"), style)

    def padded(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """Convolve x, which is padded already. The style is not used, see `AdaptedConv`."""
        return super().forward(x)


def instance_moments(x: Tensor, eps: float = EPS) -> Moments:
    """Mean and inverse deviation of each channel of each picture, in float32.

    Computed from means of x and x²: with channels_last `torch.var_mean` takes ten times as long.
    """
    x = x.float()
    mean = _mean(x)
    variance = (_mean(x.square()) - mean.square()).clamp_min(0)
    return mean, (variance + eps).rsqrt()


def _mean(x: Tensor) -> Tensor:
    """Mean of each channel of each picture, N×C×h×w → N×C×1×1.

    First over rows, in the memory order of channels_last, then over columns. With the gradient this takes half of the
    time of one mean over both dimensions, whose gradient has another memory layout.
    """
    n, channels, height, width = x.shape
    rows = x.permute(0, 2, 3, 1).reshape(n, height, width * channels)
    return rows.mean(dim=1).reshape(n, width, channels).mean(dim=1)[:, :, None, None]


def normalised(x: Tensor, moments: Moments) -> Tensor:
    """Normalise x, N×C×h×w, to zero mean and unit deviation of each channel, in x's precision."""
    mean, inverse = moments
    return (x - mean.to(x.dtype)) * inverse.to(x.dtype)


def added_rows(added: int, *shape: int) -> nn.Parameter | None:
    """Return a table of zeros, added×shape, for styles that are added to a trained network; None for no such style."""
    return nn.Parameter(torch.zeros(added, *shape)) if added else None


def add_rows(mixture: Tensor, style: Tensor, first: int, added: Tensor | None) -> Tensor:
    """Add the rows of added styles to a mixture of the other rows, N×….

    One row at a time: a matrix product over more rows may round differently, and a network must paint the styles that
    it had before to the same bytes.

    Args:
        style: weights over all rows, N×rows.
        first: index of the first added row.
        added: table of the added rows, or None.
    """
    for index, row in enumerate(() if added is None else added):
        weight = style[:, first + index].reshape(-1, *(1,) * row.dim())
        mixture = torch.addcmul(mixture, weight, row)
    return mixture


class AdaptedConv(ReflectConv):
    """Convolution whose weights each added style changes by a matrix of low rank (LoRA, Hu et al. 2021).

    The change is computed only where a style has a weight on the added row, so other styles keep their bytes.

    Args:
        added: number of added styles, the last columns of style weights.
    """

    def __init__(self, channels_in: int, channels_out: int, kernel: int = 3, added: int = 0):
        super().__init__(channels_in, channels_out, kernel)
        self.added_down = added_rows(added, RANK, channels_in * kernel**2)
        self.added_up = added_rows(added, channels_out, RANK)

    def padded(self, x: Tensor, style: Tensor | None = None) -> Tensor:
        """Convolve x, which is padded already, for style weights N×rows."""
        h = super().padded(x)
        if style is None or self.added_down is None or self.added_up is None:
            return h
        weights = style[:, -len(self.added_down) :]
        for weight, down, up in zip(weights.unbind(1), self.added_down, self.added_up, strict=True):
            if weight.any():
                change = F.conv2d(F.conv2d(x, down.view(RANK, *self.weight.shape[1:])), up[:, :, None, None])
                h = h + weight[:, None, None, None].to(h.dtype) * change
        return h


class ConditionalInstanceNorm(nn.Module):
    """Instance normalisation with a row of scales and shifts for each style (Dumoulin et al. 2017, eq. 5).

    A style is a weight vector over the rows (N×rows): strength and mixing interpolate between rows. Scales are stored
    as their difference from one, so that a row of zeros normalises only.

    Args:
        rows: trained together.
        added: further rows, of styles added later, in tables of their own.
    """

    def __init__(self, rows: int, channels: int, added: int = 0):
        super().__init__()
        self.scale = nn.Parameter(torch.randn(rows, channels) * 0.02)
        self.shift = nn.Parameter(torch.zeros(rows, channels))
        self.added_scale, self.added_shift = (added_rows(added, channels) for _ in range(2))

    def scale_and_shift(self, style: Tensor) -> tuple[Tensor, Tensor]:
        """Return scale and shift of each channel, N×channels each, for style weights N×(rows + added)."""
        rows = len(self.scale)
        own = style[:, :rows]
        scale = add_rows(own @ self.scale, style, rows, self.added_scale)
        return 1 + scale, add_rows(own @ self.shift, style, rows, self.added_shift)

    def forward(self, x: Tensor, style: Tensor, moments: Moments | None = None) -> Tensor:
        """Normalise x, N×C×h×w, by its own moments, or by `moments` of the whole picture if x is a tile of it."""
        mean, inverse = instance_moments(x) if moments is None else moments
        scale, shift = self.scale_and_shift(style)
        scale = scale[:, :, None, None] * inverse
        shift = shift[:, :, None, None] - mean * scale
        # One fused multiply-add; F.instance_norm forces layout copies under channels_last.
        return torch.addcmul(shift.to(x.dtype), x, scale.to(x.dtype))


class StyledResidual(nn.Module):
    """Residual block: two 3×3 convolutions with conditional norms and a skip (Johnson et al. 2016)."""

    def __init__(self, rows: int, channels: int, added: int = 0):
        super().__init__()
        self.conv1, self.norm1 = (
            AdaptedConv(channels, channels, added=added),
            ConditionalInstanceNorm(rows, channels, added),
        )
        self.conv2, self.norm2 = (
            AdaptedConv(channels, channels, added=added),
            ConditionalInstanceNorm(rows, channels, added),
        )

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        h = F.relu(self.norm1(self.conv1(x, style), style), inplace=True)
        return x + self.norm2(self.conv2(h, style), style)


class StyledUp(nn.Module):
    """Nearest upsampling by two, then a convolution: avoids checkerboard artefacts (Odena et al. 2016)."""

    def __init__(self, rows: int, channels_in: int, channels_out: int, added: int = 0):
        super().__init__()
        self.conv, self.norm = (
            AdaptedConv(channels_in, channels_out, added=added),
            ConditionalInstanceNorm(rows, channels_out, added),
        )

    def forward(self, x: Tensor, style: Tensor) -> Tensor:
        h = self.conv(F.interpolate(x, scale_factor=2.0, mode="nearest"), style)
        return F.relu(self.norm(h, style), inplace=True)


class SetConv(nn.Module):
    """3×3 convolution of each picture's features, to which mean and maximum over the set are added.

    Equivariant to the order of the pictures, for any number of them (Zaheer et al. 2017, Deep Sets).
    """

    def __init__(self, channels_in: int, channels_out: int):
        super().__init__()
        self.conv = nn.Conv2d(channels_in, channels_out, 3, padding=1)
        self.own = nn.Conv2d(channels_out, channels_out, 1)
        self.shared = nn.Conv2d(2 * channels_out, channels_out, 1)

    def forward(self, x: Tensor, n: int) -> Tensor:
        h = F.relu(self.conv(x))
        sets = h.unflatten(0, (-1, n))
        shared = self.shared(torch.cat([mean_of_set(sets), max_of_set(sets)], 1))
        own = self.own(h).unflatten(0, (-1, n))
        return F.relu(own + shared[:, None]).flatten(0, 1)

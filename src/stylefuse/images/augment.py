"""Augmentation of tensors for critics and classifiers. All randomness comes from one given generator."""

import torch
from torch import Generator, Tensor
from torch.nn import functional as F


def diff_augment(x: Tensor, generator: Generator) -> Tensor:
    """Flip, translation by up to 1/8 and a cutout of half the side (DiffAugment, Zhao et al. 2020).

    Differentiable; the same for reals and fakes. Colours are not changed, because they are part of a style.

    Args:
        x: N×3×S×S in [-1, 1].
    """
    n, _, height, width = x.shape
    flip = torch.rand(n, generator=generator) < 0.5
    reach = height // 8
    move = torch.randint(-reach, reach + 1, (n, 2), generator=generator)
    hole = torch.randint(0, height, (n, 2), generator=generator)
    cut = torch.rand(n, generator=generator) < 0.5
    # One copy to the device for all decisions.
    decisions = torch.cat([move + reach, hole, flip[:, None], cut[:, None]], 1).to(
        x.device, non_blocking=True
    )
    top, left, hole_row, hole_column, mirrored, with_hole = decisions.T[:, :, None]
    rows, columns = (torch.arange(length, device=x.device)[None] for length in (height, width))
    padded = F.pad(x, (reach,) * 4, mode="reflect")
    across = left + torch.where(mirrored > 0, width - 1 - columns, columns)
    places = (top + rows)[:, :, None] * padded.shape[3] + across[:, None, :]
    # Not by advanced indexing, whose gradient sorts the places on a GPU.
    moved = padded.flatten(2).gather(2, places.flatten(1)[:, None].expand(-1, x.shape[1], -1))
    y = moved.unflatten(2, (height, width)).contiguous(memory_format=torch.channels_last)
    inside_rows = (rows - hole_row).abs() < height // 4
    inside_columns = (columns - hole_column).abs() < width // 4
    holes = inside_rows[:, :, None] & inside_columns[:, None, :] & (with_hole > 0)[:, :, None]
    return y * (~holes)[:, None].to(y.dtype)


def degrade(x: Tensor, generator: Generator) -> Tensor:
    """Randomly change tone and add blur, noise, or JPEG-like quantisation of 8×8 blocks: N×3×S×S in [-1, 1].

    Trained with these, a classifier does not mistake them for a style.
    """
    n = len(x)
    gain = 1 + 0.15 * (torch.rand(n, 1, 1, 1, generator=generator) * 2 - 1)
    shift = 0.1 * (torch.rand(n, 1, 1, 1, generator=generator) * 2 - 1)
    device = x.device
    x = x * gain.to(device) + shift.to(device)
    kinds = torch.randint(0, 4, (n,), generator=generator)
    sigma = 0.4 + 0.8 * torch.rand(1, generator=generator).item()
    noise = 0.08 * torch.rand(n, 1, 1, 1, generator=generator) * torch.randn(x.shape, generator=generator)
    options = (x, _blur(x, sigma), x + noise.to(device), _block_quantised(x))
    return (
        torch.stack(options)[kinds.to(device), torch.arange(n, device=device)]
        .clamp(-1, 1)
        .contiguous(memory_format=torch.channels_last)
    )


def _blur(x: Tensor, sigma: float) -> Tensor:
    grid = torch.arange(-2, 3, dtype=torch.float32, device=x.device)
    kernel = torch.exp(-(grid**2) / (2 * sigma**2))
    kernel = (kernel / kernel.sum()).expand(3, 1, 1, 5)
    padded = F.pad(x, (2,) * 4, mode="reflect")
    return F.conv2d(F.conv2d(padded, kernel, groups=3), kernel.transpose(2, 3), groups=3)


def _block_quantised(x: Tensor, step: float = 0.12) -> Tensor:
    """Quantise the discrete cosine transform of 8×8 blocks, more coarsely at high frequencies."""
    k = torch.arange(8, dtype=torch.float32, device=x.device)
    basis = torch.cos(torch.pi * (2 * k[None, :] + 1) * k[:, None] / 16) / 2
    basis[0] /= 2**0.5
    steps = step * (1 + (k[:, None] + k[None, :]))
    height, width = x.shape[2] // 8 * 8, x.shape[3] // 8 * 8
    blocks = x[:, :, :height, :width].unfold(2, 8, 8).unfold(3, 8, 8)
    rounded = torch.round(basis @ blocks @ basis.T / steps) * steps
    y = x.clone()
    y[:, :, :height, :width] = (
        (basis.T @ rounded @ basis).permute(0, 1, 2, 4, 3, 5).reshape(*x.shape[:2], height, width)
    )
    return y

"""Where the training of an added style begins: rows copied from old styles, and a palette matched to its pictures."""

import numpy as np
import torch
from torch import Tensor, nn

from stylefuse.networks.generator import INPUT_GAIN, Generator, style_weights
from stylefuse.tasks.stylize.colour import matching

ADDED = "added_"  # prefix of the names of tables of added styles
DOWN, UP = "added_down", "added_up"  # tables of changes of convolutions, see `networks.blocks.AdaptedConv`


def added_tables(network: nn.Module) -> dict[str, nn.Parameter]:
    """Return the tables of added styles by name."""
    return {name: p for name, p in network.named_parameters() if name.rpartition(".")[2].startswith(ADDED)}


def last_rows(network: nn.Module) -> dict[str, Tensor]:
    """Return the row of the style that was added last, 1×… each, by table."""
    return {name: table.detach()[-1:].clone() for name, table in added_tables(network).items()}


@torch.no_grad()
def start_from(network: nn.Module, weights: Tensor) -> None:
    """Set the last added row of every table to a mixture of the rows before it; convolutions are not changed yet.

    Args:
        weights: over the rows before it, "photo" first; they sum to one.
    """
    tables = dict(network.named_parameters())
    for name, table in added_tables(network).items():
        head, _, own = name.rpartition(".")
        if own == UP:
            table[-1] = 0
        elif own == DOWN:
            table[-1].normal_(std=table[0, 0].numel() ** -0.5)
        if own in (UP, DOWN):
            continue
        old = torch.cat([tables[f"{head}.{own.removeprefix(ADDED)}".lstrip(".")], table[:-1]])
        table[-1] = torch.einsum("r,r...->...", weights.to(old), old)


@torch.no_grad()
def match_palette(generator: Generator, photos: Tensor, paintings: Tensor) -> None:
    """Set the palette of the last added style so that the photos' colours get mean and covariance of the paintings'.

    Both in the space in which the palette works (`Generator.recolour`).

    Args:
        photos, paintings: N×3×S×S in [-1, 1].
    """
    moments = [_moments(torch.atanh(INPUT_GAIN * x)) for x in (photos, paintings)]
    matrix, shift = matching(*moments[0], *moments[1], least_deviation=0.02)
    change = np.concatenate([matrix - np.eye(3), shift[:, None]], 1)
    assert generator.added_palette is not None
    generator.added_palette[-1] = torch.from_numpy(change).to(generator.added_palette)


def _moments(x: Tensor) -> tuple[np.ndarray, np.ndarray]:
    levels = x.permute(1, 0, 2, 3).flatten(1).double().cpu().numpy()
    return levels.mean(1), np.cov(levels)


def old_weights(all_rows: int, start: int | None) -> Tensor:
    """Return weights over the rows before the last one: all styles alike, or one of them."""
    rows = all_rows - 1
    if start is not None:
        return style_weights(torch.tensor([start]), rows)[0]
    weights = torch.ones(rows) / max(rows - 1, 1)
    weights[0] = 0.0 if rows > 1 else 1.0
    return weights


class AddedTables(nn.Module):
    """The tables of added styles alone: what is averaged and saved; everything else is the model's own."""

    def __init__(self, network: nn.Module):
        super().__init__()
        for name, table in added_tables(network).items():
            self.register_parameter(name.replace(".", "-"), table)

"""Stop the training of an added style when its critic knows the pictures by heart."""

import torch
from torch import Tensor

from stylefuse.networks.critic import Critic
from stylefuse.tasks.stylize.add_style.options import AddStyleOptions
from stylefuse.training.distributed import all_reduce_mean
from stylefuse.training.state import STOPPED, TrainState

PATIENCE = 3  # checks in a row that must find the critic overfitted


@torch.no_grad()
def guard(
    state: TrainState, critic: Critic, paintings: Tensor, fake: Tensor, options: AddStyleOptions
) -> None:
    """Stop the training when the critic takes held-out pictures of the style for fakes, several times in a row.

    Then it knows its pictures by heart, and the row would learn them instead of the style (r_v of Karras et al. 2020,
    "Training generative adversarial networks with limited data", eq. 1).

    Args:
        state: of the training; its third sampler draws held-out pictures.
        paintings, fake: of this step, N×3×S×S in [-1, 1].
    """
    held_out = state.samplers[2].draw(options.batch_size).to(paintings.device)
    style = torch.zeros(1, dtype=torch.long, device=paintings.device)
    learned, unseen, painted = (
        all_reduce_mean(critic(x, style.expand(len(x))).mean()) for x in (paintings, held_out, fake)
    )
    overfitting = ((learned - unseen) / (learned - painted).clamp_min(1e-3)).item()
    values = state.values
    values["overfitted"] = values["overfitted"] + 1 if overfitting > options.most_overfitting else 0
    if values["overfitted"] >= PATIENCE:
        values[STOPPED] = f"at {state.images_seen} images the critic knew its pictures by heart"

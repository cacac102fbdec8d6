"""Train the classifier C or the judge J: cross-entropy on real photos and paintings.

A short loop of its own: these trainings take minutes, need neither checkpoints nor EMA, and start again when stopped.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.images.augment import degrade
from stylefuse.images.crops import CropSampler, draw_each
from stylefuse.images.store import ImageStore
from stylefuse.training.options import ClassifierOptions
from stylefuse.training.schedule import lr_factor


def fit_classifier(
    network: nn.Module,
    store: ImageStore,
    rows_by_class: Sequence[np.ndarray],
    options: ClassifierOptions,
    on_step: Callable[[int, float], None] = lambda images_seen, loss: None,
) -> None:
    """Train `network` in place (docs/formulation.md, item 4). Parameters without `requires_grad` stay as they are.

    Args:
        network: N×3×S×S in [-1, 1] → N×classes logits; trained on the device that it is on.
        store: decoded pictures.
        rows_by_class: store rows of each class. Classes are drawn equally often, whatever their sizes.
        on_step: called with images seen and loss after each step.
    """
    random = np.random.default_rng(options.seed)
    noise = torch.Generator().manual_seed(options.seed)
    torch.manual_seed(options.seed)  # dropout
    samplers = [
        CropSampler(store, rows, options.image_size, options.least_crop, random) for rows in rows_by_class
    ]
    device = next(network.parameters()).device
    parameters = [p for p in network.parameters() if p.requires_grad]
    optimiser = torch.optim.AdamW(parameters, lr=options.rate, betas=(0.9, 0.99), weight_decay=1e-2)
    network.train()
    for seen in range(0, options.images, options.batch_size):
        optimiser.param_groups[0]["lr"] = options.rate * lr_factor(seen, options.images, 0.3)
        target = torch.from_numpy(random.permutation(np.arange(options.batch_size) % len(samplers)))
        pictures = draw_each([samplers[c] for c in target]).to(device)
        if options.degrade:
            pictures = degrade(pictures, noise)
        logits = network(pictures)
        loss = F.cross_entropy(logits, target.to(device), label_smoothing=options.label_smoothing)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        on_step(min(seen + options.batch_size, options.images), loss.item())
    network.eval()


@torch.inference_mode()
def predict(network: nn.Module, pictures: Tensor, batch_size: int = 32) -> Tensor:
    """Return class probabilities of pictures, N×3×H×W in [-1, 1] → N×classes; puts the network in eval mode."""
    network.eval()
    return torch.cat([network(batch).float().softmax(dim=1) for batch in pictures.split(batch_size)])

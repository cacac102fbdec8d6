"""The fuser G(x1, x2, …): weigh and blend the inputs' pixels, then add a residual where all inputs are bad."""

import itertools
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from stylefuse.networks.blocks import SetConv
from stylefuse.networks.encoder import Encoder, check_encoder
from stylefuse.networks.generator import Generator
from stylefuse.networks.sets import mean_of_set
from stylefuse.networks.weights import Weights
from stylefuse.tasks.fuse.blend import Fused, Plan, blend
from stylefuse.tasks.fuse.bracket import add_exposure, trust_in_energy
from stylefuse.tasks.fuse.config import FuserConfig
from stylefuse.tasks.fuse.continuity import continue_scene
from stylefuse.tasks.fuse.cues import FULL_SIZE_CUES, HISTOGRAM_BINS, LEVEL_CUES, Cues, find_cues
from stylefuse.tasks.fuse.impossible_modes import mask_impossible_modes
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.fuse.multiscale import average_plans, halve
from stylefuse.tasks.fuse.residual import Residual
from stylefuse.tasks.fuse.scans import fuse_scans_by_rule

# Modes whose sets get the residual. Only noisy and badly exposed ones: under log-MSE the small errors of sharp sets
# would dominate training.
REPAIRED = ("exposure", "noise")
RULED_OUT = MODES.index("occlusion"), MODES.index("multimodal")  # what `mask_impossible_modes` can rule out
# Factor of the heads' logits: they start near zero, and a sharp choice needs about ten.
SHARPNESS = 4.0
# Shortest side, px, of a reduced copy of a set: the fuser is not trained on smaller pictures.
SMALLEST_SIDE = 64
# Mean difference of the pictures, in [-1, 1], at which half of the tone change is applied; none for equal pictures.
EQUAL_TONES = 1 / 127.5


class Fuser(nn.Module):
    """Predicts blending weights at each level of a pyramid, for sets of any number of pictures.

    Args:
        encoder: of the style generator. Its features are read; it is not trained here and not part of `state_dict`.
        config: widths.
    """

    def __init__(self, encoder: Encoder, config: FuserConfig = FuserConfig()):  # noqa: B008 (frozen)
        super().__init__()
        self.config = config
        self._shared = (encoder,)  # a tuple keeps its weights out of `parameters` and `state_dict`
        widths = config.channels
        read = [encoder.stem.out_channels, *(cast(nn.Conv2d, conv).out_channels for conv in encoder.downs)]
        read += [0] * (len(widths) - len(read))
        self.levels = nn.ModuleList(
            SetConv(r + (LEVEL_CUES + widths[i - 1] if i else FULL_SIZE_CUES), widths[i])
            for i, r in enumerate(read)
        )
        self.coarser = nn.ModuleList(nn.Conv2d(below, here, 1) for here, below in itertools.pairwise(widths))
        self.finish = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for width in widths[:-1])
        # Per level: logits of luma and of chroma.
        self.heads = nn.ModuleList(nn.Conv2d(width, 2, 1) for width in widths)
        self.replace = nn.Conv2d(widths[0], 1, 1)
        self.shrink = nn.ModuleList(nn.Conv2d(width, 2, 1) for width in widths[:-1])
        self.trust = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in widths)
        self.picture_stats = nn.Linear(2 * widths[-1] + HISTOGRAM_BINS, 64)
        self.set_stats = nn.Linear(3 * 64, 64)
        self.tone = nn.Linear(64, 2)
        self.guess = nn.Linear(2 * 64, len(MODES))
        self.asked = nn.Linear(len(MODES), widths[-1])
        self.residual = Residual(widths[:3], config.residual, len(MODES))
        self._init_as_classical_rule()

    def _init_as_classical_rule(self) -> None:
        """Start as the classical rule: weights by local energy in a Laplacian pyramid, no residual."""
        init: Any = nn.init  # by their types, biases are optional, and modules in lists have none
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                # Without norms, PyTorch's default initialisation would shrink the signal over ten layers.
                mixes = module.kernel_size == (1, 1)
                init.kaiming_normal_(module.weight, nonlinearity="linear" if mixes else "relu")
                init.zeros_(module.bias)
        for none in (self.residual.head, self.replace, self.tone):
            init.zeros_(none.weight)
            init.zeros_(none.bias)
        init.constant_(self.replace.bias, 2.0)
        for head in self.heads:
            init.normal_(head.weight, std=0.01)
            init.zeros_(head.bias)
        for shrink in self.shrink:
            init.zeros_(shrink.weight)
            init.ones_(shrink.bias)
        for trust in self.trust:
            init.zeros_(trust.weight)
            init.constant_(trust.bias, 8.0)

    def forward(self, x: Tensor, mode: Tensor | None = None) -> Fused:
        """Fuse N sets of n pictures.

        Args:
            x: N×n×3×H×W in [-1, 1], n from 2 to 8, H and W at least 16; the order within a set does not matter.
            mode: N×5 probabilities over `MODES`; None lets the fuser guess.

        Raises:
            ValueError: x is no batch of sets.
        """
        if x.ndim != 5 or x.shape[1] < 2 or x.shape[2] != 3:
            raise ValueError(f"expected N×n×3×H×W with n of 2 or more, got {tuple(x.shape)}")
        height, width = x.shape[-2:]
        x = self.pad(x)
        plan = self.plan(x, mode) if self.training else self.plan_multiscale(x, mode)
        picture, weights = blend(x.float(), plan)
        picture = picture + self.residual(picture, plan)
        if not self.training:  # a clipped value has no gradient
            picture = picture.clamp(-1, 1)
        picture, weights = (each[..., :height, :width] for each in (picture, weights))
        return Fused(picture, weights, plan.mode, plan.mode_logits)

    def pad(self, x: Tensor) -> Tensor:
        """Pad N×n×3×H×W to multiples of the stride by repeating the right and bottom border."""
        stride = self.config.stride
        height, width = x.shape[-2:]
        pad = (0, -width % stride, 0, -height % stride)
        return F.pad(x.flatten(0, 1), pad, mode="replicate").unflatten(0, x.shape[:2]) if any(pad) else x

    def plan_multiscale(self, x: Tensor, mode: Tensor | None = None) -> Plan:
        """Plan at full size; for damaged sets average the plans at full size, half size and so on; then apply rules.

        At full size alone, the middle of damage that is wider than any in training is not recognised.
        """
        plans, full = [self.plan(x, mode)], x
        occlusion = plans[0].mode[:, MODES.index("occlusion")]
        # Per set, because the result of a set must not depend on the rest of its batch.
        damaged = occlusion.where(occlusion > 0.5, 0)
        while min(x.shape[-2:]) >= 2 * SMALLEST_SIDE and damaged.any():
            x = self.pad(halve(x))
            plans.append(self.plan(x, plans[0].mode))
        return fuse_scans_by_rule(full, continue_scene(full, average_plans(plans, damaged), damaged > 0))

    def plan(self, x: Tensor, mode: Tensor | None = None) -> Plan:
        """Plan at one scale how to fuse N×n×3×H×W, H and W multiples of the stride."""
        n, (encoder,) = x.shape[1], self._shared
        with torch.autocast(x.device.type, enabled=False):  # energies need float32
            cues = find_cues(x, len(self.levels))
        with torch.no_grad():
            read = encoder(x.flatten(0, 1).contiguous(memory_format=torch.channels_last))
        upward = self._encode(cues, read, n)
        tone, mode_logits = self._tone_and_mode(upward[-1], cues.histogram, n)
        if mode is None:
            likely = mode_logits if self.training else mask_impossible_modes(x, mode_logits, *RULED_OUT)
            mode = likely.softmax(-1)
        mode = mode.to(tone)
        deepest = upward[-1].unflatten(0, (-1, n)) + self.asked(mode)[:, None, :, None, None]
        features = self._decode([*upward[:-1], deepest.flatten(0, 1)])
        heads = [head(f).float().unflatten(0, (-1, n)) for head, f in zip(self.heads, features, strict=True)]
        shared = [mean_of_set(f.unflatten(0, (-1, n))) for f in features]
        _, exposure, occlusion, noise, _ = mode[:, :, None, None, None].unbind(1)  # as in MODES
        # A wide bracket has a larger range of brightness than the photos that training makes brackets from: use the
        # classical rule alone.
        narrow = 1 - cues.wide[:, None, None, None] * exposure
        heads = [narrow[:, None] * SHARPNESS * head for head in heads]
        trusts = [
            (narrow * F.softplus(trust(f).float()) + (1 - narrow) * fixed)[:, None]
            for trust, f, fixed in zip(self.trust, shared, trust_in_energy(len(shared)), strict=True)
        ]
        luma = [
            head[:, :, :1] + trust * energy.unflatten(0, (-1, n))
            for head, trust, energy in zip(heads, trusts, cues.energy, strict=True)
        ]
        chroma = [logit + head[:, :, 1:2] for logit, head in zip(luma, heads, strict=True)]
        if cues.exposed is not None:
            luma, chroma = add_exposure(luma, chroma, cues.exposed, (1 - narrow)[:, None])
        replace = occlusion * torch.sigmoid(self.replace(shared[0]).float())
        shrink = [noise * F.softplus(s(f).float()) for s, f in zip(self.shrink, shared, strict=False)]
        apart = cues.disagreement.mean((1, 2, 3))
        # First bring each picture to the bracket's mean brightness; the network then predicts the final brightness.
        tone = tone + torch.stack([torch.zeros_like(cues.exposure), cues.exposure], 2)
        tone = tone * (exposure * narrow)[..., 0] * (apart / (apart + EQUAL_TONES))[:, None, None]
        repair = mode[:, [MODES.index(name) for name in REPAIRED]].sum(1)[:, None, None, None]
        return Plan(
            tone=tone,
            replace=replace[:, None],
            luma=luma,
            chroma=chroma,
            shrink=shrink,
            repair=repair * narrow,
            trust=trusts[0],
            features=[f.unflatten(0, (-1, n)) for f in features[:3]],
            disagreement=cues.disagreement,
            mode=mode,
            mode_logits=mode_logits,
        )

    def _encode(self, cues: Cues, read: Sequence[Tensor], n: int) -> list[Tensor]:
        """Features of each picture, with exchange between the pictures of a set; finest level first."""
        upward: list[Tensor] = []
        for i, level in enumerate(self.levels):
            seen = [cues.levels[i]]
            if i < len(read):
                seen.append(read[i])
            if i:
                seen.append(F.avg_pool2d(upward[-1], 2))
            together = torch.cat([s.to(seen[-1].dtype) for s in seen], 1)
            upward.append(level(together.contiguous(memory_format=torch.channels_last), n))
        return upward

    def _tone_and_mode(self, deepest: Tensor, histogram: Tensor, n: int) -> tuple[Tensor, Tensor]:
        """Tone change of each picture, N×n×2, and mode logits of each set, N×5, from pooled features."""
        # Mean and deviation do not depend on the picture's size; a maximum would.
        mean = deepest.float().mean((2, 3))
        deviation = (deepest.float().square().mean((2, 3)) - mean.square()).clamp_min(1e-6).sqrt()
        pooled = torch.cat([mean, deviation, histogram], 1)
        own = F.relu(self.picture_stats(pooled)).unflatten(0, (-1, n))
        shared = torch.cat([own.mean(1), own.amax(1)], 1)
        both = torch.cat([own, shared[:, None].expand(-1, n, -1)], 2)
        return self.tone(F.relu(self.set_stats(both))).float(), self.guess(shared).float()

    def _decode(self, upward: list[Tensor]) -> list[Tensor]:
        """Pass features from the coarse levels down to the fine ones; finest level first."""
        features = [upward[-1]]
        for here, coarser, finish in zip(upward[-2::-1], self.coarser[::-1], self.finish[::-1], strict=True):
            below = F.interpolate(coarser(features[0]), scale_factor=2.0, mode="nearest")
            features.insert(0, F.relu(finish((here + below) / 2)))
        return features


def pack_fuser(fuser: Fuser, generator: str, **facts: Any) -> Weights:
    """Return the fuser as it is written to disk. `generator` is the fingerprint of the one whose encoder it reads."""
    facts = {"kind": "fuser", "config": asdict(fuser.config), "generator": generator, **facts}
    return Weights(dict(fuser.state_dict()), facts)


def load_fuser(weights: Weights, generator: Generator, fingerprint: str) -> Fuser:
    """Build the packed fuser over the generator's encoder, in eval mode.

    Raises:
        ValueError: the weights are of another kind of network, or were trained on another encoder.
    """
    fuser = build_fuser(weights, generator.encoder)
    check_encoder(weights.facts, generator.encoder, fingerprint, "fuser", "train_fusion")
    return fuser


def build_fuser(weights: Weights, encoder: Encoder) -> Fuser:
    """As `load_fuser`, without a check that the encoder is the one that the fuser was trained on."""
    weights.require("fuser")
    config = weights.facts["config"]
    fuser = Fuser(encoder, FuserConfig(tuple(config["channels"]), tuple(config["residual"])))
    fuser.load_state_dict(weights.tensors)
    return fuser.eval().requires_grad_(False)

"""Run the task: parameters in, restyled picture and report out."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

import torch
from PIL import Image
from torch import Tensor

from stylefuse.networks.generator import with_strength
from stylefuse.tasks.stylize.colour import preserve_color
from stylefuse.tasks.stylize.explain import Explainer
from stylefuse.tasks.stylize.mixture import as_text, read_mixture
from stylefuse.tasks.stylize.paint import paint
from stylefuse.tasks.stylize.params import AS_PAINTED, StylizeParams
from stylefuse.tasks.stylize.postprocess import adjust
from stylefuse.tasks.stylize.repaint import WHOLE_PIXELS
from stylefuse.tasks.stylize.reviser import Reviser
from stylefuse.tasks.stylize.reviser_head import REVISER
from stylefuse.tasks.task import Networks, Result
from stylefuse.tasks.validation import RequestError


class StylizePredictor:
    """Restyles pictures."""

    def __init__(self, networks: Networks):
        self.styles = list(networks.styles)
        self._generator = networks.generator
        name = REVISER.weights
        self._reviser = cast(Reviser, networks.head(name)) if networks.has(name) else None
        self._device, self._lock = networks.device, networks.lock
        self._explainer = Explainer(networks)

    def check(self, params: StylizeParams) -> None:
        self.weights_of(params)
        if self._reviser is None and params.stroke_size != AS_PAINTED:
            remedy = f"leave it out, or run the {REVISER.pipeline} pipeline and register the model again"
            raise RequestError(
                "stroke_size", "this model has no reviser, so its strokes have one size", remedy
            )

    def predict(self, pictures: Sequence[Image.Image], params: StylizeParams) -> Result:
        """Restyle one picture; see `explain.Explainer` for the maps."""
        restyled = self.restyle(pictures[0], params)
        maps = self._explainer.maps(pictures[0], restyled, self.weights_of(params))
        return Result(restyled, self.report(params), maps)

    def restyle(
        self, picture: Image.Image, params: StylizeParams, whole_pixels: int = WHOLE_PIXELS
    ) -> Image.Image:
        """Restyle an RGB picture of any size; at strength 0 its pixels stay as they are, but for post-processing.

        A picture of more than `whole_pixels` pixels is computed in strips, which comes to the same up to rounding.

        Raises:
            RequestError: the generator has no such style.
        """
        rows = self._rows(params)
        if params.strength > 0:
            with self._lock, torch.inference_mode():
                restyled = paint(
                    self._generator, self._reviser, picture, rows, params.stroke_size, whole_pixels
                )
            picture = preserve_color(restyled, picture, params.preserve_color)
        return adjust(picture, params.contrast, params.sharpen)

    def report(self, params: StylizeParams) -> dict[str, Any]:
        """What is done: `style` as it may be sent again; `styles`, the weights; and the other parameters that apply."""
        weights = self.weights_of(params)
        rounded = {name: round(weight, 4) for name, weight in weights.items()}
        rest = params.model_dump(exclude={"style"} if self._reviser else {"style", "stroke_size"})
        return {"style": as_text(weights), "styles": rounded, **rest}

    def weights_of(self, params: StylizeParams) -> Mapping[str, float]:
        """Weights of the styles by name; they sum to one."""
        given = "style" in params.model_fields_set
        return read_mixture(params.style if given else self.styles[1], self.styles[1:])

    def _rows(self, params: StylizeParams) -> Tensor:
        """Weights over the generator's rows, 1×rows."""
        mixture = torch.zeros(1, len(self.styles))
        for name, weight in self.weights_of(params).items():
            mixture[0, self.styles.index(name)] = weight
        return with_strength(mixture, params.strength).to(self._device)

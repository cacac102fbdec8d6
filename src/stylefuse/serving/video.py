"""Run a chain of tasks on the frames of a clip, and label the result."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

import stylefuse
from stylefuse.labels.aigc import label_of
from stylefuse.labels.clips import marks_of, metadata_of
from stylefuse.labels.marks import COMPOSITE, Marks
from stylefuse.labels.options import NONE, VISIBLE, Labelling
from stylefuse.labels.visible import with_text
from stylefuse.networks.fixed import FixedGenerator
from stylefuse.serving.bundle import GENERATOR, Bundle
from stylefuse.serving.chain import as_taken, check_chain, to_rgb8
from stylefuse.serving.labelled import INHERITED, LABEL
from stylefuse.tasks.chains import Step, chain_name
from stylefuse.tasks.clips import Clips
from stylefuse.tasks.task import Result
from stylefuse.tasks.validation import RequestError
from stylefuse.tasks.warned import Warned, merged, report_part
from stylefuse.video.options import VideoOptions
from stylefuse.video.pixels import Frame
from stylefuse.video.reading import metadata_of_clip
from stylefuse.video.transform import Paint, transform_video

if TYPE_CHECKING:
    import torch
    from torch import nn

    from stylefuse.networks.generator import Generator
    from stylefuse.networks.weights import Weights

_NUMBER = 32  # characters of a clip's number


def run_video(
    bundle: Bundle,
    steps: Sequence[Step],
    source: Path,
    target: Path,
    *,
    labelling: Labelling = Labelling(),  # noqa: B008 (frozen)
    options: VideoOptions = VideoOptions(),  # noqa: B008 (frozen)
    progress: Callable[[int, int], None] = lambda done, frames: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> dict[str, Any]:
    """Run a chain on every frame of a clip; sound, times, chapters and metadata are those of the source.

    Every frame of a shot is painted with the same statistics of norms. What is finished is kept beside the target until
    the target is there; see `video.transform.transform_video`, also for the arguments that are not named here.

    Args:
        steps: tasks that take frames, with their parameters; `tasks.chains.read_steps` makes them.
        labelling: how the clip is labelled; a visible label is on every frame.
        options: frames are blended only where a task needs it (`Task.flickers`).

    Returns:
        A report of plain values: that of the first frame, and `frames`, `shots`, `label` and `warnings`.

    Raises:
        RequestError: a task takes no frames, or its parameters do not fit the model.
        VideoError, Cancelled, OSError: see `transform_video`.
    """
    check_steps(bundle, steps, labelling)
    if not any(task.flickers for task, _ in steps):
        options = replace(options, steady=0.0)
    reports: list[dict[str, Any]] = []
    inherited = marks_of(metadata_of_clip(source))
    repainted = labelling.mode != NONE and any(task.repainted(params) for task, params in steps)
    visible = repainted and labelling.mode == VISIBLE

    def metadata(number: str) -> dict[str, str]:
        return metadata_of(_marks(inherited, steps, labelling, number) if repainted else inherited)

    def finish(frame: Frame) -> Frame:
        if not visible:
            return frame
        return np.asarray(to_rgb8(with_text(Image.fromarray(frame), labelling.language)))

    done = transform_video(
        source,
        target,
        lambda samples: painter(bundle, steps, samples, reports),
        options=options,
        around=steps[0].task.clips.around if steps[0].task.clips else 0,
        settings=_settings(bundle, steps, labelling),
        finish=finish,
        metadata=metadata,
        progress=progress,
        cancelled=cancelled,
    )
    label = labelling.mode if repainted else INHERITED if inherited else NONE
    facts = {"frames": done.frames, "shots": done.shots, LABEL: label}
    first = reports[0] if reports else {}
    warned = [Warned(*remark) for remark in done.remarks]
    return merged(first, facts, report_part(warned) if warned else {})


def check_steps(bundle: Bundle, steps: Sequence[Step], labelling: Labelling) -> None:
    """Refuse what cannot be done with frames.

    Raises:
        RequestError: naming the parameter or the task.
    """
    several = next((task.name for task, _ in steps if not task.takes_clips), None)
    if several:
        remedy = "name a task on one picture, such as stylize"
        raise RequestError("chain", f"the task {several} takes several pictures, not a clip", remedy)
    if labelling.certificate:
        raise RequestError("certificate", "clips cannot be signed", "leave out the certificate and its key")
    for task, params in steps:
        if task.clips:
            task.clips.check(params)
    check_chain(bundle, [step for step in steps if not step.task.clips])


def painter(
    bundle: Bundle, steps: Sequence[Step], samples: Sequence[Frame], reports: list[dict[str, Any]]
) -> Paint:
    """Return what runs the chain on frames of one shot, with statistics fixed to those of the samples.

    Args:
        reports: gets the report of the first frame, if it is empty.
    """
    stages: list[Callable[[Sequence[Frame]], Result]] = []
    pictures = list(samples)
    for step in steps:
        if step.task.clips:  # its result has the statistics of the frames that it fuses
            stages.append(partial(_fused, step.task.clips, step))
            continue
        networks = _ShotNetworks(bundle)
        run = partial(_painted, step.task.predictor(networks), step)
        painted = [run([each]).picture for each in pictures[:1]]
        # Other tasks than those that paint do not use the generator as a whole.
        if networks.fixed.used:
            painted += [run([each]).picture for each in pictures[1:]]
            networks.fixed.fix()
        stages.append(run)
        pictures = [np.asarray(to_rgb8(each)) for each in painted]

    def paint(*frames: Frame) -> Frame:
        report: dict[str, Any] = {}
        for stage in stages:
            result = stage(frames)
            frames = (np.asarray(to_rgb8(result.picture)),)
            report = merged(report, result.report)
        if not reports:
            reports.append(report)
        return frames[0]

    return paint


def _fused(clips: Clips, step: Step, frames: Sequence[Frame]) -> Result:
    return clips.fuse(frames, step.params)


def _painted(predictor: Any, step: Step, frames: Sequence[Frame]) -> Result:
    return predictor.predict([as_taken(Image.fromarray(frames[0]), step.task)], step.params)


def _marks(inherited: Marks, steps: Sequence[Step], labelling: Labelling, number: str) -> Marks:
    aigc = inherited.aigc if inherited.certainly else label_of(labelling.producer, number[:_NUMBER])
    tool = f"StyleFuse {stylefuse.__version__} {chain_name([step.task for step in steps])}"
    return Marks(aigc, inherited.source_type or COMPOSITE, tool)


def _settings(bundle: Bundle, steps: Sequence[Step], labelling: Labelling) -> dict[str, Any]:
    """All that has an effect on the frames."""
    return {
        "version": stylefuse.__version__,
        "model": {name: weights.checksum() for name, weights in sorted(bundle.weights.items())},
        "steps": [[task.name, params.model_dump()] for task, params in steps],
        "label": labelling.as_dict(),
        "device": str(bundle.device),
    }


class _ShotNetworks:
    """The networks of a model for one task and one shot, with a generator of their own."""

    def __init__(self, bundle: Bundle):
        self._bundle = bundle
        self.styles: Sequence[str] = bundle.styles if bundle.has(GENERATOR) else ()
        self.device: torch.device = bundle.device
        self.lock: AbstractContextManager[Any] = bundle.lock
        self.fixed = FixedGenerator(bundle.generator)

    @property
    def generator(self) -> "Generator":
        return self.fixed.generator

    @property
    def weights(self) -> "Mapping[str, Weights]":
        return self._bundle.weights

    def has(self, name: str) -> bool:
        return self._bundle.has(name)

    def head(self, name: str) -> "nn.Module":
        return self._bundle.head(name)

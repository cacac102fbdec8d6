"""Fusion of real sets, which have no truth: a basket of metrics, and sheets to look at."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from fusion_methods import Method, hash_of
from fusion_photos import picture_files
from fusion_results import Scores, scores_of
from fusion_scores import to_levels
from fusion_tables import to_csv, to_markdown
from tqdm import tqdm

from stylefuse.images.io import decode
from stylefuse.metrics import fusion, fusion_similarity


class RealSet(NamedTuple):
    """name: what its files share; files: n of them, in order of their letters."""

    name: str
    files: list[Path]

    def load(self) -> np.ndarray:
        """The pictures, n×H×W×3 uint8.

        Raises:
            ValueError: their sizes differ, or a file is no usable picture (an `ImageError`).
        """
        pictures = [np.asarray(decode(file)) for file in self.files]
        for file, picture in zip(self.files, pictures, strict=True):
            if picture.shape != pictures[0].shape:
                raise ValueError(f"{file} is not as large as {self.files[0].name}: bring both to one size")
        return np.stack(pictures)


def find_sets(folder: Path, limit: int | None = None) -> list[RealSet]:
    """The sets of a folder, by name: files NN_a, NN_b and so on.

    Raises:
        ValueError: the folder is empty or missing, a file is named otherwise, or a set has one picture.
    """
    sets: dict[str, list[Path]] = {}
    for file in picture_files(folder):
        name, _, letter = file.stem.rpartition("_")
        if not name or not ("a" <= letter <= "z" and len(letter) == 1):
            raise ValueError(f"{file} is named like no picture of a set: use NN_a, NN_b, …")
        sets.setdefault(name, []).append(file)
    for name, files in sets.items():
        if len(files) < 2:
            raise ValueError(f"{folder} has one picture of the set {name}: a set has two or more")
    return [RealSet(name, files) for name, files in sorted(sets.items())][:limit]


def score_folder(
    folder: Path, methods: Sequence[Method], limit: int | None, kept: Path, again: bool
) -> Scores:
    """Every metric of every method on every set of a folder, from luma of the rounded result.

    Raises:
        ValueError: see `find_sets`, `RealSet.load` and `scores_of`.
    """
    sets = find_sets(folder, limit)

    def measure(todo: list[Method]) -> Scores:
        scores: Scores = {method.name: {} for method in todo}
        with tqdm(total=len(sets) * len(todo), desc=folder.name, unit="picture") as bar:
            for each in sets:
                pictures = each.load()
                inputs, stack = [fusion.luma(p) for p in pictures], to_stack(pictures)
                for method in todo:
                    fused = fusion.luma(to_levels(method.fuse(stack)))
                    for name, value in fusion.fusion_metrics(fused, inputs).items():
                        scores[method.name].setdefault(name, []).append(value)
                    bar.update()
        return scores

    settings = {
        "sets": [[file.name for file in each.files] for each in sets],
        "metrics": [hash_of(Path(module.__file__)) for module in (fusion, fusion_similarity)],
    }
    return scores_of(kept / f"real_{folder.name}.json", settings, methods, again, measure)


def to_stack(pictures: np.ndarray) -> np.ndarray:
    """uint8 levels as float32 in [0, 1]."""
    return pictures.astype(np.float32) / 255


def real_tables(results: Mapping[str, Scores]) -> str:
    """Markdown: means over the sets of each folder, and the rank sum of the basket."""
    parts = [
        "# Fusion of real sets\n\n"
        "There is no truth here, and each metric alone can be won by a rule of one line. "
        f"Rank sum: ranks by {', '.join(fusion.BASKET)}, added; {len(fusion.BASKET)} is the best possible. "
        "It compares the methods of one table and means nothing beyond it."
    ]
    for folder, scores in results.items():
        means, ranks = _means(scores)
        metrics = list(next(iter(means.values())))
        rows = [["method", "rank sum", *(m.replace("_", "-") for m in metrics)]]
        for method, each in means.items():
            row = [method.replace("_", " "), f"{ranks[method]:g}"]
            rows.append(row + [f"{each[metric]:.3f}" for metric in metrics])
        count = len(next(iter(next(iter(scores.values())).values())))
        parts.append(f"## {folder.replace('_', ' ')}, {count} sets\n\n{to_markdown(rows)}")
    return "\n\n".join(parts) + "\n"


def real_csv(results: Mapping[str, Scores]) -> str:
    """CSV: a line for each folder and method."""
    rows = []
    for folder, scores in results.items():
        means, ranks = _means(scores)
        for method, each in means.items():
            if not rows:
                rows.append(["folder", "method", "sets", "rank_sum", *each])
            count = len(next(iter(scores[method].values())))
            rows.append([folder, method, count, ranks[method], *(f"{x:.6g}" for x in each.values())])
    return to_csv(rows)


def _means(scores: Scores) -> tuple[dict[str, dict[str, float]], dict[str, float]]:
    """Method → metric → mean over sets; method → rank sum."""
    means = {
        method: {metric: float(np.mean(values)) for metric, values in each.items()}
        for method, each in scores.items()
    }
    return means, fusion.rank_sums(means)

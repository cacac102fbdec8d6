"""Does more strength mean more style? python stylize_strength.py GENERATOR CLASSIFIER FOLDER [COUNT].

For each style, the share of photos whose distance from the photo as it is rises with every step of strength: in
pixels (root mean square, levels), and in style (Euclidean, between means and deviations of the classifier's maps,
standardised by its own batch norm).
"""

import itertools
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import torch

from stylefuse.images.io import decode, to_tensor
from stylefuse.networks.classifier import load_classifier, pooled_moments
from stylefuse.networks.weights import read_weights
from stylefuse.tasks.stylize.params import Look
from stylefuse.tasks.stylize.predictor import Restyler

STRENGTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


def rises(distances: Sequence[float]) -> bool:
    return all(before < after for before, after in itertools.pairwise(distances))


@torch.inference_mode()
def main() -> None:
    restyle = Restyler(read_weights(Path(sys.argv[1])), device="cpu")
    classifier = load_classifier(read_weights(Path(sys.argv[2])))
    files = sorted(Path(sys.argv[3]).iterdir())
    count = min(int(sys.argv[4]), len(files)) if len(sys.argv) > 4 else len(files)
    # Spread over the folder: neighbours may show one scene.
    photos = [decode(files[i * len(files) // count]) for i in range(count)]
    for style in restyle.styles[1:]:
        rising = {"pixels": 0, "style": 0}
        for photo in photos:
            looks = [Look({style: 1.0}, strength) for strength in STRENGTHS]
            x = torch.stack([to_tensor(restyle(photo, look)) for look in looks])
            seen = classifier.norm(pooled_moments(classifier.features(x)[-3:]))
            rising["pixels"] += rises((x - x[:1]).square().mean((1, 2, 3)).tolist())
            rising["style"] += rises((seen - seen[:1]).square().sum(1).tolist())
        shares = {kind: round(number / count, 3) for kind, number in rising.items()}
        print(json.dumps({"name": style, "photos": count, "rising": shares}), flush=True)


if __name__ == "__main__":
    main()

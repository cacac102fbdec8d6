"""Write a model in half precision, which halves its files, and measure what that changes in pictures.

`python -m stylefuse.serving.half MODEL FOLDER PHOTO…`: of a model's folder, into another, measured on photos.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from stylefuse.images.given import decoded_all
from stylefuse.networks.weights import Weights, write_weights
from stylefuse.serving.bundle import GENERATOR, Bundle, ModelError, read_model
from stylefuse.serving.chain import run_chain, to_rgb8
from stylefuse.tasks.chains import read_steps
from stylefuse.tasks.task import default_task, find_heads


def halved(weights: Mapping[str, Weights]) -> dict[str, Weights]:
    """Round a model's tensors to float16, and bind its heads to the rounded encoder, which is what will be loaded.

    Args:
        weights: by name, "generator" among them.

    Raises:
        ValueError: float16 cannot hold a value, or a head was trained on another encoder.
    """
    from stylefuse.networks.encoder import encoder_hash
    from stylefuse.networks.generator import load_generator

    generator = load_generator(weights[GENERATOR])
    rounded = {}
    for name, each in weights.items():
        if name != GENERATOR:
            find_heads()[name].check(each, generator.encoder, weights[GENERATOR].facts.get("fingerprint"))
        rounded[name] = _rounded(name, each)
    loaded = {name: tensor.float() for name, tensor in rounded[GENERATOR].tensors.items()}
    encoder = encoder_hash(load_generator(Weights(loaded, weights[GENERATOR].facts)).encoder)
    return {
        name: each if name == GENERATOR else Weights(each.tensors, each.facts | {"encoder": encoder})
        for name, each in rounded.items()
    }


def _rounded(name: str, weights: Weights) -> Weights:
    tensors = {key: t.half() if t.is_floating_point() else t for key, t in weights.tensors.items()}
    for key, tensor in tensors.items():
        if not tensor.isfinite().all():
            raise ValueError(f"{name}: float16 cannot hold all values of {key}: keep this model as it is")
    return Weights(tensors, weights.facts)


def differences(first: Bundle, second: Bundle, photos: Sequence[Path]) -> dict[str, tuple[float, int]]:
    """Return, by style, by how many of 255 levels two models' pictures differ: on average, and at most."""
    task, found = default_task(), {}
    pictures = decoded_all(list(photos), deep=False)
    for style in first.names["styles"]:
        steps = read_steps([task], {"style": style})
        apart = []
        for picture in pictures:
            results = [run_chain(bundle, steps, [picture]).picture for bundle in (first, second)]
            one, other = (np.asarray(to_rgb8(result), np.int16) for result in results)
            apart.append(np.abs(one - other))
        found[style] = (float(np.mean([each.mean() for each in apart])), max(int(a.max()) for a in apart))
    return found


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, and print their sizes and the differences."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path, help="folder with generator.safetensors, and heads beside it")
    parser.add_argument("folder", type=Path, help="where the files in half precision go")
    parser.add_argument("photos", type=Path, nargs="+", help="that both models restyle")
    options = parser.parse_args(arguments)
    try:
        whole = read_model(options.model).weights
        options.folder.mkdir(parents=True, exist_ok=True)
        for name, weights in halved(whole).items():
            path = options.folder / f"{name}.safetensors"
            write_weights(path, weights)
            print(f"{path}: {path.stat().st_size:,} bytes")
        half = read_model(options.folder).weights
        apart = differences(Bundle(whole), Bundle(half), options.photos)
    except (ModelError, ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 1
    for style, (mean, most) in apart.items():
        print(f"{style}: {mean:.2f} of 255 levels on average, {most} at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())

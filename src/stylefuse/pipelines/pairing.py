"""Check that networks and the manifest belong together before results are made of both."""

import pandas as pd

from stylefuse.images.manifest import data_hash
from stylefuse.networks.weights import Weights

# The pipeline that trains each network; a head names its own.
TRAINED_BY = {
    "classifier": "pretrain_classifier",
    "judge": "pretrain_classifier",
    "generator": "train_hybrid",
}


def require_same_pictures(manifest: pd.DataFrame, pipeline: str | None = None, **networks: Weights) -> None:
    """Refuse networks that were trained on other pictures than the manifest lists, or with other splits.

    A network is measured on pictures that it has not learned from, and only the manifest it was trained with says
    which these are.

    Args:
        pipeline: the one that trains a head.
        networks: by name. Weights of an older version that do not record their pictures pass.

    Raises:
        ValueError: it names the networks, and the pipelines to run again.
    """
    pictures = data_hash(manifest)
    other = [
        name for name, weights in networks.items() if weights.facts.get("data_hash", pictures) != pictures
    ]
    if other:
        stages = ",".join(dict.fromkeys(TRAINED_BY.get(name) or str(pipeline) for name in other))
        raise ValueError(
            f"the {' and the '.join(other)} and the manifest are not of the same pictures or splits: pictures were "
            f"ingested since, or a run was interrupted. Run `kedro run --pipelines {stages}` again"
        )

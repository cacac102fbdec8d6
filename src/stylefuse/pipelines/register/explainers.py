"""Check that the networks which explain results are those that the generator was trained with."""

import logging

from stylefuse.networks.weights import Weights

log = logging.getLogger(__name__)


def find_explainers(
    generator: Weights, classifier: Weights | None, critic: Weights | None
) -> dict[str, Weights]:
    """Return by name what goes into the model: the classifier and the critic of this generator's training."""
    trained_with = {
        "classifier": generator.facts.get("classifier"),
        "critic": generator.facts.get("fingerprint"),
    }
    found = {}
    for name, weights in (("classifier", classifier), ("critic", critic)):
        if weights is None:
            log.info("%s: none: the model cannot show what its %s sees in a result", name, name)
        elif weights.facts.get("fingerprint") != trained_with[name]:
            log.warning("%s: left out: the generator was trained with another one", name)
        else:
            found[name] = weights
    return found

"""Networks and manifests that do not belong together are refused, with the stages to run again."""

import pytest

from stylefuse.images.manifest import data_hash
from stylefuse.networks.weights import Weights
from stylefuse.pipelines.evaluate.nodes import evaluate_styles
from stylefuse.pipelines.pairing import require_same_pictures
from stylefuse.pipelines.pretrain_classifier.nodes import report_classifiers
from stylefuse.pipelines.train_head.nodes import evaluate_head
from stylefuse.pipelines.train_hybrid.nodes import train_generator
from stylefuse.tasks.fuse.head import FUSER


def weights(pictures: str | None) -> Weights:
    return Weights({}, {} if pictures is None else {"data_hash": pictures})


def test_networks_of_the_manifests_pictures_pass(tiny_data):
    _, manifest = tiny_data
    own = data_hash(manifest)
    require_same_pictures(manifest, generator=weights(own), judge=weights(own), classifier=weights(None))


def test_all_other_networks_are_named_with_their_pipelines(tiny_data):
    _, manifest = tiny_data
    with pytest.raises(
        ValueError, match=r"the judge and the generator .*--pipelines pretrain_classifier,train_hybrid"
    ):
        require_same_pictures(
            manifest, classifier=weights(data_hash(manifest)), judge=weights("x"), generator=weights("y")
        )


def test_another_split_is_another_manifest(tiny_data):
    """A judge that learned from what is held out now would be measured on what it has seen."""
    _, manifest = tiny_data
    before = data_hash(manifest)
    with pytest.raises(ValueError, match="splits"):
        require_same_pictures(manifest.assign(split="test"), judge=weights(before))


def test_every_stage_that_takes_both_checks_them(tiny_data):
    folder, manifest = tiny_data
    own, other = weights(data_hash(manifest)), weights("other")
    for run in (
        lambda: report_classifiers(own, other, manifest, folder),
        lambda: report_classifiers(other, own, manifest, folder),
        lambda: train_generator(manifest, folder, other, folder, folder, None),
        lambda: evaluate_styles(other, own, own, manifest, folder, folder, folder, folder, None),
        lambda: evaluate_styles(own, other, own, manifest, folder, folder, folder, folder, None),
        lambda: evaluate_styles(own, own, other, manifest, folder, folder, folder, folder, None),
        lambda: evaluate_head(FUSER, manifest, folder, own, other, None),
    ):
        with pytest.raises(ValueError, match="and the manifest are not of the same pictures"):
            run()

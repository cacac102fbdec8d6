"""Accuracy, confusion, separation and variety."""

import pytest
import torch

from stylefuse.metrics.classification import (
    accuracy,
    confusion,
    mean_probability,
    paired_separation,
    style_separation,
    variance_ratio,
)

LOGITS = torch.tensor([[2.0, 0, 0], [0, 2, 0], [0, 2, 0], [0, 0, 2]])


def test_accuracy():
    assert accuracy(LOGITS, torch.tensor([0, 1, 2, 2])) == 0.75
    assert accuracy(LOGITS, 1) == 0.5
    with pytest.raises(ValueError, match="no pictures"):
        accuracy(LOGITS[:0], 1)


def test_mean_probability():
    assert mean_probability(torch.zeros(5, 4), 2) == pytest.approx(0.25)


def test_confusion_has_true_classes_in_rows():
    table = confusion(LOGITS, torch.tensor([0, 1, 2, 2]), 3)
    assert table.tolist() == [[1, 0, 0], [0, 1, 0], [0, 1, 1]]


def test_paired_separation_is_zero_when_styles_look_alike():
    a = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    assert paired_separation([a, a, a]) == 0
    assert paired_separation([a, a + torch.tensor([3.0, 4, 0, 0])]) == pytest.approx(5)
    assert paired_separation([a]) is None


def test_style_separation_of_unpaired_sets():
    a, b = torch.zeros(3, 2), torch.tensor([[3.0, 4.0]] * 5)
    assert style_separation([a, b]) == pytest.approx(5)
    assert style_separation([a]) is None


def test_variance_ratio():
    real = torch.randn(500, 4, generator=torch.Generator().manual_seed(0))
    assert variance_ratio(real * 0.5, real) == pytest.approx(0.25)
    assert variance_ratio(torch.ones(9, 4), real) == 0
    with pytest.raises(ValueError, match="do not vary"):
        variance_ratio(real, torch.ones(9, 4))

"""Lets these tests import the benchmarks, which are not installed; the models that some of them measure."""

import sys

from project import ROOT
from served_models import fuser_weights, model_folder, weights  # noqa: F401

sys.path.insert(0, str(ROOT))

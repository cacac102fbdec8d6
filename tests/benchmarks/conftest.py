"""Lets these tests import the benchmarks, which are scripts and no package; the model that one of them serves."""

import sys

from project import ROOT
from served_models import fuser_weights, model_folder, weights  # noqa: F401

sys.path.insert(0, str(ROOT / "benchmarks"))

"""Lets these tests import the benchmarks, which are scripts and no package."""

import sys

from project import ROOT

sys.path.insert(0, str(ROOT / "benchmarks"))

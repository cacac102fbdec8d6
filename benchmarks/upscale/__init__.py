"""Measure enlarging."""

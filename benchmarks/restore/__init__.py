"""Measure the restorer beside classical rules that know the damage."""

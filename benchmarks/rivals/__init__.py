"""Rivals of the comparisons, written from their papers with their published settings."""

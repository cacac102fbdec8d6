"""Restyle a photo in the manner of the paintings that the generator has learned from."""

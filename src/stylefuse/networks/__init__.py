"""Encoder, generator, critics, classifier and judge, and their weights on disk."""

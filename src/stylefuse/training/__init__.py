"""Trainer, state, checkpoints, options and fingerprints of trainings."""

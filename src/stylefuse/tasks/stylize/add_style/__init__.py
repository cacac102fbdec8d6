"""Teach a trained model a new style from a few pictures: new rows of its style tables, everything else frozen."""

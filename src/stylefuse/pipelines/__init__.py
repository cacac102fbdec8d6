"""Pipelines of Kedro, a folder each: pipeline.py connects nodes, nodes.py holds them, options.py their parameters."""

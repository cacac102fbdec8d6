"""One folder a pipeline: pipeline.py wires, nodes.py does, options.py says what may be turned."""

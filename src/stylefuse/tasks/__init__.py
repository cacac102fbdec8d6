"""Tasks: what happens to pictures, a folder each. `task.py` is their contract."""

"""Measure restyled pictures on held-out photos and paintings, beside baselines.

Library code: nothing here needs Kedro, MLflow or pydantic. What others call:

- `settings.Settings`: sizes of sets, batches and draws.
- `heldout.held_out`, `heldout.all_twins`: read the held-out pictures as tensors.
- `restyled.extract_features`, then `score_style`, `score_content`, `score_truth`: score the pictures of any method.
- `networks.load_networks`, `measure.evaluate`: measure a generator of ours.
- `viewing.view_paintings`, `viewing.measure_views`: measure any method at the size at which people look.
- `compare.compare_sets`: one distance between sets, beside its baselines.
- `grids.draw_figures`, `report.write_report`, `summary.table`: show the results.
"""

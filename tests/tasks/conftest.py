"""The models that are served."""

from served_models import fuser_weights, model_folder, model_folder_without_fuser, weights  # noqa: F401

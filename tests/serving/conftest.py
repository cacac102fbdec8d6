"""The models that are served, and the page in a browser."""

from browsing import page  # noqa: F401
from served_models import chained_model, model_folder, model_folder_without_fuser  # noqa: F401

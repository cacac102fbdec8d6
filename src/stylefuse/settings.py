"""Project settings, read by Kedro."""

from stylefuse.configuration import ConfigLoader
from stylefuse.hooks import TrackingHooks

HOOKS = (TrackingHooks(),)
# If kedro-mlflow is installed, it would open a second run in a file store, which MLflow refuses.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)
CONFIG_LOADER_CLASS = ConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # The files of an environment contain only the values that it changes.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}

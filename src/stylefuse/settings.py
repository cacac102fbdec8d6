"""Project settings, read by Kedro."""

from stylefuse.configuration import ConfigLoader
from stylefuse.hooks import TrackingHooks

HOOKS = (TrackingHooks(),)
# kedro-mlflow, if a user has it installed, would open a second run with a file store that MLflow refuses.
DISABLE_HOOKS_FOR_PLUGINS = ("kedro_mlflow",)
CONFIG_LOADER_CLASS = ConfigLoader
CONFIG_LOADER_ARGS = {
    "base_env": "base",
    "default_run_env": "local",
    # An environment states only what it changes.
    "merge_strategy": {"parameters": "soft", "globals": "soft"},
}

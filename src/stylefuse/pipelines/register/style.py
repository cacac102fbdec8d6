"""Register a model to which a style was added: a version of its own, which nothing promotes."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from .options import RegisterOptions

log = logging.getLogger(__name__)


def register_style(added: Mapping[str, Any], options: RegisterOptions) -> dict[str, Any]:
    """Register the folder that `add_style` has made, unless the same model already is.

    The alias stays where it is: an added style has no evaluation that promotion rules could read.

    Args:
        added: what `add_style` returns: `file` of the added style, `facts` and `warnings`.

    Returns:
        `name`, `version`, `uri`, `styles`, `content` (hash), and whether the version is `new`.

    Raises:
        FileNotFoundError: the model's files are gone.
        TrackingError: the registry does not answer.
    """
    import mlflow

    from stylefuse.tracking.connection import naming_server

    remedy = "start it, then run `kedro run --pipelines register_style`: the style is not learned again"
    with naming_server(mlflow.get_tracking_uri(), remedy):
        return _register(Path(added["file"]).parent, added.get("warnings", ()), options)


def _register(folder: Path, warnings: Any, options: RegisterOptions) -> dict[str, Any]:
    from stylefuse.networks.added import with_added
    from stylefuse.networks.weights import read_weights
    from stylefuse.serving.bundle import ADDED, GENERATOR, files_of
    from stylefuse.tasks.task import find_heads

    from .card import measure_budget, measure_head_budgets, write_card
    from .heads import find_head
    from .nodes import serving_command
    from .package import content_hash, log_version
    from .versions import find_version

    files = {file.stem: read_weights(file) for file in files_of(folder)}
    if GENERATOR not in files:
        raise FileNotFoundError(f"no model in {folder}: run the add_style pipeline again")
    added = [each for name, each in files.items() if name.startswith(ADDED)]
    whole = with_added({k: v for k, v in files.items() if not k.startswith(ADDED)}, added)
    styles, content = whole[GENERATOR].facts["styles"], content_hash(files)
    known, complete = find_version(options.name, content, list(files))
    if complete:
        version = known.version
    else:
        heads = [find_head(h, files[GENERATOR], files.get(h.weights), None) for h in find_heads().values()]
        budget = {**measure_budget(whole[GENERATOR]), **measure_head_budgets(whole)}
        included = [entry for entry in heads if entry.weights]
        card = write_card(options.name, whole[GENERATOR].facts, {"warnings": warnings}, budget, {}, included)
        tags = {"content": content, "added": ", ".join(styles[-len(added) :])}
        version = log_version(files, options.name, card, tags, styles=styles)
    log.info("%s version %s has the styles %s", options.name, version, ", ".join(styles[1:]))
    log.info("serve it: %s", serving_command(f"{options.name}/{version}"))
    uri = f"models:/{options.name}/{version}"
    about = {"name": options.name, "version": int(version), "uri": uri, "content": content}
    return {**about, "styles": styles[1:], "new": not complete}

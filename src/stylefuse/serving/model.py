"""The model that MLflow serves: models-from-code, so this file is stored beside the weights, and no pickle.

A request is `{"dataframe_records": [{"image": "<base64>"}], "params": {"style": "monet", "strength": 0.8}}`,
the answer `{"predictions": [{"image": "<base64>", "report": "<JSON>"}]}`: a row for each picture to restyle, one
row for a set to fuse.
"""

import base64
import functools
import inspect
import json
import logging
from pathlib import Path
from typing import Any

import mlflow
import mlflow.pyfunc
import pandas as pd
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INTERNAL_ERROR, INVALID_PARAMETER_VALUE
from mlflow.pyfunc import scoring_server

from stylefuse._memory import reuse_freed_memory
from stylefuse.networks.weights import read_weights
from stylefuse.serving.bodies import no_pictures, read_body
from stylefuse.serving.request import ALIGN, IMAGE, MODE, REPORT, TASK
from stylefuse.serving.studio import Studio
from stylefuse.tasks.stylize.params import STRENGTH, STYLE
from stylefuse.tasks.validation import RequestError, refuse_unknown

log = logging.getLogger(__name__)
# In the signature of every model of ours, whichever version registered it; later ones have more.
SINCE_THE_FIRST = {TASK, STYLE, STRENGTH, MODE, ALIGN}


class RequestRefused(MlflowException):
    """A RequestError as the server wants it: status 400, and a body without stack trace."""

    def __init__(self, error: RequestError):
        super().__init__(
            str(error), error_code=INVALID_PARAMETER_VALUE, field=error.field, remedy=error.remedy
        )

    @property
    def message(self) -> str:
        return self.args[0] if self.args else ""

    @message.setter
    def message(self, text: str) -> None:
        """Ignored: the server would put the whole request, pictures and all, in front of the message."""


class StyleModel(mlflow.pyfunc.PythonModel):
    """Restyles and fuses base64 pictures; safe to call from several threads."""

    def load_context(self, context: Any) -> None:
        reuse_freed_memory()
        generator, fuser = (
            read_weights(Path(context.artifacts[name])) if name in context.artifacts else None
            for name in ("generator", "fuser")
        )
        self.studio = Studio(generator, fuser)
        refuse_what_mlflow_ignores()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Restyle every row's picture, or fuse all rows' pictures into one.

        Args:
            context: MLflow's; unused, the weights were read by `load_context`.
            model_input: DataFrame with one column `image`, base64 of a picture file (see `images.io.decode`): any
                number of rows to restyle, which are worked on one by one, or 2 to 8 to fuse.
            params: `task`, "stylize" (default), "fuse" or "fuse+stylize"; `style`, one of the model's (default: the
                first) or several with weights ("monet:0.7,vangogh:0.3"), `strength`, 0 to 1 (default: 1),
                `preserve_color`, "none" (default), "luma" or "match", `contrast`, 0.5 to 2 (default: 1), and
                `sharpen`, 0 to 2 (default: 0); `mode`, "auto" (default) or one of the fuser's, and `align`
                (default: false); `format` of the results, "png" (default), "jpeg" or "webp".

        Returns:
            DataFrame with the columns `image`, base64 of a file as large as the upright input (fused: as large as
            what all inputs show, as PNG with 16 bits if one of them has), and `report`, JSON: what was done.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE, naming the field and the remedy; INTERNAL_ERROR, without
                details, for a fault of ours (out of memory, for one): the log has the stack trace.
        """
        try:
            values = list(model_input[IMAGE])
            answers = self.studio.each(values, params, [f"row {row}" for row in range(len(values))])
            rows = [(base64.b64encode(a.picture).decode("ascii"), json.dumps(a.report)) for a in answers]
        except RequestError as error:
            raise RequestRefused(error) from None
        except Exception:
            log.exception("a request could not be answered")
            message = "the request could not be answered; the server's log says why"
            raise MlflowException(message, error_code=INTERNAL_ERROR) from None
        return pd.DataFrame(rows, columns=[IMAGE, REPORT])


def refuse_what_mlflow_ignores() -> None:
    """Have MLflow refuse, for this model, the names that it otherwise drops with a warning on the server.

    MLflow filters parameters and columns by the signature, and keys of the body by its own list, before it
    calls `predict`, and offers no place to object. So the functions that filter get a check in front that
    looks only at requests to models with this model's signature; all others pass as before. If a future
    MLflow has renamed them, the model works without the check, and says so when it is loaded.
    """
    _put_in_front(mlflow.pyfunc, "_validate_prediction_input", _check_prediction)
    _put_in_front(scoring_server, "_parse_json_data", _check_body)


def _check_prediction(
    original: Any, data: Any, params: Any, input_schema: Any, params_schema: Any, *rest: Any
):
    if not _is_ours(input_schema, params_schema):
        return original(data, params, input_schema, params_schema, *rest)
    try:
        if isinstance(data, (pd.DataFrame, dict)):
            refuse_unknown(list(data), (IMAGE,), "column")
        try:
            data, _ = original(data, None, input_schema, None, *rest)
        except MlflowException:
            raise no_pictures() from None
    except RequestError as error:
        raise RequestRefused(error) from None
    return data, params  # unfiltered: `predict` reads them, and knows the styles


def _check_body(original: Any, data: Any, metadata: Any, input_schema: Any):
    if not _is_ours(input_schema, metadata.get_params_schema()):
        return original(data, metadata, input_schema)
    try:
        body = read_body(data)
    except RequestError as error:
        raise RequestRefused(error) from None
    return original(body, metadata, input_schema)


def _is_ours(input_schema: Any, params_schema: Any) -> bool:
    if input_schema is None or params_schema is None:
        return False
    names = {param.name for param in params_schema.params}
    # By what all versions have: several may be loaded at once, and the first one's check stands for all. What a
    # model cannot do, its `predict` refuses by name.
    return input_schema.input_names() == [IMAGE] and names >= SINCE_THE_FIRST


def _put_in_front(module: Any, name: str, check: Any) -> None:
    original = getattr(module, name, None)
    if getattr(original, "checked_by_stylefuse", False):
        return  # another copy of this model, loaded earlier
    expected = [name for name in inspect.signature(check).parameters if name not in ("original", "rest")]
    if original is None or list(inspect.signature(original).parameters)[: len(expected)] != expected:
        log.warning("this MLflow has another %s: names that the model does not know will be ignored", name)
        return
    replacement = functools.wraps(original)(functools.partial(check, original))
    replacement.checked_by_stylefuse = True
    setattr(module, name, replacement)


mlflow.models.set_model(StyleModel())

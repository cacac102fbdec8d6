"""Define the model that MLflow serves: models-from-code, so this file is stored beside the weights, and no pickle.

A request is `{"dataframe_records": [{"image": "<base64>"}], "params": {"task": …, …}}`, the answer
`{"predictions": [{"image": "<base64>", "report": "<JSON>"}]}`: a row a result.
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
from stylefuse.networks.added import with_added
from stylefuse.networks.weights import read_weights
from stylefuse.serving.bodies import no_pictures, read_body
from stylefuse.serving.bundle import ADDED, GENERATOR, Bundle
from stylefuse.serving.predictor import RequestPredictor
from stylefuse.serving.request import REPORT, TASK
from stylefuse.tasks.chains import IMAGE
from stylefuse.tasks.task import find_heads
from stylefuse.tasks.validation import RequestError, refuse_unknown

log = logging.getLogger(__name__)


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


class StyleModel(mlflow.pyfunc.PythonModel):  # type: ignore[name-defined]
    """Runs tasks on base64 pictures; safe to call from several threads."""

    def load_context(self, context: Any) -> None:
        reuse_freed_memory()
        weights = {
            name: read_weights(Path(context.artifacts[name]))
            for name in (GENERATOR, *find_heads())
            if name in context.artifacts
        }
        added = [read_weights(Path(p)) for name, p in context.artifacts.items() if name.startswith(ADDED)]
        self.predictor = RequestPredictor(Bundle(with_added(weights, added)))
        refuse_what_mlflow_ignores()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Run a chain of tasks on every row's picture, or on all rows' pictures as one set.

        Args:
            context: MLflow's; unused, the weights were read by `load_context`.
            model_input: DataFrame with one column `image`, base64 of a picture file (see `images.io.decode`): any
                number of rows for a task that takes one picture, which are worked on one by one; or the rows of one
                set.
            params: `task`, a task or a chain such as "fuse+stylize"; the parameters of its tasks, as the model's
                signature, its card and `stylefuse <task> --help` list them; `format` of the results, "png" (default),
                "jpeg" or "webp".

        Returns:
            DataFrame with the columns `image`, base64 of the result's file, and `report`, JSON: how it was made.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE, naming the field and the remedy; INTERNAL_ERROR, without
                details, for a fault of ours (out of memory, for one): the log has the stack trace.
        """
        try:
            values = list(model_input[IMAGE])
            responses = self.predictor.predict_each(
                values, params, [f"row {row}" for row in range(len(values))]
            )
            rows = [(base64.b64encode(a.picture).decode("ascii"), json.dumps(a.report)) for a in responses]
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
) -> Any:
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


def _check_body(original: Any, data: Any, metadata: Any, input_schema: Any) -> Any:
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
    # By what the models of all versions have: several may be loaded at once, and the first one's check serves all.
    return input_schema.input_names() == [IMAGE] and TASK in {param.name for param in params_schema.params}


def _put_in_front(module: Any, name: str, check: Any) -> None:
    original = getattr(module, name, None)
    if getattr(original, "checked_by_stylefuse", False):
        return  # another copy of this model, loaded earlier
    expected = [name for name in inspect.signature(check).parameters if name not in ("original", "rest")]
    if original is None or list(inspect.signature(original).parameters)[: len(expected)] != expected:
        log.warning("this MLflow has another %s: names that the model does not know will be ignored", name)
        return
    replacement: Any = functools.wraps(original)(functools.partial(check, original))
    replacement.checked_by_stylefuse = True
    setattr(module, name, replacement)


mlflow.models.set_model(StyleModel())

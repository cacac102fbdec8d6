"""The model that MLflow serves: models-from-code, so this file is stored beside the weights, and no pickle.

A request is `{"dataframe_records": [{"image": "<base64>"}], "params": {"style": "monet", "strength": 0.8}}`,
the answer `{"predictions": [{"image": "<base64 PNG>", "report": "<JSON>"}]}`: a row for each picture to restyle, one
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
from stylefuse.images.deep import encode_deep
from stylefuse.images.io import encode_png
from stylefuse.networks.weights import read_weights
from stylefuse.serving.combine import CombineError, Combiner, to_rgb
from stylefuse.serving.request import (
    FUSE,
    IMAGE,
    PARAMETERS,
    REPORT,
    STRENGTH,
    STYLE,
    STYLIZE,
    TASK,
    Asked,
    RequestError,
    check_rows,
    read_image,
    read_params,
    read_set,
    refuse_unknown,
)
from stylefuse.serving.restyle import Restyler

log = logging.getLogger(__name__)
FORMATS = ("dataframe_records", "dataframe_split", "instances", "inputs")  # MLflow's; a body has one of them
EXAMPLE = 'send {"dataframe_records": [{"image": "<base64>"}], "params": {"style": …, "strength": …}}'


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
        generator = read_weights(Path(context.artifacts["generator"]))
        self.restyle = Restyler(generator)
        self.combiner = None
        if "fuser" in context.artifacts:
            self.combiner = Combiner(generator, read_weights(Path(context.artifacts["fuser"])))
        refuse_what_mlflow_ignores()

    def predict(
        self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None
    ) -> pd.DataFrame:
        """Restyle every row's picture, or fuse all rows' pictures into one.

        Args:
            context: MLflow's; unused, the weights were read by `load_context`.
            model_input: DataFrame with one column `image`, base64 of a picture file (see `images.io.decode`).
            params: `task`, "stylize" (default), "fuse" or "fuse+stylize"; `style`, one of the model's (default: the
                first), and `strength`, 0 to 1 (default: 1); `mode`, "auto" (default) or one of the fuser's, and
                `align` (default: false).

        Returns:
            DataFrame with the columns `image`, base64 of a PNG file as large as the upright input (fused: as large
            as what all inputs show, with 16 bits if one of them has), and `report`, JSON: what was done.

        Raises:
            MlflowException: INVALID_PARAMETER_VALUE, naming the field and the remedy; INTERNAL_ERROR, without
                details, for a fault of ours (out of memory, for one): the log has the stack trace.
        """
        try:
            asked = read_params(params, self.restyle.styles)
            values = list(model_input[IMAGE])
            if asked.task != STYLIZE and self.combiner is None:
                remedy = "run the train_fusion pipeline and serve the model that it registers"
                raise RequestError(TASK, "this model was registered without a fuser", remedy)
            check_rows(len(values), asked.task)
            if asked.task == STYLIZE:
                # One row's pixels in memory at a time.
                answers = [self._restyled(value, row, asked) for row, value in enumerate(values)]
            else:
                answers = [self._fused(values, asked)]
        except RequestError as error:
            raise RequestRefused(error) from None
        except Exception:
            log.exception("a request could not be answered")
            message = "the request could not be answered; the server's log says why"
            raise MlflowException(message, error_code=INTERNAL_ERROR) from None
        return pd.DataFrame(answers, columns=[IMAGE, REPORT])

    def _restyled(self, value: Any, row: int, asked: Asked) -> tuple[str, str]:
        picture = self.restyle(read_image(value, row), *asked.look)
        return _base64(encode_png(picture)), json.dumps({TASK: asked.task, **self._named_look(asked)})

    def _fused(self, values: list[Any], asked: Asked) -> tuple[str, str]:
        pictures = read_set(values)
        try:
            combined = self.combiner.combine(pictures, asked.mode, asked.align)
        except CombineError as error:
            raise RequestError(IMAGE, error.message, error.remedy) from None
        report = {TASK: asked.task, **combined.report}
        if asked.task == FUSE:
            return _base64(encode_deep(combined.picture)), json.dumps(report)
        picture = self.restyle(to_rgb(combined.picture), *asked.look)
        return _base64(encode_png(picture)), json.dumps({**report, **self._named_look(asked)})

    def _named_look(self, asked: Asked) -> dict[str, Any]:
        return {STYLE: self.restyle.styles[asked.look.row], STRENGTH: asked.look.strength}


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


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
            raise RequestError(IMAGE, "there is no such column, or it holds no text", EXAMPLE) from None
    except RequestError as error:
        raise RequestRefused(error) from None
    return data, params  # unfiltered: `predict` reads them, and knows the styles


def _check_body(original: Any, data: Any, metadata: Any, input_schema: Any):
    if not _is_ours(input_schema, metadata.get_params_schema()):
        return original(data, metadata, input_schema)
    try:
        try:
            body = json.loads(data)
        except (ValueError, RecursionError) as error:
            raise RequestError("body", f"it is no JSON ({str(error)[:80]})", EXAMPLE) from None
        if not isinstance(body, dict):
            raise RequestError("body", f"it is a {type(body).__name__}, not an object", EXAMPLE)
        refuse_unknown(body, (*FORMATS, "params"), "key")
        if sum(name in body for name in FORMATS) != 1:
            raise RequestError("body", "it needs its pictures exactly once", EXAMPLE)
    except RequestError as error:
        raise RequestRefused(error) from None
    return original(body, metadata, input_schema)


def _is_ours(input_schema: Any, params_schema: Any) -> bool:
    if input_schema is None or params_schema is None:
        return False
    names = {param.name for param in params_schema.params}
    return input_schema.input_names() == [IMAGE] and names == set(PARAMETERS)


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

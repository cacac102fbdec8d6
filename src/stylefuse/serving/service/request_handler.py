"""Where the worker reads what it is asked and writes what it answers. Without HTTP: bytes in, bytes out."""

import base64
import json
import logging
from collections.abc import Mapping
from typing import Any

from PIL import Image

from stylefuse.images.encoding import MIME_TYPES
from stylefuse.images.io import encode_png
from stylefuse.serving.bodies import read_body, read_pictures
from stylefuse.serving.bundle import Stored
from stylefuse.serving.request import AUTO, FORMAT, FUSE, FUSE_STYLIZE, IMAGE, REPORT, STYLIZE, TASK
from stylefuse.serving.service.errors import STATUS, error_body, internal, out_of_memory
from stylefuse.serving.service.forms import PICTURES, accepted_format, read_form
from stylefuse.serving.service.ipc import Frame
from stylefuse.serving.studio import Answer, Studio
from stylefuse.tasks.fuse.modes import MODES
from stylefuse.tasks.validation import RequestError

log = logging.getLogger(__name__)
INVOCATIONS = "invocations"
JSON = "application/json"


class Desk:
    """Answers requests with a model.

    Raises:
        ValueError: the model's weights do not fit this version's networks.
    """

    def __init__(self, model: Stored):
        try:
            self._studio = Studio(model.generator, model.fuser)
        except (
            RuntimeError,
            KeyError,
            TypeError,
        ) as error:  # of load_state_dict, and of facts that lack something
            text = "the weights do not fit this version's networks: register the model again, or install "
            raise ValueError(f"{text}the version that registered it ({str(error)[:200]})") from None
        fuses = self._studio.combiner is not None
        self.about = {
            "styles": self._studio.styles[1:],
            "tasks": [STYLIZE, FUSE, FUSE_STYLIZE] if fuses else [STYLIZE],
            "modes": [AUTO, *MODES] if fuses else [],
            "digest": model.digest,
        }

    def warm_up(self) -> None:
        """Restyle, and fuse if that can be done, a small picture.

        Raises:
            ValueError: what comes out holds values that are not numbers.
        """
        small = encode_png(Image.new("RGB", (64, 64), (200, 120, 40)))
        for task in self.about["tasks"]:
            pictures = [small] if task == STYLIZE else [small, small]
            for answer in self._studio.answers(pictures, {TASK: task}, [""] * len(pictures)):
                _report(answer)

    def answer(self, ask: Mapping[str, Any], body: bytes) -> Frame:
        """Answer one request; its faults and ours are answers as well.

        Args:
            ask: `kind`, "stylize", "fuse" or "invocations"; `content_type`; `json`, whether to answer a form with
                JSON, not with the picture itself; `accept`, the header of that name, if there is one; `request_id`.

        Returns:
            A header with `status`, `content_type`, `headers` and, as far as they are known, `task`, `pixels` and
            the error's `code`; and the answer's body.
        """
        try:
            if ask["kind"] == INVOCATIONS:
                return self._invocations(body)
            return self._form(ask, body)
        except RequestError as error:
            return _refusal(error, ask)
        except Exception as error:
            log.exception("request %s could not be answered", ask["request_id"])
            refused = out_of_memory() if _is_out_of_memory(error) else internal()
            text = error_body(refused.code, refused.message, "", ask["request_id"])
            return _frame(refused.status, JSON, text, code=refused.code)

    def _form(self, ask: Mapping[str, Any], body: bytes) -> Frame:
        form = read_form(ask["kind"], ask["content_type"], body)
        params = {FORMAT: accepted_format(ask.get("accept", "")), **form.params}
        (answer,) = self._studio.answers(form.pictures, params, form.names)
        report = _report(answer)
        told = {"task": answer.report["task"], "pixels": answer.pixels}
        if not ask["json"]:
            kind = MIME_TYPES[answer.report[FORMAT]]
            return _frame(200, kind, answer.picture, {"X-Report": report}, **told)
        fields = {IMAGE: _base64(answer), REPORT: answer.report, "request_id": ask["request_id"]}
        return _frame(200, JSON, json.dumps(fields).encode(), **told)

    def _invocations(self, body: bytes) -> Frame:
        sent = read_body(body)
        pictures = read_pictures(sent)
        names = [f"row {row}" for row in range(len(pictures))]
        answers = self._studio.answers(pictures, sent.get("params"), names)
        rows = [{IMAGE: _base64(answer), REPORT: _report(answer)} for answer in answers]
        text = json.dumps({"predictions": rows}).encode()
        told = {"task": answers[0].report["task"], "pixels": sum(answer.pixels for answer in answers)}
        return _frame(200, JSON, text, **told)


def _refusal(error: RequestError, ask: Mapping[str, Any]) -> Frame:
    if ask["kind"] == INVOCATIONS:
        # What MLflow's server answers, and what the others of ours answer.
        more = {"error_code": "INVALID_PARAMETER_VALUE", "remedy": error.remedy}
        text = error_body(error.code, str(error), error.field, ask["request_id"], **more)
        return _frame(400, JSON, text, code=error.code)
    field = PICTURES[ask["kind"]] if error.field == IMAGE else error.field
    text = error_body(error.code, f"{field}: {error.message}; {error.remedy}", field, ask["request_id"])
    return _frame(STATUS.get(error.code, 400), JSON, text, code=error.code)


def _frame(
    status: int, content_type: str, body: bytes, headers: Mapping[str, str] | None = None, **told: Any
) -> Frame:
    return Frame(
        {"status": status, "content_type": content_type, "headers": dict(headers or {}), **told}, body
    )


def _report(answer: Answer) -> str:
    """The report as JSON in ASCII, as a header's value must be. NaN is a fault of ours, and raises ValueError."""
    return json.dumps(answer.report, allow_nan=False)


def _base64(answer: Answer) -> str:
    return base64.b64encode(answer.picture).decode("ascii")


def _is_out_of_memory(error: Exception) -> bool:
    """Python's own, PyTorch's (a RuntimeError on CPUs) and OpenCV's."""
    return isinstance(error, MemoryError) or any(
        text in str(error) for text in ("allocate memory", "out of memory", "Insufficient memory")
    )

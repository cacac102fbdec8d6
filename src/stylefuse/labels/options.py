"""Options of labels, which the operator sets."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from stylefuse.labels.aigc import fault_of_value

Mode = Literal["metadata", "visible", "none"]
Language = Literal["zh", "en"]
METADATA, VISIBLE, NONE = MODES = ("metadata", "visible", "none")
LANGUAGES = ("zh", "en")
STYLEFUSE = "StyleFuse"


class LabellingError(ValueError):
    """Results cannot be labelled or signed as asked for; the message says why and what to do."""


@dataclass(frozen=True)
class Labelling:
    """How results are labelled.

    mode: "metadata", in the file; "visible", also as text in a corner; "none", not at all: for operators that label
        themselves. A label that an input bears is carried over in every mode.
    producer: who makes the pictures: a name or a code, in ASCII.
    language: of the visible text.
    certificate, key: PEM files, the certificate with its chain and its private key. With them every labelled result is
        signed (C2PA).

    Raises:
        LabellingError: a value is none of those, or only one of certificate and key is given.
    """

    mode: Mode = "metadata"
    producer: str = STYLEFUSE
    language: Language = "zh"
    certificate: str = ""
    key: str = ""

    def __post_init__(self) -> None:
        if self.mode not in MODES:
            raise LabellingError(f"the label {self.mode!r} is unknown: use {', '.join(MODES)}")
        if self.language not in LANGUAGES:
            raise LabellingError(
                f"the label's language {self.language!r} is unknown: use {', '.join(LANGUAGES)}"
            )
        if fault := fault_of_value(self.producer):
            raise LabellingError(f"the label's producer: {fault}")
        if bool(self.certificate) != bool(self.key):
            raise LabellingError("a signature needs a certificate and its key: name both files, or none")

    def as_dict(self) -> dict[str, Any]:
        """As plain values, from which `Labelling(**…)` is made again."""
        return asdict(self)

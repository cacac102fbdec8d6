"""Sign files, and read signatures, by C2PA: needs the extra `c2pa`. Nothing is fetched from elsewhere."""

import io
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

import stylefuse
from stylefuse.images.packets import jpeg_segments, png_chunks, webp_chunks
from stylefuse.images.tiff import contents, is_tiff
from stylefuse.labels.options import Labelling, LabellingError

# A certificate's key has one of these kinds; the library tells which by refusing the others.
_ALGORITHMS = (b"es256", b"es384", b"es512", b"ps256", b"ed25519")
_SETTINGS: dict[str, Any] = {
    "builder": {"thumbnail": {"enabled": False}},  # it would add 250 kB a megapixel
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
_TIFF_TAG = 0xCD41
# States of a signature.
TRUSTED, HOLDS, BROKEN = "trusted", "holds", "broken"


class SigningError(LabellingError):
    """Files cannot be signed, or a signature cannot be read; the message says why and what to do."""


class Signature(NamedTuple):
    """What a file's signature says.

    state: "trusted", by one of the given certificates; "holds", by a certificate of which nothing is known; "broken".
    signer: names in the certificate. source_types: of the recorded actions.
    """

    state: str
    signer: str
    source_types: tuple[str, ...]


class Parent(NamedTuple):
    """A picture that a result was made of: its file, and its MIME type."""

    data: bytes
    kind: str


class Signer:
    """Signs results.

    Args:
        labelling: names the certificate and the key.

    Raises:
        SigningError: the extra is missing, or the two files cannot be used.
    """

    def __init__(self, labelling: Labelling):
        self._c2pa = library()
        chain, key = (_read(path) for path in (labelling.certificate, labelling.key))
        small = io.BytesIO()
        Image.new("RGB", (16, 16)).save(small, "PNG")
        for algorithm in _ALGORITHMS:
            try:
                info = self._c2pa.C2paSignerInfo(algorithm, chain, key, None)
                self._signer = self._c2pa.Signer.from_info(info)
                # Only a signature that is read back shows that certificate and key fit each other.
                if read_signature(self.sign(small.getvalue(), "png", "", []), "image/png").state != BROKEN:
                    return
            except (self._c2pa.C2paError, SigningError):
                continue
        raise SigningError(
            f"the certificate {labelling.certificate} and the key {labelling.key} cannot sign: give PEM files, the "
            "certificate with its chain, valid today and made for signing (extended key usage e-mail protection), "
            "and its own key; a single self-signed certificate is not enough"
        )

    def sign(self, data: bytes, file_format: str, source_type: str, inputs: Sequence[Parent]) -> bytes:
        """Return the file with a signature.

        Args:
            file_format: of the file, one of `images.encoding.FORMATS`.
            source_type: IPTC's, of what was done.
            inputs: what it was made of; the first is the parent, the others are components.

        Raises:
            SigningError: the library refuses.
        """
        c2pa = self._c2pa
        agent = {"name": "StyleFuse", "version": stylefuse.__version__}
        signed = io.BytesIO()
        try:
            builder = c2pa.Builder({"claim_generator_info": [agent], "assertions": []}, _context())
            builder.set_intent(c2pa.C2paBuilderIntent.EDIT)
            for number, each in enumerate(inputs):
                relation = "componentOf" if number else "parentOf"
                about = {"title": f"picture {number + 1}", "relationship": relation}
                builder.add_ingredient(about, each.kind, io.BytesIO(each.data))
            action: dict[str, Any] = {"action": "c2pa.edited", "softwareAgent": agent}
            action |= {"digitalSourceType": source_type} if source_type else {}
            builder.add_action(action)
            builder.sign(self._signer, Image.MIME[file_format.upper()], io.BytesIO(data), signed)
        except c2pa.C2paError as error:
            raise SigningError(
                f"the result cannot be signed ({error}): check the certificate's dates"
            ) from None
        return signed.getvalue()


def is_signed(data: bytes) -> bool:
    """Whether a PNG, JPEG, WebP or TIFF file holds a C2PA signature; the library is not needed."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return any(png_chunks(data, b"caBX"))
    if data.startswith(b"\xff\xd8"):
        return any(b"c2pa" in body[:200] for body in jpeg_segments(data, 0xEB))
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return any(webp_chunks(data, b"C2PA"))
    return is_tiff(data) and bool(contents(data, _TIFF_TAG))


def read_signature(data: bytes, kind: str, anchors: Path | None = None) -> Signature:
    """Read and check the signature of a file that has one.

    Args:
        kind: MIME type of the file.
        anchors: PEM file with certificates to be trusted.

    Raises:
        SigningError: the extra is missing, or there is no signature that can be read.
    """
    c2pa = library()
    try:
        reader = c2pa.Reader(kind, io.BytesIO(data), context=_context(anchors))
        state, manifest = reader.get_validation_state(), reader.get_active_manifest() or {}
    except c2pa.C2paError as error:
        return Signature(BROKEN, f"({str(error)[:100]})", ())
    about = manifest.get("signature_info", {})
    names = [about[name] for name in ("common_name", "issuer") if about.get(name)]
    actions = [
        action
        for assertion in manifest.get("assertions", ())
        if str(assertion.get("label", "")).startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", ())
    ]
    types = tuple(str(action["digitalSourceType"]) for action in actions if "digitalSourceType" in action)
    states = {"Trusted": TRUSTED, "Valid": HOLDS}
    return Signature(states.get(str(state), BROKEN), ", ".join(map(str, names)), types)


def library() -> Any:
    """The library.

    Raises:
        SigningError: it is not installed.
    """
    try:
        import c2pa
    except ImportError:
        raise SigningError("signatures need the extra c2pa: pip install 'stylefuse[c2pa]'") from None
    return c2pa


@cache
def _context(anchors: Path | None = None) -> Any:
    c2pa = library()
    settings = dict(_SETTINGS)
    if anchors is not None:
        settings["trust"] = {"user_anchors": _read(str(anchors)).decode("ascii", "replace")}
    return c2pa.Context(c2pa.Settings.from_dict(settings))


def _read(path: str) -> bytes:
    try:
        return Path(path).expanduser().read_bytes()
    except (OSError, RuntimeError) as error:
        raise SigningError(f"{path} cannot be read ({error}): correct the path") from None

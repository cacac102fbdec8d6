"""Read and write properties in XMP packets (XMP specification, part 1), which may be hostile."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple
from xml.dom.minidom import Document, Element, Node, parseString
from xml.parsers.expat import ExpatError

_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_XMLNS = "http://www.w3.org/2000/xmlns/"
_EMPTY = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_RDF}"></rdf:RDF></x:xmpmeta>\n'
    '<?xpacket end="w"?>'
).encode()
# A packet within these takes at most some 30 MB in memory; packets of photo editors stay far below.
MOST_BYTES, _MOST_TAGS, _MOST_DEPTH = 1_000_000, 20_000, 60


class Property(NamedTuple):
    """A property: its namespace, its name, and the prefix to write it with."""

    namespace: str
    name: str
    prefix: str


AIGC = Property("http://www.tc260.org.cn/ns/AIGC/1.0/", "AIGC", "TC260")
SOURCE_TYPE = Property("http://iptc.org/std/Iptc4xmpExt/2008-02-29/", "DigitalSourceType", "Iptc4xmpExt")
INSTRUCTIONS = Property(
    "http://ns.adobe.com/photoshop/1.0/", "Instructions", "photoshop"
)  # IPTC: instructions
TOOL = Property("http://ns.adobe.com/xap/1.0/", "CreatorTool", "xmp")

# What no longer holds once pixels have changed: size and orientation, settings of the raw converter, identity and
# history of the file, thumbnails, a second packet. None: all names of that namespace.
_OUTDATED: Mapping[str, frozenset[str] | None] = {
    "http://ns.adobe.com/tiff/1.0/": None,
    "http://ns.adobe.com/camera-raw-settings/1.0/": None,
    "http://ns.adobe.com/xap/1.0/mm/": None,
    "http://ns.adobe.com/xmp/note/": None,
    "http://ns.adobe.com/exif/1.0/": frozenset({"PixelXDimension", "PixelYDimension", "ColorSpace"}),
    "http://ns.adobe.com/xap/1.0/": frozenset({"Thumbnails"}),
    "http://ns.adobe.com/photoshop/1.0/": frozenset({"ICCProfile", "ColorMode"}),
}


class XmpError(ValueError):
    """A packet that cannot be read; the message says why."""


def parse(packet: bytes) -> Document:
    """Parse a packet, without expanding entities.

    Raises:
        XmpError: it is too large or too deep, not UTF-8, not well-formed, or declares entities.
    """
    if len(packet) > MOST_BYTES:
        raise XmpError(f"the XMP packet has {len(packet) / 1e6:.1f} MB")
    try:
        text = packet.decode("utf-8").strip("\0 \r\n\t")
    except UnicodeDecodeError:
        raise XmpError("the XMP packet is not UTF-8") from None
    if "<!DOCTYPE" in text or "<!ENTITY" in text:  # XML has no other spelling
        raise XmpError("the XMP packet declares entities")
    if text.count("<") > _MOST_TAGS:
        raise XmpError("the XMP packet has too many tags")
    try:
        document = parseString(text.removeprefix("\ufeff"))
    except (ExpatError, ValueError) as error:
        raise XmpError(f"the XMP packet is not well-formed ({error})") from None
    _check_depth(document)
    return document


def values(document: Document, wanted: Property) -> list[str]:
    """Return every value of a property, wherever it stands: as an element or as an attribute."""
    found = []
    for element in _elements(document):
        if (element.namespaceURI, element.localName) == wanted[:2]:
            found.append(_text(element))
        if element.hasAttributeNS(*wanted[:2]):
            found.append(element.getAttributeNS(*wanted[:2]))
    return found


def updated(packet: bytes, properties: Mapping[Property, str]) -> bytes:
    """Return a packet with these properties, each once; the packet's others stay as they are.

    Args:
        packet: to be updated; b"" makes a new one.

    Raises:
        XmpError: the packet cannot be read.
    """
    document = parse(packet or _EMPTY)
    roots = document.getElementsByTagNameNS(_RDF, "RDF")
    if not roots:
        raise XmpError("the XMP packet has no rdf:RDF")
    for wanted in properties:
        _remove(document, wanted.namespace, frozenset({wanted.name}))
    description = document.createElementNS(_RDF, "rdf:Description")
    description.setAttributeNS(_XMLNS, "xmlns:rdf", _RDF)
    description.setAttributeNS(_RDF, "rdf:about", "")
    for wanted, value in properties.items():
        description.setAttributeNS(_XMLNS, f"xmlns:{wanted.prefix}", wanted.namespace)
        element = document.createElementNS(wanted.namespace, f"{wanted.prefix}:{wanted.name}")
        element.appendChild(document.createTextNode(value))
        description.appendChild(element)
    if properties:
        roots[0].appendChild(description)
    return _packed(document)


def without_outdated(packet: bytes) -> bytes:
    """Return a packet without what no longer holds once pixels have changed.

    Raises:
        XmpError: the packet cannot be read.
    """
    document = parse(packet)
    for namespace, names in _OUTDATED.items():
        _remove(document, namespace, names)
    return _packed(document)


def _packed(document: Document) -> bytes:
    return "\n".join(node.toxml() for node in document.childNodes).encode()


def _remove(document: Document, namespace: str, names: frozenset[str] | None) -> None:
    for element in list(_elements(document)):
        for attribute in list(element.attributes.values()):
            if attribute.namespaceURI == namespace and (names is None or attribute.localName in names):
                element.removeAttributeNode(attribute)
        if element.namespaceURI == namespace and (names is None or element.localName in names):
            assert element.parentNode
            element.parentNode.removeChild(element)


def _elements(document: Document) -> Sequence[Element]:
    return document.getElementsByTagName("*")


def _text(element: Element) -> str:
    if element.hasAttributeNS(_RDF, "resource"):
        return element.getAttributeNS(_RDF, "resource")
    return "".join(
        node.data for node in element.childNodes if node.nodeType in (Node.TEXT_NODE, Node.CDATA_SECTION_NODE)
    )


def _check_depth(document: Document) -> None:
    """Writing a document needs a level of Python's stack a level of it."""
    level: list[Any] = list(document.childNodes)
    depth = 0
    while level:
        depth += 1
        if depth > _MOST_DEPTH:
            raise XmpError("the XMP packet is nested too deeply")
        level = [child for node in level for child in node.childNodes]

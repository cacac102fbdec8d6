"""Options of the command line that say how results are labelled."""

import argparse

from stylefuse.labels.options import LANGUAGES, METADATA, MODES, STYLEFUSE, Labelling


def add_flags(parser: argparse.ArgumentParser) -> None:
    """Add `--label` and what belongs to it."""
    group = parser.add_argument_group(
        "label", "of pictures that networks repainted; a label that an input bears is always carried over"
    )
    group.add_argument(
        "--label",
        choices=MODES,
        default=METADATA,
        help="metadata: in the file; visible: also as text in a corner; none: none at all, where you label the "
        "pictures yourself or no law asks for it (%(default)s)",
    )
    group.add_argument(
        "--label-language", choices=LANGUAGES, default=LANGUAGES[0], help="of the visible text (%(default)s)"
    )
    group.add_argument(
        "--label-producer",
        default=STYLEFUSE,
        metavar="NAME",
        help="who makes the pictures: a name or a code, in ASCII without spaces (%(default)s)",
    )
    group.add_argument(
        "--certificate",
        default="",
        metavar="PEM",
        help="certificate with its chain: results are signed by C2PA",
    )
    group.add_argument("--key", default="", metavar="PEM", help="the certificate's private key")


def read_flags(options: argparse.Namespace) -> Labelling:
    """What the flags say.

    Raises:
        LabellingError: they contradict each other, or the producer's name cannot be written.
    """
    return Labelling(
        options.label, options.label_producer, options.label_language, options.certificate, options.key
    )

"""The command `stylefuse verify`: prints a verdict for each file, then the facts."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from stylefuse.images.files import ImageError
from stylefuse.images.names import printable
from stylefuse.labels.signing import SigningError
from stylefuse.labels.verify import Code, Verdict, verify
from stylefuse.messages import LANGUAGES, text

FAILED = 1  # exit status where a picture could not be checked
_FACTS = ("producer", "number", "propagator", "source_type", "tool", "fault", "signer")
EPILOG = (
    "Exit status: 0 labelled, and the signature holds; 3 labelled, not signed; 4 altered after it was signed; "
    "5 the label is damaged, or there are several; 6 nothing found, which does not mean that it is no AI picture; "
    "1 the file could not be checked. Of several pictures, the highest, but 1 before all others."
)


def add_command(commands: Any) -> None:
    """Add the subcommand."""
    help = "say whether pictures and clips are labelled as AI-made, and whether their signatures hold"
    parser = commands.add_parser("verify", help=help, description=f"S{help[1:]}.", epilog=EPILOG)
    parser.add_argument("pictures", nargs="+", type=Path, help="files")
    parser.add_argument("--json", action="store_true", help="print a line of JSON for each picture")
    parser.add_argument(
        "--language", choices=LANGUAGES, default=LANGUAGES[0], help="of the texts (%(default)s)"
    )
    parser.add_argument(
        "--trust", type=Path, metavar="PEM", help="file with certificates of signers that you trust"
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Check the pictures of a command line.

    Returns:
        The exit status.
    """
    codes = [_check(path, options) for path in options.pictures]
    return FAILED if FAILED in codes else max(codes)


def _check(path: Path, options: argparse.Namespace) -> int:
    language: str = options.language
    try:
        verdict = verify(path, options.trust)
    except (ImageError, SigningError) as error:
        message, _, remedy = str(error).rpartition(": ")
        said = text("verify", "unreadable", language, message=message, remedy=remedy)
        if options.json:
            print(json.dumps({"picture": str(path), "error": str(error)}), flush=True)
        print(f"{printable(str(path))}: {printable(said)}", file=sys.stderr, flush=True)
        return FAILED
    sentence = sentence_of(verdict, language)
    if options.json:
        found = {"picture": str(path), "code": int(verdict.code), "verdict": sentence, **verdict.facts}
        print(json.dumps(found), flush=True)
        return verdict.code
    print(f"{printable(str(path))}: {sentence}")
    for line in facts_of(verdict, language):
        print(f"  {printable(line)}", flush=True)
    return verdict.code


def sentence_of(verdict: Verdict, language: str) -> str:
    """The verdict in words."""
    key = verdict.code.name.lower()
    if verdict.code is Code.MALFORMED and "labels" in verdict.facts:
        return text("verify", "several", language, count=verdict.facts["labels"])
    if verdict.code is Code.UNSIGNED and verdict.facts.get("kind", "is") != "is":
        key = f"{key}_{verdict.facts['kind']}"
    return text("verify", key, language)


def facts_of(verdict: Verdict, language: str) -> list[str]:
    """The facts in words, a line each."""
    facts = verdict.facts
    lines = [text("verify", name, language, value=facts[name]) for name in _FACTS if facts.get(name)]
    if "signature" in facts:
        lines.append(text("verify", f"signature_{facts['signature']}", language))
    return lines

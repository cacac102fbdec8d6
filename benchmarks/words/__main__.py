"""Score requests in words: `python -m benchmarks.words`; `--wrong` lists those that were not understood."""

import argparse
from pathlib import Path

import numpy as np

from benchmarks.words.scores import HELD_OUT_FIFTH, Scored, score_all
from stylefuse.words.answer import QUESTION

RESAMPLED = 2000


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--wrong", action="store_true", help="list requests whose answer is not the expected one"
    )
    parser.add_argument(
        "--requests", type=Path, default=HELD_OUT_FIFTH, help="file of requests (%(default)s)"
    )
    options = parser.parse_args(arguments)
    scored = score_all(options.requests)
    print("| requests | number | as expected | asked back | accepted |\n|---|---|---|---|---|")
    for kind in ("in", "perturbed", "out"):
        for language in ("zh", "en"):
            print(_row(kind, language, [s for s in scored if _is(s, kind, language)]))
    print(_row("out", "both", [s for s in scored if s.request["kind"] == "out"]))
    if options.wrong:
        for each in scored:
            if not each.right:
                wish = each.answer.wish.plain() if each.answer.wish else each.answer.code
                state = each.request["state"] or ""
                print(
                    each.request["id"],
                    each.request["text"],
                    state,
                    each.request["expect"],
                    "→",
                    wish,
                    sep=" | ",
                )


def _is(scored: Scored, kind: str, language: str) -> bool:
    return scored.request["kind"] == kind and scored.request["language"] == language


def _row(kind: str, language: str, scored: list[Scored]) -> str:
    columns = (
        [s.right for s in scored],
        [s.answer.kind == QUESTION for s in scored],
        [s.accepted for s in scored],
    )
    return (
        f"| {kind}, {language} | {len(scored)} | "
        + " | ".join(_share(np.array(each)) for each in columns)
        + " |"
    )


def _share(hits: np.ndarray) -> str:
    """A share in per cent with its 95 % bootstrap interval."""
    random = np.random.default_rng(0)
    means = hits[random.integers(0, len(hits), (RESAMPLED, len(hits)))].mean(axis=1)
    low, high = np.percentile(means, (2.5, 97.5))
    return f"{100 * hits.mean():.1f} % ({100 * low:.1f}–{100 * high:.1f})"


if __name__ == "__main__":
    main()

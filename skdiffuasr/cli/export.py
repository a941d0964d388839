"""``skdiffuasr export``: a saved recommender as a graph that others serve."""

import argparse
from pathlib import Path

from skdiffuasr.cli.options import add_output_options, number
from skdiffuasr.cli.progress import say
from skdiffuasr.persistence import export, load


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the command."""
    parser.description = (
        "Export the recommender of MODEL to FILE, which onnxruntime (.onnx) or torch "
        "(.pt2) serves alone: from codes of items, padded with -1, to the codes and "
        "scores of the best items, or to the scores of all. The item ids in the order "
        "of their codes are in the file, in its metadata skdiffuasr.json. An ONNX file "
        "takes the extra `onnx`."
    )
    parser.add_argument("model", type=Path, metavar="MODEL", help="made by `fit`")
    add_output_options(parser, "ends in .onnx or .pt2")
    parser.add_argument(
        "-k", "--k", **number("N", "best items of a history; default: scores of all")
    )
    parser.add_argument(
        "--keep-seen",
        action="store_true",
        help="with -k, recommend items of the history too",
    )


def run(options: argparse.Namespace) -> int:
    """Load and export."""
    export(
        load(options.model, device="cpu"),
        options.output,
        k=options.k,
        filter_seen=not options.keep_seen,
        overwrite=options.force,
    )
    say(options, f"The graph was written to {options.output}.")
    return 0

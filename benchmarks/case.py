"""The child process of a case: ``python -m benchmarks.case OUT < REQUEST``.

REQUEST is JSON, ``{"module": ..., "parameters": {...}}``. The rows that the module's
`run` returns go to the file OUT.
"""

import importlib
import json
import sys
import warnings
from pathlib import Path

import skdiffuasr  # noqa: F401  # its memory belongs to the baseline
from benchmarks.measuring import note_baseline


def main():
    """Run the case described on standard input."""
    request = json.load(sys.stdin)
    warnings.simplefilter("ignore")  # of few training pairs and the like
    module = importlib.import_module(f"benchmarks.{request['module']}")
    note_baseline()
    rows = module.run(**request["parameters"])
    Path(sys.argv[1]).write_text(json.dumps(rows, default=float))


if __name__ == "__main__":
    main()

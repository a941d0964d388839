"""Part: reading a log of a million rows from a file."""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import log_files
from benchmarks.measuring import MIB, Case, peak_memory
from benchmarks.rows import row
from skdiffuasr.datasets import load_yelp, read_interactions

N_REPETITIONS = 3


def cases(settings):
    """Read each format."""
    n_rows = 2000 if settings.quick else 1_000_000
    seconds = 1 if settings.quick else 20
    return [
        Case("files", name, {"name": name, "n_rows": n_rows}, seconds)
        for name in log_files.FORMATS
    ]


def run(name, n_rows):
    """Return the least of several CPU times, and memory beyond that of the arrays.

    A tiny file is read first, because a library's code takes memory too.
    """
    with tempfile.TemporaryDirectory() as folder:
        suffix = ".parquet" if name == "parquet" else ".log"
        path, small = Path(folder, "log" + suffix), Path(folder, "small" + suffix)
        for file, n in ((path, n_rows), (small, 9)):
            # What writing takes would hide what reading does.
            command = [sys.executable, log_files.__file__, name, str(n), str(file)]
            subprocess.run(command, check=True)
        read = read_yelp if name == "json lines" else read_interactions
        read(small)
        with peak_memory() as before:
            pass
        with peak_memory() as peak:
            log, seconds = read_timed(read, path)
        others = [read_timed(read, path)[1] for _ in range(N_REPETITIONS - 1)]
    array_mib = sum(log[column].nbytes for column in log.columns) / MIB
    peak.mib -= before.mib
    return [
        row(
            "read",
            n_rows,
            "rows",
            min(seconds, *others),
            peak,
            array_mib=array_mib,
            ratio_to_arrays=peak.mib / array_mib,
        )
    ]


def read_timed(read, path):
    """Return the log and the CPU seconds it took."""
    started = time.process_time()
    log = read(path)
    return log, time.process_time() - started


def read_yelp(path):
    """Read JSON lines with the only reader that older versions have as well."""
    return load_yelp(path).interactions

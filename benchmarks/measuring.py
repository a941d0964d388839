"""Cases in their own processes, seconds on the wall clock, and peak memory."""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import torch

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_SECONDS = 3600
MIB = 2**20

_baseline = {"mib": 0.0}


@dataclass(frozen=True)
class Settings:
    """The settings from the command line."""

    log: str | None = None
    device: str = "cpu"
    quick: bool = False


@dataclass(frozen=True)
class Case:
    """One measurement: ``benchmarks.<module>.run(**parameters)``."""

    module: str
    name: str
    parameters: dict
    expected_seconds: float = 15.0


def run_case(case, timeout=TIMEOUT_SECONDS, checkout=ROOT):
    """Run a case in a fresh process; return its rows, or the error that ended it.

    The process uses the benchmarks from here and the library from `checkout`.
    """
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        for root, package in ((ROOT, "benchmarks"), (checkout, "skdiffuasr")):
            (Path(folder) / package).symlink_to(root / package)
        out = Path(folder) / "rows.json"
        request = {"module": case.module, "parameters": case.parameters}
        command = [sys.executable, "-m", "benchmarks.case", str(out)]
        try:
            child = subprocess.run(
                command,
                input=json.dumps(request),
                capture_output=True,
                text=True,
                cwd=folder,
                timeout=timeout,
            )
            error = _last_line(child.stderr) or f"exit code {child.returncode}"
        except subprocess.TimeoutExpired:
            error = f"took longer than {timeout} s"
        if out.exists():
            result = {"rows": json.loads(out.read_text())}
        else:
            result = {"error": error}
    return {"case_seconds": time.perf_counter() - started, **result}


def _last_line(text):
    lines = text.strip().splitlines()
    return lines[-1] if lines else ""


def seconds_of(function, device="cpu"):
    """Return the seconds of one call, until the device has finished."""
    synchronize(device)
    started = time.perf_counter()
    function()
    synchronize(device)
    return time.perf_counter() - started


def repetitions(seconds):
    """Return how often to repeat a call that takes this long."""
    if seconds < 1:
        return 5
    return 3 if seconds < 10 else 1


def median_seconds(function, first_seconds, device="cpu"):
    """Return the median seconds of several calls, given those of a warm-up."""
    calls = range(repetitions(first_seconds))
    return statistics.median(seconds_of(function, device) for _ in calls)


def synchronize(device):
    """Wait until a GPU has finished its work."""
    if torch.device(device).type == "cuda":
        torch.cuda.synchronize(device)


def note_baseline():
    """Use the memory in use now, after the imports, as the baseline of a case."""
    _baseline["mib"] = _status_mib("VmRSS")


@contextmanager
def peak_memory(device="cpu"):
    """Measure the largest memory above the baseline while the block runs.

    Yields an object that gets ``mib``, ``total_mib`` (with the baseline) and, on a GPU,
    ``gpu_mib``. If the kernel cannot reset the high-water mark, the block inherits that
    of the process.
    """
    peak = SimpleNamespace()
    on_gpu = torch.device(device).type == "cuda"
    _reset_high_water_mark()
    if on_gpu:
        torch.cuda.reset_peak_memory_stats(device)
    yield peak
    peak.total_mib = _status_mib("VmHWM")
    peak.mib = peak.total_mib - _baseline["mib"]
    if on_gpu:
        peak.gpu_mib = torch.cuda.max_memory_allocated(device) / MIB


def _reset_high_water_mark():
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass


def _status_mib(field):
    """Return a field of Linux's process status; elsewhere the largest so far."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        unit = 1 if sys.platform == "darwin" else 1024
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MIB
    line = next(line for line in status.splitlines() if line.startswith(field + ":"))
    return int(line.split()[1]) / 1024

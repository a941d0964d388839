"""Rows of results: speed, memory, and what the work needs."""

from contextlib import nullcontext

from benchmarks.measuring import median_seconds, peak_memory, seconds_of
from benchmarks.work import WorkRecorder


def row(measured, amount, unit, seconds, peak, work=None, **others):
    """Build the row of one measurement; `amount` is in `unit`, memory in MiB."""
    figures = {
        "measured": measured,
        "amount": amount,
        "unit": unit,
        "seconds": seconds,
        "per_second": amount / seconds,
        "peak_mib": peak.mib,
    }
    if hasattr(peak, "gpu_mib"):
        figures["peak_gpu_mib"] = peak.gpu_mib
    if work is not None:
        figures["work"] = work
    return {**figures, **others}


def measure(function, measured, amount, unit, device, *, with_work=True, **others):
    """Return the row of a call: a recorded warm-up, then timed repetitions."""
    recorder = WorkRecorder()
    with recorder if with_work else nullcontext():
        first = seconds_of(function, device)
    with peak_memory(device) as peak:
        seconds = median_seconds(function, first, device)
    work = recorder.summary() if with_work else None
    return row(measured, amount, unit, seconds, peak, work, **others)

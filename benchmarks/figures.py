"""Curves of the scaling part, if matplotlib is installed."""

from benchmarks.scaling import SWEEPS

AXES = {"seconds": "seconds", "peak_mib": "peak memory above the imports (MiB)"}


def write_figures(cases, folder):
    """Write a figure per sweep with at least two points; return their paths."""
    sweeps = {}
    for result in cases.values():
        for row in result.get("rows", ()):
            curves = sweeps.setdefault(row["sweep"], {})
            curves.setdefault(row["measured"], []).append(row)
    try:
        from matplotlib.figure import Figure
        from matplotlib.ticker import LogFormatter
    except ImportError:
        return []
    paths = []
    for sweep, curves in sweeps.items():
        figure = Figure(figsize=(9, 3.6), layout="constrained")
        panels = figure.subplots(1, len(AXES))
        for panel, (key, label) in zip(panels, AXES.items(), strict=True):
            for name, rows in curves.items():
                points = sorted((row["x"], row[key], row) for row in rows)
                panel.loglog(
                    [x for x, _, _ in points],
                    [y for _, y, _ in points],
                    marker="o",
                    label=f"{name} of {_amount(sweep, rows)}",
                )
            points = sorted({row["x"] for rows in curves.values() for row in rows})
            panel.set_xticks(points, [f"{x:,}" for x in points])
            panel.set_xticks([], minor=True)
            panel.yaxis.set_major_formatter("{x:g}")
            panel.yaxis.set_minor_formatter(LogFormatter())
            panel.set_xlabel(SWEEPS[sweep][0])
            panel.set_ylabel(label)
            panel.grid(alpha=0.3)
            panel.legend()
        paths.append(folder / f"scaling_{sweep}.png")
        figure.savefig(paths[-1], dpi=120)
    return paths


def _amount(sweep, rows):
    """Return what a point of a curve measured."""
    amounts = {row["amount"] for row in rows}
    if len(amounts) == 1:
        return f"{amounts.pop():,} {rows[0]['unit']}"
    return f"all {rows[0]['unit']}"

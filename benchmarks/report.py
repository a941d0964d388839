"""Turn results into Markdown tables and figures."""

from benchmarks.figures import write_figures
from benchmarks.long_history import LENGTH, SHAPES, SIZES
from benchmarks.million import BOUND_MIB
from benchmarks.peer_runs import OURS

TITLES = {
    "augmentation": "Augmentation",
    "training": "Training of the diffusion model",
    "recommenders": "Recommenders",
    "overhead": "Overhead",
    "search": "Grid search",
    "million": "A million items",
    "peers": "Other libraries",
    "scaling": "Scaling",
    "long-history": "One long history",
    "files": "Files",
}
NOTES = {
    "augmentation": "`transform` with 5 DDIM steps; 64-dimensional embeddings "
    "unless stated otherwise.",
    "training": "Seconds per epoch of full batches.",
    "recommenders": "Training: seconds of an epoch over full histories. Top-10: "
    "`recommend(X, 10)`.",
    "overhead": "Imports include the start of the interpreter; fits are of one epoch "
    "on 50 histories.",
    "search": "Three guidance scales in three folds: 4 training runs of the diffusion "
    "model and 10 of SASRec.",
    "million": f"SASRec with sampled negatives; memory must stay below "
    f"{BOUND_MIB // 1024} GiB.",
    "peers": "Each user's last item is held out. An epoch is the median of those after "
    "the first; ours are timed from the end of an epoch's first step to that of the "
    "next epoch's. Peak memory is that of the whole process. The columns after it are "
    "peer / this library.",
    "scaling": "",
    "long-history": f"One history of {SIZES['n_long']:,} items among "
    f"{SIZES['n_users']:,} of {LENGTH} against as many items in histories of {LENGTH}; "
    "processor seconds of one thread.",
    "files": "Seconds of CPU, the least of three; memory above that of reading nine "
    "rows, and beyond that of the resulting arrays.",
}
LEGEND = """\
*Limit*: the seconds that the matrix products, convolutions and attentions of the work
(and AdamW's reads and writes) would take at the best speed or bandwidth of this
machine, measured right before; the table above has the last of these measurements.
*Kernels alone*: those very kernels, replayed one after the other on random numbers at
the same shapes. Both are shares of the seconds measured, so 100 % is the best. Memory
is the peak above what the process had after its imports.
"""


def write_report(data, folder):
    """Write ``speed.md`` and the figures; return their paths."""
    path = folder / "speed.md"
    path.write_text(render(data))
    return [path, *write_figures(data["parts"].get("scaling", {}), folder)]


def render(data):
    """Return all results as one Markdown text."""
    settings = data["settings"]
    text = [
        "# Speed and memory\n",
        f"Made by `python -m benchmarks`; log: {settings['log']}, device: "
        f"{settings['device']}{', tiny sizes' if settings['quick'] else ''}.\n",
        render_machine(data["machine"]),
        LEGEND,
    ]
    for part, title in TITLES.items():
        if part not in data["parts"]:
            continue
        text += [f"## {title}\n"]
        if NOTES[part]:
            text += [NOTES[part] + "\n"]
        table = TABLES.get(part, speed_table)
        text += [table(data["parts"][part])]
        text += [render_errors(data["parts"][part])]
    return "\n".join(block for block in text if block)


def render_machine(machine):
    """Return the machine and its limits."""
    about = machine["description"]
    hardware = f"{about['cpu']}, {about['cores']} cores"
    if about["gpu"]:
        hardware += f"; {about['gpu']}"
    rows = [
        ["processor", hardware],
        ["torch", f"{about['torch']}, {about['threads']} threads"],
        ["bfloat16 in hardware", "yes" if about["bfloat16"] else "no"],
    ]
    for dtype, speed in machine["gflops_product"].items():
        rows.append([f"matrix product, {dtype}", f"{number(speed)} GFLOP/s"])
    for name, speed in machine["gflops_convolution"].items():
        rows.append([f"convolution, {name}", f"{number(speed)} GFLOP/s"])
    rows.append(["copy", f"{number(machine['gbytes_per_second'])} GB/s"])
    return markdown_table(["Machine", ""], rows)


def speed_table(cases):
    """Return one line per row with speed, memory and the two yardsticks."""
    header = ["Case", "Measured", "Per second", "Seconds", "Peak MiB"]
    header += ["GFLOP", "GB", "% of limit", "% kernels alone"]
    lines = []
    for name, figures in rows_of(cases):
        per_second = ""
        if "per_second" in figures:
            per_second = f"{number(figures['per_second'])} {figures['unit']}"
        lines.append(
            [
                name,
                figures["measured"],
                per_second,
                number(figures["seconds"]),
                number(figures.get("peak_mib")),
                *yardsticks(figures),
            ]
        )
    return markdown_table(header, lines)


def yardsticks(figures):
    """Return operations, bytes, and shares of the limit and of the kernels alone."""
    work = figures.get("work")
    if work is None:
        return [""] * 4
    return [
        number(sum(work["flops"].values()) / 1e9),
        number((work["bytes"] + work["optimizer_bytes"]) / 1e9),
        *(
            number(100 * work[key] / figures["seconds"]) if key in work else ""
            for key in ("limit_seconds", "kernel_seconds")
        ),
    ]


def overhead_table(cases):
    """Return imports and fits on next to nothing."""
    lines = [
        [
            figures["measured"],
            number(figures["seconds"]),
            number(figures.get("seconds_first_fit")),
        ]
        for _, figures in rows_of(cases)
    ]
    return markdown_table(["What", "Seconds", "Seconds, first in a process"], lines)


def search_table(cases):
    """Return the search, its parts, and two processes against one."""
    lines, sentences = [], []
    for name, figures in rows_of(cases):
        lines.append([name, figures["measured"], number(figures["seconds"])])
        if "ratio_to_fits" in figures:
            sentences.append(
                f"The search takes {figures['ratio_to_fits']:.2f} times its fits timed "
                f"alone, and {figures['ratio_to_all_parts']:.2f} times all its parts."
            )
        if "ratio_to_serial" in figures:
            sentences.append(
                f"Case {name}: {figures['ratio_to_serial']:.2f} of the time of one "
                "process."
            )
    table = markdown_table(["Case", "Measured", "Seconds"], lines)
    return "\n".join([table, *(sentence + "\n" for sentence in sentences)])


def peers_table(cases):
    """Return every library, and the ratios to this one."""
    rows = [figures for _, figures in rows_of(cases)]
    ours = {row["loss"]: row for row in rows if row["library"] == OURS}
    header = ["Library", "Loss", "Rows per epoch", "Epoch, s", "Top-10, s", "Peak MiB"]
    header += ["NDCG@10", "HR@10", "Epoch ratio", "Top-10 ratio", "Memory ratio"]
    keys = ("seconds", "seconds_top_10", "peak_memory_mib")
    lines, notes = [], []
    for row in rows:
        base = ours.get(row["loss"])
        ratios = [number(row[key] / base[key]) if base else "" for key in keys]
        lines.append(
            [
                f"{row['library']} {row.get('version', '')}".strip(),
                row["loss"],
                f"{row['rows_per_epoch']:,}",
                *(number(row[key]) for key in keys),
                f"{row['ndcg@10']:.4f}",
                f"{row['hr@10']:.4f}",
                *ratios,
            ]
        )
        if row.get("loss_note"):
            notes.append(f"{row['library']}, {row['loss']}: {row['loss_note']}.\n")
    return "\n".join([markdown_table(header, lines), *notes])


def long_history_table(cases):
    """Return every estimator with one long history, with even ones, and the ratios."""
    figures = {
        (row["estimator"], row["measured"], row["shape"]): row
        for _, row in rows_of(cases)
    }
    header = ["Estimator", "Measured", "Seconds", "Spread evenly", "Ratio"]
    header += ["Peak MiB", "Spread evenly", "Ratio"]
    lines = []
    for name, measured, shape in figures:
        pair = [figures.get((name, measured, shape)) for shape in SHAPES]
        if shape != SHAPES[0] or None in pair:
            continue
        lines.append([name, measured])
        for key in ("seconds", "peak_mib"):
            one_long, even = (row[key] for row in pair)
            lines[-1] += [number(one_long), number(even), number(one_long / even)]
    return markdown_table(header, lines)


def files_table(cases):
    """Return the seconds and memory of every format."""
    header = ["Format", "Rows", "Seconds", "Peak MiB", "Arrays MiB", "Peak / arrays"]
    keys = ("seconds", "peak_mib", "array_mib", "ratio_to_arrays")
    lines = [
        [name, f"{figures['amount']:,}", *(number(figures[key]) for key in keys)]
        for name, figures in rows_of(cases)
    ]
    return markdown_table(header, lines)


TABLES = {
    "overhead": overhead_table,
    "search": search_table,
    "peers": peers_table,
    "long-history": long_history_table,
    "files": files_table,
}


def rows_of(cases):
    """Return the names and rows of the cases that did not fail."""
    for name, result in cases.items():
        for figures in result.get("rows", ()):
            yield name, figures


def render_errors(cases):
    """Return what failed, and why."""
    return "\n".join(
        f"- Failed: {name}: {result['error']}\n"
        for name, result in cases.items()
        if "error" in result
    )


def markdown_table(header, lines):
    """Lay out a table; all columns but the first are right-aligned."""
    rule = [":--", *["--:"] * (len(header) - 1)]
    return (
        "\n".join("| " + " | ".join(cells) + " |" for cells in [header, rule, *lines])
        + "\n"
    )


def number(value):
    """Format with three significant digits, thousands whole; None is empty."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"

"""Tables that read well as they are and as Markdown."""

from collections.abc import Sequence


def markdown_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Lay out a table that reads well as it is and as Markdown.

    All columns but the first are aligned to the right.

    Examples
    --------
    >>> from skdiffuasr._markdown import markdown_table
    >>> print(markdown_table(["users", "n"], [["all", "12"], ["<=5", "3"]]))
    | users |  n |
    |:------|---:|
    | all   | 12 |
    | <=5   |  3 |
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    rule = [":" + "-" * (widths[0] + 1)] + [
        "-" * (width + 1) + ":" for width in widths[1:]
    ]
    lines = [_line(header, widths), "|" + "|".join(rule) + "|"]
    lines += [_line(row, widths) for row in rows]
    return "\n".join(lines)


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    first, *others = (
        cell.ljust(width) if column == 0 else cell.rjust(width)
        for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    return "| " + " | ".join([first, *others]) + " |"

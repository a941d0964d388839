"""What a comparison says, in words."""

import math
from collections.abc import Sequence

from skdiffuasr.study.records import StudyResults
from skdiffuasr.study.tidy import Row

_LEVEL = 0.05


def verdict(row: Row) -> str:
    """Tell whether an augmenter helps, from numbers alone.

    Parameters
    ----------
    row : dict
        A row of `compare` for all users.

    Returns
    -------
    verdict : {"helps", "hurts", "makes no clear difference"}
        It helps if the interval over users lies above 0 and the corrected p-value is
        below 0.05, and hurts if the interval lies below 0 likewise.

    Examples
    --------
    >>> from skdiffuasr.study.verdicts import verdict
    >>> verdict({"low": 0.001, "high": 0.004, "p_holm": 0.01})
    'helps'
    >>> verdict({"low": 0.001, "high": 0.004, "p_holm": 0.06})
    'makes no clear difference'
    """
    if row["p_holm"] < _LEVEL and row["low"] > 0:
        return "helps"
    if row["p_holm"] < _LEVEL and row["high"] < 0:
        return "hurts"
    return "makes no clear difference"


def verdict_sentences(
    results: StudyResults, recommender: str, rows: Sequence[Row]
) -> list[str]:
    """Sum up what augmentation does for a recommender.

    Parameters
    ----------
    results : StudyResults
        What was found.
    recommender : str
        One of its recommenders.
    rows : sequence of dict
        All rows of `compare`.

    Returns
    -------
    sentences : list of str
        One for each augmenter and, where there are two, one about the best of them.
    """
    of_recommender = [
        row
        for row in rows
        if row["recommender"] == recommender and row["group_by"] == "all"
    ]
    gains = {
        row["augmenter"]: row
        for row in of_recommender
        if row["reference"] == results.reference
    }
    sentences = []
    for augmenter in results.augmenters:
        if augmenter in gains:
            sentences.append(_about_gain(augmenter, gains[augmenter]))
        elif augmenter != results.reference:
            sentences.append(f"{augmenter}: no result to compare.")
    leads = [row for row in of_recommender if row["reference"] != results.reference]
    if leads:
        sentences.append(_about_lead(max(leads, key=lambda row: row["value"])))
    return sentences


def interval(row: Row) -> str:
    """Write a difference with its interval over users.

    Parameters
    ----------
    row : dict
        A row of `compare`.

    Returns
    -------
    text : str
        The difference alone where the interval is not known.

    Examples
    --------
    >>> from skdiffuasr.study.verdicts import interval
    >>> interval({"difference": 0.002, "low": -0.001, "high": 0.005})
    '+0.0020 [-0.0010, +0.0050]'
    """
    text = _signed(row["difference"])
    return text if math.isnan(row["low"]) else f"{text} {bounds(row)}"


def bounds(row: Row, suffix: str = "") -> str:
    """Write an interval.

    Parameters
    ----------
    row : dict
        A row of `compare`.
    suffix : str, default=""
        ``"_seeds"`` for the interval over users and seeds.

    Returns
    -------
    text : str
        ``"-"`` where the interval is not known.
    """
    low, high = row["low" + suffix], row["high" + suffix]
    return "-" if math.isnan(low) else f"[{_signed(low)}, {_signed(high)}]"


def p_text(p_value: float) -> str:
    """Write a p-value with three decimals, or that it is below the smallest of them.

    Parameters
    ----------
    p_value : float
        NaN if it is not known.

    Returns
    -------
    text : str

    Examples
    --------
    >>> from skdiffuasr.study.verdicts import p_text
    >>> p_text(0.0456), p_text(0.0005), p_text(float("nan"))
    ('0.046', '<0.001', '-')
    """
    if math.isnan(p_value):
        return "-"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _about_gain(augmenter: str, row: Row) -> str:
    found = verdict(row)
    relative = row["relative"]
    percent = "" if math.isnan(relative) else f", {100 * relative:+.1f} %"
    text = (
        f"{augmenter} {found}: {interval(row)}{percent}, Holm p {p_text(row['p_holm'])}"
    )
    is_clear = found != "makes no clear difference"
    if is_clear and row["low_seeds"] <= 0 <= row["high_seeds"]:
        text += f"; not sure for other seeds: {bounds(row, '_seeds')}"
    return text + "."


def _about_lead(row: Row) -> str:
    """Say how clear the lead of the best augmenter over the second is."""
    clear = "clear" if verdict(row) == "helps" else "not clear"
    return (
        f"Best augmenter: {row['augmenter']} ({row['value']:.4f}). Its lead over "
        f"{row['reference']}, the next, is {clear}: {interval(row)}, Holm p "
        f"{p_text(row['p_holm'])}."
    )


def _signed(value: float) -> str:
    # Rounded first, so that no "-0.0000" is written.
    return f"{round(value, 4) + 0.0:+.4f}"

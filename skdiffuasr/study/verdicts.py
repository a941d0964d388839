"""What a comparison says, in words."""

import math
from collections.abc import Mapping, Sequence

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
    results: StudyResults,
    recommender: str,
    rows: Sequence[Row],
    means: Mapping[str, float],
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
    means : mapping of str to float
        The recommender's metric with each augmenter that has a result, over all seeds
        that it has one for, as the tables show it.

    Returns
    -------
    sentences : list of str
        One for each augmenter and, where there are two, one about the best of them.
    """
    of_recommender = {
        (row["augmenter"], row["reference"] == results.reference): row
        for row in rows
        if row["recommender"] == recommender and row["group_by"] == "all"
    }
    others = [name for name in results.augmenters if name != results.reference]
    sentences = []
    for augmenter in others:
        if (augmenter, True) in of_recommender:
            row = of_recommender[augmenter, True]
            sentences.append(_about_gain(augmenter, row, seeds_note(results, row)))
        elif augmenter not in means:
            sentences.append(f"{augmenter}: no result to compare.")
        elif results.reference not in means:
            sentences.append(
                f"{augmenter}: {results.reference} has no result to compare with."
            )
        else:
            sentences.append(
                f"{augmenter}: no seed in common with {results.reference}."
            )
    ranked = [name for name in others if name in means]
    if len(ranked) > 1:
        best = max(ranked, key=means.__getitem__)
        sentence = f"Best augmenter: {best} ({means[best]:.4f})."
        if (best, False) in of_recommender:
            row = of_recommender[best, False]
            sentence += _about_lead(row, seeds_note(results, row))
        sentences.append(sentence)
    return sentences


def seeds_note(results: StudyResults, row: Row) -> str:
    """Tell of how many seeds a comparison is, if some are missing.

    Parameters
    ----------
    results : StudyResults
        What was found.
    row : dict
        A row of `compare`.

    Returns
    -------
    note : str
        Such as ``" (1 of 3 seeds)"``; empty if both have results for all seeds.
    """
    return note_of(row["n_seeds"], len(results.seeds))


def note_of(n_seeds: int, n_all: int) -> str:
    """Tell how many seeds there are of all, if some are missing.

    Parameters
    ----------
    n_seeds : int
        Number of seeds that there is a result for.
    n_all : int
        Number of seeds of the study.

    Returns
    -------
    note : str

    Examples
    --------
    >>> from skdiffuasr.study.verdicts import note_of
    >>> note_of(1, 3), note_of(3, 3)
    (' (1 of 3 seeds)', '')
    """
    return f" ({n_seeds} of {n_all} seeds)" if n_seeds < n_all else ""


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


def _about_gain(augmenter: str, row: Row, note: str) -> str:
    found = verdict(row)
    relative = row["relative"]
    percent = "" if math.isnan(relative) else f", {100 * relative:+.1f} %"
    text = (
        f"{augmenter} {found}: {interval(row)}{percent}, Holm p "
        f"{p_text(row['p_holm'])}{note}"
    )
    is_clear = found != "makes no clear difference"
    if is_clear and row["low_seeds"] <= 0 <= row["high_seeds"]:
        text += f"; not sure for other seeds: {bounds(row, '_seeds')}"
    return text + "."


def _about_lead(row: Row, note: str) -> str:
    """Say how clear the lead of the best augmenter over the second is."""
    clear = "clear" if verdict(row) == "helps" else "not clear"
    return (
        f" Its lead over {row['reference']}, the next, is {clear}: {interval(row)}, "
        f"Holm p {p_text(row['p_holm'])}{note}."
    )


def _signed(value: float) -> str:
    # Rounded first, so that no "-0.0000" is written.
    return f"{round(value, 4) + 0.0:+.4f}"

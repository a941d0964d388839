"""What a comparison says, in words."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skdiffuasr.study.results import StudyResults

if TYPE_CHECKING:
    import pandas as pd

_LEVEL = 0.05


def verdict(row: Mapping[str, Any]) -> str:
    """Say whether an augmenter helps, from a row of `compare` for all users.

    It helps if the interval over users lies above 0 and the corrected p-value is
    below 0.05, and hurts if the interval lies below 0 likewise.
    """
    if row["p_holm"] < _LEVEL and row["low"] > 0:
        return "helps"
    if row["p_holm"] < _LEVEL and row["high"] < 0:
        return "hurts"
    return "makes no clear difference"


def verdict_sentences(
    results: StudyResults, recommender: str, comparisons: "pd.DataFrame"
) -> list[str]:
    """Sum up what augmentation does for a recommender.

    One sentence for each augmenter and, where there are two, one about the best of
    them by its mean over all seeds that it has a result for, as the tables show it.
    `comparisons` are those of NDCG@10 of the main ranking, from `compare`.
    """
    found, reference = results.main_rows(), results.reference
    found = found[found["recommender"] == recommender]
    means = found.groupby("augmenter", observed=True)["value"].mean()
    rows = {
        (row["augmenter"], row["reference"] == reference): row
        for row in comparisons.to_dict("records")
        if row["recommender"] == recommender and row["group_by"] == "all"
    }
    others = [name for name in results.augmenters if name != reference]
    sentences = []
    for augmenter in others:
        if (augmenter, True) in rows:
            row = rows[augmenter, True]
            sentences.append(_about_gain(row, seeds_note(results, row["n_seeds"])))
        elif augmenter not in means:
            sentences.append(f"{augmenter}: no result to compare.")
        elif reference not in means:
            sentences.append(f"{augmenter}: {reference} has no result to compare with.")
        else:
            sentences.append(f"{augmenter}: no seed in common with {reference}.")
    ranked = means.drop(reference, errors="ignore")
    if len(ranked) > 1:
        best = ranked.idxmax()
        sentence = f"Best augmenter: {best} ({ranked[best]:.4f})."
        if (best, False) in rows:
            row = rows[best, False]
            sentence += _about_lead(row, seeds_note(results, row["n_seeds"]))
        sentences.append(sentence)
    return sentences


def seeds_note(results: StudyResults, n_seeds: int) -> str:
    """Name the seeds there is a result for, such as " (1 of 3 seeds)", if not all."""
    n_all = len(results.seeds)
    return f" ({n_seeds} of {n_all} seeds)" if n_seeds < n_all else ""


def interval(row: Mapping[str, Any]) -> str:
    """Write a difference with its interval over users, if that is known."""
    text = _signed(row["difference"])
    return text if math.isnan(row["low"]) else f"{text} {bounds(row)}"


def bounds(row: Mapping[str, Any], suffix: str = "") -> str:
    """Write the interval over users or, with suffix "_seeds", over users and seeds."""
    low, high = row["low" + suffix], row["high" + suffix]
    return "-" if math.isnan(low) else f"[{_signed(low)}, {_signed(high)}]"


def p_text(p_value: float) -> str:
    """Write a p-value with three decimals, or that it is below the smallest of them."""
    if math.isnan(p_value):
        return "-"
    return "<0.001" if p_value < 0.001 else f"{p_value:.3f}"


def _about_gain(row: Mapping[str, Any], note: str) -> str:
    found = verdict(row)
    relative = row["relative"]
    percent = "" if math.isnan(relative) else f", {100 * relative:+.1f} %"
    text = (
        f"{row['augmenter']} {found}: {interval(row)}{percent}, Holm p "
        f"{p_text(row['p_holm'])}{note}"
    )
    is_clear = found != "makes no clear difference"
    if is_clear and row["low_seeds"] <= 0 <= row["high_seeds"]:
        text += f"; not sure for other seeds: {bounds(row, '_seeds')}"
    return text + "."


def _about_lead(row: Mapping[str, Any], note: str) -> str:
    """Say how clear the lead of the best augmenter over the second is."""
    clear = "clear" if verdict(row) == "helps" else "not clear"
    return (
        f" Its lead over {row['reference']}, the next, is {clear}: {interval(row)}, "
        f"Holm p {p_text(row['p_holm'])}{note}."
    )


def _signed(value: float) -> str:
    # Rounded first, so that no "-0.0000" is written.
    return f"{round(value, 4) + 0.0:+.4f}"

"""What a comparison says, in words."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from skdiffuasr.study.results import StudyResults

if TYPE_CHECKING:
    import pandas as pd


def verdict(row: Mapping[str, Any]) -> str:
    """Say whether an augmenter helps, from a row of `compare` for all users.

    It helps if the corrected interval over users lies above 0, which is where the
    corrected p-value is below 0.05, and hurts if it lies below 0 likewise.
    """
    if row["low_holm"] > 0:
        return "helps"
    return "hurts" if row["high_holm"] < 0 else "makes no clear difference"


def cautions(results: StudyResults) -> list[str]:
    """Name the recommenders whose figures say little: what to read first."""
    means = _plain_means(results)
    counted = {name: means[name] for name in results.baselines if name in means}
    found = []
    if not results.baselines:
        found.append(
            "No baseline was run (popularity, Markov chain or co-occurrence): whether "
            "a recommender learned more than they count is not known."
        )
    if counted:
        best = max(counted, key=counted.__getitem__)
        found += [
            f"{name} ({mean:.4f}) is below the baseline {best} ({counted[best]:.4f}) "
            "without augmentation: what helps it may help no good recommender."
            for name, mean in means.items()
            if name not in results.baselines and mean < counted[best]
        ]
    for name in results.recommenders:
        runs = [run for run in results.records if run.recommender == name]
        stopped = [run for run in runs if 0 < run.max_epochs <= run.n_epochs]
        if stopped:
            found.append(
                f"{name} was stopped by its limit of {stopped[0].max_epochs} epochs in "
                f"{len(stopped)} of {len(runs)} runs: it may not have learned all that "
                "it can."
            )
    return found


def summary(results: StudyResults, comparisons: "pd.DataFrame") -> list[str]:
    """Sum up a study in a few lines: the cautions, then one line per recommender."""
    means = _plain_means(results)
    rows = [
        row
        for row in comparisons.to_dict("records")
        if row["group_by"] == "all" and row["reference"] == results.reference
    ]
    lines = cautions(results)
    for recommender in results.recommenders:
        said: dict[str, list[str]] = {}
        for row in rows:
            if row["recommender"] == recommender:
                text = f"{row['augmenter']} ({_signed(row['difference'])})"
                said.setdefault(verdict(row), []).append(text)
        compared = "; ".join(
            f"{', '.join(said[found])} {found}"
            for found in ("helps", "hurts", "makes no clear difference")
            if found in said
        )
        plain = f"{means[recommender]:.4f}" if recommender in means else "no result"
        lines.append(
            f"{recommender} (NDCG@10 {plain}): {compared or 'nothing to compare'}."
        )
    return lines


def _plain_means(results: StudyResults) -> dict[str, float]:
    """Mean NDCG@10 of each recommender without augmentation."""
    found = results.main_rows()
    found = found[found["augmenter"] == results.reference]
    means = found.groupby("recommender", observed=True)["value"].mean()
    return {str(name): float(mean) for name, mean in means.items()}


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


def interval(row: Mapping[str, Any], suffix: str = "") -> str:
    """Write a difference with its interval, if that is known; see `bounds`."""
    text, ends = _signed(row["difference"]), bounds(row, suffix)
    return text if ends == "-" else f"{text} {ends}"


def bounds(row: Mapping[str, Any], suffix: str = "") -> str:
    """Write an interval: over users, "_holm" corrected, "_seeds" over seeds, too."""
    low, high = row["low" + suffix], row["high" + suffix]
    is_known = math.isfinite(low) and math.isfinite(high)
    return f"[{_signed(low)}, {_signed(high)}]" if is_known else "-"


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
        f"{row['augmenter']} {found}: {interval(row, '_holm')}{percent}, Holm p "
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
        f" Its lead over {row['reference']}, the next, is {clear}: "
        f"{interval(row, '_holm')}, Holm p {p_text(row['p_holm'])}{note}."
    )


def _signed(value: float) -> str:
    # Rounded first, so that no "-0.0000" is written.
    return f"{round(value, 4) + 0.0:+.4f}"

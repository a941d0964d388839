"""Summary of histories before anything is trained on them."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from skdiffuasr._typing import IdArray, IntArray
from skdiffuasr.sequences.time_zones import date_texts
from skdiffuasr.sequences.traps import count_units

#: Histories up to this length are called short, as in the DiffuASR paper.
SHORT = 5

#: Longer histories have little to gain from items before them.
LONG = 20

#: A diffusion model learns from histories longer than M and needs at least this many.
FEW_HISTORIES = 50

_QUANTILES = (0.0, 0.25, 0.5, 0.75, 0.95, 1.0)


@dataclass(frozen=True, repr=False)
class LogDescription:
    """Summary of histories, as `Sequences.describe` returns it; prints as a table."""

    n_users: int
    n_items: int
    n_interactions: int
    n_pseudo_items: int  # they count in nothing else here
    length_quantiles: tuple[float, ...]  # minimum, quartiles, 95 % and maximum
    short_share: float  # of the histories, those with at most five items
    density: float  # of the pairs of a user and an item, those that occur
    tail_share: float  # of the interactions, with the 80 % least popular items
    repeat_share: float  # of the interactions, with an item the user has had before
    warnings: tuple[str, ...]  # obstacles to augmentation, in sentences
    time_range: tuple[str, str] | None = None  # the first and the last, of a log
    tied_end_share: float = 0.0  # of the users, whose last two items have one time
    n_duplicates: int = 0  # interactions with user, item and time of an earlier one

    def __repr__(self) -> str:
        """Return a table."""
        low, lower, median, upper, high, most = self.length_quantiles
        rows = {
            "users": f"{self.n_users:,}",
            "items": f"{self.n_items:,}",
            "interactions": f"{self.n_interactions:,}",
            "items per user": f"{low:g} to {most:g}, median {median:g}, quartiles "
            f"{lower:g} and {upper:g}, 95 % up to {high:g}",
            f"users with at most {SHORT}": f"{self.short_share:.1%}",
            "density": f"{self.density:.3%}",
            "share of the 80 % least popular items": f"{self.tail_share:.1%}",
            "repeated items": f"{self.repeat_share:.1%}",
        }
        if self.n_pseudo_items:
            rows["pseudo items, not counted above"] = f"{self.n_pseudo_items:,}"
        if self.time_range is not None:
            rows["times"] = " to ".join(self.time_range)
            rows["users whose last two items have one time"] = (
                f"{self.tied_end_share:.1%}"
            )
            rows["duplicates: user, item and time"] = f"{self.n_duplicates:,}"
        width = max(map(len, rows))
        lines = [f"{name:<{width}}  {value}" for name, value in rows.items()]
        return "\n".join(lines + [f"Warning: {text}" for text in self.warnings])


def describe(values: IdArray, lengths: IntArray, n_pseudo_items: int) -> LogDescription:
    """Describe observed items, (n_interactions,), in rows of these lengths, (n,)."""
    items, codes = np.unique(values, return_inverse=True)
    counts = np.sort(np.bincount(codes, minlength=len(items)))
    rows = np.repeat(np.arange(len(lengths)), lengths)
    n_pairs = len(np.unique(rows * max(len(items), 1) + codes))
    n_cells = len(lengths) * len(items)
    quantiles = np.quantile(lengths, _QUANTILES) if len(lengths) else np.zeros(6)
    n_tail = int(0.8 * len(items))
    return LogDescription(
        n_users=len(lengths),
        n_items=len(items),
        n_interactions=len(values),
        n_pseudo_items=n_pseudo_items,
        length_quantiles=tuple(quantiles.tolist()),
        short_share=float((lengths <= SHORT).mean()) if len(lengths) else 0.0,
        density=n_pairs / max(n_cells, 1),
        tail_share=float(counts[:n_tail].sum() / max(len(values), 1)),
        repeat_share=1 - n_pairs / max(len(values), 1),
        warnings=tuple(_warnings(lengths, len(items))),
    )


def _warnings(lengths: IntArray, n_items: int) -> list[str]:
    """Describe obstacles to augmentation."""
    shortest, longest = (lengths.min(), lengths.max()) if len(lengths) else (0, 3)
    n_long = int((lengths > 10).sum())
    obstacles = {
        "there are fewer than two users: nothing can be compared.": len(lengths) < 2,
        "there are fewer than two items: nothing can be predicted.": n_items < 2,
        "every history has fewer than three items: the last is needed for the "
        "test and the one before it for validation.": longest < 3,
        f"every history has more than {LONG} items: items before them have "
        "little to add.": shortest > LONG,
        f"{n_long} histories have more than 10 items: a diffusion model of ten "
        "pseudo items has little to learn from; choose fewer.": n_long < FEW_HISTORIES,
    }
    return [sentence for sentence, is_met in obstacles.items() if is_met]


def ends_in_words(times: NDArray[Any], zone: str | None) -> tuple[str, str]:
    """Return the first and the last time; Unix times with their dates."""
    ends: Any = np.array([times.min(), times.max()])
    if times.dtype.kind == "M":
        first, last = date_texts(ends, zone)
        return str(first), str(last)
    digits = {"seconds": 0, "milliseconds": 3, "microseconds": 6, "nanoseconds": 9}
    units = list(count_units(times))
    if len(units) != 1:
        return str(ends[0]), str(ends[1])
    seconds = ends // 10 ** digits[units[0]]
    dates = seconds.astype("datetime64[s]").astype("datetime64[D]")
    first, last = (f"{end} ({date})" for end, date in zip(ends, dates, strict=True))
    return first, last

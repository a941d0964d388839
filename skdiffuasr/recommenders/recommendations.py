"""The best items of each history, as arrays, columns or a table."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from skdiffuasr._extras import import_extra
from skdiffuasr._sklearn_compat import output_container
from skdiffuasr._typing import FloatArray, IdArray, IntArray


@dataclass(frozen=True)
class Recommendations:
    """Item codes (n, k), best first, and their scores (n, k).

    Where nothing is left to recommend, the score is -inf and the code means nothing.
    """

    item_ids: IdArray
    codes: IntArray
    scores: FloatArray

    @property
    def items(self) -> npt.NDArray[Any]:
        """Item ids (n, k), and -1 or None where there is none."""
        is_missing = np.isneginf(self.scores)
        if self.item_ids.dtype.kind == "U":
            items = self.item_ids[self.codes].astype(object)
            items[is_missing] = None
            return items
        return np.where(is_missing, -1, self.item_ids[self.codes])

    def columns(
        self, user_ids: IdArray | None, is_fallback: npt.NDArray[np.bool_]
    ) -> dict[str, npt.NDArray[Any]]:
        """Return one row per recommended item; users are row numbers without ids."""
        rows, ranks = np.nonzero(~np.isneginf(self.scores))
        users = rows if user_ids is None else user_ids[rows]
        return {
            "user": users,
            "item": self.item_ids[self.codes[rows, ranks]],
            "rank": ranks + 1,
            "score": self.scores[rows, ranks],
            "is_fallback": is_fallback[rows],
        }


def as_table(columns: dict[str, npt.NDArray[Any]], estimator: Any) -> Any:
    """Return a table of polars or pandas, as scikit-learn's output is configured."""
    container = output_container(estimator)
    library = import_extra("polars" if container == "polars" else "pandas", "frames")
    return library.DataFrame(columns)

"""Recommenders as modules from padded item codes to scores, which torch can export.

No branch depends on data, so that one export serves batches of every shape.
"""

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def most_recent_known(codes: Tensor, max_length: int) -> tuple[Tensor, Tensor]:
    """Keep the last known items of histories.

    Codes (n, length) of -1, wherever they are, are no items. Returns right-padded codes
    (n, width) and the number of items of each row (n,).
    """
    is_known = codes >= 0
    n_known = is_known.sum(dim=1)
    lengths = n_known.clamp(max=max_length)
    place = is_known.cumsum(dim=1) - 1 - (n_known - lengths)[:, None]
    width = torch.sym_min(codes.shape[1], max_length)
    # The others go to one more column, which is cut off.
    place = torch.where(is_known & (place >= 0), place, width)
    items = codes.new_zeros(codes.shape[0], width + 1).scatter(1, place, codes)
    return items[:, :width], lengths


class NetworkScores(nn.Module):
    """Score items by the inner product with a network's last hidden state.

    Parameters
    ----------
    network : nn.Module
        Has ``last_hidden(items, lengths)`` and `item_embedding`; a `CausalNetwork` is
        one.
    max_length : int
        Number of most recent items that are read.
    """

    def __init__(self, network: nn.Module, max_length: int) -> None:
        super().__init__()
        self.network: Any = network
        self.max_length = max_length

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores (n, n_items) after histories (n, length) padded with -1."""
        # A graph that torch exports holds for two columns or more, or for one alone.
        codes = F.pad(codes, (0, 1), value=-1)
        items, lengths = most_recent_known(codes, self.max_length)
        hidden: Tensor = self.network.last_hidden(items, lengths.clamp(min=1))
        return F.linear(hidden, self.network.item_embedding.weight)


class SparseRows(nn.Module):
    """A sparse matrix whose rows are added up, in the layout of scipy's CSR arrays.

    Parameters
    ----------
    starts : int64 Tensor of shape (n_rows + 1,)
        Where the entries of each row begin.
    columns : int64 Tensor of shape (n_entries,)
        The column of each entry.
    values : Tensor of shape (n_entries,)
        The entries.
    n_columns : int
        Number of columns.
    """

    starts: Tensor
    columns: Tensor
    values: Tensor

    def __init__(
        self, starts: Tensor, columns: Tensor, values: Tensor, n_columns: int
    ) -> None:
        super().__init__()
        self.register_buffer("starts", starts)
        self.register_buffer("columns", columns)
        self.register_buffer("values", values)
        self.n_columns = n_columns
        self.longest = int(starts.diff().max())

    def forward(self, rows: Tensor, weights: Tensor) -> Tensor:
        """Return weighted sums (n, n_columns) of rows (n, width); 0 leaves one out."""
        first = self.starts[rows]
        n_entries = (self.starts[rows + 1] - first) * (weights > 0)
        ranks = torch.arange(self.longest, device=rows.device)
        is_entry = ranks < n_entries[:, :, None]  # (n, width, longest)
        history, place, rank = is_entry.nonzero(as_tuple=True)
        entry = first[history, place] + rank
        weighted = self.values[entry] * weights[history, place]
        total = weighted.new_zeros(rows.shape[0] * self.n_columns)
        total = total.scatter_add(
            0, history * self.n_columns + self.columns[entry], weighted
        )
        return total.view(rows.shape[0], self.n_columns)


class TransitionScores(nn.Module):
    """Score items by how often they followed the last item, smoothed by a prior.

    Parameters
    ----------
    counts : SparseRows
        How often the column's item followed the row's.
    totals : Tensor of shape (n_items,)
        Sums of the rows of `counts`.
    prior : Tensor of shape (n_items,)
        Added to the counts.
    smoothing : float
        Sum of the prior.
    """

    totals: Tensor
    prior: Tensor

    def __init__(
        self, counts: SparseRows, totals: Tensor, prior: Tensor, smoothing: float
    ) -> None:
        super().__init__()
        self.counts = counts
        self.register_buffer("totals", totals)
        self.register_buffer("prior", prior)
        self.smoothing = smoothing

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores (n, n_items) after histories (n, length) padded with -1."""
        items, lengths = most_recent_known(codes, 1)
        counts = self.counts(items, lengths[:, None].to(self.prior.dtype))
        return (counts + self.prior) / (self.totals[items] + self.smoothing)


class NeighbourScores(nn.Module):
    """Score items by their similarity to those of the history, mixed with popularity.

    Parameters
    ----------
    similarities : SparseRows
        Similarity of the column's item to the row's.
    popularity : Tensor of shape (n_items,)
        Share of each item in the training histories.
    history_decay : float
        Weight of an item of the history relative to the one after it.
    max_length : int
        Number of most recent items that are read.
    popularity_weight : float
        Share of the popularity in the score; all of it after items without neighbours.
    """

    popularity: Tensor

    def __init__(
        self,
        similarities: SparseRows,
        popularity: Tensor,
        *,
        history_decay: float,
        max_length: int,
        popularity_weight: float,
    ) -> None:
        super().__init__()
        self.similarities = similarities
        self.register_buffer("popularity", popularity)
        self.history_decay = history_decay
        self.max_length = max_length
        self.popularity_weight = popularity_weight

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores (n, n_items) after histories (n, length) padded with -1."""
        items, lengths = most_recent_known(codes, self.max_length)
        columns = torch.arange(items.shape[1], device=items.device)
        age = lengths[:, None] - 1 - columns  # below 0 in the padding
        weights = self.history_decay ** age.clamp(min=0).to(self.popularity.dtype)
        scores = self.similarities(items, weights * (age >= 0))
        total = scores.sum(dim=1, keepdim=True)
        share = (1 - self.popularity_weight) * (total > 0)
        scores = scores * (share / total.clamp(min=torch.finfo(total.dtype).tiny))
        return scores + (1 - share) * self.popularity


class ConstantScores(nn.Module):
    """Give every history the same scores.

    Parameters
    ----------
    values : Tensor of shape (n_items,)
        The scores.
    """

    values: Tensor

    def __init__(self, values: Tensor) -> None:
        super().__init__()
        self.register_buffer("values", values)

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores (n, n_items) after histories (n, length) padded with -1."""
        return self.values.expand(codes.shape[0], -1)


class ScoresWithFallback(nn.Module):
    """Scores that may be converted, and others for histories without a known item.

    Parameters
    ----------
    scores : nn.Module
        Scores (n, n_items) of histories (n, length) padded with -1.
    fallback : Tensor of shape (n_items,)
        Scores of a history without a known item.
    convert : callable, default=None
        Turns the scores into log-probabilities. None leaves them as they are.
    """

    fallback: Tensor

    def __init__(
        self,
        scores: nn.Module,
        fallback: Tensor,
        convert: Callable[[Tensor], Tensor] | None = None,
    ) -> None:
        super().__init__()
        self.scores = scores
        self.register_buffer("fallback", fallback)
        self.convert = convert

    def forward(self, codes: Tensor) -> Tensor:
        """Return scores (n, n_items) after histories (n, length) padded with -1."""
        scores = self.scores(codes)
        if self.convert is not None:
            scores = self.convert(scores)
        has_items = (codes >= 0).any(dim=1, keepdim=True)
        return torch.where(has_items, scores, self.fallback)


class MeanScores(nn.Module):
    """Average log-probabilities, some perhaps over a part of the catalogue alone.

    Parameters
    ----------
    members : list of nn.Module
        Log-probabilities of histories (n, length) padded with -1.
    weights : list of float
        Weight of each member.
    codes : list of (int64 Tensor of shape (n_items,) or None)
        The code of each item in a member's catalogue, -1 where it has none, whose score
        is then the member's lowest. None for a member with the same catalogue.
    """

    def __init__(
        self,
        members: list[nn.Module],
        weights: list[float],
        codes: list[Tensor | None],
    ) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)
        self.weights = weights
        for number, codes_of_member in enumerate(codes):
            self.register_buffer(f"codes_{number}", codes_of_member)

    def forward(self, codes: Tensor) -> Tensor:
        """Return log-probabilities (n, n_items) after histories (n, length)."""
        total: Tensor | float = 0.0
        for number, member in enumerate(self.members):
            own_codes = getattr(self, f"codes_{number}")
            if own_codes is None:
                scores = member(codes)
            else:
                own = torch.where(codes >= 0, own_codes[codes.clamp(min=0)], -1)
                scores = member(own)
                lowest = scores.amin(dim=1, keepdim=True)
                # -1, the code of what the member lacks, is the last column.
                scores = torch.cat([scores, lowest], dim=1)[:, own_codes]
            total = total + self.weights[number] * scores
        return torch.as_tensor(total).log_softmax(dim=1)


class BestItems(nn.Module):
    """The `k` items with the highest scores, the lower code first where they tie.

    Parameters
    ----------
    scores : nn.Module
        Scores (n, n_items) of histories (n, length) padded with -1.
    k : int
        Number of items for each history.
    filter_seen : bool, default=True
        Whether to leave out the items that are in the history.
    topk_breaks_ties : bool, default=False
        Whether the lower code comes first out of a top k anyway, as ONNX promises.
    """

    def __init__(
        self,
        scores: nn.Module,
        k: int,
        *,
        filter_seen: bool = True,
        topk_breaks_ties: bool = False,
    ) -> None:
        super().__init__()
        self.scores = scores
        self.k = k
        self.filter_seen = filter_seen
        self.topk_breaks_ties = topk_breaks_ties

    def forward(self, codes: Tensor) -> tuple[Tensor, Tensor]:
        """Return codes (n, k) and scores (n, k), padded with -1 and -inf."""
        scores = self.scores(codes)
        n_items = scores.shape[1]
        if self.filter_seen:
            places = torch.where(codes >= 0, codes, n_items)
            is_seen = scores.new_zeros(codes.shape[0], n_items + 1, dtype=torch.bool)
            is_seen = is_seen.scatter(1, places, True)[:, :n_items]
            scores = scores.masked_fill(is_seen, -torch.inf)
        k = min(self.k, n_items)
        ranked = scores if self.topk_breaks_ties else _distinct(scores)
        items = ranked.topk(k, dim=1).indices
        best = scores.gather(1, items)
        items = torch.where(best == -torch.inf, -1, items)
        missing = (0, self.k - k)
        return F.pad(items, missing, value=-1), F.pad(best, missing, value=-torch.inf)


def _distinct(scores: Tensor) -> Tensor:
    """Turn float32 scores (n, n_items) into int64 in their order, without ties."""
    bits = (scores + 0.0).view(torch.int32).long()  # -0.0 becomes 0.0
    bits = bits ^ ((bits >> 31) & 0x7FFFFFFF)  # negative floats count backwards
    return (bits << 32) - torch.arange(scores.shape[1], device=scores.device)

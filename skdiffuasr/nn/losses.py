"""Losses and likelihoods of the next item over a large catalogue."""

from collections.abc import Iterator
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

#: Memory that a block of (rows, items) logits may take, within a cache.
BLOCK_BYTES = 8 * 2**20

#: Fewer rows than this make a block slow: each block reads the whole catalogue.
MIN_BLOCK_ROWS = 128


def full_cross_entropy(
    hidden: Tensor,
    item_embeddings: Tensor,
    targets: Tensor,
    dtype: torch.dtype = torch.float32,
) -> Tensor:
    """Mean cross-entropy of a softmax over the whole catalogue.

    The logits, inner products of hidden states and item embeddings, are computed in
    blocks of tokens together with their gradient: the (tokens, items) matrix never
    exists as a whole.

    Parameters
    ----------
    hidden : Tensor of shape (tokens, d)
        Hidden states.
    item_embeddings : Tensor of shape (items, d)
        The catalogue.
    targets : int64 Tensor of shape (tokens,)
        Code of the item that came next.
    dtype : torch.dtype, default=torch.float32
        Of the matrix products and of the probabilities of a block. The targets' logits,
        and the sums of loss and gradients over blocks, are in float32 in any case; see
        `product_dtype`.

    Returns
    -------
    loss : Tensor of shape ()
        In nats.
    """
    with torch.autocast(hidden.device.type, enabled=False):
        loss: Tensor = _BlockedCrossEntropy.apply(
            hidden.float(), item_embeddings.float(), targets, dtype
        )
    return loss


class _BlockedCrossEntropy(torch.autograd.Function):
    """Cross-entropy whose gradient is computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        item_embeddings: Tensor,
        targets: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        hidden_gradient = torch.empty_like(hidden)
        item_gradient = torch.zeros_like(item_embeddings)
        total = hidden.new_zeros(())
        catalogue = item_embeddings.to(dtype)
        gradient_of_block = torch.empty_like(catalogue)
        for rows, weights, normaliser, log_normaliser in _softmax_blocks(
            hidden, catalogue
        ):
            total += log_normaliser.sum()
            hidden_gradient[rows] = weights @ catalogue / normaliser
            scaled = (hidden[rows] / normaliser).to(dtype)
            item_gradient += torch.mm(weights.T, scaled, out=gradient_of_block)
        target_embeddings = item_embeddings[targets]  # (tokens, d)
        total -= (hidden * target_embeddings).sum()
        hidden_gradient -= target_embeddings
        item_gradient.index_add_(0, targets, hidden, alpha=-1)
        ctx.save_for_backward(hidden_gradient, item_gradient)
        ctx.n_tokens = len(hidden)
        return total / len(hidden)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None, None]:
        hidden_gradient, item_gradient = ctx.saved_tensors
        scale = gradients[0] / ctx.n_tokens
        return hidden_gradient * scale, item_gradient * scale, None, None


def log_probability(hidden: Tensor, catalogue: Tensor, targets: Tensor) -> Tensor:
    """Logarithm of each row's probability of its target, in blocks of rows.

    It and its gradient are in float32, since they decide which items are generated.

    Parameters
    ----------
    hidden : Tensor of shape (n, d)
        Hidden states.
    catalogue : Tensor of shape (items, d)
        Item embeddings; they get no gradient.
    targets : int64 Tensor of shape (n,)
        Codes of items; -1 stands for none.

    Returns
    -------
    log_probability : Tensor of shape (n,)
        In nats; 0 where there is no target.
    """
    with torch.autocast(hidden.device.type, enabled=False):
        result: Tensor = _BlockedLogProbability.apply(
            hidden.float(), catalogue.float(), targets
        )
    return result


class _BlockedLogProbability(torch.autograd.Function):
    """Log-probability whose gradient is computed in the forward pass."""

    @staticmethod
    def forward(ctx: Any, hidden: Tensor, catalogue: Tensor, targets: Tensor) -> Tensor:
        has_target = targets >= 0
        target_embeddings = catalogue[targets.clamp(min=0)]  # (n, d)
        log_probabilities = (hidden * target_embeddings).sum(dim=1)
        gradient = target_embeddings * has_target[:, None]
        for rows, weights, normaliser, log_normaliser in _softmax_blocks(
            hidden, catalogue
        ):
            log_probabilities[rows] -= log_normaliser[:, 0]
            expected = weights @ catalogue / normaliser  # (block, d)
            gradient[rows] -= expected * has_target[rows, None]
        ctx.save_for_backward(gradient)
        return log_probabilities * has_target

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None, None]:
        (gradient,) = ctx.saved_tensors
        return gradients[0][:, None] * gradient, None, None


def sampled_cross_entropy(
    hidden: Tensor,
    item_embeddings: Tensor,
    targets: Tensor,
    n_negatives: int,
    sparse: bool = False,
) -> Tensor:
    """Mean cross-entropy of the target among negatives shared by the batch.

    The negatives are drawn uniformly from the catalogue and weighted to stand for all
    of it, so that the loss estimates `full_cross_entropy`; a negative that happens to
    be a token's target does not count for that token.

    Parameters
    ----------
    hidden : Tensor of shape (tokens, d)
        Hidden states.
    item_embeddings : Tensor of shape (items, d)
        The catalogue.
    targets : int64 Tensor of shape (tokens,)
        Code of the item that came next.
    n_negatives : int
        Number of negatives.
    sparse : bool, default=False
        Whether the gradient of the catalogue has the rows of these items only.

    Returns
    -------
    loss : Tensor of shape ()
        In nats.
    """
    negatives = torch.randint(
        len(item_embeddings), (n_negatives,), device=hidden.device
    )
    positives = F.embedding(targets, item_embeddings, sparse=sparse)
    positive_logits = (hidden * positives).sum(1, keepdim=True)
    negative_embeddings = F.embedding(negatives, item_embeddings, sparse=sparse)
    negative_logits = hidden @ negative_embeddings.T  # (tokens, negatives)
    is_target = negatives == targets[:, None]
    weight = (len(item_embeddings) - 1) / (~is_target).sum(1, keepdim=True)
    negative_logits = (negative_logits + weight.log()).masked_fill(
        is_target, -torch.inf
    )
    logits = torch.cat([positive_logits, negative_logits], dim=1)
    return F.cross_entropy(logits, torch.zeros_like(targets))


def sampled_binary_cross_entropy(
    hidden: Tensor,
    item_embeddings: Tensor,
    targets: Tensor,
    n_negatives: int,
    sparse: bool = False,
) -> Tensor:
    """Mean binary cross-entropy of the target against its own drawn negatives.

    Parameters
    ----------
    hidden : Tensor of shape (tokens, d)
        Hidden states.
    item_embeddings : Tensor of shape (items, d)
        The catalogue.
    targets : int64 Tensor of shape (tokens,)
        Code of the item that came next.
    n_negatives : int
        Number of negatives of each token, drawn uniformly from all items; its own
        target does not count as one. SASRec has 1, and draws it from the items that are
        not in the user's history.
    sparse : bool, default=False
        Whether the gradient of the catalogue has the rows of these items only.

    Returns
    -------
    loss : Tensor of shape ()
        In nats: the positive's loss plus the negatives' mean loss.
    """
    negatives = torch.randint(
        len(item_embeddings), (len(targets), n_negatives), device=hidden.device
    )
    # One look-up for both: each makes a gradient of the size of the catalogue.
    items = torch.cat([targets[:, None], negatives], dim=1)  # (tokens, 1 + negatives)
    embeddings = F.embedding(items, item_embeddings, sparse=sparse)
    logits = torch.einsum("td,tnd->tn", hidden, embeddings)
    is_negative = negatives != targets[:, None]
    negative_losses = F.softplus(logits[:, 1:]) * is_negative
    return F.softplus(-logits[:, 0]).mean() + (
        negative_losses.sum() / is_negative.sum().clamp(min=1)
    )


def _softmax_blocks(
    hidden: Tensor, catalogue: Tensor
) -> Iterator[tuple[slice, Tensor, Tensor, Tensor]]:
    """Yield the softmax over the catalogue for one block of rows after the other.

    Parameters
    ----------
    hidden : Tensor of shape (n, d)
        Hidden states.
    catalogue : Tensor of shape (items, d)
        Item embeddings, in the dtype that the products are computed in.

    Yields
    ------
    rows : slice
        The rows of the block.
    weights : Tensor of shape (block, items)
        Probabilities times the normaliser. The next block overwrites them: fresh
        memory for each can cost as much as the product that fills it.
    normaliser : float32 Tensor of shape (block, 1)
    log_normaliser : float32 Tensor of shape (block, 1)
        Logarithm of the sum of the exponentials of the row's logits.
    """
    n_items = len(catalogue)
    block = max(MIN_BLOCK_ROWS, BLOCK_BYTES // (catalogue.element_size() * n_items))
    logits_of_block = catalogue.new_empty(min(block, len(hidden)), n_items)
    for start in range(0, len(hidden), block):
        rows = slice(start, start + block)
        states = hidden[rows].to(catalogue.dtype)
        logits = torch.mm(states, catalogue.T, out=logits_of_block[: len(states)])
        maximum = logits.amax(dim=1, keepdim=True)
        weights = logits.sub_(maximum).exp_()
        normaliser = weights.sum(dim=1, keepdim=True, dtype=torch.float32)
        yield rows, weights, normaliser, maximum + normaliser.log()

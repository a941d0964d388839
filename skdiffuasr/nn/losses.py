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
    probabilities: Tensor | None = None,
) -> Tensor:
    """Return the mean cross-entropy (), in nats, of a softmax over the whole catalogue.

    The logits are inner products of hidden states (tokens, d) and item embeddings
    (items, d). Targets are codes (tokens,), or (tokens, K) with probabilities of the
    same shape, which need not sum to 1 and get no gradient. The softmax is computed in
    blocks of tokens, in `dtype`, together with the gradient: the (tokens, items) matrix
    never exists as a whole. The targets' part, and the sums over blocks, are in
    float32.
    """
    if probabilities is None:
        targets = targets[:, None]
        probabilities = torch.ones(targets.shape, device=targets.device)
    with torch.autocast(hidden.device.type, enabled=False):
        loss: Tensor = _BlockedCrossEntropy.apply(
            hidden.float(),
            item_embeddings.float(),
            targets,
            probabilities.float(),
            dtype,
        )
    return loss


def with_soft_targets(
    targets: Tensor, codes: Tensor, probabilities: Tensor
) -> tuple[Tensor, Tensor]:
    """Put true targets (tokens,), -1 for none, before soft ones (tokens, K).

    Returns codes and probabilities (tokens, 1 + K): a true target has what the soft
    ones leave of 1.
    """
    rest = (1 - probabilities.sum(dim=1)) * (targets >= 0)
    return (
        torch.cat([targets.clamp(min=0)[:, None], codes.to(targets.dtype)], dim=1),
        torch.cat([rest[:, None], probabilities], dim=1),
    )


class _BlockedCrossEntropy(torch.autograd.Function):
    """Cross-entropy whose gradient is computed in the forward pass."""

    @staticmethod
    def forward(
        ctx: Any,
        hidden: Tensor,
        item_embeddings: Tensor,
        targets: Tensor,
        probabilities: Tensor,
        dtype: torch.dtype,
    ) -> Tensor:
        hidden_gradient = torch.empty_like(hidden)
        item_gradient = torch.zeros_like(item_embeddings)
        total = hidden.new_zeros(())
        mass = probabilities.sum(dim=1, keepdim=True)  # (tokens, 1)
        catalogue = item_embeddings.to(dtype)
        gradient_of_block = torch.empty_like(catalogue)
        for rows, weights, normaliser, log_normaliser in _softmax_blocks(
            hidden, catalogue
        ):
            scale = mass[rows] / normaliser
            total += (mass[rows] * log_normaliser).sum()
            hidden_gradient[rows] = weights @ catalogue * scale
            scaled = (hidden[rows] * scale).to(dtype)
            item_gradient += torch.mm(weights.T, scaled, out=gradient_of_block)
        expected = F.embedding_bag(
            targets, item_embeddings, per_sample_weights=probabilities, mode="sum"
        )  # (tokens, d)
        total -= (hidden * expected).sum()
        hidden_gradient -= expected
        # A row of targets has K states to be added, too many for all rows at once.
        block = max(1, BLOCK_BYTES // (4 * targets.shape[1] * hidden.shape[1]))
        for start in range(0, len(hidden), block):
            rows = slice(start, start + block)
            states = probabilities[rows, :, None] * hidden[rows, None]  # (block, K, d)
            item_gradient.index_add_(
                0, targets[rows].flatten(), states.flatten(0, 1), alpha=-1
            )
        ctx.save_for_backward(hidden_gradient, item_gradient)
        ctx.n_tokens = len(hidden)
        return total / len(hidden)

    @staticmethod
    def backward(
        ctx: Any, *gradients: Tensor
    ) -> tuple[Tensor, Tensor, None, None, None]:
        hidden_gradient, item_gradient = ctx.saved_tensors
        scale = gradients[0] / ctx.n_tokens
        return hidden_gradient * scale, item_gradient * scale, None, None, None


def log_probability(hidden: Tensor, catalogue: Tensor, targets: Tensor) -> Tensor:
    """Return the log-probability (n,), in nats, of each row's target code (n,).

    It is 0 where the target is -1, has a gradient of the hidden states alone, and is in
    float32, since it decides which items are generated.
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
    """Return the mean cross-entropy () of targets (tokens,) among shared negatives.

    The negatives are drawn uniformly from the catalogue and weighted to stand for all
    of it; a negative that is a token's target does not count for that token. With
    `sparse`, the gradient of the catalogue has the rows of these items only.
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
    """Return the mean binary cross-entropy () of targets and negatives of each token.

    It is the positive's loss plus the mean of the negatives'. Negatives are drawn
    uniformly from all items; a token's own target does not count.
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
    """Yield rows, weights, normalisers and their logarithms, block by block.

    Weights (block, items), in the catalogue's dtype, are probabilities times the
    normaliser (block, 1); the next block overwrites them: fresh memory can cost as much
    as the product that fills it. The logarithm (block, 1) is that of the sum of the
    exponentials of a row's logits.
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

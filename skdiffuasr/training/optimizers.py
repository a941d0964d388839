"""The optimisers of a training run."""

from torch import nn
from torch.optim import AdamW, Optimizer, SparseAdam


def make_optimizers(
    module: nn.Module, learning_rate: float, weight_decay: float = 0.0
) -> list[Optimizer]:
    """Return AdamW, and SparseAdam for embeddings with sparse gradients, if any.

    SparseAdam has no decay and leaves the moments of rows without a gradient alone.
    """
    sparse = {
        layer.weight
        for layer in module.modules()
        if isinstance(layer, nn.Embedding) and layer.sparse
    }
    dense = [
        parameter
        for parameter in module.parameters()
        if parameter.requires_grad and parameter not in sparse
    ]
    optimizers: list[Optimizer] = [
        AdamW(dense, lr=learning_rate, weight_decay=weight_decay, fused=True)
    ]
    if sparse:
        optimizers.append(SparseAdam(list(sparse), lr=learning_rate))
    return optimizers

"""The optimisers of a training."""

from torch import nn
from torch.optim import AdamW, Optimizer, SparseAdam


def make_optimizers(
    module: nn.Module, learning_rate: float, weight_decay: float = 0.0
) -> list[Optimizer]:
    """Make the optimisers of a module's trained parameters.

    Parameters
    ----------
    module : nn.Module
        On the device it is trained on.
    learning_rate, weight_decay : float
        AdamW's; it is Adam when the decay is 0.

    Returns
    -------
    optimizers : list of torch.optim.Optimizer
        AdamW, and SparseAdam if there are embeddings with sparse gradients. The latter
        leaves the moments of the rows without a gradient alone and has no decay.
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

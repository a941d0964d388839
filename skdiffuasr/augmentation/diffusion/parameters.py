"""How the networks of the diffusion augmenter are trained, and on what."""

from typing import Any

from sklearn.utils.validation import check_memory

from skdiffuasr._estimator_class import estimator_class
from skdiffuasr._sklearn_compat import HasMethods
from skdiffuasr.augmentation.base import BaseAugmenter
from skdiffuasr.augmentation.diffusion.parts import PartsMixin
from skdiffuasr.augmentation.diffusion.training import TrainingOptions, TrainingRun
from skdiffuasr.augmentation.diffusion.training_pairs import (
    check_training_pairs,
    find_training_pairs,
)
from skdiffuasr.sequences import Sequences
from skdiffuasr.training.parameters import TrainingParameters


@estimator_class
class BaseTrained(PartsMixin, BaseAugmenter, TrainingParameters):
    """Parameters of training that are not those of a part.

    Parameters
    ----------
    max_epochs : int, default=100
        Upper bound of the number of passes over the training pairs.
    memory : str or joblib.Memory, default=None
        Cache of the training runs. A search over the parameters of sampling
        (`guidance`, `guidance_scale`, `sampler`, `unique`, `augment_at`,
        `max_history_length`) then trains once for each fold, provided `random_state`
        is an int. A run that a callback ended, or an interrupt, is not kept.
    precision : {"auto", "float32"}, default="auto"
        Of the products with the whole catalogue in training, and of those that find
        the items that may be nearest to a generated vector: ``"auto"`` multiplies in
        bfloat16 where the device does so in hardware, and on a GPU all else in training
        too; ``"float32"`` nowhere. What decides an item is in float32 in any case.
    """

    _parameter_constraints = {
        **BaseAugmenter._parameter_constraints,
        **TrainingParameters._parameter_constraints,
        "memory": [str, HasMethods(["cache"]), None],
    }

    max_epochs: int = 100
    memory: Any = None

    def _training_run(self, codes: Sequences) -> TrainingRun:
        """Find the training pairs in histories of codes, and say how to train."""
        training = self._part("training")
        pairs = find_training_pairs(codes, self.n_pseudo_items, training.pairs)
        check_training_pairs(pairs, codes, training.pairs)
        self.n_training_pairs_ = len(pairs)
        options = TrainingOptions(
            self.learning_rate,
            self.batch_size,
            self.max_epochs,
            training.patience,
            self.device,
            self.precision,
            self.seed_,
        )
        return TrainingRun(
            *pairs.split(training.validation_fraction, self.seed_),
            self._part("schedule"),
            options,
            check_memory(self.memory),
            self.keep_interrupted,
            self.verbose,
        )

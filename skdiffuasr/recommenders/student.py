"""Training of a student, with the callbacks of all that it is part of."""

from copy import copy
from typing import Any

from torch import nn

from skdiffuasr._sklearn_compat import with_callbacks
from skdiffuasr._typing import SequencesLike
from skdiffuasr.recommenders.neural import BaseNeuralRecommender
from skdiffuasr.recommenders.validation import Validation
from skdiffuasr.sequences import Sequences
from skdiffuasr.training import epoch_callbacks, to_weights
from skdiffuasr.training.histories import SoftLabels


@with_callbacks  # tears down those of the student, which is not fitted by its `fit`
def fit_student(
    student: BaseNeuralRecommender,
    recommender: Any,
    X: SequencesLike,
    y: Any,
    *,
    training: Sequences,
    validation: Validation | None,
    seed: int,
    labels: SoftLabels | None,
) -> None:
    """Train a student inside a recommender, which gets it as `student_`.

    The callbacks of both are told of the student's epochs, with `X` and `y`, and may
    stop the training.
    """

    def own(network: nn.Module) -> dict[str, Any]:
        return student._learned(to_weights(network))

    def around(network: nn.Module) -> dict[str, Any]:
        trained = copy(student)
        for name, value in own(network).items():
            setattr(trained, name, value)
        return {"student_": trained}

    max_epochs = student.max_epochs
    with (
        epoch_callbacks(
            recommender, X, y, max_epochs=max_epochs, fitted_attributes=around
        ) as tell_recommender,
        epoch_callbacks(
            student, X, y, max_epochs=max_epochs, fitted_attributes=own
        ) as tell_student,
    ):

        def on_epoch_end(network: nn.Module) -> bool:
            stops = [tell(network) for tell in (tell_student, tell_recommender)]
            return any(stops)

        student._fit_network(
            training, validation, seed, on_epoch_end, soft_labels=labels
        )
        recommender.student_ = student

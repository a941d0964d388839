"""Sample weights of scorers, as scikit-learn's metadata routing passes them."""

from typing import Self

from sklearn.base import BaseEstimator
from sklearn.utils.metadata_routing import MetadataRequest


class WeightedScorer(BaseEstimator):
    """A `scoring` callable that may request sample weights.

    Its parameters are an estimator's, so that it can be cloned, printed and pickled.
    """

    def set_score_request(self, *, sample_weight: bool | str | None) -> Self:
        """Choose whether scikit-learn's metadata routing passes sample weights on.

        Parameters
        ----------
        sample_weight : bool, str or None
            True requests the weights, False does without, None raises if there are
            any, and a str is the name under which they are passed.

        Returns
        -------
        self : object
            The scorer.
        """
        self._metadata_request = _weight_request(self, sample_weight)
        return self

    def get_metadata_routing(self) -> MetadataRequest:
        """Return the metadata that the scorer requests."""
        return getattr(self, "_metadata_request", _weight_request(self, None))

    def _accept_sample_weight(self) -> bool:
        """Tell scikit-learn that weights are taken where routing is off."""
        return True


def _weight_request(
    owner: WeightedScorer, sample_weight: bool | str | None
) -> MetadataRequest:
    request = MetadataRequest(owner=owner)
    request.score.add_request(param="sample_weight", alias=sample_weight)
    return request

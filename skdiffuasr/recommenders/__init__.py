"""Next-item recommenders with one contract."""

from skdiffuasr.recommenders.markov import MarkovRecommender
from skdiffuasr.recommenders.popularity import PopularityRecommender
from skdiffuasr.recommenders.sasrec import SASRecEstimator

__all__ = ["MarkovRecommender", "PopularityRecommender", "SASRecEstimator"]

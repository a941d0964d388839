"""Next-item recommenders with one contract."""

from skdiffuasr.recommenders.bert4rec import BERT4RecEstimator
from skdiffuasr.recommenders.cl4srec import CL4SRecEstimator
from skdiffuasr.recommenders.cooccurrence import CooccurrenceRecommender
from skdiffuasr.recommenders.distilled import DistilledRecommender
from skdiffuasr.recommenders.ensemble import EnsembleRecommender
from skdiffuasr.recommenders.gru4rec import GRU4RecEstimator
from skdiffuasr.recommenders.markov import MarkovRecommender
from skdiffuasr.recommenders.pipelines import recommend
from skdiffuasr.recommenders.popularity import PopularityRecommender
from skdiffuasr.recommenders.s3rec import S3RecEstimator
from skdiffuasr.recommenders.sasrec import SASRecEstimator

__all__ = [
    "BERT4RecEstimator",
    "CL4SRecEstimator",
    "CooccurrenceRecommender",
    "DistilledRecommender",
    "EnsembleRecommender",
    "GRU4RecEstimator",
    "MarkovRecommender",
    "PopularityRecommender",
    "S3RecEstimator",
    "SASRecEstimator",
    "recommend",
]

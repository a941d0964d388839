"""Pictures of models and results, in scikit-learn's Display style; need matplotlib."""

from skdiffuasr.plotting.denoising_trajectory import DenoisingTrajectoryDisplay
from skdiffuasr.plotting.embedding_map import EmbeddingMapDisplay
from skdiffuasr.plotting.group_metric import GroupMetricDisplay
from skdiffuasr.plotting.length_gain import LengthGainDisplay
from skdiffuasr.plotting.loss_curve import LossCurveDisplay
from skdiffuasr.plotting.popularity_drift import PopularityDriftDisplay
from skdiffuasr.plotting.search_heatmap import SearchHeatmapDisplay

__all__ = [
    "DenoisingTrajectoryDisplay",
    "EmbeddingMapDisplay",
    "GroupMetricDisplay",
    "LengthGainDisplay",
    "LossCurveDisplay",
    "PopularityDriftDisplay",
    "SearchHeatmapDisplay",
]

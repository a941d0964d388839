"""Ranking metrics, their groups and intervals, and the quality of pseudo items."""

from skdiffuasr.metrics.bootstrap import BootstrapResult, paired_bootstrap
from skdiffuasr.metrics.catalogue import (
    catalogue_coverage,
    exposure_gini,
    log_popularity,
)
from skdiffuasr.metrics.groups import (
    Groups,
    length_groups,
    novelty_groups,
    popularity_groups,
)
from skdiffuasr.metrics.pseudo_items import (
    draw_by_popularity,
    draw_uniform,
    pseudo_item_quality,
    pseudo_item_quality_per_row,
)
from skdiffuasr.metrics.ranking import (
    hit_rate_at_k,
    ndcg_at_k,
    parse_metric,
    precision_at_k,
    reciprocal_rank,
)
from skdiffuasr.metrics.ranks import mask_seen, sampled_target_ranks, target_ranks
from skdiffuasr.metrics.scorer import NextItemScorer, make_next_item_scorer
from skdiffuasr.metrics.ties import TargetRanks

__all__ = [
    "BootstrapResult",
    "Groups",
    "NextItemScorer",
    "TargetRanks",
    "catalogue_coverage",
    "draw_by_popularity",
    "draw_uniform",
    "exposure_gini",
    "hit_rate_at_k",
    "length_groups",
    "log_popularity",
    "make_next_item_scorer",
    "mask_seen",
    "ndcg_at_k",
    "novelty_groups",
    "paired_bootstrap",
    "parse_metric",
    "popularity_groups",
    "precision_at_k",
    "pseudo_item_quality",
    "pseudo_item_quality_per_row",
    "reciprocal_rank",
    "sampled_target_ranks",
    "target_ranks",
]

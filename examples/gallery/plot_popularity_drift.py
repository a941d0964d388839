"""
Do pseudo items drift towards popular ones?
===========================================

The popularity of the items that users had, of those generated for them, and of those
that a recommender shows them. A drift to the right makes a few items ever more popular.
"""

from skdiffuasr import DiffusionSequenceAugmenter, SASRecEstimator
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.plotting import PopularityDriftDisplay

X = make_sequences(n_users=400, n_items=80, random_state=0).X
augmenter = DiffusionSequenceAugmenter(
    4, denoiser=SUNet(n_res_blocks=1), max_epochs=20, random_state=0
).fit(X)
recommender = SASRecEstimator(16, n_layers=1, max_epochs=10, random_state=0).fit(X)

PopularityDriftDisplay.from_estimator(augmenter, X, recommender=recommender)

# %%
# Next: :doc:`/user_guide/pseudo_items` measures how close pseudo items are to the
# truth.

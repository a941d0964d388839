"""
The space where items are generated
===================================

A map of the item embeddings by their first two principal components, coloured by
popularity, with the points generated for a few histories on top. Generation confuses
items that are close in this space.
"""

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.plotting import EmbeddingMapDisplay

X = make_sequences(n_users=400, n_items=80, n_clusters=4, random_state=0).X
augmenter = DiffusionSequenceAugmenter(
    4, denoiser=SUNet(n_res_blocks=1), max_epochs=20, random_state=0
).fit(X)

EmbeddingMapDisplay.from_estimator(augmenter, X)

# %%
# Next: :doc:`/user_guide/augmenter` has the other spaces of items.

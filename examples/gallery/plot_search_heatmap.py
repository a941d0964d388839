"""
A search over M and the guidance scale
======================================

``memory`` caches the diffusion models, so a search over the guidance scale trains only
one per number of pseudo items. The best cell is marked; the smaller its lead, the less
it means.
"""

from tempfile import mkdtemp

from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline

from skdiffuasr import DiffusionSequenceAugmenter, MarkovRecommender
from skdiffuasr.augmentation.diffusion import SUNet
from skdiffuasr.datasets import make_sequences
from skdiffuasr.model_selection import LeaveLastOut, leave_last_out
from skdiffuasr.plotting import SearchHeatmapDisplay

log = make_sequences(n_users=400, n_items=80, random_state=0)
X_train, y_valid, _, _ = leave_last_out(log.X)
augmenter = DiffusionSequenceAugmenter(
    denoiser=SUNet(n_res_blocks=1), max_epochs=5, memory=mkdtemp(), random_state=0
)
pipeline = Pipeline([("aug", augmenter), ("rec", MarkovRecommender())])
grid = {"aug__n_pseudo_items": [2, 3, 4], "aug__guidance_scale": [0.0, 1.0, 2.0, 4.0]}
search = GridSearchCV(pipeline, grid, cv=LeaveLastOut()).fit(X_train, y_valid)

SearchHeatmapDisplay.from_estimator(
    search, "aug__n_pseudo_items", "aug__guidance_scale"
)

# %%
# Next: the notebook :doc:`/notebooks/tuning` makes such a search.

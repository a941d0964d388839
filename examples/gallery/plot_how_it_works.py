r"""
How it works, in pictures
=========================

A diffusion model over item embeddings learns which items come *before* a history. This
page draws its four parts from a run of a small model on synthetic data: the forward
process, the network, guidance and rounding. :doc:`The method </method>` has all the
equations.
"""

# %%
# Data and a model
# ----------------
# ``make_sequences`` draws histories from a latent factor model and cuts off their
# beginning, so we know what really came before. The augmenter generates four items in
# a space of 16 dimensions.

import matplotlib.pyplot as plt
import numpy as np
import torch

from skdiffuasr import DiffusionSequenceAugmenter
from skdiffuasr.augmentation.diffusion import (
    DDIM,
    CosineSchedule,
    LinearSchedule,
    QuadraticSchedule,
    SigmoidSchedule,
    SUNet,
)
from skdiffuasr.datasets import make_sequences
from skdiffuasr.nn.denoiser import Denoiser
from skdiffuasr.nn.rounding import nearest_items
from skdiffuasr.sequences import keyed_normal, row_keys
from skdiffuasr.sequences.vocabulary import encode_sequences
from skdiffuasr.study import nearness_to_hidden
from skdiffuasr.training import from_weights

N_PSEUDO_ITEMS = 4
BLUE, ORANGE, GREEN, GREY = "#0072B2", "#D55E00", "#009E73", "#8C8C8C"

log = make_sequences(
    n_users=400, n_items=80, n_hidden_items=N_PSEUDO_ITEMS, n_clusters=4, random_state=0
)
denoiser = SUNet(n_res_blocks=1)
augmenter = DiffusionSequenceAugmenter(
    N_PSEUDO_ITEMS, denoiser=denoiser, max_epochs=30, random_state=0
).fit(log.X)
len(log.X), augmenter.n_training_pairs_, augmenter.n_iter_

# %%
# The forward process
# -------------------
# A block of M items is the matrix of their embeddings, :math:`x_0`. Step t of T mixes
# it with Gaussian noise,
#
# .. math::
#    x_t = \sqrt{\bar\alpha_t}\, x_0 + \sqrt{1 - \bar\alpha_t}\, \epsilon
#
# Below are all items, in the plane of the first two principal components, and the
# path of one block of four through the steps, in blue. The points start on their items
# and end in a cloud of noise that knows nothing about them. The share of signal is one
# of variance.

items = augmenter.item_embeddings_
_, _, axes_of_items = np.linalg.svd(items - items.mean(axis=0), full_matrices=False)
plane = axes_of_items[:2].T  # (d, 2)

diffusion = LinearSchedule(n_timesteps=1000).diffusion()
block = np.searchsorted(augmenter.item_ids_, log.hidden.to_lists()[0])
x_0 = torch.tensor(items[block])[None]  # (1, M, d)
noise = torch.tensor(keyed_normal(row_keys(log.X[:1], 0), x_0.numel(), 0)).view_as(x_0)
timesteps = [0, 100, 250, 500, 999]

figure, panels = plt.subplots(1, 5, figsize=(9, 2.4), sharex=True, sharey=True)
for panel, t in zip(panels, timesteps, strict=True):
    x_t = diffusion.q_sample(x_0, torch.tensor([t]), noise)[0].numpy()
    panel.scatter(*(items @ plane).T, s=8, color=GREY, alpha=0.5, linewidths=0)
    panel.scatter(*(x_t @ plane).T, s=45, color=BLUE, edgecolors="white")
    left = float(diffusion.alphas_cumprod[t])
    panel.set_title(f"t = {t}\n{left:.0%} signal")
    panel.set(xticks=[], yticks=[])
figure.tight_layout()

# %%
# ``schedule`` sets how fast the signal fades. The paper's linear schedule has next to
# nothing left for its last third; the cosine one spends its steps more evenly.

figure, axes = plt.subplots(figsize=(6, 3.2))
schedules = LinearSchedule(), QuadraticSchedule(), SigmoidSchedule(), CosineSchedule()
for schedule, style, colour in zip(
    schedules, ("-", "--", ":", "-."), (BLUE, ORANGE, GREEN, "black"), strict=True
):
    abar = schedule.diffusion().alphas_cumprod
    axes.plot(abar, style, color=colour, label=schedule.name)
axes.set(xlabel="timestep t", ylabel=r"share of signal $\bar\alpha_t$")
axes.legend(title="schedule")
figure.tight_layout()

# %%
# The network
# -----------
# The SU-Net predicts the noise in :math:`x_t`. Each embedding becomes a square image
# and the M items are its channels, so a two-dimensional U-Net can read them. The shapes
# below are those of the published width, d = 64 and M = 10, recorded while one block
# passes through. Timestep and history enter every residual block.

network = SUNet().build(n_pseudo_items=10, embedding_dim=64).eval()
shapes = []


def record(name):
    """Make a hook that notes the shape of what a layer returns."""
    return lambda module, inputs, output: shapes.append((name, output.shape[1:]))


layers = {"stem": network.stem}
for level, layer in enumerate(network.downsample, start=1):
    layers[f"down {level}"] = layer
layers["attention"] = network.attention
for level, layer in reversed(list(enumerate(network.upsample, start=1))):
    layers[f"up {level}"] = layer
layers["head"] = network.head
for name, layer in layers.items():
    layer.register_forward_hook(record(name))
with torch.no_grad():
    network(torch.randn(1, 10, 64), torch.tensor([500]), torch.randn(1, 64))

figure, axes = plt.subplots(figsize=(9, 3.2))
for position, (_, (channels, side, _)) in enumerate(shapes):
    bar = plt.Rectangle(
        (position - side / 22, -side / 2), side / 11, side, color=BLUE, alpha=0.75
    )
    axes.add_patch(bar)
    axes.text(position, side / 2 + 0.5, f"{channels} x {side} x {side}", ha="center")
axes.set(xlim=(-0.7, len(shapes) - 0.3), ylim=(-5, 6), yticks=[])
axes.set_xticks(range(len(shapes)), [name for name, _ in shapes])
axes.set_title("channels x height x width after each part")
axes.spines[["left", "top", "right"]].set_visible(False)
figure.tight_layout()

# %%
# Training hides the noise from the network and asks for it back, at a random timestep
# for each block.

figure, axes = plt.subplots(figsize=(6, 3))
epochs = np.arange(1, augmenter.n_iter_ + 1)
axes.plot(epochs, augmenter.loss_curve_, color=BLUE, label="training")
validation = -np.array(augmenter.validation_scores_)
axes.plot(epochs, validation, color=ORANGE, label="pairs set aside")
axes.set(xlabel="epoch", ylabel="squared error of the noise")
axes.legend()
figure.tight_layout()

# %%
# Guidance
# --------
# Generation starts from noise and takes a few steps back. Guidance draws it towards
# the history. Its scale plays no part in training, so one fitted model serves all
# scales. Compared with the items that really came before, guidance brings the generated
# items closer to the truth, and makes them repeat themselves more. The dashed line is
# for random items drawn by popularity.

scales = [0.0, 0.5, 1.0, 2.0, 4.0, 8.0]
nearness, repeats = [], []
for scale in scales:
    augmenter.set_params(guidance_scale=scale)
    quality = nearness_to_hidden(augmenter, log.X, log.hidden)
    nearness.append(quality["diffusion"]["similarity"])
    repeats.append(quality["diffusion"]["duplicate_rate"])
by_popularity = quality["by popularity"]["similarity"]

figure, (left_panel, right_panel) = plt.subplots(1, 2, figsize=(9, 3.2))
left_panel.plot(scales, nearness, "o-", color=BLUE, label="generated")
left_panel.axhline(by_popularity, color=GREY, linestyle="--", label="random")
left_panel.legend(loc="center right")
left_panel.set(xlabel="guidance scale", ylabel="cosine to the nearest hidden item")
right_panel.plot(scales, repeats, "o-", color=ORANGE)
right_panel.set(xlabel="guidance scale", ylabel="share of repeated items")
right_panel.set_ylim(bottom=0)
figure.tight_layout()

# %%
# Rounding
# --------
# The last step leaves vectors. In plain torch, this is what ``generate`` does for one
# history: the trained network, guided, from noise to vectors. Each vector then becomes
# the item with the highest cosine to it.

guidance_scale = 1.0
trained = from_weights(
    lambda: Denoiser(len(items), N_PSEUDO_ITEMS, items.shape[1], denoiser.build),
    augmenter.weights_,
    device=torch.device("cpu"),
)
history = encode_sequences(log.X[:1], augmenter.item_ids_)
with torch.no_grad():
    condition = trained.condition(
        torch.tensor(history.values), torch.tensor(history.lengths)
    )
    no_condition = trained.null_condition[None]

    def predict_noise(x_t, t):
        """Go beyond the condition: classifier-free guidance."""
        eps, without = (
            trained.predict_noise(x_t, t, c, diffusion=diffusion)
            for c in (condition, no_condition)
        )
        return (1 + guidance_scale) * eps - guidance_scale * without

    start = keyed_normal(row_keys(log.X[:1], augmenter.seed_), x_0.numel(), 0)
    vectors = DDIM().sample(
        predict_noise,
        torch.tensor(start).view_as(x_0),
        diffusion,
        max_abs_x0=float(np.abs(items).max()),
    )
    codes = nearest_items(vectors, trained.catalogue())[0]

augmenter.set_params(guidance_scale=guidance_scale)
augmenter.item_ids_[codes], augmenter.generate(log.X[:1])[0]

# %%
# On the left, the four vectors (blue) and the items that they become (orange), in the
# plane of the first picture. On the right, the cosines of each vector to its best
# items: the gap between the first and the second shows how clear the choice was.

points = vectors[0].numpy()
directions = items / np.linalg.norm(items, axis=1, keepdims=True)
lengths = np.linalg.norm(points, axis=1, keepdims=True)
cosines = np.sort(points / lengths @ directions.T, axis=1)[:, ::-1]

figure, (left_panel, right_panel) = plt.subplots(1, 2, figsize=(9, 3.6))
left_panel.scatter(*(items @ plane).T, s=8, color=GREY, alpha=0.5, linewidths=0)
for point, item in zip(points @ plane, items[codes] @ plane, strict=True):
    left_panel.plot(*np.stack([point, item]).T, color=GREY, linewidth=1)
    vector = left_panel.scatter(*point, s=45, color=BLUE, edgecolors="white", zorder=2)
    rounded = left_panel.scatter(*item, s=25, color=ORANGE, zorder=3)
left_panel.legend([vector, rounded], ["vector", "its item"])
left_panel.set(xticks=[], yticks=[])
ranks = np.arange(1, 11)
for row, (of_position, colour) in enumerate(
    zip(cosines, (BLUE, ORANGE, GREEN, GREY), strict=True)
):
    label = f"position {row - N_PSEUDO_ITEMS}"
    right_panel.plot(ranks, of_position[:10], "o-", color=colour, label=label)
right_panel.set(xlabel="item, by cosine", ylabel="cosine", xticks=range(1, 11))
right_panel.legend()
figure.tight_layout()

# %%
# The items go before the history, and the recommender trains on the longer row.

# sphinx_gallery_thumbnail_number = 6
augmented = augmenter.transform(log.X[:1])
augmented.to_lists()[0], augmented.n_pseudo.tolist()

# %%
# Next: :doc:`/method` has the equations, :doc:`/user_guide/augmenter` the parameters.

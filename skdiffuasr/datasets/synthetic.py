"""Synthetic interaction histories whose early part is known but hidden."""

from collections.abc import Iterator
from dataclasses import dataclass
from numbers import Integral, Real

import numpy as np
import numpy.typing as npt
from sklearn.utils import Bunch, check_random_state, check_scalar

from skdiffuasr._typing import FloatArray, IntArray, RandomState
from skdiffuasr.sequences import Sequences
from skdiffuasr.sequences.ids import offsets_from_lengths

# Scatter of the log-lengths; with the default mean it gives the shape of public
# review logs: about half of the histories short (<= 5), one in twenty long (> 20).
_LENGTH_SIGMA = 1.1

# Scatter of items and users around the centre of their cluster.
_CLUSTER_SPREAD = 0.5

# Scores that are held at once, and users that are simulated at once.
_BLOCK_SCORES = 2**20
_BLOCK_USERS = 1024


def make_sequences(
    n_users: int = 1000,
    n_items: int = 500,
    *,
    n_factors: int = 8,
    n_clusters: int = 8,
    n_hidden_items: int = 15,
    mean_length: float = 8.0,
    min_length: int = 3,
    popularity_exponent: float = 0.8,
    interest_strength: float = 10.0,
    transition_strength: float = 10.0,
    drift: float = 0.1,
    allow_repeats: bool = False,
    random_state: RandomState = None,
) -> Bunch:
    r"""Draw user histories from a latent factor model and hide their beginning.

    Real logs never tell what a user did before the first recorded item. Here that
    part is drawn like the rest and then cut off, so generated pseudo items can be
    compared with the true ones.

    Items, users and the centres they scatter around are unit vectors of length
    `n_factors`. With :math:`\epsilon \sim N(0, I / d)`, :math:`d` the number of
    factors, and :math:`z` a uniformly drawn cluster:

    .. math::

        q_i &\propto c_{z(i)} + \epsilon_i / 2
        && \text{(factors of item } i) \\
        u_{n,1} &\propto c_{z(n)} + \epsilon_n / 2
        && \text{(first interest of user } n) \\
        u_{n,t+1} &\propto u_{n,t} + \delta\, \epsilon_{n,t}
        && \text{(slow drift)} \\
        p_i &\propto \operatorname{rank}(i)^{-a}
        && \text{(Zipf popularity)} \\
        P(v_{n,t} = i) &\propto p_i \exp\bigl(\beta\, u_{n,t} \cdot q_i
        + \tau\, (R\, q_{v_{n,t-1}}) \cdot q_i\bigr)
        && \text{(choice of an item)}

    where :math:`R` is a random rotation, which makes transitions directed: what
    follows an item differs from what precedes it. Items already in the history
    have probability 0 unless `allow_repeats`. A history has
    :math:`h + m + \operatorname{round}(e^g)` items, :math:`g` normal: the first
    :math:`h` (`n_hidden_items`) are hidden, at least :math:`m` (`min_length`) are
    visible, and the visible lengths have a long tail.

    Parameters
    ----------
    n_users : int, default=1000
        Number of histories.
    n_items : int, default=500
        Number of items in the catalogue.
    n_factors : int, default=8
        Length :math:`d` of the latent vectors.
    n_clusters : int, default=8
        Number of interest clusters.
    n_hidden_items : int, default=15
        Number of items :math:`h` cut off from the beginning of every history.
    mean_length : float, default=8.0
        Expected number of visible items of a user; greater than `min_length`.
    min_length : int, default=3
        Least number of visible items of a user.
    popularity_exponent : float, default=0.8
        Zipf exponent :math:`a`; 0 makes all items equally popular.
    interest_strength : float, default=10.0
        Weight :math:`\beta` of the user's interest in the choice of an item.
    transition_strength : float, default=10.0
        Weight :math:`\tau` of the previous item in the choice of an item.
    drift : float, default=0.1
        Length :math:`\delta` of the step an interest makes per item.
    allow_repeats : bool, default=False
        Whether an item may occur more than once in a user's history. If not, no
        history is longer than the catalogue.
    random_state : int, RandomState instance or None, default=None
        The same integer gives the same data.

    Returns
    -------
    data : :class:`~sklearn.utils.Bunch`
        With the attributes

        X : Sequences of shape (n_users,)
            Visible histories, with `user_ids` 0 to ``n_users - 1``.
        hidden : Sequences of shape (n_users,)
            The `n_hidden_items` items right before each row of `X`, oldest first.
        item_ids : ndarray of shape (n_items,), int64
            The catalogue, 0 to ``n_items - 1``.
        item_factors : ndarray of shape (n_items, n_factors), float32
            Unit vectors :math:`q_i`.
        item_popularity : ndarray of shape (n_items,), float64
            Probabilities :math:`p_i`.
        user_factors : ndarray of shape (n_users, n_factors), float32
            Interests :math:`u_{n,h+1}`, at each user's first visible item.
        transition : ndarray of shape (n_factors, n_factors), float32
            Rotation :math:`R`.

    Raises
    ------
    TypeError
        If a number is not of the documented type.
    ValueError
        If a number is out of range, or the catalogue is too small for histories
        without repeats.

    See Also
    --------
    skdiffuasr.datasets.read_interactions : Read a recorded log from a file.

    Examples
    --------
    >>> from skdiffuasr.datasets import make_sequences
    >>> data = make_sequences(n_users=200, n_items=100, random_state=0)
    >>> data.X.shape, data.item_factors.shape
    ((200,), (100, 8))
    >>> int(data.X.lengths.min()), set(data.hidden.lengths.tolist())
    (3, {15})
    """
    sizes = {"n_users": n_users, "n_items": n_items, "n_factors": n_factors}
    sizes |= {"n_clusters": n_clusters, "min_length": min_length}
    for name, size in sizes.items():
        check_scalar(size, name, Integral, min_val=1)
    check_scalar(n_hidden_items, "n_hidden_items", Integral, min_val=0)
    limits = {"min_val": min_length, "include_boundaries": "neither"}
    check_scalar(mean_length, "mean_length", Real, **limits)
    strengths = {
        "popularity_exponent": popularity_exponent,
        "interest_strength": interest_strength,
        "transition_strength": transition_strength,
        "drift": drift,
    }
    for name, strength in strengths.items():
        check_scalar(strength, name, Real, min_val=0)
    shortest = n_hidden_items + min_length
    if not allow_repeats and n_items < shortest:
        raise ValueError(
            f"n_items={n_items} is too small for histories of at least "
            f"n_hidden_items + min_length = {shortest} different items."
        )
    rng = np.random.default_rng(check_random_state(random_state).randint(2**31 - 1))

    centres = _scatter(np.zeros((n_clusters, n_factors)), 1.0, rng)
    item_clusters = rng.integers(n_clusters, size=n_items)
    user_clusters = rng.integers(n_clusters, size=n_users)
    popularity = (1.0 + rng.permutation(n_items)) ** -popularity_exponent
    popularity /= popularity.sum()
    world = _World(
        item_factors=_scatter(centres[item_clusters], _CLUSTER_SPREAD, rng),
        log_popularity=np.log(popularity).astype(np.float32),
        transition=_random_rotation(n_factors, rng),
        interest_strength=interest_strength,
        transition_strength=transition_strength,
        allow_repeats=allow_repeats,
    )
    first_interests = _scatter(centres[user_clusters], _CLUSTER_SPREAD, rng)

    log_mean = np.log(mean_length - min_length) - _LENGTH_SIGMA**2 / 2
    extra = np.rint(rng.lognormal(log_mean, _LENGTH_SIGMA, size=n_users))
    lengths = shortest + extra.astype(np.int64)
    if not allow_repeats:
        lengths = np.minimum(lengths, n_items)

    offsets = offsets_from_lengths(lengths)
    values = np.empty(offsets[-1], dtype=np.int64)
    user_factors = np.empty_like(first_interests)
    block_size = min(_BLOCK_USERS, max(1, _BLOCK_SCORES // n_items))
    # Users of like length share a block, so that few of them wait for the others.
    longest_first = np.argsort(-lengths, kind="stable")
    for start in range(0, n_users, block_size):
        users = longest_first[start : start + block_size]
        interests = _drifting_interests(
            first_interests[users], lengths[users[0]], drift, rng
        )
        user_factors[users] = interests[n_hidden_items]
        for step, items in enumerate(world.histories(interests, lengths[users], rng)):
            values[offsets[users[: len(items)]] + step] = items

    user_ids = np.arange(n_users)
    position = np.arange(len(values)) - np.repeat(offsets[:-1], lengths)
    is_hidden = position < n_hidden_items
    hidden_offsets = n_hidden_items * np.arange(n_users + 1)
    return Bunch(
        X=Sequences(values[~is_hidden], offsets - hidden_offsets, user_ids=user_ids),
        hidden=Sequences(values[is_hidden], hidden_offsets, user_ids=user_ids),
        item_ids=np.arange(n_items),
        item_factors=world.item_factors,
        item_popularity=popularity,
        user_factors=user_factors,
        transition=world.transition,
    )


@dataclass(frozen=True)
class _World:
    """What decides which item a user takes next."""

    item_factors: FloatArray
    log_popularity: FloatArray
    transition: FloatArray
    interest_strength: float
    transition_strength: float
    allow_repeats: bool

    def histories(
        self, interests: FloatArray, lengths: IntArray, rng: np.random.Generator
    ) -> Iterator[IntArray]:
        """Yield per step the items of the users whose history is not over yet."""
        bias = np.tile(self.log_popularity, (len(lengths), 1))  # (users, items)
        follow = np.zeros_like(interests[0])  # (users, d), nothing before the first
        for step, interest in enumerate(interests):
            n_active = np.count_nonzero(lengths > step)  # lengths descend
            wanted = (
                self.interest_strength * interest[:n_active]
                + self.transition_strength * follow[:n_active]
            ).astype(np.float32)
            scores = wanted @ self.item_factors.T + bias[:n_active]
            items = _sample_softmax(scores, rng)
            follow[:n_active] = self.item_factors[items] @ self.transition.T
            if not self.allow_repeats:
                bias[np.arange(n_active), items] = -np.inf
            yield items


def _sample_softmax(scores: FloatArray, rng: np.random.Generator) -> IntArray:
    """Draw one column per row by the Gumbel-max trick; `scores` is overwritten."""
    exponential = rng.standard_exponential(scores.shape, dtype=np.float32)
    # Single precision draws hit 0 now and then.
    np.maximum(exponential, np.finfo(np.float32).tiny, out=exponential)
    scores -= np.log(exponential, out=exponential)  # -log(Exp) is Gumbel noise
    return scores.argmax(axis=1)


def _drifting_interests(
    first: FloatArray, n_steps: int, drift: float, rng: np.random.Generator
) -> FloatArray:
    """Return the interests of users step by step, (n_steps, users, n_factors)."""
    interests = np.empty((n_steps, *first.shape), dtype=np.float32)
    interests[0] = first
    for step in range(1, n_steps):
        interests[step] = _scatter(interests[step - 1], drift, rng)
    return interests


def _scatter(
    centres: FloatArray, spread: float, rng: np.random.Generator
) -> npt.NDArray[np.float32]:
    """Return random unit vectors at about `spread` from the centres."""
    noise = rng.standard_normal(centres.shape) / np.sqrt(centres.shape[1])
    vectors = centres + spread * noise
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return vectors.astype(np.float32)


def _random_rotation(n: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
    """Return an orthogonal matrix, uniformly distributed."""
    q, r = np.linalg.qr(rng.standard_normal((n, n)))
    return (q * np.sign(np.diag(r))).astype(np.float32)

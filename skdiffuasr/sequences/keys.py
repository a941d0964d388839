"""Random numbers that depend on a seed and a row, and on nothing else.

A transform draws its noise from the keys of the rows, so that a row gets the same
numbers whatever batch it comes in: ``transform(X)[a:b]`` equals ``transform(X[a:b])``.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from skdiffuasr.sequences.container import Sequences

UInt64Array = NDArray[np.uint64]

_MASK = 2**64 - 1
_GOLDEN = 0x9E3779B97F4A7C15  # 2**64 over the golden ratio: the step of SplitMix64
_INT_DOMAIN = 0x243F6A8885A308D3  # digits of pi keep the uses of the mixer apart
_STR_DOMAIN = 0x13198A2E03707344
_SEED_DOMAIN = 0xA4093822299F31D0
_STREAM_DOMAIN = 0x082EFA98EC4E6C89
_BLOCK = 2**15  # draws at a time; the temporaries stay in the cache


def row_keys(X: Sequences, seed: int) -> UInt64Array:
    """Return one random key per row.

    Parameters
    ----------
    X : Sequences of n rows
        The key comes from the user id where there are user ids, else from the
        observed items and their order. Pseudo items and other rows have no influence.
    seed : int
        Any integer; other seeds give other keys.

    Returns
    -------
    ndarray of shape (n,), uint64
        The keys. Rows of equal content have equal keys.

    Examples
    --------
    >>> from skdiffuasr.sequences import Sequences, row_keys
    >>> X = Sequences.from_iterable([[1, 2], [2, 1], [3]])
    >>> bool((row_keys(X, seed=0)[1:] == row_keys(X[1:], seed=0)).all())
    True
    """
    return seeded_keys(row_hashes(X), seed)


def row_hashes(X: Sequences) -> UInt64Array:
    """Return what the keys of rows are made of, whatever the seed; (n,)."""
    if X.user_ids is not None:
        return _hash_ids(X.user_ids)
    return _hash_rows(X.strip_pseudo())


def seeded_keys(hashes: UInt64Array, seed: int) -> UInt64Array:
    """Return the keys (n,) of rows with these hashes; other seeds give other keys."""
    return _mix(hashes ^ _constant(_SEED_DOMAIN + seed * _GOLDEN))


def keyed_uniform(
    keys: UInt64Array, n_draws: int, stream: int = 0
) -> NDArray[np.float64]:
    """Draw uniform numbers for each key.

    Parameters
    ----------
    keys : ndarray of shape (n,), uint64
        One key per row, see `row_keys`.
    n_draws : int
        Number of draws per key. More draws leave the first ones as they are.
    stream : int, default=0
        Other streams give independent numbers for the same key.

    Returns
    -------
    ndarray of shape (n, n_draws), float64
        Numbers strictly between 0 and 1.

    Notes
    -----
    Draw ``i`` is output ``i`` of SplitMix64 [1]_ started at the key, computed from
    the counter ``i`` alone as in counter-based generators [2]_.

    References
    ----------
    .. [1] Steele, Lea & Flood, "Fast Splittable Pseudorandom Number Generators",
       OOPSLA 2014, doi:10.1145/2660193.2660195.
    .. [2] Salmon, Moraes, Dror & Shaw, "Parallel Random Numbers: As Easy as 1, 2, 3",
       SC 2011, doi:10.1145/2063384.2063405.
    """
    draws = np.empty((len(keys), n_draws), dtype=np.float64)
    for rows, uniform in _uniform_blocks(keys, n_draws, stream):
        draws[rows] = uniform
    return draws


def keyed_normal(
    keys: UInt64Array, n_draws: int, stream: int = 0
) -> NDArray[np.float32]:
    """Draw standard normal numbers for each key.

    Parameters
    ----------
    keys, n_draws, stream
        See `keyed_uniform`.

    Returns
    -------
    ndarray of shape (n, n_draws), float32
        The quantiles of `keyed_uniform`.
    """
    draws = np.empty((len(keys), n_draws), dtype=np.float32)
    for rows, uniform in _uniform_blocks(keys, n_draws, stream):
        draws[rows] = ndtri(uniform, out=uniform)
    return draws


def _uniform_blocks(
    keys: UInt64Array, n_draws: int, stream: int
) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield uniform draws for a few rows at a time."""
    starts = _mix(keys ^ _constant(_STREAM_DOMAIN + stream * _GOLDEN))
    counters = np.arange(1, n_draws + 1, dtype=np.uint64) * np.uint64(_GOLDEN)
    n_rows = max(1, _BLOCK // max(1, n_draws))
    for first in range(0, len(keys), n_rows):
        rows = slice(first, first + n_rows)
        bits = _mix(starts[rows, None] + counters) >> np.uint64(12)
        # 52 bits and a half: neither 0 nor 1 can come out, and nothing is rounded.
        uniform = bits.astype(np.float64)
        uniform += 0.5
        uniform *= 2.0**-52
        yield rows, uniform


def _hash_rows(X: Sequences) -> UInt64Array:
    """Hash the items of each row and their order."""
    lengths = X.lengths
    position = np.arange(len(X.values)) - np.repeat(X.offsets[:-1], lengths)
    terms = _mix(_hash_ids(X.values) + _mix(position.astype(np.uint64)))
    # Sums wrap around in 64 bits, so differences of prefix sums are exact.
    prefix = np.concatenate((np.zeros(1, np.uint64), np.cumsum(terms)))
    sums = prefix[X.offsets[1:]] - prefix[X.offsets[:-1]]
    return _mix(sums + _mix(lengths.astype(np.uint64)))


def _hash_ids(ids: NDArray[Any]) -> UInt64Array:
    """Hash each integer or string id, the same way on every platform."""
    if ids.dtype.kind != "U":
        return _mix(ids.view(np.uint64) ^ np.uint64(_INT_DOMAIN))
    code_points = ids.view("<u4").reshape(len(ids), -1)
    text_lengths = np.char.str_len(ids)
    hashes = np.full(len(ids), _STR_DOMAIN, dtype=np.uint64)
    for j, column in enumerate(code_points.T):
        inside = j < text_lengths
        hashes[inside] = _mix(hashes[inside] + column[inside].astype(np.uint64))
    return hashes


def _constant(value: int) -> np.uint64:
    """Return a well mixed 64-bit word for any Python integer."""
    return _mix(np.array([value & _MASK], dtype=np.uint64))[0]


def _mix(words: UInt64Array) -> UInt64Array:
    """Scramble 64-bit words one to one; the finaliser of SplitMix64."""
    words = words ^ (words >> np.uint64(30))
    words *= np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(27)
    words *= np.uint64(0x94D049BB133111EB)
    words ^= words >> np.uint64(31)
    return words

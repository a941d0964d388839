import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from torch.overrides import TorchFunctionMode

from skdiffuasr.nn.rounding import MAX_BLOCK_BYTES, nearest_items

BLOCK_BYTES = [1, 100, 1000, 4 * 2**20]


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def ragged(rows):
    """Lists of codes as `exclude` takes them."""
    codes = torch.tensor([code for row in rows for code in row], dtype=torch.int64)
    return codes, torch.tensor([len(row) for row in rows])


def greedy(x, item_embeddings, unique, exclude):
    """The definition, one vector and one item at a time."""
    codes = []
    for row, row_exclude in zip(x, exclude, strict=True):
        codes.append([])
        for vector in row:
            forbidden = set(row_exclude) | (set(codes[-1]) if unique else set())
            cosines = torch.cosine_similarity(vector[None], item_embeddings).tolist()
            allowed = [i for i in range(len(cosines)) if i not in forbidden]
            codes[-1].append(max(allowed, key=lambda i: cosines[i]))
    return torch.tensor(codes)


class LargestResult(TorchFunctionMode):
    """Size in bytes of the largest tensor that an operation makes."""

    n_bytes = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.n_bytes = max(self.n_bytes, result.numel() * result.element_size())
        return result


@given(
    seed=st.integers(0, 2**31),
    batch=st.integers(1, 5),
    n_pseudo_items=st.integers(1, 4),
    n_items=st.integers(10, 40),
    unique=st.booleans(),
    max_block_bytes=st.sampled_from(BLOCK_BYTES),
)
def test_codes_are_those_of_the_definition(
    seed, batch, n_pseudo_items, n_items, unique, max_block_bytes
):
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(batch, n_pseudo_items, 3, generator=generator)
    item_embeddings = torch.randn(n_items, 3, generator=generator)
    sizes = torch.randint(0, 7, (batch,), generator=generator).tolist()
    exclude = [
        torch.randint(0, n_items, (n,), generator=generator).tolist() for n in sizes
    ]
    codes = nearest_items(
        x,
        item_embeddings,
        unique=unique,
        exclude=ragged(exclude),
        max_block_bytes=max_block_bytes,
    )
    assert codes.dtype == torch.int64
    assert torch.equal(codes, greedy(x, item_embeddings, unique, exclude))


def test_codes_are_the_argmax_of_all_cosines():
    x, item_embeddings = draw(30, 5, 16), draw(500, 16, seed=1)
    cosines = torch.cosine_similarity(x[:, :, None], item_embeddings, dim=3)
    assert torch.equal(nearest_items(x, item_embeddings), cosines.argmax(dim=2))


def test_autocast_changes_nothing():
    x, item_embeddings = draw(30, 5, 16), draw(500, 16, seed=1)
    with torch.autocast("cpu", torch.bfloat16):
        codes = nearest_items(x, item_embeddings)
    assert torch.equal(codes, nearest_items(x, item_embeddings))


def test_near_ties_are_told_apart_in_full_precision():
    """Inexact products cannot tell these items apart; the nearest is one of many."""
    x = draw(1, 1, 64)
    items = x[0] + 3e-2 * draw(700, 64, seed=1)
    cosines = torch.cosine_similarity(x[0].double(), items.double(), dim=1)
    assert nearest_items(x, items).item() == cosines.argmax()


def test_a_block_of_equal_items_takes_no_more_memory():
    x, items = draw(64, 10, 16), torch.ones(5000, 16)
    with LargestResult() as largest:
        codes = nearest_items(x, items)
    assert codes.eq(0).all()
    assert largest.n_bytes <= MAX_BLOCK_BYTES


@given(
    seed=st.integers(0, 2**31),
    d=st.sampled_from([1, 3, 16, 64]),
    spread=st.sampled_from([1.0, 0.1, 0.01, 0.0]),
    unique=st.booleans(),
    max_block_bytes=st.sampled_from(BLOCK_BYTES),
)
def test_inexact_products_change_no_code(seed, d, spread, unique, max_block_bytes):
    generator = torch.Generator().manual_seed(seed)
    centre = torch.randn(1, d, generator=generator)
    x = torch.randn(6, 4, d, generator=generator)
    items = centre + spread * torch.randn(70, d, generator=generator)
    exclude = ragged(torch.randint(70, (6, 5), generator=generator).tolist())
    exact = nearest_items(x, items, unique=unique, exclude=exclude)
    inexact = nearest_items(
        x,
        items,
        unique=unique,
        exclude=exclude,
        dtype=torch.bfloat16,
        max_block_bytes=max_block_bytes,
    )
    assert torch.equal(inexact, exact)


def test_the_worst_of_rounding_does_not_hide_the_nearest():
    """One item's coordinates are all rounded up, those of a nearer one all down."""
    middle = 2.0**-5 * (1 + 2.0**-8)  # of two numbers of bfloat16
    above, below = 1.00001 * middle, 0.99999 * middle
    x, items = torch.full((1, 1, 1018), below), torch.zeros(20, 1018)
    x[0, 0, :520] = above
    items[0, :1016], items[17, :1016] = above, below
    items[0, 1016] = (1 - 1016 * above**2) ** 0.5
    items[17, 1017] = (1 - 1016 * below**2) ** 0.5
    x[0, 0, 1016:] = torch.tensor([0.0, 0.007])
    cosines = torch.cosine_similarity(x[0].double(), items.double(), dim=1)
    assert cosines.argmax() == 17
    vector, units = (F.normalize(y, dim=1).bfloat16() for y in (x[0], items))
    rough = (vector @ units.T)[0].float()
    assert rough[0] - rough[17] == 3 * 2.0**-8
    assert nearest_items(x, items, dtype=torch.bfloat16).item() == 17


@given(seed=st.integers(0, 2**31), d=st.sampled_from([3, 16, 64, 200]))
def test_the_last_bit_does_not_depend_on_the_batch(seed, d):
    """Items differ in the last bits, so any other order of a sum has another winner."""
    generator = torch.Generator().manual_seed(seed)
    direction = torch.randn(d, generator=generator)
    x = direction * (1 + 1e-7 * torch.randn(60, 3, d, generator=generator))
    items = direction * (1 + 1e-7 * torch.randn(40, d, generator=generator))
    codes = nearest_items(x, items)
    for rows in (slice(0, 1), slice(5, 7), slice(10, 60)):
        assert torch.equal(nearest_items(x[rows], items), codes[rows])
    assert torch.equal(nearest_items(x, items, dtype=torch.bfloat16), codes)


@given(scale=st.floats(1e-3, 1e3))
def test_lengths_of_vectors_do_not_matter(scale):
    x, item_embeddings = draw(4, 3, 8), draw(50, 8, seed=1)
    lengths = torch.linspace(0.1, 10, 50)[:, None]
    scaled = nearest_items(scale * x, lengths * item_embeddings)
    assert torch.equal(scaled, nearest_items(x, item_embeddings))


def test_unique_codes_do_not_repeat_when_all_vectors_are_equal():
    x = draw(3, 1, 8).expand(3, 6, 8)
    item_embeddings = draw(50, 8, seed=1)
    nearest = nearest_items(x, item_embeddings)[:, :1]
    exclude = ragged(nearest.tolist())
    codes = nearest_items(x, item_embeddings, unique=True, exclude=exclude)
    ranked = (x[:, 0] @ torch.nn.functional.normalize(item_embeddings).T).argsort(
        dim=1, descending=True
    )
    assert torch.equal(codes, ranked[:, 1:7])


@pytest.mark.parametrize("max_block_bytes", BLOCK_BYTES)
def test_lowest_code_wins_a_tie(max_block_bytes):
    item_embeddings = torch.eye(4).repeat(5, 1)  # every item five times
    codes = nearest_items(
        torch.eye(4)[None], item_embeddings, max_block_bytes=max_block_bytes
    )
    assert codes.tolist() == [[0, 1, 2, 3]]


def test_zero_vectors_are_no_trouble():
    item_embeddings = torch.tensor([[-1.0, 0.0], [0.0, 0.0], [0.0, -1.0]])
    x = torch.tensor([[[0.0, 0.0], [1.0, 1.0]]])
    assert nearest_items(x, item_embeddings).tolist() == [[0, 1]]


@pytest.mark.parametrize("unique", [False, True])
def test_memory_stays_within_the_block(unique):
    x, item_embeddings = draw(50, 4, 8), draw(5000, 8, seed=1)
    with LargestResult() as largest:
        nearest_items(x, item_embeddings, unique=unique, max_block_bytes=2**16)
    all_scores = 50 * 4 * 5000 * 4
    catalogue = 5000 * 8 * 4
    assert largest.n_bytes == max(2**16, catalogue) < all_scores / 20
    with LargestResult() as largest:
        nearest_items(x, item_embeddings, unique=unique, max_block_bytes=2**18)
    assert catalogue < largest.n_bytes <= 2**18


@pytest.mark.parametrize("shape", [(1, 1, 8), (1, 4, 8), (4, 1, 8), (0, 3, 8)])
def test_batches_of_one_and_single_items_keep_their_shape(shape):
    codes = nearest_items(draw(*shape), draw(10, 8, seed=1), unique=True)
    assert codes.shape == shape[:2]


def test_catalogue_may_be_used_up():
    exclude = ragged([[3, 3, 0]])
    codes = nearest_items(draw(1, 3, 8), draw(5, 8), unique=True, exclude=exclude)
    assert sorted(codes[0].tolist()) == [1, 2, 4]


def test_too_small_a_catalogue_is_refused():
    exclude = ragged([[0], [3, 3, 0]])
    with pytest.raises(
        ValueError, match=r"Row 1 needs 4 different .* 3 of the 5 items"
    ):
        nearest_items(draw(2, 4, 8), draw(5, 8), unique=True, exclude=exclude)


def test_excluding_everything_is_refused():
    exclude = ragged([range(5)])
    with pytest.raises(ValueError, match="leave 0 of the 5 items"):
        nearest_items(draw(1, 4, 8), draw(5, 8), exclude=exclude)


def test_widths_that_differ_are_refused():
    with pytest.raises(ValueError, match=r"8 dimensions, item_embeddings of 9"):
        nearest_items(draw(1, 4, 8), draw(5, 9))


@pytest.mark.parametrize("value", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("unique", [False, True])
def test_vectors_that_are_not_finite_are_refused(value, unique):
    x, items = draw(3, 4, 8), draw(50, 8, seed=1)
    x[1, 2, 5] = value
    with pytest.raises(ValueError, match="vector 2 of row 1 is not finite"):
        nearest_items(x, items, unique=unique)


def test_items_that_are_not_finite_are_refused():
    x, items = draw(3, 4, 8), draw(50, 8, seed=1)
    items[49, 0] = torch.nan
    with pytest.raises(ValueError, match="item_embeddings have values that are not"):
        nearest_items(x, items)


@pytest.mark.parametrize("exclude", [[[1]], [[1], [2], [3]]])
def test_exclude_of_another_batch_is_refused(exclude):
    with pytest.raises(ValueError, match=r"each of the batch=2 rows, got shapes"):
        nearest_items(draw(2, 4, 8), draw(5, 8), exclude=ragged(exclude))


@pytest.mark.parametrize("code", [-1, 5])
def test_exclude_of_another_catalogue_is_refused(code):
    with pytest.raises(ValueError, match=f"has the code {code}; accepted are 0 to 4"):
        nearest_items(draw(2, 4, 8), draw(5, 8), exclude=ragged([[0], [code]]))


def test_one_long_row_of_exclusions_makes_no_rectangle():
    """Memory grows with the codes that are excluded, not with rows x longest row."""
    x, item_embeddings = draw(64, 4, 8), draw(500, 8, seed=1)
    long_row = (torch.arange(20_000) % 400).tolist()
    with LargestResult() as largest:
        codes = nearest_items(
            x,
            item_embeddings,
            unique=True,
            exclude=ragged([[row] for row in range(63)] + [long_row]),
            max_block_bytes=2**16,
        )
    assert largest.n_bytes <= 8 * (20_000 + 63) < 8 * 64 * 20_000 / 50
    assert (codes[-1] >= 400).all()

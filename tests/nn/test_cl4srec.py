import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn.cl4srec import CL4SRec, draw_operator_views, draw_same_target
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.sequences import Sequences, make_roles
from skdiffuasr.training import seeded_build
from skdiffuasr.training.histories import HistoryBatches
from tests.sequences.tables import with_leading_pseudo

quick = settings(max_examples=60, deadline=None)

N_ITEMS = 8


def build_module(mask=True):
    def build():
        network = SASRec(N_ITEMS, 8, max_length=8)
        return CL4SRec(network) if mask else network

    return seeded_build(build, 0).eval()


def batch_of(rows, n_pseudo=None):
    X = Sequences.from_iterable(rows)
    if n_pseudo is not None:
        X = with_leading_pseudo(X, n_pseudo)
    return HistoryBatches(X, 1).pad(np.arange(len(X)))


def padded(rows):
    return HistoryBatches(Sequences.from_iterable(rows), 1, cloze=True).pad(
        np.arange(len(rows))
    )[:2]


def to_rows(items, lengths):
    pairs = zip(items.tolist(), lengths.tolist(), strict=True)
    return [row[:length] for row, length in pairs]


# The network.


def test_without_masks_the_network_is_sasrec():
    module, sasrec = build_module(), build_module(mask=False)
    items, lengths = torch.tensor([[1, 2, 3], [4, 5, 0]]), torch.tensor([3, 2])
    assert torch.equal(module(items, lengths), sasrec(items, lengths))
    names = [name for name, _ in sasrec.named_parameters()]
    assert [name for name, _ in module.named_parameters()] == ["mask_embedding", *names]


def test_a_mask_is_read_as_the_mask_embedding():
    module = build_module()
    items, lengths = torch.tensor([[1, module.mask_code, 3]]), torch.tensor([3])
    embedded = module.item_embedding.weight[[1, 0, 3]].clone()
    embedded[1] = module.mask_embedding
    expected = module.encode(embedded[None], lengths)
    torch.testing.assert_close(module(items, lengths), expected)
    module(items, lengths).square().sum().backward()
    assert module.mask_embedding.grad.abs().sum() > 0
    assert (module.item_embedding.weight.grad[[0, 2, 4]] == 0).all()


# The views.


@quick
@given(
    rows=st.lists(
        st.lists(st.integers(1, 30), min_size=1, max_size=9), min_size=1, max_size=6
    ),
    seed=st.integers(0, 2**32),
)
def test_two_views_are_by_two_operators(rows, seed):
    """Operators are told apart by what only they do to ten different items."""
    torch.manual_seed(seed)
    items, lengths = padded(rows)
    views = to_rows(*draw_operator_views(items, lengths, 99))
    assert len(views) == 2 * len(rows)
    for row, first, second in zip(
        rows, views[: len(rows)], views[len(rows) :], strict=True
    ):
        n = len(row)
        for view in (first, second):
            is_crop = view in [row[i : i + max(1, n * 6 // 10)] for i in range(n)]
            is_mask = view.count(99) == n * 3 // 10 and all(
                new in (old, 99) for old, new in zip(row, view, strict=False)
            )
            assert (
                is_crop or (is_mask and len(view) == n) or sorted(view) == sorted(row)
            )


def test_operators_are_drawn_for_each_row_and_never_twice():
    torch.manual_seed(0)
    n = 3000
    row = list(range(1, 11))
    items, lengths = padded([row] * n)
    views = to_rows(*draw_operator_views(items, lengths, 99))
    kinds = ["crop" if len(v) == 6 else "mask" if 99 in v else "reorder" for v in views]
    pairs = list(zip(kinds[:n], kinds[n:], strict=True))
    assert len(set(pairs)) == 6
    assert all(first != second for first, second in pairs)
    assert all(abs(pairs.count(pair) / n - 1 / 6) < 0.03 for pair in set(pairs))


@quick
@given(
    rows=st.lists(
        st.lists(st.integers(0, 4), min_size=2, max_size=6), min_size=1, max_size=5
    ),
    seed=st.integers(0, 2**32),
    n_pseudo=st.integers(0, 2),
)
def test_a_partner_is_another_history_before_the_same_target(rows, seed, n_pseudo):
    torch.manual_seed(seed)
    counts = [min(n_pseudo, len(row) - 1) for row in rows]
    *partners, targets = draw_same_target(*batch_of(rows, counts))
    assert targets.tolist() == [row[-1] for row in rows]
    partners = to_rows(*partners)
    for i, (row, partner) in enumerate(zip(rows, partners, strict=True)):
        others = [
            other[:end]
            for j, (other, count) in enumerate(zip(rows, counts, strict=True))
            for end in range(max(count, 1), len(other))
            if other[end] == row[-1] and (j, end) != (i, len(row) - 1)
        ]
        assert partner in (others or [row[:-1]])


def test_every_partner_is_equally_likely():
    rows = [[1, 2, 9], [3, 9, 4, 9], [5, 6, 7], [8, 9]]
    batch = batch_of(rows)
    torch.manual_seed(0)
    n = 3000
    drawn = [tuple(to_rows(*draw_same_target(*batch)[:2])[0]) for _ in range(n)]
    shares = {partner: drawn.count(partner) / n for partner in set(drawn)}
    assert set(shares) == {(3,), (3, 9, 4), (8,)}
    assert all(abs(share - 1 / 3) < 0.03 for share in shares.values())


def test_a_row_whose_last_item_is_not_learned_is_its_own_partner():
    X = Sequences(
        [1, 2, 9, 3, 9],
        [0, 3, 5],
        make_roles(is_target=[True, True, False, True, True]),
    )
    batch = HistoryBatches(X, 1).pad(np.arange(2))
    items, lengths, targets = draw_same_target(*batch)
    assert to_rows(items, lengths) == [[1, 2], [3]]
    assert targets.tolist() == [-1, 9]

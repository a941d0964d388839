import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from skdiffuasr.nn.losses import full_cross_entropy
from skdiffuasr.nn.s3rec import S3RecPretraining, draw_mask, draw_segments
from skdiffuasr.nn.sasrec import SASRec
from skdiffuasr.training import seeded

quick = settings(max_examples=60, deadline=None)

N_ITEMS, WIDTH, MAX_LENGTH = 10, 8, 6
ATTRIBUTES = [[0, 3], [], [1], [0, 1, 2, 3, 4], [2], [], [4], [0], [3], [1, 2]]
N_ATTRIBUTES = 5


def build(attributes=ATTRIBUTES, **parameters):
    """A module whose bilinear maps are no identities."""
    with seeded(0, torch.device("cpu")):
        network = SASRec(N_ITEMS, WIDTH, n_heads=2, max_length=MAX_LENGTH, **parameters)
        if attributes is None:
            return S3RecPretraining(network).eval()
        offsets = torch.tensor([0, *np.cumsum([len(row) for row in attributes])])
        codes = torch.tensor([code for row in attributes for code in row])
        module = S3RecPretraining(network, offsets, codes, N_ATTRIBUTES)
        for parameter in module.parameters():
            torch.nn.init.normal_(parameter, std=0.5)
    return module.eval()


def last_position(module, row, is_masked):
    hidden = module.encode(
        torch.tensor([row]), torch.tensor([len(row)]), torch.tensor([is_masked])
    )
    return hidden[0, -1]


def naive_attribute_loss(module, linear, states, items):
    embeddings, biases = module.attribute_embedding.weight, module.attribute_bias
    losses = []
    for state, item in zip(states, items, strict=True):
        total = torch.zeros(())
        for attribute in range(N_ATTRIBUTES):
            logit = embeddings[attribute] @ (linear.weight @ state) + biases[attribute]
            score = torch.sigmoid(logit)
            has = attribute in ATTRIBUTES[item]
            total = total - torch.log(score if has else 1 - score)
        losses.append(total)
    return torch.stack(losses).mean()


# What is read.


def test_every_position_sees_the_items_before_and_behind_it():
    module = build()
    lengths, nothing = torch.tensor([4]), torch.zeros(1, 4, dtype=torch.bool)
    before = module.encode(torch.tensor([[1, 2, 3, 4]]), lengths, nothing)
    for row in ([[9, 2, 3, 4]], [[1, 2, 3, 9]]):
        after = module.encode(torch.tensor(row), lengths, nothing)
        changed = ~torch.isclose(before, after).all(dim=2)
        assert changed.all()


def test_padding_has_no_influence():
    module = build()
    lengths = torch.tensor([2, 4])
    is_masked = torch.tensor([[True, False, False, False], [False, True, False, True]])
    items = torch.tensor([[4, 2, 0, 0], [1, 3, 5, 7]])
    others = torch.tensor([[4, 2, 9, 6], [1, 3, 5, 7]])
    first = module.encode(items, lengths, is_masked)
    second = module.encode(others, lengths, is_masked)
    assert torch.equal(first[0, :2], second[0, :2])
    assert torch.equal(first[1], second[1])
    alone = module.encode(items[:1, :2], lengths[:1], is_masked[:1, :2])
    torch.testing.assert_close(first[:1, :2], alone)


def test_a_masked_item_is_hidden_and_its_place_is_not():
    module = build()
    lengths, is_masked = torch.tensor([3]), torch.tensor([[False, True, False]])
    hidden = module.encode(torch.tensor([[1, 2, 3]]), lengths, is_masked)
    assert torch.equal(
        hidden, module.encode(torch.tensor([[1, 8, 3]]), lengths, is_masked)
    )
    elsewhere = torch.tensor([[True, False, False]])
    moved = module.encode(torch.tensor([[2, 1, 3]]), lengths, elsewhere)
    assert not torch.allclose(hidden, moved)


def test_without_later_items_the_last_position_is_read_as_sasrec_reads_it():
    module = build(n_layers=1)
    row = [4, 2, 7]
    expected = module.network.last_hidden(torch.tensor([row]), torch.tensor([3]))[0]
    torch.testing.assert_close(last_position(module, row, [False] * 3), expected)


# The objectives.


def test_attribute_loss_is_a_naive_loop():
    module, items = build(), torch.tensor([3, 1, 0, 3, 9])
    expected = naive_attribute_loss(
        module,
        module.item_to_attribute,
        module.network.item_embedding.weight[items] * WIDTH**0.5,
        items.tolist(),
    )
    torch.testing.assert_close(module.attribute_loss(items), expected)


@quick
@given(st.lists(st.integers(0, N_ITEMS - 1), min_size=1, max_size=6))
def test_masked_attribute_loss_is_a_naive_loop(items):
    module = build()
    hidden = torch.randn(
        len(items), WIDTH, generator=torch.Generator().manual_seed(len(items))
    )
    expected = naive_attribute_loss(module, module.state_to_attribute, hidden, items)
    actual = module.masked_attribute_loss(hidden, torch.tensor(items))
    torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-4)


def test_masked_item_loss_is_a_naive_loop():
    module, items = build(), torch.tensor([2, 2, 7])
    hidden = torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(0))
    losses = []
    for state, item in zip(hidden, items, strict=True):
        scores = torch.stack(
            [
                module.network.item_embedding.weight[other]
                @ (module.state_to_item.weight @ state)
                for other in range(N_ITEMS)
            ]
        )
        losses.append(torch.logsumexp(scores, dim=0) - scores[item])
    actual = module.masked_item_loss(hidden, items, full_cross_entropy)
    torch.testing.assert_close(actual, torch.stack(losses).mean())


@pytest.mark.parametrize("name", ["masked_item_loss", "masked_attribute_loss"])
def test_nothing_masked_costs_nothing(name):
    module = build()
    hidden, items = torch.zeros(0, WIDTH), torch.zeros(0, dtype=torch.int64)
    more = (full_cross_entropy,) if name == "masked_item_loss" else ()
    loss = getattr(module, name)(hidden, items, *more)
    loss.backward()
    assert loss == 0
    assert all(p.grad is None or not p.grad.any() for p in module.parameters())


def test_segment_loss_is_a_naive_loop(monkeypatch):
    module = build()
    items = torch.tensor([[1, 2, 3, 4, 5], [6, 7, 8, 9, 0]])
    lengths = torch.tensor([5, 4])
    is_target = torch.tensor([[False, True, True, True, True], [True] * 4 + [False]])
    drawn = (
        torch.tensor([1, 0]),
        torch.tensor([[False, False, True, True, False], [True] + [False] * 4]),
        torch.tensor([[False, True, True, False, False], [False] * 4 + [True]]),
    )
    monkeypatch.setattr("skdiffuasr.nn.s3rec.draw_segments", lambda is_target: drawn)
    T, N = True, False
    # (history, its masks, segment of another row at the same place)
    rows = [
        ([1, 2, 3, 4, 5], [N, N, T, T, N], [0, 0, 7, 8, 0]),
        ([6, 7, 8, 9], [T, N, N, N], [5, 0, 0, 0]),
    ]
    losses = []
    for row, is_masked, other in rows:
        around = [not value for value in is_masked]
        context = module.state_to_segment(last_position(module, row, is_masked))
        right = context @ last_position(module, row, around)
        wrong = context @ last_position(module, other, around)
        losses.append(-F.logsigmoid(right - wrong))
    actual = module.segment_loss(items, lengths, is_target)
    torch.testing.assert_close(actual, torch.stack(losses).mean())


@pytest.mark.parametrize(
    ("lengths", "is_target"),
    [
        ([3, 1], [[True] * 3, [True, False, False]]),
        ([3, 3], [[True] * 3, [False] * 3]),
    ],
    ids=["one item", "no target"],
)
def test_rows_without_a_segment_and_a_context_are_left_out(lengths, is_target):
    module = build()
    items = torch.tensor([[1, 2, 3], [4, 5, 6]])
    loss = module.segment_loss(items, torch.tensor(lengths), torch.tensor(is_target))
    loss.backward()
    assert loss == 0
    assert all(p.grad is None or not p.grad.any() for p in module.parameters())


def test_attributes_begin_with_their_share_of_the_items():
    offsets = torch.tensor([0, *np.cumsum([len(row) for row in ATTRIBUTES])])
    codes = torch.tensor([code for row in ATTRIBUTES for code in row])
    network = SASRec(N_ITEMS, WIDTH)
    module = S3RecPretraining(network, offsets, codes, N_ATTRIBUTES + 1)
    counts = [sum(code in row for row in ATTRIBUTES) for code in range(N_ATTRIBUTES)]
    expected = [(count + 0.5) / (N_ITEMS + 1) for count in [*counts, 0]]
    torch.testing.assert_close(module.attribute_bias.sigmoid(), torch.tensor(expected))
    with torch.no_grad():
        network.item_embedding.weight.zero_()
    entropy = -sum(
        share * np.log(odds) + (1 - share) * np.log(1 - odds)
        for share, odds in zip([*counts, 0], expected, strict=True)
        for share in [share / N_ITEMS]
    )
    loss = module.attribute_loss(torch.arange(N_ITEMS))
    torch.testing.assert_close(loss.item(), entropy, rtol=1e-5, atol=0)


def test_scores_begin_as_inner_products():
    module = S3RecPretraining(SASRec(N_ITEMS, WIDTH))
    state = torch.arange(float(WIDTH))
    for linear in (
        module.item_to_attribute,
        module.state_to_item,
        module.state_to_attribute,
        module.state_to_segment,
    ):
        assert torch.equal(linear(state), state)


def test_without_attributes_there_are_none_to_predict():
    module = build(None)
    assert module.attribute_embedding.weight.shape == (0, WIDTH)
    assert module.attribute_loss(torch.tensor([1, 2])) == 0


def test_only_the_network_is_what_is_not_dropped():
    module = build()
    own = {
        name.removeprefix("network.")
        for name in module.state_dict()
        if name.startswith("network.")
    }
    assert own == set(SASRec(N_ITEMS, WIDTH, max_length=MAX_LENGTH).state_dict())
    assert "attribute_codes" not in module.state_dict()


def test_every_parameter_gets_a_gradient():
    module = build()
    items = torch.tensor([[1, 2, 3, 4, 5, 6], [6, 7, 8, 9, 0, 2]])
    lengths, is_target = torch.tensor([6, 6]), torch.ones(2, 6, dtype=torch.bool)
    is_masked = torch.zeros(2, 6, dtype=torch.bool)
    is_masked[:, 2] = True
    hidden = module.encode(items, lengths, is_masked)[is_masked]
    with seeded(0, torch.device("cpu")):
        loss = (
            module.attribute_loss(items[is_target])
            + module.masked_item_loss(hidden, items[is_masked], full_cross_entropy)
            + module.masked_attribute_loss(hidden, items[is_masked])
            + module.segment_loss(items, lengths, is_target)
        )
    loss.backward()
    for name, parameter in module.named_parameters():
        assert parameter.grad is not None, name
        assert parameter.grad.abs().sum() > 0, name


# What is drawn.


@st.composite
def target_masks(draw, min_rows=1):
    """Masks with a target in each row."""
    n_rows, length = draw(st.integers(min_rows, 5)), draw(st.integers(1, 7))
    row = st.lists(st.booleans(), min_size=length, max_size=length).filter(any)
    return torch.tensor(draw(st.lists(row, min_size=n_rows, max_size=n_rows)))


@quick
@given(target_masks(), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 2**31))
def test_targets_alone_are_masked_and_the_last_always(is_target, probability, seed):
    with seeded(seed, torch.device("cpu")):
        is_masked = draw_mask(is_target, probability)
    assert not (is_masked & ~is_target).any()
    for row, masked in zip(is_target, is_masked, strict=True):
        assert masked[row.nonzero().max()]
    if probability == 0:
        assert (is_masked.sum(dim=1) == 1).all()
    if probability == 1:
        assert torch.equal(is_masked, is_target)


def test_a_row_without_targets_is_not_masked():
    assert not draw_mask(torch.zeros(2, 3, dtype=torch.bool), 1.0).any()


def test_the_probability_is_that_of_every_other_target():
    with seeded(0, torch.device("cpu")):
        is_masked = draw_mask(torch.ones(20_000, 4, dtype=torch.bool), 0.2)
    share = is_masked.double().mean(dim=0)
    expected = torch.tensor([0.2, 0.2, 0.2, 1.0], dtype=torch.float64)
    torch.testing.assert_close(share, expected, atol=0.015, rtol=0)


@quick
@given(target_masks(min_rows=2), st.integers(0, 2**31))
def test_segments_are_runs_of_equal_length_of_two_rows(is_target, seed):
    with seeded(seed, torch.device("cpu")):
        partner, in_segment, in_other = draw_segments(is_target)
    n_rows = len(is_target)
    assert (partner != torch.arange(n_rows)).all()
    assert ((partner >= 0) & (partner < n_rows)).all()
    n_targets = is_target.sum(dim=1)
    for row in range(n_rows):
        other = int(partner[row])
        length = int(in_segment[row].sum())
        assert length == in_other[row].sum()
        assert 1 <= length <= max(1, min(n_targets[row], n_targets[other]) // 2)
        for drawn, source in ((in_segment[row], row), (in_other[row], other)):
            ranks = [
                rank
                for rank, column in enumerate(is_target[source].nonzero())
                if drawn[column]
            ]
            assert not (drawn & ~is_target[source]).any()
            assert ranks == list(range(ranks[0], ranks[0] + length))


def test_all_segments_are_drawn_and_all_partners():
    is_target = torch.ones(3, 4, dtype=torch.bool)
    seen, partners = set(), set()
    with seeded(0, torch.device("cpu")):
        for _ in range(200):
            partner, in_segment, in_other = draw_segments(is_target)
            partners |= set(enumerate(partner.tolist()))
            for drawn in (*in_segment, *in_other):
                columns = drawn.nonzero()
                seen.add((int(columns[0]), len(columns)))
    assert seen == {(0, 1), (1, 1), (2, 1), (3, 1), (0, 2), (1, 2), (2, 2)}
    assert partners == {(a, b) for a in range(3) for b in range(3) if a != b}

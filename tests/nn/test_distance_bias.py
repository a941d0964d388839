import torch

from skdiffuasr.nn.distance_bias import DistanceBias


def test_each_distance_has_a_bias_of_its_own():
    bias = DistanceBias(n_heads=2, max_length=4)
    with torch.no_grad():
        bias.bias.copy_(torch.arange(14.0).view(2, 7))
    found = bias(3)
    for head in range(2):
        for row in range(3):
            for column in range(3):
                expected = 7 * head + 3 + column - row
                assert found[head, row, column] == expected


def test_heads_start_by_attending_to_their_neighbours():
    steep, flat = DistanceBias(n_heads=2, max_length=5)(5)
    assert steep[2].tolist() == [-2, 0, 0, 0, -2]
    assert flat[2].tolist() == [-1, 0, 0, 0, -1]

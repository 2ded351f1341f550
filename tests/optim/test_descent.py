"""Optimizers on surfaces: known sequences, formulas in plain loops, and the surfaces' own slopes and minima."""

from math import sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dlab.optim.descent import path, rates
from dlab.optim.surfaces import SURFACES, Surface
from dlab.registry import OPTIMIZERS
from tests.oracles import update as oracle
from tests.oracles.differences import slopes

# E = w^2 / 2 along x from w = 1, as T35 has it
PARABOLA = Surface("w²/2", lambda w: (w**2).sum(-1) / 2, lambda w: w, (1.0, 0.0), ((0.0, 0.0),), ((-1, 1), (-1, 1)))
MOMENTUM = (1, 0.9, 0.72, 0.486, 0.2268, -0.02916)
NAG = (1, 0.9, 0.729, 0.51759, 0.2945889, 0.084499119)
NAG_AHEAD = (1, 0.81, 0.5751, 0.327321, 0.09388791, -0.1045816839)
gradients = st.lists(st.floats(1e-3, 1e3) | st.floats(-1e3, -1e-3), min_size=2, max_size=30)


def walk(name, surface=PARABOLA, steps=5, **options):
    """The path without noise."""
    return path(OPTIMIZERS[name](**options), surface, np.zeros((steps, 2)))


def test_momentum_on_a_parabola():
    np.testing.assert_allclose(walk("momentum", lr=0.1)[:, 0], MOMENTUM, rtol=1e-12)


def test_nag_on_a_parabola_is_seen_where_it_looks_ahead():
    ahead = walk("nag", lr=0.1)[:, 0]
    np.testing.assert_allclose(ahead, NAG_AHEAD, rtol=1e-9)
    found = [1.0]
    for place in ahead[1:]:  # ahead = w + 0.9 (w - the w before)
        found.append((place + 0.9 * found[-1]) / 1.9)
    np.testing.assert_allclose(found, NAG, rtol=1e-9)


@pytest.mark.parametrize("name", list(OPTIMIZERS))
def test_every_optimizer_gets_down_into_the_ravine(name):
    surface = SURFACES["ravine"]
    values = surface.value(walk(name, surface, 300, lr=0.5 if name == "adagrad" else 0.05))
    assert values[-1] < 0.05 * values[0]


def test_sgd_and_adam_on_the_ravine_follow_the_plain_loops():
    surface = SURFACES["ravine"]
    for name, options, rule in (
        ("sgd", {"lr": 0.95}, oracle.sgd),
        ("adam", {"lr": 0.3, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8}, oracle.adam),
    ):
        way = walk(name, surface, 20, **options)
        for axis, slope in enumerate((0.1, 2.0)):
            wanted = list(rule(slope * way[:-1, axis], **options, w=way[0, axis]))
            np.testing.assert_allclose(way[1:, axis], wanted, rtol=1e-9, atol=1e-12)


def test_eve_hears_the_loss():
    surface, options = SURFACES["ravine"], {"lr": 0.3, "beta3": 0.5}
    way = walk("eve", surface, 12, **options)
    losses = surface.value(way)[:-1]
    smooth, d = losses[0], 1.0
    m, v = np.zeros(2), np.zeros(2)
    for t, w in enumerate(way[:-1], start=1):
        if t > 1:
            low, high = (1.1, 11.0) if losses[t - 1] >= smooth else (1 / 11, 1 / 1.1)
            after = smooth * min(max(low, losses[t - 1] / smooth), high)
            d = 0.5 * d + 0.5 * abs(after - smooth) / min(after, smooth)
            smooth = after
        g = np.array([w[0] / 10, 2 * w[1]])
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
        moved = -0.3 * m / (1 - 0.9**t) / (d * np.sqrt(v / (1 - 0.999**t)) + 1e-8)
        np.testing.assert_allclose(way[t] - w, moved, rtol=1e-7, atol=1e-12)
    assert d != 1.0


def test_noise_is_added_to_each_gradient():
    noise = np.array([[0.5, -1.0], [0.0, 2.0]])
    way = path(OPTIMIZERS["sgd"](lr=0.1), PARABOLA, noise)
    np.testing.assert_allclose(way, [[1, 0], [0.85, 0.1], [0.765, -0.11]], rtol=1e-12)


@pytest.mark.parametrize("name", list(SURFACES))
def test_slopes_of_a_surface(name):
    surface = SURFACES[name]
    places = np.random.default_rng(0).uniform(-3, 3, (20, 2))
    wanted = slopes(lambda: surface.value(places).sum(), places)
    np.testing.assert_allclose(surface.gradient(places), wanted, rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", list(SURFACES))
def test_minima_of_a_surface(name):
    surface = SURFACES[name]
    minima = np.array(surface.minima)
    np.testing.assert_allclose(surface.gradient(minima), 0, atol=1e-5)
    around = np.array([(np.cos(angle), np.sin(angle)) for angle in np.linspace(0, 6, 20)]) / 10
    for place in minima:
        assert (surface.value(place + around) > surface.value(place)).all()
    depths = surface.value(minima)
    assert (np.diff(depths) > 0).all()  # the deepest first
    grid = np.stack(np.meshgrid(*(np.linspace(*edge, 300) for edge in surface.window)), -1)
    assert 0 <= depths[0] <= surface.value(grid).min() + 1e-6


@given(gradients)
def test_the_rate_of_adagrad_is_its_formula_and_never_rises(stream):
    found = rates(OPTIMIZERS["adagrad"](lr=0.1), np.array(stream))
    wanted = [0.1 / (sqrt(sum(g * g for g in stream[: t + 1])) + 1e-7) for t in range(len(stream))]
    np.testing.assert_allclose(found, wanted, rtol=1e-9)
    assert (np.diff(found) <= 1e-12 * found[:-1]).all()


@given(gradients)
def test_the_rates_of_rmsprop_and_adam_are_their_formulas(stream):
    h = v = 0.0
    means = []
    for t, g in enumerate(stream, start=1):
        h, v = 0.99 * h + 0.01 * g * g, 0.999 * v + 0.001 * g * g
        means.append((h, v / (1 - 0.999**t)))
    for name, options, mean in (("rmsprop", {}, 0), ("adam", {"beta1": 0.0}, 1)):
        found = rates(OPTIMIZERS[name](lr=0.1, **options), np.array(stream))
        np.testing.assert_allclose(found, [0.1 / (sqrt(pair[mean]) + 1e-8) for pair in means], rtol=1e-9)

"""What the illustrations of the studies show is so, and their figures come from the folder alone."""

import struct

import numpy as np
import pytest
from click.testing import CliRunner
from scipy.optimize import minimize

from dlab.cli.group import dlab
from dlab.optim.surfaces import SURFACES
from dlab.registry import OPTIMIZERS, STUDIES
from dlab.report import illustrations as figures
from dlab.results import illustrations
from dlab.results.study import StudyFolder
from dlab.spec import load
from dlab.studies import descents, penalties

FILES = {
    "compare-optimizers": {"paths.csv", "rates.csv", "paths.png", "valleys.png", "rates.png"},
    "overfit-study": {"contours.csv", "contours.png"},
}


@pytest.fixture(scope="module")
def points():
    """paths.csv of all optimizers."""
    return list(descents.paths(list(OPTIMIZERS)))


def ends(points, optimizer, noisy=False):
    """The last x of each run over the valleys."""
    own = [p for p in points if (p.surface, p.optimizer, p.noise > 0) == ("valleys", optimizer, noisy)]
    return np.array([p.x for p in own if p.step == descents.VALLEYS.steps])


def way(points, optimizer):
    """The places on the ravine."""
    return np.array([(p.x, p.y) for p in points if (p.surface, p.optimizer) == ("ravine", optimizer)])


def test_only_noise_or_momentum_leads_out_of_the_shallow_valley_and_noise_not_always(points):
    deep, shallow = (place[0] for place in SURFACES["valleys"].minima)
    np.testing.assert_allclose(ends(points, "sgd"), [shallow], atol=1e-3)
    np.testing.assert_allclose(ends(points, "momentum"), [deep], atol=1e-2)
    for name in ("adagrad", "rmsprop", "adam"):
        np.testing.assert_allclose(ends(points, name), [shallow], atol=0.2)
    noisy = ends(points, "sgd", noisy=True)
    assert len(noisy) == descents.RUNS
    assert noisy[0] < 0  # the one that is drawn
    assert 5 <= (noisy < 0).sum() <= descents.RUNS - 5


def test_the_ravine_shows_the_character_of_the_rules(points):
    sgd, momentum, adagrad = (way(points, name) for name in ("sgd", "momentum", "adagrad"))
    assert (np.sign(sgd[1:20, 1]) == -np.sign(sgd[:19, 1])).all()  # from side to side at every step
    assert 3 <= (np.diff(np.sign(momentum[:, 1])) != 0).sum() < 10  # in a long wave
    assert momentum[:, 0].max() > 0.5  # and past the minimum
    steps = np.linalg.norm(np.diff(adagrad, axis=0), axis=1)
    assert (np.diff(steps) < 0).all()


def test_values_are_those_of_the_surface_and_of_a_seed(points):
    for point in points[::97]:
        assert point.value == pytest.approx(SURFACES[point.surface].value(np.array([point.x, point.y])), rel=1e-12)
    assert list(descents.paths(list(OPTIMIZERS))) == points


def test_rates_of_rmsprop_and_adam_recover_and_that_of_adagrad_does_not():
    curves = {}
    for point in descents.rates():
        curves.setdefault(point.optimizer, []).append(point)
    late = {name: [p.rate for p in curve if p.step >= descents.STEPS[0]] for name, curve in curves.items()}
    assert late["rmsprop"][-1] > 8 * late["rmsprop"][0]
    assert late["adam"][-1] > 4 * late["adam"][0]
    assert (np.diff([p.rate for p in curves["adagrad"]]) < 0).all()


def test_the_lasso_touches_at_a_corner_and_ridge_does_not():
    lasso, ridge = penalties.solution(1.0), penalties.solution(2.0)
    assert lasso.tolist() == [0.0, 1.0]
    assert np.abs(ridge).min() > 0.2
    slope = penalties.CURVATURE @ (lasso - penalties.CENTRE)
    assert slope[1] < 0
    assert abs(slope[0]) < 0.9 * abs(slope[1])  # a corner for good: no edge would be better for a slope nearby
    pull = penalties.CURVATURE @ (ridge - penalties.CENTRE)
    multiplier = -pull @ ridge
    assert multiplier > 0
    np.testing.assert_allclose(pull, -multiplier * ridge, atol=1e-6)  # what a penalty of lambda / 2 w^2 would balance


@pytest.mark.parametrize("p", [1.0, 1.5, *penalties.NORMS[1:]])
def test_a_solution_is_that_of_a_general_solver(p):
    inside = {"type": "ineq", "fun": lambda w: 1 - (np.abs(w) ** p).sum()}
    starts = [np.array(start) for start in ((0.3, 0.3), (0.1, 0.6))]
    wanted = [minimize(penalties.loss, start, constraints=inside, options={"ftol": 1e-14}) for start in starts]
    best = min(wanted, key=lambda found: found.fun)
    np.testing.assert_allclose(penalties.solution(p), best.x, atol=1e-4)
    assert penalties.loss(penalties.solution(p)) <= best.fun + 1e-7


def test_curves_are_at_their_levels():
    for point in penalties.contours():
        place = np.array([point.x, point.y])
        if point.curve in ("loss", "solution"):
            assert penalties.loss(place) == pytest.approx(point.level, rel=1e-9)
        if point.curve in ("ball", "solution"):
            assert np.linalg.norm(place, point.p) == pytest.approx(penalties.RADIUS, rel=1e-12)


@pytest.mark.parametrize("name", list(STUDIES))
def test_illustrations_are_drawn_from_the_folder_alone_to_the_same_bytes(name, spec, tmp_path):
    folder = StudyFolder(tmp_path)
    STUDIES[name].illustrate(folder, load(spec))
    figures.draw(folder)
    found = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path != spec}
    assert found.keys() == FILES.get(name, set())
    for path in tmp_path.glob("*.png"):
        assert struct.unpack(">II", path.read_bytes()[16:24]) == (1600, 900)
        path.unlink()
    figures.draw(folder)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir() if path != spec} == found


@pytest.mark.parametrize("count", [1, 4, 11])
def test_paths_of_any_number_of_optimizers_make_a_slide(tmp_path, points, count):
    names = list(OPTIMIZERS)[:count]
    folder = StudyFolder(tmp_path)
    table = illustrations.paths(folder)
    table.write(point for point in points if point.optimizer in names)
    assert {point.optimizer for point in table.read()} == set(names)
    figures.draw(folder)
    assert {path.name for path in tmp_path.glob("*.png")} == {"paths.png", "valleys.png"}


def test_paths_are_those_of_the_optimizers_compared_and_of_sgd(spec, tmp_path):
    text = spec.read_text().replace("fast: {optimizer.lr: 0.5}", "fast: {optimizer: adam}, faster: {optimizer: nag}")
    spec.write_text(text.replace("name: sgd", "name: momentum"))
    folder = StudyFolder(tmp_path)
    STUDIES["compare-optimizers"].illustrate(folder, load(spec))
    found = dict.fromkeys(point.optimizer for point in illustrations.paths(folder).read())
    assert list(found) == ["sgd", "momentum", "adam", "nag"]


@pytest.mark.slow
def test_a_study_leaves_its_illustrations_in_its_folder(spec):
    result = CliRunner().invoke(dlab, ["overfit-study", "small.yaml", "--seeds", "1", "-q"])
    assert result.exit_code == 0, result.output
    home = spec.parent / "results/overfit-study/small"
    assert {path.name for path in home.iterdir()} >= {"contours.csv", "contours.png", "summary.csv", "results.png"}

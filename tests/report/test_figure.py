"""results.png: drawn from results.csv alone, whatever the rows, the title and the environment are."""

import struct
import subprocess
import sys

import pytest

from dlab.report.figure import draw, picture
from dlab.results.records import Evaluation
from dlab.results.shelf import create

FULL = [Evaluation(e, 10 * e, 0.1, 2.0**-e, 1 - 0.5**e, 0.3 + 2.0**-e, 1 - 0.6**e) for e in range(1, 15)]
REGRESSION = [Evaluation(1, s, 0.1, 1 / s, None, None, None) for s in range(1, 50)]
GAPS = [Evaluation(1, s, 0.1, 1.0, 0.5, None if s % 2 else 0.5, None if s % 2 else 0.5) for s in range(1, 50)]
FLAT = [Evaluation(e, e, 0.1, 0.0, 1.0, 0.0, 1.0) for e in (1, 2)]


@pytest.mark.parametrize(
    "rows", [FULL, REGRESSION, GAPS, FLAT, FULL[:1]], ids=["full", "regression", "gaps", "flat", "one"]
)
def test_every_kind_of_run_gives_a_slide(rows):
    png = picture(rows, "odd $x_{$ name", "a $ in the subtitle")
    assert png[:4] == b"\x89PNG"
    assert struct.unpack(">II", png[16:24]) == (1600, 900)


def test_a_picture_is_redrawn_from_the_rows_alone(tmp_path):
    folder = create(tmp_path, "train", "one", "")
    for row in FULL:
        folder.evaluations.append(row)
    draw(folder)
    first = folder.picture.read_bytes()
    folder.picture.unlink()
    draw(folder)
    assert folder.picture.read_bytes() == first


def test_a_wrong_backend_name_and_pyplot_do_not_matter():
    code = (
        "from dlab.report.figure import picture; from dlab.results.records import Evaluation; import sys;"
        "picture([Evaluation(1, 1, 0.1, 0.5, None, None, None)], 'x'); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run(
        [sys.executable, "-c", code], check=True, env={"MPLBACKEND": "rubbish", "PYTHONPATH": ":".join(sys.path)}
    )


def test_no_settings_of_the_user_and_no_name_change_or_stop_a_picture(monkeypatch):
    import matplotlib

    row = Evaluation(1, 1, 0.1, 0.5, None, None, None)
    plain = picture([row], "title", "about")
    for name, value in {"text.usetex": True, "font.size": 40, "axes.facecolor": "red", "text.parse_math": True}.items():
        monkeypatch.setitem(matplotlib.rcParams, name, value)
    assert picture([row], "title", "about") == plain
    assert picture([row], "$x_{$ \\frac{", "[/x] $\\nothing$ %s {0}")

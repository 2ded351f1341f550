"""How dlab speaks: plain or live, JSON or text, UTF-8 or ASCII, and to nobody."""

import io
import json

import pytest

from dlab.report import tables
from dlab.report.output import Output, console
from dlab.report.progress import Bar, Lines, following
from dlab.results.records import Evaluation, Finished, Progress, Timing

ROW = Evaluation(1, 4, 0.1, 0.5, 0.75, 0.25, 0.875)
RECORDS = [Progress(1, 2, 8, 0.7, 0.5, 1000.0, 2), ROW, Timing(4, 1.0, 0.1, 1234.0, 2), Finished("done", 8)]


class Stream(io.StringIO):
    """A stream that may be a terminal, in some encoding."""

    def __init__(self, terminal: bool = False, encoding: str = "utf-8"):
        super().__init__()
        self.terminal, self._encoding = terminal, encoding

    @property
    def encoding(self) -> str:
        return self._encoding

    def isatty(self) -> bool:
        return self.terminal


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm")


def test_lines_are_dated_and_whole_in_a_pipe(capsys):
    with following(Output()) as reporter:
        for record in RECORDS:
            reporter.see(record)
    first, second = capsys.readouterr().err.splitlines()
    assert first[2] == first[5] == ":"
    assert first[10:] == (
        "epoch 1  step 4/8  loss 0.5000  accuracy 75.00 %  test loss 0.2500  test accuracy 87.50 %  1,234 samples/s"
    )
    assert second.endswith("done at step 8")


def test_quiet_says_nothing(capsys):
    output = Output(quiet=True)
    with following(output) as reporter:
        for record in RECORDS:
            reporter.see(record)
    output.note("note")
    assert capsys.readouterr().err == ""


def test_compilation_is_told_once():
    stream = Stream()
    lines = Lines(console(stream))
    for done in (1, 2, 3):
        lines.compiled("conv forward", done, 0.9)
    assert stream.getvalue().count("compiling kernels, once") == 1


def test_the_bar_shows_rate_time_left_and_rows_above():
    stream = Stream(terminal=True)
    with Bar(console(stream)) as bar:
        bar.compiled("convolution forward", 7, 0.9)
        for record in (*RECORDS, Progress(2, 8, 8, 0.4, 0.5, 2000.0, 2)):
            bar.see(record)
    text = stream.getvalue()
    for part in ("7 done, convolution forward 0.9 s", "step 8/8", "2,000 samples/s", "0.0 s left", "test loss 0.2500"):
        assert part in text


@pytest.mark.parametrize("name", ["NO_COLOR", "TERM"])
def test_no_colour_where_it_is_not_wanted(monkeypatch, name):
    monkeypatch.setenv(name, "dumb")
    stream = Stream(terminal=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    console(stream).print(tables.evaluations([ROW]))
    assert "\x1b[" not in stream.getvalue()


def test_a_pipe_gets_whole_lines_and_columns_is_honoured(monkeypatch):
    long = "results/" + "x" * 300
    wide, narrow = Stream(), Stream()
    console(wide).print(long)
    assert wide.getvalue() == long + "\n"
    monkeypatch.setenv("COLUMNS", "20")
    console(narrow).print(tables.evaluations([ROW]))
    assert max(map(len, narrow.getvalue().splitlines())) <= 20


def test_ascii_streams_get_ascii():
    stream = Stream(encoding="ascii")
    console(stream).print("6 × 28 · é [/x] ±")
    assert stream.getvalue() == "6 x 28 | ? [/x] +/-\n"


def test_json_is_one_object(capsys):
    Output(as_json=True).show({"a": 1.5}, "text")
    assert json.loads(capsys.readouterr().out) == {"a": 1.5}


@pytest.mark.parametrize(("columns", "width"), [("20", 20), ("0", None), ("-5", None), ("abc", None), ("²", None)])
def test_a_width_that_is_none_is_no_width(monkeypatch, columns, width):
    monkeypatch.setenv("COLUMNS", columns)
    monkeypatch.setenv("LINES", columns)
    stream = Stream()
    console(stream).print("x" * 300)
    assert max(map(len, stream.getvalue().splitlines())) == (width or 300)


def test_text_is_never_markup():
    stream = Stream(terminal=True)
    with Bar(console(stream)) as bar:
        bar.compiled("[/x] [red]", 1, 0.1)
    console(stream).print(tables.listing(("[/y]",), [("[/z]",)]))
    for name in ("[/x] [red]", "[/y]", "[/z]"):
        assert name in stream.getvalue()

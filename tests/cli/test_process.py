"""What only a real process shows: imports, signals, terminals and closed pipes."""

import fcntl
import json
import os
import pty
import resource
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DRAWN = [sys.executable, "-m", "tests.cli.fake_dlab", "train", "one"]
FAKE = [*DRAWN, "--no-plots"]


def environment(pause: float = 0.0) -> dict[str, str]:
    path = os.pathsep.join([str(ROOT / "src"), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path, "FAKE_PAUSE": str(pause), "TERM": "xterm", "COLUMNS": "200"}


def started(folder: Path, command=FAKE, **options) -> subprocess.Popen:
    """A slow run that has made its first row."""
    process = subprocess.Popen([*command, "-o", str(folder)], env=environment(0.08), cwd=folder, text=True, **options)
    table = folder / "train" / "one" / "results.csv"
    for _ in range(500):
        if table.exists() and table.read_text().count("\n") > 1:
            return process
        time.sleep(0.02)
    raise AssertionError("the run never began")


def status(folder: Path) -> str:
    return json.loads((folder / "train/one/run.json").read_text())["status"]


def test_help_is_quick_and_imports_nothing_heavy():
    heavy = "numpy numba matplotlib pydantic yaml rich safetensors"
    code = (
        "import sys; from dlab.cli.group import dlab; dlab(['--help'], standalone_mode=False);"
        f"print([name for name in '{heavy}'.split() if name in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    run = subprocess.run([sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 0.3
    assert run.stdout.splitlines()[-1] == "[]"
    for part in ("train", "Exit codes:", "Examples:", "143"):
        assert part in run.stdout


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["INT", "TERM", "HUP"]
)
def test_a_signal_saves_shows_and_exits_and_resume_goes_on(tmp_path, number, code):
    process = started(tmp_path, DRAWN, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == code
    assert "interrupted: " in out
    assert status(tmp_path) == "interrupted"
    assert (tmp_path / "train/one/results.png").exists() == (number == signal.SIGINT)  # the others are in a hurry
    resume = [*FAKE[:3], "train", "--resume", "latest", "--no-plots", "-q", "-o", str(tmp_path)]
    assert subprocess.run(resume, env=environment(), stdout=subprocess.PIPE, check=True).stdout.startswith(b"done: ")
    steps = [line.split(",")[1] for line in (tmp_path / "train/one/results.csv").read_text().splitlines()]
    assert steps == ["step", "2", "4", "6", "8"]


def test_a_second_interrupt_leaves_at_once(tmp_path):
    process = started(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.send_signal(signal.SIGINT)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert status(tmp_path) == "interrupted"


def test_an_ignored_hangup_stays_ignored(tmp_path):
    process = started(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=ignore_hangup)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=20)
    assert process.returncode == 0
    assert status(tmp_path) == "done"


def ignore_hangup() -> None:
    signal.signal(signal.SIGHUP, signal.SIG_IGN)


@pytest.mark.parametrize("closed", ["stdout", "stderr"])
def test_a_closed_pipe_is_quiet_and_the_results_are_saved(tmp_path, closed):
    process = started(tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    getattr(process, closed).close()
    setattr(process, closed, None)
    out, err = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "Exception" not in (out or "") + (err or "")
    assert status(tmp_path) == "done"


def test_a_terminal_sees_a_bar_and_no_terminal_is_left_changed(tmp_path):
    master, slave = pty.openpty()
    process = started(tmp_path, stdout=slave, stderr=slave)
    os.close(slave)
    seen = b""
    while chunk := read(master):
        seen += chunk
    assert process.wait(timeout=20) == 0
    text = seen.decode()
    assert "samples/s" in text
    assert "left" in text
    # The cursor, hidden for the bar, is shown again.
    assert text.rindex("\x1b[?25h") > text.rindex("\x1b[?25l")


def test_a_terminal_that_goes_away_ends_the_run_with_its_state_saved(tmp_path):
    master, slave = pty.openpty()
    process = started(tmp_path, stdout=slave, stderr=slave, start_new_session=True)
    os.close(slave)
    os.close(master)
    process.send_signal(signal.SIGHUP)
    assert process.wait(timeout=20) == 129
    assert status(tmp_path) == "interrupted"


def terminal_of(slave: int):
    """What a child does to have this terminal as its own."""
    return lambda: fcntl.ioctl(slave, termios.TIOCSCTTY, 0)


@pytest.mark.parametrize(("ignored", "code", "state"), [(False, 129, "interrupted"), (True, 0, "done")])
def test_a_connection_that_breaks_saves_the_run_or_lets_it_go_on(tmp_path, ignored, code, state):
    master, slave = pty.openpty()
    take = terminal_of(slave)
    prepare = (lambda: (take(), ignore_hangup())) if ignored else take
    process = started(tmp_path, stdout=slave, stderr=slave, start_new_session=True, preexec_fn=prepare)
    os.close(slave)
    os.close(master)  # the system sends the hangup
    assert process.wait(timeout=20) == code
    assert status(tmp_path) == state


def test_a_full_disk_under_the_terminals_streams_loses_no_result(tmp_path):
    with open("/dev/full", "w") as full:
        run = subprocess.run([*FAKE, "-o", str(tmp_path)], env=environment(), stdout=full, stderr=subprocess.PIPE)
        assert run.returncode == 5
        assert run.stderr.endswith(b"Error: cannot write the result to stdout: No space left on device\n")
        again = [*FAKE, "-o", str(tmp_path), "--name", "two"]
        assert subprocess.run(again, env=environment(), stdout=subprocess.DEVNULL, stderr=full).returncode == 0
    assert status(tmp_path) == "done"


def test_no_streams_at_all_are_no_reason_to_fail(tmp_path):
    closed = f"{' '.join(FAKE)} -o {tmp_path} <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", closed], env=environment()).returncode == 0
    assert status(tmp_path) == "done"


def test_an_old_terminal_and_an_odd_path_are_served(tmp_path):
    odd = os.fsencode(tmp_path) + b"/\xff [/x] \xc3\xa9"
    plain = {"PYTHONIOENCODING": "ascii", "LC_ALL": "C", "COLUMNS": "20"}
    for command in ([*FAKE[3:], "-o"], ["runs", "list", "-o"]):
        run = subprocess.run([*FAKE[:3], *command, odd], env={**environment(), **plain}, capture_output=True)
        assert (run.returncode, b"Traceback" in run.stderr) == (0, False)
        assert max(map(len, run.stdout.decode("ascii").splitlines())) <= 20
    assert os.path.exists(odd + b"/train/one/weights/last.safetensors")


def read(file: int) -> bytes:
    """What a terminal shows next, nothing once the other side is closed."""
    try:
        return os.read(file, 65536)
    except OSError:
        return b""

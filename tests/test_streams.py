"""Streams whose reader has gone, whose disk is full, or which another program made non-blocking."""

import errno
import os
import threading
import time

import pytest

from dlab.errors import DlabError, EnvironmentFault, SpecError, told
from dlab.streams import fault_of, patient

NO_THREADS = "the system lets this process start no more threads (see `ulimit -u`)"


def test_what_is_written_arrives_whole_and_in_the_streams_encoding(tmp_path):
    path = tmp_path / "log"
    path.write_text("before\n")
    with patient(path) as stream:
        stream.write("é × [/x] \udcff\n")
        assert fault_of(stream) is None
    assert path.read_text() == "before\né × [/x] \\udcff\n"
    reader, writer = os.pipe()
    patient(writer, "ascii").write("é\n")
    assert os.read(reader, 99) == b"\\xe9\n"
    os.close(reader)
    os.close(writer)


def test_a_full_disk_is_no_exception_but_is_known():
    with open("/dev/full", "wb") as full:
        stream = patient(full.fileno())
        for _ in range(3):
            stream.write("x" * 100_000 + "\n")
        assert fault_of(stream).errno == errno.ENOSPC
        stream.close()


def test_a_pipe_without_a_reader_is_no_exception():
    reader, writer = os.pipe()
    os.close(reader)
    stream = patient(writer)
    stream.write("text\n")
    assert fault_of(stream).errno == errno.EPIPE
    os.close(writer)
    stream.write("more, to a file that is closed\n")
    stream.close()


def test_a_full_pipe_that_does_not_block_is_waited_for():
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    read = []

    def slowly():
        time.sleep(0.05)
        while sum(map(len, read)) < 300_001:
            read.append(os.read(reader, 1 << 16))

    listener = threading.Thread(target=slowly)
    listener.start()
    stream = patient(writer)
    stream.write("x" * 300_000 + "\n")
    listener.join(10)
    assert fault_of(stream) is None
    assert b"".join(read) == b"x" * 300_000 + b"\n"
    os.close(reader)
    os.close(writer)


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (OSError(errno.EMFILE, "Too many open files", "/a"), "/a: Too many open files"),
        (OSError("odd"), "odd"),
        (MemoryError(), "out of memory: try a smaller train.batch_size or train.eval_batch"),
        (
            RuntimeError("can't start new thread"),
            "the system lets this process start no more threads (see `ulimit -u`)",
        ),
    ],
)
def test_the_machines_faults_are_told_in_plain_words(fault, said):
    plain = told(fault)
    assert isinstance(plain, EnvironmentFault)
    assert str(plain) == said


def test_what_may_be_a_bug_is_not_explained_away():
    assert told(ValueError("odd")) is told(RuntimeError("odd")) is told(KeyError("x")) is None
    fault: DlabError = SpecError("x")
    assert told(fault) is fault

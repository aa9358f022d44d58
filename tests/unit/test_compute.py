from __future__ import annotations

import dask
import pytest

from mrv.compute import running
from mrv.errors import UsageError


@pytest.mark.parametrize(
    ("where", "scheduler"), [("none", "synchronous"), ("local", "threads"), ("local:threads=2", "threads")]
)
def test_places(where, scheduler):
    before = dask.config.get("scheduler", None)
    with running(where):
        assert dask.config.get("scheduler") == scheduler
        assert dask.delayed(sum)([1, 2]).compute() == 3
    assert dask.config.get("scheduler", None) == before


def test_threads_are_counted():
    with running("local:threads=3"):
        assert dask.config.get("num_workers") == 3


def test_the_place_is_left_after_an_error():
    with pytest.raises(ZeroDivisionError), running("none"):
        raise ZeroDivisionError
    assert dask.config.get("scheduler", None) is None


@pytest.mark.parametrize(
    "where",
    ["", "here", "None", "local:threads", "local:threads=", "local:threads=-1", "local:threads=0", "local:processes=0",
     "local:gpu=1", "local threads=2", "http://127.0.0.1:8786", "local\n", "tcp:/x"],
)  # fmt: skip
def test_other_places_are_refused(where):
    with pytest.raises(UsageError) as caught, running(where):
        pass
    assert caught.value.error_code == "compute.where"
    assert caught.value.field == "where"
    assert "tcp://" in caught.value.hint


@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_scheduler_that_does_not_answer_is_named(monkeypatch):
    import distributed

    def nobody(*_args, **_kwargs):
        raise OSError("timed out")

    monkeypatch.setattr(distributed, "Client", nobody)
    with pytest.raises(UsageError) as caught, running("tcp://127.0.0.1:9"):
        pass
    assert caught.value.error_code == "compute.unreachable"
    assert caught.value.hint

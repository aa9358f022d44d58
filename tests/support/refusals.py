"""A refusal, as every test asks for one: typed, with a code, and with something its reader can do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from mrv.errors import MRVError

if TYPE_CHECKING:
    from collections.abc import Callable


def refusal(call: Callable[..., Any], *args: Any, kind: type[MRVError] = MRVError, **options: Any) -> Any:
    """The error that ``call`` ends with.

    Args:
        call: What is asked.
        args: Its arguments.
        kind: Class of the error.
        options: Its named arguments.
    """
    with pytest.raises(kind) as caught:
        call(*args, **options)
    assert caught.value.hint, f"{caught.value.error_code} says nothing to do: {caught.value}"
    return caught.value


def refused(call: Callable[..., Any], *args: Any, **options: Any) -> str:
    """Its code."""
    code: str = refusal(call, *args, **options).error_code
    return code

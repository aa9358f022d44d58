"""Libraries of tokens and services, imported when a URI names them."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from mrv.errors import AttestationError


def need(module: str, extra: str) -> Any:
    """The module, or a refusal that says what to install.

    Raises:
        AttestationError: ``key.install``.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise AttestationError(f"{module} is not installed", code="key.install", hint=f"pip install 'mrv[{extra}]'") from error

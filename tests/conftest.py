"""Shared by every test: nothing but loopback can be reached."""

from __future__ import annotations

import ipaddress
import socket

import pytest

_connect, _connect_ex = socket.socket.connect, socket.socket.connect_ex


class NetworkBlocked(BaseException):
    """A test tried to leave this machine; no ``except Exception`` may swallow it."""


def _refuse_the_world(family: int, address: object) -> None:
    if family not in {socket.AF_INET, socket.AF_INET6}:
        return
    host = str(address[0]) if isinstance(address, tuple) else ""
    try:
        local = ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local:
        raise NetworkBlocked(f"a test connects to {address}")


@pytest.fixture(autouse=True)
def no_network(monkeypatch):
    """Block sockets that leave the machine, in Python; libraries in C are pointed at a proxy that does not answer."""

    def connect(self, address):
        _refuse_the_world(self.family, address)
        return _connect(self, address)

    def connect_ex(self, address):
        _refuse_the_world(self.family, address)
        return _connect_ex(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
    monkeypatch.setattr(socket.socket, "connect_ex", connect_ex)
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GDAL_HTTP_PROXY", "")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@pytest.fixture(scope="session")
def tiny_result(tmp_path_factory):
    """The tiny project, run once: ``(tiny, project, fetched, result)``. Look, do not change."""
    from support.run_tiny import run_tiny
    from support.tiny_project import tiny_project

    return run_tiny(tiny_project(tmp_path_factory.mktemp("tiny-result")))


@pytest.fixture(scope="session")
def full_result(tmp_path_factory):
    """The same with everything a project can give, creditable, run once. Look, do not change."""
    from support.full_project import full_project, run_full

    return run_full(full_project(tmp_path_factory.mktemp("full-result")))


@pytest.fixture(scope="session", params=["host", "cuda"])
def device(request):
    """What twins run on: their source compiled for the processor, and a GPU where there is one."""
    from support.host_device import made_device

    return made_device(request.param)

"""A loopback HTTP server for tests: a folder with Range support, that counts, and that fails on request.

    with RangeServer(folder) as server:
        server.fail(r"B04\\.tif$", status=503, times=2)
        read(server.url("scene/B04.tif"))
    assert server.count(r"B04\\.tif$") == 3

The same server is a path-style S3 endpoint (``/bucket/key``, a bucket being a folder): point ``AWS_S3_ENDPOINT`` at
:attr:`RangeServer.netloc` with ``AWS_HTTPS=NO`` and ``AWS_VIRTUAL_HOSTING=FALSE``.  Signatures are not looked at.
"""

from __future__ import annotations

import hashlib
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, quote, unquote, urlsplit
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from types import TracebackType

_RANGE = re.compile(r"bytes=(\d*)-(\d*)$")
_TYPES = {".json": "application/json", ".geojson": "application/geo+json", ".tif": "image/tiff", ".xml": "text/xml"}


@dataclass(frozen=True)
class Request:
    """One request as it was answered."""

    method: str
    path: str
    """Decoded, without the query."""
    range: str | None
    """The ``Range`` header."""
    status: int
    sent: int
    """Bytes of body sent, which is less than announced where the answer was truncated."""


@dataclass
class _Fault:
    pattern: re.Pattern[str]
    status: int | None
    """None: truncate instead."""
    left: int | None
    """How many more requests it hits; None for all."""
    headers: dict[str, str] = field(default_factory=dict)


class RangeServer:
    """Serves ``root`` on a free loopback port while the ``with`` block runs.

    Args:
        root: The folder to serve.
        latency_s: Time to wait before each answer; may be changed at any time.
    """

    def __init__(self, root: Path, *, latency_s: float = 0.0) -> None:
        self.root = Path(root).resolve()
        self.latency_s = latency_s
        self._lock = threading.Lock()
        self._log: list[Request] = []
        self._faults: list[_Fault] = []
        self._etags: dict[tuple[Path, int, int], str] = {}
        self._server: _Server | None = None
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        self._server = _Server(self)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        assert self._server is not None
        assert self._thread is not None
        self._server.shutdown()
        self._server.hang_up()
        self._server.server_close()
        self._thread.join()

    @property
    def netloc(self) -> str:
        """``127.0.0.1:port``."""
        assert self._server is not None, "the server runs inside its with block only"
        return f"127.0.0.1:{self._server.server_address[1]}"

    def url(self, path: str = "") -> str:
        """The address of a file, ``path`` being relative to the root."""
        return f"http://{self.netloc}/{quote(path.lstrip('/'))}"

    def fail(
        self, path_regex: str, *, status: int = 503, times: int | None = None, headers: dict[str, str] | None = None
    ) -> None:
        """Answer matching requests with ``status``, the next ``times`` of them or all."""
        self._add(_Fault(re.compile(path_regex), status, times, dict(headers or {})))

    def truncate(self, path_regex: str, *, times: int | None = None) -> None:
        """Announce the whole body to matching GETs, send half of it, hang up."""
        self._add(_Fault(re.compile(path_regex), None, times))

    def heal(self) -> None:
        """Forget all faults."""
        with self._lock:
            self._faults.clear()

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests so far, in the order they were answered."""
        with self._lock:
            return tuple(self._log)

    def count(self, path_regex: str = "", *, method: str | None = None) -> int:
        """How many requests matched."""
        return sum(
            re.search(path_regex, request.path) is not None and method in (None, request.method) for request in self.requests
        )

    @property
    def bytes_sent(self) -> int:
        """Bytes of all bodies sent so far."""
        return sum(request.sent for request in self.requests)

    def reset(self) -> None:
        """Start counting anew."""
        with self._lock:
            self._log.clear()

    def _add(self, fault: _Fault) -> None:
        with self._lock:
            self._faults.append(fault)

    def _record(self, request: Request) -> None:
        with self._lock:
            self._log.append(request)

    def _take_fault(self, path: str, *, method: str) -> _Fault | None:
        with self._lock:
            for fault in self._faults:
                if fault.left == 0 or not fault.pattern.search(path) or (fault.status is None and method != "GET"):
                    continue
                if fault.left is not None:
                    fault.left -= 1
                return fault
        return None

    def _find(self, path: str) -> Path | None:
        """The file or folder of a path, or None; never one outside the root."""
        found = (self.root / path.lstrip("/")).resolve()
        return found if found.is_relative_to(self.root) and found.exists() else None

    def _etag(self, path: Path, data: bytes) -> str:
        state = path.stat()
        key = (path, state.st_mtime_ns, state.st_size)
        with self._lock:
            if key not in self._etags:
                self._etags[key] = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
            return self._etags[key]


class _Server(ThreadingHTTPServer):
    daemon_threads = False
    block_on_close = True
    request_queue_size = 128

    def __init__(self, owner: RangeServer) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.owner = owner
        self._open: set[socket.socket] = set()
        self._open_lock = threading.Lock()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up early is no error of the server's."""

    def hang_up(self) -> None:
        """End the connections that clients keep alive, so that their threads can be joined."""
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
        """Silent: :attr:`RangeServer.requests` is the log."""

    def do_GET(self) -> None:
        self._answer()

    def do_HEAD(self) -> None:
        self._answer()

    def _answer(self) -> None:
        owner, parts = self.server.owner, urlsplit(self.path)
        path = unquote(parts.path)
        fault = owner._take_fault(path, method=self.command)
        if owner.latency_s:
            time.sleep(owner.latency_s)
        if fault is not None and fault.status is not None:
            self._send(path, fault.status, b"injected fault\n", fault.headers)
            return
        found, query = owner._find(path), parse_qs(parts.query, keep_blank_values=True)
        if found is not None and found.is_dir() and query.keys() & {"list-type", "prefix", "delimiter"}:
            self._send(path, HTTPStatus.OK, _listing(found, query), {"Content-Type": "application/xml"})
        elif found is None or not found.is_file():
            self._send(path, HTTPStatus.NOT_FOUND, b"not found\n", {})
        else:
            self._send_file(path, found, truncated=fault is not None)

    def _send_file(self, path: str, found: Path, *, truncated: bool) -> None:
        data = found.read_bytes()
        headers = {
            "Accept-Ranges": "bytes",
            "Content-Type": _TYPES.get(found.suffix, "application/octet-stream"),
            "ETag": self.server.owner._etag(found, data),
            "Last-Modified": formatdate(found.stat().st_mtime, usegmt=True),
        }
        if self.headers.get("If-None-Match") == headers["ETag"]:
            self._send(path, HTTPStatus.NOT_MODIFIED, b"", headers)
            return
        span = _span(self.headers.get("Range"), len(data))
        if span is None:
            self._send(path, HTTPStatus.OK, data, headers, truncated=truncated)
        elif span[0] >= span[1]:
            headers["Content-Range"] = f"bytes */{len(data)}"
            self._send(path, HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, b"", headers)
        else:
            headers["Content-Range"] = f"bytes {span[0]}-{span[1] - 1}/{len(data)}"
            self._send(path, HTTPStatus.PARTIAL_CONTENT, data[slice(*span)], headers, truncated=truncated)

    def _send(self, path: str, status: int, body: bytes, headers: dict[str, str], *, truncated: bool = False) -> None:
        sent = b"" if self.command == "HEAD" else body[: len(body) // 2] if truncated else body
        # Recorded first: a client that has its answer may look at the counts at once.
        self.server.owner._record(Request(self.command, path, self.headers.get("Range"), int(status), len(sent)))
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(sent)
        if truncated:
            self.close_connection = True


def _span(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and end of the bytes asked for, end excluded; None for the whole file, empty where there are none."""
    match = _RANGE.match(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if not first:
        return max(0, size - int(last)), size
    return int(first), min(size, int(last) + 1) if last else size


def _listing(bucket: Path, query: dict[str, list[str]]) -> bytes:
    """``ListObjects`` of a folder: keys below ``prefix``, cut at ``delimiter``."""
    prefix, delimiter = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
    entries: dict[str, str] = {}
    for path in sorted(bucket.rglob("*")):
        key = path.relative_to(bucket).as_posix()
        if not path.is_file() or not key.startswith(prefix):
            continue
        head, cut, _ = key[len(prefix) :].partition(delimiter) if delimiter else (key, "", "")
        if cut:
            name = escape(prefix + head + cut)
            entries[name] = f"<CommonPrefixes><Prefix>{name}</Prefix></CommonPrefixes>"
        else:
            stamp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(path.stat().st_mtime))
            entries[key] = (
                f"<Contents><Key>{escape(key)}</Key><LastModified>{stamp}</LastModified>"
                f"<Size>{path.stat().st_size}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            )
    body = "".join(entries.values())
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>{escape(bucket.name)}</Name><Prefix>{escape(prefix)}</Prefix><KeyCount>{len(entries)}</KeyCount>"
        f"<MaxKeys>1000</MaxKeys><IsTruncated>false</IsTruncated>{body}</ListBucketResult>"
    ).encode()

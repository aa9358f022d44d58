"""Refresh: fetch status lists into a folder, from hosts that the settings allow; the only verb with a network.

Apart from checking, which reads that folder.  A list is written only when it verifies, so a host, or whoever sits between,
can withhold a list but neither forge one nor put an older one back.  The address is resolved once, looked at, and
connected to as it was looked at: a name that changes its answer reaches nothing else.

References:
    RFC 9110 (HTTP), RFC 6890 (special-purpose addresses).
"""

import hashlib
import http.client
import ipaddress
import re
import socket
import ssl
import threading
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from mrv.attest import durable, strict_json
from mrv.attest.status import read_lists
from mrv.attest.status_list import parse_list, verify_list
from mrv.attest.trust import TrustList
from mrv.errors import AttestationError
from mrv.regular_file import read_regular

_URL = re.compile(
    r"https://(?P<host>[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?)(?::(?P<port>[1-9][0-9]{0,4}))?(?P<path>/[A-Za-z0-9._~/-]*)"
)
_INNER = tuple(
    ipaddress.ip_network(text) for text in ("192.0.0.0/24", "2002::/16", "2001::/32", "64:ff9b::/96", "64:ff9b:1::/48")
)
"""Beside what Python knows as inner: protocol assignments, and IPv6 that carries IPv4 (6to4, Teredo, NAT64)."""
_CHUNK = 1 << 16
MAX_SETTINGS = 1 << 20
"""Bytes of the settings, and of a file of certificates."""

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class RefreshSettings(BaseModel):
    """``[status]`` of ``settings.toml``: where lists may come from."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    hosts: list[Annotated[str, Field(pattern=r"^[a-z0-9.-]+(:[0-9]+)?$")]] = []
    """Hosts, ``host`` or ``host:port``, as they stand in the addresses; no other is asked."""
    loopback: bool = False
    """Whether an allowed host may be this machine; other private addresses never."""
    ca_file: str | None = None
    """Certificates to trust instead of the system's."""
    timeout_s: Annotated[int, Field(ge=1, le=300)] = 20
    """For one list, from the first byte to the last."""


def read_settings(path: Path) -> RefreshSettings:
    """The table ``[status]`` of a settings file.

    Raises:
        AttestationError: ``refresh.settings``.
    """
    try:
        return RefreshSettings.model_validate(tomllib.loads(read_regular(path, MAX_SETTINGS).decode()).get("status", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
        hint = 'a TOML table such as [status] with hosts = ["status.example.org"]'
        told = error.strerror if isinstance(error, OSError) else error
        raise AttestationError(f"cannot be used: {told}", code="refresh.settings", file=path, hint=hint) from error


def list_urls(document: dict[str, Any]) -> list[str]:
    """Addresses of the status lists that an attestation names."""
    return [entry["statusListCredential"] for entry in document.get("credentialStatus", [])]


def refresh(urls: Iterable[str], folder: Path, *, settings: RefreshSettings, trust: TrustList, now: str) -> list[Path]:
    """Fetch status lists and write those that verify, each whole, once all were fetched.

    Args:
        urls: Their addresses, which are their ids.
        folder: Where :func:`mrv.attest.status.check_status` will read them; made here.
        settings: Which hosts may be asked.
        trust: Whose keys count.
        now: The time to judge by.

    Returns:
        The files written.

    Raises:
        AttestationError: ``refresh.*``, or the ``status.*`` of what was fetched; then nothing was written.
    """
    durable.folder(folder)
    held, fetched = read_lists(folder).found, []
    for url in dict.fromkeys(urls):
        data = fetch(url, settings=settings)
        document = parse_list(data)
        if document["id"] != url:
            raise AttestationError(f"{url} answers with the list {document['id']:.200}", code="refresh.id",
                hint="a list is published at its id: tell its issuer",
            )  # fmt: skip
        verify_list(document, trust=trust, now=now)
        older = held.get(url, [])
        if any(one["validFrom"] > document["validFrom"] for _, one in older):
            raise AttestationError(
                f"{url} answers with a list from {document['validFrom']}, older than the one held", code="refresh.rollback",
                hint="a list taken back hides a revocation: ask its issuer",
            )  # fmt: skip
        path = older[0][0] if older else folder / f"{hashlib.sha256(url.encode()).hexdigest()}.json"
        fetched.append((path, data))
    for path, data in fetched:
        durable.replace(path, data)
    return [path for path, _ in fetched]


def fetch(url: str, *, settings: RefreshSettings) -> bytes:
    """The bytes at an address, if the settings allow to ask for them.

    Raises:
        AttestationError: ``refresh.url``, ``.host``, ``.address``, ``.connect``, ``.status``, ``.size``.
    """
    host, port, path = _parts(url, settings)
    address = _resolve(host, port, settings)
    try:
        with _Pinned(host, port, address, settings).within(settings.timeout_s) as connection:
            connection.request("GET", path, headers={"Accept": "application/json", "Accept-Encoding": "identity"})
            with closing(connection.getresponse()) as answer:
                return _body(answer, url)
    except (OSError, http.client.HTTPException) as error:
        raise AttestationError(f"{url}: {error}", code="refresh.connect", hint="try again later") from error


class _Pinned(http.client.HTTPSConnection):
    """An HTTPS connection to an address that was looked at, under the name that its certificate must have."""

    def __init__(self, host: str, port: int, address: Address, settings: RefreshSettings) -> None:
        self._tls = _tls(settings.ca_file)
        super().__init__(host, port, timeout=settings.timeout_s, context=self._tls)
        self._address = str(address)
        self._open: socket.socket | None = None

    def connect(self) -> None:
        self._open = socket.create_connection((self._address, self.port), self.timeout)
        self.sock = self._open = self._tls.wrap_socket(self._open, server_hostname=self.host)

    @contextmanager
    def within(self, seconds: int) -> Iterator[Self]:
        """Open for so long at most: a host that sends a byte now and then is hung up on."""
        timer = threading.Timer(seconds, self._hang_up)
        timer.daemon = True
        timer.start()
        try:
            yield self
        finally:
            timer.cancel()
            self.close()

    def _hang_up(self) -> None:
        # The socket beneath TLS, whose state belongs to the thread that reads.
        if self._open is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._open, socket.SHUT_RDWR)


def _tls(ca_file: str | None) -> ssl.SSLContext:
    """Trust in the settings' certificates and in no others; without a file, in the system's."""
    if ca_file is None:
        return ssl.create_default_context()
    hint = "ca_file under [status] names a file of PEM certificates"
    try:
        pem = read_regular(ca_file, MAX_SETTINGS).decode("ascii")
        if pem.strip():  # an empty text would stand for the system's
            return ssl.create_default_context(cadata=pem)
        told = "it is empty"
    except UnicodeDecodeError:
        told = "not PEM"
    except OSError as error:
        told = error.strerror or "not PEM"
    raise AttestationError(f"cannot be used: {told}", code="refresh.settings", file=ca_file, field="ca_file", hint=hint)


def _parts(url: str, settings: RefreshSettings) -> tuple[str, int, str]:
    match = _URL.fullmatch(url)
    if match is None or any(segment in {".", ".."} for segment in match["path"].split("/")):
        raise AttestationError(
            f"{url!a:.200} is not a plain https address", code="refresh.url",
            hint="https, a host in lower case, a path of plain characters without . or .. segments, and nothing after it",
        )  # fmt: skip
    named = match["host"] + (f":{match['port']}" if match["port"] else "")
    if named not in settings.hosts:
        raise AttestationError(
            f"{named} is not a host the settings allow", code="refresh.host", hint="add it to hosts under [status]"
        )
    return match["host"], int(match["port"] or 443), match["path"]


def _resolve(host: str, port: int, settings: RefreshSettings) -> Address:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except UnicodeError as error:  # a label that is empty, or longer than 63 letters
        raise AttestationError(
            f"{host:.200} is no name that a host can have", code="refresh.url", hint="its issuer has to publish under another"
        ) from error
    except OSError as error:
        raise AttestationError(f"{host} has no address", code="refresh.connect", hint="try again later") from error
    addresses = [ipaddress.ip_address(str(row[4][0]).partition("%")[0]) for row in found]
    for address in addresses:
        if not _allowed(address, loopback=settings.loopback):
            raise AttestationError(
                f"{host} is {address}, which is not an address of the open Internet", code="refresh.address",
                hint="an inner address is never asked; loopback = true under [status] allows this machine",
            )  # fmt: skip
    return addresses[0]


def _allowed(address: Address, *, loopback: bool) -> bool:
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return _allowed(address.ipv4_mapped, loopback=loopback)
    if any(address in network for network in _INNER):
        return False
    if address.is_loopback:
        return loopback
    return address.is_global and not address.is_multicast and not address.is_reserved


def _body(answer: http.client.HTTPResponse, url: str) -> bytes:
    if answer.status != http.client.OK:
        hint = "redirects are not followed: name the final address"
        raise AttestationError(f"{url} answers {answer.status}", code="refresh.status", hint=hint)
    data = b""
    while chunk := answer.read1(_CHUNK):
        data += chunk
        if len(data) > strict_json.MAX_BYTES:
            told = f"{url} answers with more than {strict_json.MAX_BYTES} bytes"
            raise AttestationError(told, code="refresh.size", hint="no status list is that long: tell its issuer")
    if answer.length:
        raise http.client.IncompleteRead(data, answer.length)
    return data

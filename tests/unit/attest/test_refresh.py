"""Fetching status lists: only from allowed hosts, only what verifies, and only over loopback here."""

from __future__ import annotations

import datetime as dt
import http.server
import ipaddress
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from support.attested import (
    ATTESTER,
    INDEX,
    NOW,
    STRANGER,
    ask,
    attestation,
    make_signer,
    status_entries,
    status_list,
    trust_of,
)
from support.refusals import refused

from mrv.attest import refresh
from mrv.errors import AttestationError


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for localhost and 127.0.0.1 that signs itself, and its key."""
    folder, key = tmp_path_factory.mktemp("tls"), ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    start = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name).issuer_name(name).public_key(key.public_key()).serial_number(1)
        .not_valid_before(start).not_valid_after(start + dt.timedelta(days=36500))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    (folder / "cert.pem").write_bytes(made.public_bytes(Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return folder


@pytest.fixture
def server(certificate):
    """An HTTPS server on a free loopback port: ``answers[path]`` is bytes, or a function of the handler."""
    answers, asked = {}, []

    class Handler(http.server.BaseHTTPRequestHandler):
        def log_message(self, *_):
            pass

        def do_GET(self):
            asked.append(self.path)
            answer = answers.get(self.path, 404)
            if callable(answer):
                answer(self)
                return
            self.send_response(200 if isinstance(answer, bytes) else answer)
            body = answer if isinstance(answer, bytes) else b""
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    class Quiet(http.server.ThreadingHTTPServer):
        def handle_error(self, *_):
            pass

    with Quiet(("127.0.0.1", 0), Handler) as found:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
        found.socket = context.wrap_socket(found.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=found.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        host = f"127.0.0.1:{found.server_address[1]}"
        settings = refresh.RefreshSettings(hosts=[host], loopback=True, ca_file=str(certificate / "cert.pem"), timeout_s=2)
        yield SimpleNamespace(answers=answers, asked=asked, host=host, url=f"https://{host}", settings=settings)
        found.shutdown()
        thread.join()


def with_settings(server, **changes):
    return server.settings.model_copy(update=changes)


def offer(server, purpose="revocation", ones=(), path=None, **options):
    """Serve a list at its address; the address."""
    url = f"{server.url}/v1/{purpose}.json"
    document = status_list(purpose, ones, **{"url": url, **options})
    server.answers[path or f"/v1/{purpose}.json"] = json.dumps(document).encode()
    return url


def fetch_into(folder, server, *urls, **options):
    arguments = {"settings": server.settings, "trust": trust_of(), "now": NOW} | options
    return refresh.refresh(urls, folder, **arguments)


def test_fetched_and_read(server, tmp_path):
    urls = [offer(server), offer(server, "suspension")]
    entries = [{**entry, "statusListCredential": url} for entry, url in zip(status_entries(), urls, strict=True)]
    document = attestation(status=entries)
    assert ask(document, status=tmp_path).failing == ["status.missing"] * 2
    written = fetch_into(tmp_path, server, *refresh.list_urls(document))
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert ask(document, status=tmp_path).failing == []
    offer(server, ones=(INDEX,), now="2026-02-28T12:00:00Z")
    assert fetch_into(tmp_path, server, *urls) == written
    assert ask(document, status=tmp_path).failing == ["status.revocation"]
    assert server.asked == ["/v1/revocation.json", "/v1/suspension.json"] * 2


def test_whole_or_nothing(server, tmp_path):
    """The second list is not there, so the first is not written either."""
    url = offer(server)
    assert refused(fetch_into, tmp_path, server, url, f"{server.url}/v1/suspension.json") == "refresh.status"
    assert list(tmp_path.iterdir()) == []


def test_an_older_list_is_not_taken_back(server, tmp_path):
    """A host that hides a revocation behind last week's list, which is still fresh."""
    url = offer(server, ones=(INDEX,), now="2026-02-28T12:00:00Z")
    (path,) = fetch_into(tmp_path, server, url)
    held = path.read_bytes()
    offer(server, now="2026-02-27T00:00:00Z")
    assert refused(fetch_into, tmp_path, server, url) == "refresh.rollback"
    assert path.read_bytes() == held


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"signer": make_signer(STRANGER)}, "status.key"),
        ({"signer": make_signer(ATTESTER)}, "status.role"),
        ({"now": "2026-02-01T00:00:00Z"}, "status.expired"),
        ({"now": "2026-03-02T00:00:00Z"}, "status.early"),
        ({"url": "https://elsewhere.example/list"}, "refresh.id"),
    ],
)
def test_what_does_not_verify_is_not_written(server, tmp_path, options, code):
    offer(server, **options)
    assert refused(fetch_into, tmp_path, server, f"{server.url}/v1/revocation.json") == code
    assert list(tmp_path.iterdir()) == []


def send(status, headers=(), body=b"", chunks=1, wait=0.0):
    def answer(handler):
        handler.send_response(status)
        for name, value in headers:
            handler.send_header(name, value)
        handler.end_headers()
        for _ in range(chunks):
            handler.wfile.write(body)
            handler.wfile.flush()
            time.sleep(wait)

    return answer


def continue_forever(handler):
    for _ in range(200):
        handler.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        time.sleep(0.05)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (404, "refresh.status"),
        (500, "refresh.status"),
        (204, "refresh.status"),
        (send(301, [("Location", "https://169.254.169.254/latest/meta-data/")]), "refresh.status"),
        (send(302, [("Location", "/v1/other.json")]), "refresh.status"),
        (send(307, [("Location", "http://127.0.0.1:22/")]), "refresh.status"),
        (b"", "status.unreadable"),
        (b"<html>", "status.unreadable"),
        (b"{}", "status.unreadable"),
        (b" " * (1 << 20) + b"{}", "refresh.size"),
        (send(200, [], b" " * 65536, 100), "refresh.size"),
        (send(200, [("Content-Length", "100")], b"{}"), "refresh.connect"),
        (send(200, [("Transfer-Encoding", "chunked")], b"5\r\n{}"), "refresh.connect"),
        (send(200, [("Content-Length", "1000")], b" ", 200, 0.05), "refresh.connect"),
        (send(200, [(f"X-{n}", "x") for n in range(200)]), "refresh.connect"),
        (continue_forever, "refresh.connect"),
    ],
)
def test_a_hostile_host(server, answer, code):
    """Errors, redirects, rubbish, floods, and a byte now and then: refused, and within the time."""
    server.answers["/list"] = answer
    started = time.monotonic()

    def fetched():
        from mrv.attest.status_list import parse_list

        return parse_list(refresh.fetch(f"{server.url}/list", settings=server.settings))

    assert refused(fetched) == code
    assert time.monotonic() - started < 8
    assert server.asked == ["/list"]


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("http://HOST/list", "refresh.url"),
        ("ftp://HOST/list", "refresh.url"),
        ("file:///etc/passwd", "refresh.url"),
        ("https://HOST", "refresh.url"),
        ("https://HOST/a/../list", "refresh.url"),
        ("https://HOST/./list", "refresh.url"),
        ("https://HOST/..", "refresh.url"),
        ("https://HOST/%2e%2e/list", "refresh.url"),
        ("https://HOST/a\\..\\list", "refresh.url"),
        ("https://HOST/list?x=1", "refresh.url"),
        ("https://HOST/list#x", "refresh.url"),
        ("https://user:password@HOST/list", "refresh.url"),
        ("https://evil.example@HOST/list", "refresh.url"),
        ("https://HOST/list\r\nX-Header: 1", "refresh.url"),
        ("https://HOST/list x", "refresh.url"),
        ("https://[::1]/list", "refresh.url"),
        ("https://LOCALHOST/list", "refresh.url"),
        ("HTTPS://HOST/list", "refresh.url"),
        ("https://evil.example/list", "refresh.host"),
        ("https://HOST.evil.example/list", "refresh.url"),
        ("https://127.0.0.1/list", "refresh.host"),
        ("https://localhost/list", "refresh.host"),
    ],
)
def test_addresses_that_are_not_asked(server, url, code):
    assert refused(refresh.fetch, url.replace("HOST", server.host), settings=server.settings) == code
    assert server.asked == []


def test_loopback_is_asked_only_where_allowed(server):
    offer(server)
    settings = with_settings(server, loopback=False)
    assert refused(refresh.fetch, f"{server.url}/v1/revocation.json", settings=settings) == "refresh.address"
    assert server.asked == []


INNER = [
    "10.0.0.1", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "192.0.0.8", "198.18.0.1",
    "224.0.0.1", "240.0.0.1", "255.255.255.255", "::", "fc00::1", "fe80::1", "ff02::1", "::ffff:10.0.0.1",
    "::ffff:169.254.169.254", "64:ff9b::a00:1", "2002:a00:1::1", "2001:0:1::1", "2001:db8::1",
]  # fmt: skip


@pytest.mark.parametrize("address", INNER)
def test_inner_addresses_are_never_asked(server, monkeypatch, address):
    """Whatever the name server says, and although loopback is allowed."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: [(family, socket.SOCK_STREAM, 6, "", (address, 443))])
    settings = with_settings(server, hosts=["status.example.org"])
    assert refused(refresh.fetch, "https://status.example.org/list", settings=settings) == "refresh.address"


def test_one_inner_address_among_others_is_enough(server, monkeypatch):
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in ("93.184.215.14", "10.0.0.1")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: rows)
    settings = with_settings(server, hosts=["status.example.org"])
    assert refused(refresh.fetch, "https://status.example.org/list", settings=settings) == "refresh.address"


def test_a_name_that_changes_its_answer(server, monkeypatch):
    """Asked once, looked at, and connected to as it was looked at: the second answer is never used."""
    port = int(server.host.partition(":")[2])
    answers = iter(["127.0.0.1", "10.0.0.1"])
    real = socket.getaddrinfo

    def rebind(host, *rest, **options):
        return real(next(answers), *rest, **options) if host == "localhost" else real(host, *rest, **options)

    monkeypatch.setattr(socket, "getaddrinfo", rebind)
    server.answers["/list"] = b"{}"
    settings = with_settings(server, hosts=[f"localhost:{port}"])
    assert refresh.fetch(f"https://localhost:{port}/list", settings=settings) == b"{}"
    assert next(answers) == "10.0.0.1"


def test_the_certificate_must_have_the_name(server, monkeypatch):
    port = int(server.host.partition(":")[2])
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    settings = with_settings(server, hosts=[f"status.example.org:{port}"])
    assert refused(refresh.fetch, f"https://status.example.org:{port}/list", settings=settings) == "refresh.connect"
    monkeypatch.undo()
    assert refused(refresh.fetch, f"{server.url}/list", settings=with_settings(server, ca_file=None)) == "refresh.connect"
    assert server.asked == []


def test_nobody_there(server):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        host = f"127.0.0.1:{free.getsockname()[1]}"
    settings = with_settings(server, hosts=[host])
    assert refused(refresh.fetch, f"https://{host}/list", settings=settings) == "refresh.connect"


def test_settings(tmp_path):
    path = tmp_path / "settings.toml"
    path.write_text('where = "local"\n[status]\nhosts = ["status.example.org"]\n')
    assert refresh.read_settings(path) == refresh.RefreshSettings(hosts=["status.example.org"])
    path.write_text("")
    assert refresh.read_settings(path).hosts == []


@pytest.mark.parametrize(
    "text",
    ["[status", "[status]\nhost = 1", '[status]\nhosts = "a"', '[status]\nhosts = ["https://a"]', "[status]\nloopback = 1",
     '[status]\nhosts = ["*"]', "[status]\ntimeout_s = 0", "status = 1", None],
)  # fmt: skip
def test_settings_that_cannot_be_used(tmp_path, text):
    path = tmp_path / "settings.toml"
    if text is not None:
        path.write_text(text)
    assert refused(refresh.read_settings, path) == "refresh.settings"


def test_checking_knows_no_network():
    """The verifier, status lists and all, loads neither sockets nor HTTP."""
    code = (
        "import sys, mrv.attest.verify, mrv.attest.status, mrv.attest.trust;"
        "print([name for name in ('socket', 'ssl', 'http.client', 'urllib.request', 'asyncio') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("host", ["a" * 64 + ".example", "a..example", ("a" * 60 + ".") * 5 + "example"])
def test_a_name_that_no_host_can_have(host):
    settings = refresh.RefreshSettings(hosts=[host])
    with pytest.raises(AttestationError) as caught:
        refresh.fetch(f"https://{host}/list.json", settings=settings)
    assert caught.value.error_code in {"refresh.url", "refresh.connect"}
    assert caught.value.hint


def test_what_the_resolver_cannot_spell_is_refused(monkeypatch):
    def odd(*_, **__):
        raise UnicodeError("label too long")

    monkeypatch.setattr(socket, "getaddrinfo", odd)
    settings = refresh.RefreshSettings(hosts=["a.example"])
    assert refused(refresh.fetch, "https://a.example/list.json", settings=settings) == "refresh.url"


@pytest.mark.parametrize("content", [None, b"", b" \n", b"no certificate", "Ü".encode(), bytes((1 << 20) + 1)])
def test_certificates_that_cannot_be_read_are_no_reason_to_trust_the_systems(content, server, tmp_path):
    if content is not None:
        (tmp_path / "ca.pem").write_bytes(content)
    settings = with_settings(server, ca_file=str(tmp_path / "ca.pem"))
    with pytest.raises(AttestationError) as caught:
        refresh.fetch(f"{server.url}/list", settings=settings)
    assert (caught.value.error_code, caught.value.field) == ("refresh.settings", "ca_file")
    assert server.asked == []

"""A TLS server of pictures on loopback, and sources that lead to it.

No picture is fetched from loopback: such sources say that they allow it.
"""

import contextlib
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from ipaddress import ip_address
from pathlib import Path

from embeddings.remote_pictures import Address, PictureSource
from tests.helpers.pictures import encoded

HOST = "pictures.example"
PICTURE = encoded("JPEG")
LOOPBACK: Address = ip_address("127.0.0.1")
Answer = Callable[[ssl.SSLSocket], None]
Resolve = Callable[[str], Awaitable[list[Address]]]


@dataclass(frozen=True)
class Certificate:
    """Files of a certificate of HOST, for which it vouches itself, and of its key."""

    certificate: Path
    key: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificate":
        """One that is valid for two days."""
        made = cls(folder / "certificate.pem", folder / "key.pem")
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256",
             "-nodes", "-days", "2", "-subj", "/CN=tests", "-addext", f"subjectAltName=DNS:{HOST}",
             "-out", made.certificate, "-keyout", made.key],
            check=True,
            capture_output=True,
        )  # fmt: skip
        return made


def sends(*parts: bytes, pause_s: float = 0.0) -> Answer:
    """An answer in parts, with a pause before each but the first."""

    def answer(connection: ssl.SSLSocket) -> None:
        for number, part in enumerate(parts):
            time.sleep(pause_s if number else 0)
            connection.sendall(part)

    return answer


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """An HTTP response, as long as its body unless a header says otherwise."""
    if not any(header.startswith(("content-length", "transfer-encoding")) for header in headers):
        headers = (*headers, f"content-length: {len(body)}")
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


def resolves_to(*addresses: Address) -> Resolve:
    """A resolver by which every name has these addresses."""

    async def resolve_any(_: str) -> list[Address]:
        return list(addresses)

    return resolve_any


@dataclass
class PictureHost:
    """A server that gives one answer to whoever connects, and remembers who came."""

    listening: socket.socket
    tls: ssl.SSLContext
    trust: ssl.SSLContext
    answer: Answer
    num_connections: int = 0
    names: list[str] = field(default_factory=list)
    """For which TLS asked."""
    requests: list[bytes] = field(default_factory=list)

    @property
    def port(self) -> int:
        """Which the system chose."""
        port: int = self.listening.getsockname()[1]
        return port

    def url(self, path: str = "/a.jpg", host: str = HOST) -> str:
        """A URL of a picture here."""
        return f"https://{host}:{self.port}{path}"

    def source(self, name: str = HOST, resolve: Resolve | None = None) -> PictureSource:
        """Its pictures, under a name that leads to it."""
        hosts = frozenset({f"{name}:{self.port}"})
        resolve = resolve or resolves_to(LOOPBACK)
        return PictureSource(hosts, resolve, is_allowed=lambda _: True, tls=self.trust)

    def serve(self) -> None:
        """Answers until it is closed."""
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self.listening.accept()
                self.num_connections += 1
                threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        with (
            contextlib.suppress(OSError),  # of a client that has gone
            connection,
            self.tls.wrap_socket(connection, server_side=True) as secure,
        ):
            self.requests.append(secure.recv(65536))
            self.answer(secure)


@contextmanager
def picture_host(
    certificate: Certificate, answer: Answer, address: Address = LOOPBACK
) -> Iterator[PictureHost]:
    """A server that runs."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(certificate.certificate, certificate.key)
    trust = ssl.create_default_context(cafile=str(certificate.certificate))
    family = socket.AF_INET6 if address.version == 6 else socket.AF_INET
    with socket.create_server((str(address), 0), family=family) as listening:
        host = PictureHost(listening, tls, trust, answer)
        tls.sni_callback = lambda _socket, name, _context: host.names.append(name)
        serving = threading.Thread(target=host.serve)
        serving.start()
        try:
            yield host
        finally:
            listening.shutdown(socket.SHUT_RDWR)
            serving.join()

"""What runs beside: a graphics processor, Redis, Ollama."""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

from database.doctor.findings import Finding, fault, note, ok
from database.errors import ObjectRefused, ObjectsUnreachable
from database.objects.bucket import bucket
from database.objects.shared import Shared

_TIMEOUT_S = 2.0
_OLLAMA = "127.0.0.1:11434"
_HOST = re.compile(r"(?:(?P<scheme>https?)://)?(?:.*@)?(?P<address>[^/]*)")
_ANYWHERE = ("0.0.0.0", "[::]", "")
"""Hosts that a server listens on, and that nobody can ask."""


def gpu() -> Finding:
    """What nvidia-smi says, and what the installed torch was built for, which is not imported."""
    built_for = _torch_build()
    torch = "no torch is installed" if built_for is None else f"torch is built for {built_for}"
    program = shutil.which("nvidia-smi")
    if program is None:
        return ok(f"no NVIDIA card: models run on processors; {torch}")
    works, said = _ask_nvidia(program)
    if not works:
        return note(
            f"nvidia-smi is here and fails ({said}); {torch}",
            "if there is a card, install its driver again, or let the container have it",
        )
    if built_for == "CPU":
        return note(
            f"{said}; {torch}, and does not use it",
            "to use it, install torch anew, from an index with CUDA builds",
        )
    return ok(f"{said}; {torch}")


def redis(url: str | None) -> Finding:
    """Whether the Redis of EMBEDDING_REDIS_URL answers; None if there is to be none."""
    if url is None:
        return ok("not used: vectors of the embedding service are kept in memory")
    from redis import Redis
    from redis.backoff import NoBackoff
    from redis.exceptions import RedisError, ResponseError
    from redis.retry import Retry

    try:
        client = Redis.from_url(
            url,
            socket_timeout=_TIMEOUT_S,
            socket_connect_timeout=_TIMEOUT_S,
            retry=Retry(NoBackoff(), 0),
            protocol=2,  # as the cache speaks to it
        )
    except (RedisError, ValueError, TypeError, AttributeError):
        # What they say may hold a part of the password.
        return fault(
            "EMBEDDING_REDIS_URL is not the URL of a Redis",
            "write redis://host:6379/0, rediss://host:6379/0 for TLS, or unix:///path/of/socket",
        )
    with client:
        try:
            client.ping()
        except (RedisError, OSError) as error:
            return fault(
                f"the Redis of EMBEDDING_REDIS_URL does not answer ({error})",
                "start it, correct EMBEDDING_REDIS_URL, or unset it: without one, vectors are "
                "kept in memory",
            )
        try:
            version = client.info("server")["redis_version"]
        except ResponseError:  # this user may not ask
            version = "of unknown version"
    return ok(f"Redis {version} answers")


def store(shared: Shared) -> Finding:
    """Whether the place of SCENESEEK_STORE can be listed."""
    try:
        next(bucket(shared.place.bucket).under(shared.place.key), None)
    except (ObjectRefused, ObjectsUnreachable) as error:
        return fault(
            str(error),
            "no video is stored until then; docs/ingest.md, Buckets, says what is needed",
        )
    return ok(f"{shared.place} answers: keyframes, stills and segments are shared there")


def ollama(host: str | None = None) -> Finding:
    """Whether one answers at OLLAMA_HOST, or else where it does by default."""
    import httpx

    url = ollama_url(host or _OLLAMA)
    try:
        answer = httpx.get(f"{url}/api/version", timeout=_TIMEOUT_S, trust_env=False)
        version = answer.raise_for_status().json()["version"]
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
        if host:
            return note(f"none answers at {url}, which OLLAMA_HOST names", "start it: ollama serve")
        return ok(f"none answers at {url}; nothing here needs one")
    return ok(f"Ollama {version} answers at {url}")


def ollama_that_describes(url: str, model: str | None, *, is_awaited: bool) -> Finding:
    """Whether one answers at OLLAMA_BASE_URL that describes pictures, by `model` or one that is
    known to; `is_awaited` where each ingest asks it to."""
    import httpx

    from embeddings.ollama.models import VISION

    shown = httpx.URL(url).copy_with(userinfo=b"")
    lacks = "videos are found all the same, and have no descriptions" if is_awaited else ""
    try:
        answer = httpx.get(f"{url}/api/tags", timeout=_TIMEOUT_S, trust_env=False)
        names = [each["name"] for each in answer.raise_for_status().json()["models"]]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        told = f"none answers at {shown} (OLLAMA_BASE_URL)"
        return note("; ".join(filter(None, (told, lacks))), "start it: ollama serve")
    wanted = (model,) if model else VISION
    if any(name in wanted or name.partition(":")[0] in wanted for name in names):
        return ok(f"Ollama answers at {shown}, and has a model that describes pictures")
    told = f"Ollama answers at {shown}, and has no {' or '.join(wanted)} to describe pictures"
    return note("; ".join(filter(None, (told, lacks))), f"ollama pull {wanted[0]}")


def ollama_url(host: str) -> str:
    """Where to ask a server that OLLAMA_HOST names in any of its forms, without user or password:
    host, :port, host:port, a URL, or the address that means every one."""
    found = _HOST.match(host.strip())
    assert found is not None  # it matches anything
    scheme, address = found["scheme"], found["address"]
    name, colon, number = address.rpartition(":")
    if not colon or not number.isdecimal():  # without a port; [::1] ends in none
        name, number = address, {"http": "80", "https": "443"}.get(scheme, "11434")
    if name in _ANYWHERE:
        name = "127.0.0.1"
    return f"{scheme or 'http'}://{name}:{number}"


def _ask_nvidia(program: str) -> tuple[bool, str]:
    """Name, driver and memory of each card; False and a reason if it tells of none."""
    query = "--query-gpu=name,driver_version,memory.total"
    try:
        done = subprocess.run(
            [program, query, "--format=csv,noheader"],
            capture_output=True,
            text=True,
            check=False,
            timeout=_TIMEOUT_S,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return False, type(error).__name__
    said = "; ".join(line.strip() for line in done.stdout.splitlines() if line.strip())
    return done.returncode == 0 and said != "", said or f"exit code {done.returncode}"


def _torch_build() -> str | None:
    """CUDA or ROCm with its version, or CPU; None without torch."""
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return None
    try:
        text = (Path(spec.origin).parent / "version.py").read_text(encoding="utf-8")
    except OSError:
        return None
    for name, title in (("cuda", "CUDA"), ("hip", "ROCm")):
        if found := re.search(rf"^{name}\b.*= '([^']+)'", text, re.MULTILINE):
            return f"{title} {found[1]}"
    return "CPU"

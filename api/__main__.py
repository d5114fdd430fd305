"""python -m api: serves the library."""

import os
import socket
import sys
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from database.errors import DatabaseError
from database.server.connection import open_database
from database.settings import load_settings
from embeddings.errors import EmbeddingError

_DRAIN_S = 30

app = typer.Typer(pretty_exceptions_enable=False, add_completion=False)


@app.command()
def main(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serves searches over HTTP. It is ready when GET /ready answers 200."""
    settings = load_settings()
    with _listen(host, port) as listener:
        database = open_database(settings)
        port = listener.getsockname()[1]
        typer.echo(f"Library: {database.description}", err=True)
        typer.echo(
            f"Try: http://{host}:{port}/search/multimodal/quick?q=drilling&mode=balanced", err=True
        )
        config = uvicorn.Config(
            create_app(settings, database),
            log_level="warning",
            timeout_graceful_shutdown=_DRAIN_S,
        )
        uvicorn.Server(config).run(sockets=[listener])


def _listen(host: str, port: int) -> socket.socket:
    """Exits with a sentence if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        number = error.errno or 0  # the lookup of a name has numbers of its own, below zero
        reason = os.strerror(number) if number > 0 else error.strerror or str(error)
        sentence = f"error: cannot listen on {host}:{port} ({reason.lower()}): try another --port"
        typer.echo(sentence, err=True)
        raise typer.Exit(1) from None
    # Connections inherit it. Without it a second answer on one waits 40 ms for the client's
    # acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def run() -> None:
    """The command; what a person can put right is one sentence on stderr."""
    try:
        app()
    except (DatabaseError, EmbeddingError) as error:
        typer.echo(f"error: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    run()

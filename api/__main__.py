"""python -m api: serves the library."""

import os
import socket
from typing import Annotated

import typer
import uvicorn

from api.app import create_app
from api.settings import ApiSettings
from database.opening import open_database
from embeddings.cli import fail, new_app, read_settings, run

_DRAIN_S = 30

app = new_app()


@app.command()
def main(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on.")] = 8000,
) -> None:
    """Serves searches over HTTP. It is ready when GET /ready answers 200."""
    settings = read_settings(ApiSettings)
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
        number = error.errno or 0
        if number <= 0:  # numbers of the lookup of names
            fail(
                f"cannot listen on {host}, which is no address of this machine: try another --host"
            )
        reason = os.strerror(number).lower()
        fail(f"cannot listen on {host}:{port} ({reason}): try another --port")
    # Connections inherit it. Without it a second answer on one waits 40 ms for the client's
    # acknowledgement of the first.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


if __name__ == "__main__":
    run(app)

"""python -m api.embeddings: serves embeddings for other programs, without a library."""

import asyncio

import typer

from api.app import create_embedding_app
from api.serving import Debug, Host, Port, listen, serve, url_of
from api.settings import EmbeddingServerSettings
from embeddings.cli import log_to_stderr, new_app, read_settings, run
from embeddings.service import EmbeddingService

command = new_app()


@command.command()
def main(host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False) -> None:
    """Serves embeddings over HTTP, as OpenAI's clients ask for them. It is ready when GET /ready
    answers 200."""
    log_to_stderr(debug=debug)
    settings = read_settings(EmbeddingServerSettings)
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        app = create_embedding_app(settings, host)
        service: EmbeddingService = app.state.embeddings
        # Before anything is served: a model that is not here is told in a sentence.
        asyncio.run(service.get_instruction_embedding("warm-up", use_cache=False))
        typer.echo(f"OPENAI_BASE_URL={url_of(host, port)}/v1", err=True)
        serve(app, listener)


if __name__ == "__main__":
    run(command)

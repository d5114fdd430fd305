"""python -m api.embeddings: serves embeddings for other programs, without a library."""

import typer

from api.app import create_embedding_app
from api.serving import Debug, Host, Port, listen, serve
from embeddings.cli import log_to_stderr, new_app, read_settings, run
from embeddings.settings import EmbeddingSettings

app = new_app()


@app.command()
def main(host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False) -> None:
    """Serves embeddings over HTTP, as OpenAI's clients ask for them. It is ready when GET /ready
    answers 200."""
    log_to_stderr(debug=debug)
    settings = read_settings(EmbeddingSettings)
    with listen(host, port) as listener:
        port = listener.getsockname()[1]
        typer.echo(f"OPENAI_BASE_URL=http://{host}:{port}/v1", err=True)
        serve(create_embedding_app(settings), listener)


if __name__ == "__main__":
    run(app)

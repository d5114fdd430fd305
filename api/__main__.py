"""python -m api: serves the library, and embeddings for other programs."""

from typing import Annotated

import typer

from api.app import create_app
from api.beside import Beside
from api.serving import AtEnd, Debug, Host, Port, listen, serve, url_of
from api.settings import ApiSettings
from database.migrate import require_columns
from database.opening import open_database
from embeddings.cli import log_to_stderr, new_app, read_settings, run

app = new_app()


NoWorker = Annotated[
    bool, typer.Option("--no-worker", help="Have jobs done by workers that run elsewhere.")
]


@app.command()
def main(
    host: Host = "127.0.0.1",
    port: Port = 8000,
    debug: Debug = False,
    no_worker: NoWorker = False,
) -> None:
    """Serves searches over HTTP, and has jobs done by a worker beside it. It is ready when GET
    /ready answers 200."""
    log_to_stderr(debug=debug)
    settings = read_settings(ApiSettings)
    with listen(host, port) as listener:
        database = open_database(settings)
        require_columns(database)
        served = create_app(settings, database, host)
        port = listener.getsockname()[1]
        typer.echo(f"Library: {database.description}", err=True)
        typer.echo(f"Open in a browser: {url_of(host, port)}", err=True)
        children = Beside(_modules(settings) if settings.api_worker and not no_worker else ())

        def begin_end() -> None:
            children.end()
            served.state.library.feed.end()
            served.state.library.conversions.end()
            served.state.library.clips.end()

        serve(served, listener, AtEnd(begin_end, children.wait))


def _modules(settings: ApiSettings) -> tuple[str, ...]:
    """What runs beside the server."""
    return ("ingest.worker", "ingest.watch") if settings.ingest_watch else ("ingest.worker",)


if __name__ == "__main__":
    run(app)

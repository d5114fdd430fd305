"""python -m api: serves the library, and embeddings for other programs."""

import typer

from api.app import create_app
from api.serving import Debug, Host, Port, listen, serve, url_of
from api.settings import ApiSettings
from database.migrate import require_columns
from database.opening import open_database
from embeddings.cli import log_to_stderr, new_app, read_settings, run

app = new_app()


@app.command()
def main(host: Host = "127.0.0.1", port: Port = 8000, debug: Debug = False) -> None:
    """Serves searches over HTTP. It is ready when GET /ready answers 200."""
    log_to_stderr(debug=debug)
    settings = read_settings(ApiSettings)
    with listen(host, port) as listener:
        database = open_database(settings)
        require_columns(database)
        served = create_app(settings, database, host)
        port = listener.getsockname()[1]
        typer.echo(f"Library: {database.description}", err=True)
        typer.echo(f"Open in a browser: {url_of(host, port)}", err=True)
        serve(served, listener)


if __name__ == "__main__":
    run(app)

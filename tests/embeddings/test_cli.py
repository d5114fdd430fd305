"""How any command begins and ends."""

import pytest

from embeddings import cli


def test_ctrl_c_is_the_end_of_a_command_whatever_cannot_be_closed_after_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.argv", ["query"])
    app = cli.new_app()

    @app.command()
    def query() -> None:
        try:
            raise KeyboardInterrupt
        except KeyboardInterrupt:
            try:
                raise ValueError("the connection is in the middle of a query")
            except ValueError as error:
                raise RuntimeError("it cannot be given back") from error

    with pytest.raises(SystemExit) as end:
        cli.run(app)
    assert end.value.code == cli.EXIT_INTERRUPTED
    assert capsys.readouterr().err == ""

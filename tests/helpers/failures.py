"""Failures told at once: a run that is cut off says what has failed until then, and what failed
once is seen though it passed when it was run again."""

import pytest

_MOST_CHARACTERS = 600


class FailuresAtOnce:
    """A plugin that names each test that fails as soon as it has, with what went wrong."""

    def __init__(self, config: pytest.Config) -> None:
        self._plugins = config.pluginmanager

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Called by pytest for each stage of each test."""
        terminal = self._plugins.get_plugin("terminalreporter")
        is_again = report.outcome == "rerun"  # pytest-rerunfailures
        if (report.failed or is_again) and terminal is not None:
            crash = getattr(report.longrepr, "reprcrash", None)
            reason = crash.message if crash else report.longreprtext
            what = "RUN AGAIN" if is_again else "FAILED"
            terminal.write_line(f"\n{what} {report.nodeid} ({report.when})")
            terminal.write_line(reason[:_MOST_CHARACTERS])

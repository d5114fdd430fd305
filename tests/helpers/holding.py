"""Answers that come late: a page's requests are held until the test lets them go."""

import re
from contextlib import suppress

from playwright.sync_api import Error, Page, Route


class Held:
    """Holds what a page asks for at the addresses of a pattern, from here on until `release`."""

    def __init__(self, page: Page, pattern: str | re.Pattern[str]) -> None:
        self._routes: list[Route] = []
        self._is_released = False
        page.route(pattern, self._take)

    def _take(self, route: Route) -> None:
        self._routes.append(route)
        if self._is_released:
            self.release()

    def release(self) -> None:
        """Lets all go on to the server, and what is asked for later with them."""
        self._is_released = True
        while self._routes:
            with suppress(Error):  # the page has given it up
                self._routes.pop(0).continue_()

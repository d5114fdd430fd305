"""How the page writes numbers."""

from hypothesis import given
from hypothesis import strategies as st

from api.web.rendering import percent


@given(st.floats(0, 1) | st.integers(0, 1000).map(lambda number: number / 1000))
def test_the_page_and_the_command_line_say_the_same_of_one_score(score: float) -> None:
    assert percent(score) == f"{int(f'{score:.2f}'.replace('.', ''))} %"

"""Damage of a stream is told with its place, its share, and what to do."""

from ingest.media.damage import COPY_AGAIN, Damage


def damaged(errors: range, num_packets: int = 500, reached_s: float = 0.0) -> Damage:
    """A stream of 25 packets a second, of which some fail."""
    damage = Damage()
    for number in range(num_packets):
        damage.meet(number / 25, reached_s)
        if number in errors:
            damage.note(ValueError("Invalid data"))
    return damage


def test_damage_says_where_it_is_of_how_many_and_what_to_do() -> None:
    assert damaged(range(100, 200)).fault("the sound") == (
        "100 damaged parts of the sound (of 500) were left out from 4.0 to 8.0 s (Invalid data); "
        + COPY_AGAIN
    )


def test_what_nobody_would_miss_is_told_without_advice() -> None:
    damage = damaged(range(100, 101))
    assert damage.fault("the sound") is None
    assert damage.slight("the sound") == (
        "1 damaged part of the sound (of 500) was left out at 4.0 s (Invalid data)"
    )


def test_nothing_is_said_of_what_is_whole() -> None:
    damage = damaged(range(0))
    assert (damage.fault("the sound"), damage.slight("the sound")) == (None, None)


def test_most_of_a_stream_could_not_be_decoded() -> None:
    told = damaged(range(100, 500)).fault("the pictures") or ""
    assert told.startswith("the pictures could not be decoded from 4.0 to 20.0 s (Invalid data)")


def test_a_stamp_that_lies_days_off_is_no_place() -> None:
    damage = damaged(range(0), 100)
    damage.meet(864_000.0, 4.0)
    damage.note(ValueError("Invalid data"))
    assert " at 4.0 s" in (damage.fault("the sound") or damage.slight("the sound") or "")


def test_what_is_noted_afterwards_does_not_say_where() -> None:
    damage = damaged(range(0), 100)
    damage.note(ValueError("no size"), is_read_now=False)
    assert damage.fault("the pictures") == (
        f"1 damaged part of the pictures (of 100) was left out (no size); {COPY_AGAIN}"
    )

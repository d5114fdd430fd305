"""How an answer is shown: the documented JSON, and text that is safe for a terminal."""

import json
from collections.abc import Mapping

from search.results.json import search_document
from search.results.text import answer_text
from tests.helpers.answers import answer, said, shown

# The example of docs/api.md.
CONTRACT = json.loads("""
{"query": "drilling", "mode": "balanced", "weights": {"text": 0.5, "vision": 0.5},
 "degraded": false, "reasons": [], "confident": true, "total": 1, "next": null, "took_ms": 11.2,
 "results": [{"rank": 1, "score": 0.83, "weak": false, "scores": {"vision": 0.9698},
   "video": {"id": 1, "path": "/videos/tour.mp4", "title": "tour", "duration_s": 61.0,
             "recorded_at": null},
   "scene": {"id": 5, "start_s": 12.0, "end_s": 18.2}, "start_s": 12.0, "end_s": 18.2,
   "keyframe_url": "/scenes/5/keyframe.jpg", "stream_url": "/videos/1/stream#t=12.0,18.2",
   "alike": [], "others_in_video": 0,
   "evidence": [{"kind": "keyframe", "leg": "imagenet-concepts", "rank": 1, "raw": 0.76,
                 "score": 0.97, "start_s": 13.1, "end_s": 13.1, "text": null}]}]}
""")


def form(document: object) -> object:
    """Names and types without values."""
    if isinstance(document, Mapping):
        return {name: form(value) for name, value in document.items()}
    if isinstance(document, list):
        return [form(value) for value in document]
    return type(document)


def test_an_answer_has_exactly_the_form_of_the_contract() -> None:
    document = json.loads(json.dumps(search_document(answer(shown(13.1)))))
    assert form(document) == form(CONTRACT)


def test_an_answer_is_plain_json_with_the_values_of_the_contract() -> None:
    document = json.loads(json.dumps(search_document(answer(shown(13.1))), allow_nan=False))
    expected = {**CONTRACT["results"][0], "evidence": document["results"][0]["evidence"]}
    assert document["results"] == [expected]
    assert document["took_ms"] == 11.2


def test_reasons_make_an_answer_degraded() -> None:
    document = search_document(answer(shown(13.1), reasons=("nothing is embedded yet",)))
    assert document["degraded"] is True
    assert document["reasons"] == ["nothing is embedded yet"]


def test_a_recording_without_pictures_has_no_keyframe() -> None:
    (result,) = search_document(answer(said("Drilling."), has_pictures=False))["results"]
    assert result["keyframe_url"] is None


def test_the_text_says_where_a_hit_is_and_why() -> None:
    text = answer_text(answer(said("Drilling\n through  granite."), shown(13.1)))
    first, second, last = text.split("\n")
    assert first == " 1. 0.83  0:12.0–0:18.2  tour  (/videos/tour.mp4)  scene 5"
    assert second.split("|")[1].strip() == "said: “Drilling through granite.”; shown at 0:13.1"
    assert last == "1 hit in 11 ms"


def test_text_of_media_cannot_steer_the_terminal() -> None:
    text = answer_text(
        answer(
            said("\x1b]0;owned\x07\x1b[2J drilling\x9b31m \u202egnillird\x00"),
            title="\x1b[31mred\ntour\r",
            path="/videos/\x1b[2Jtour\x7f.mp4",
        )
    )
    assert all(line.isprintable() for line in text.split("\n"))
    assert len(text.split("\n")) == 3


def test_times_that_round_up_to_a_minute_are_shown_as_one() -> None:
    first = answer_text(answer(said("x"), start_s=59.97, end_s=3599.99)).split("\n")[0]
    assert "1:00.0–1:00:00.0" in first


def test_no_hit_is_said_in_words() -> None:
    assert answer_text(answer(shown(13.1), empty=True)) == "nothing found"


def test_an_answer_of_weak_hits_says_that_none_is_confident() -> None:
    first, *_ = answer_text(answer(shown(13.1), sure=0.1)).split("\n")
    assert first == "no confident match; the nearest are:"
    document = search_document(answer(shown(13.1), sure=0.1))
    assert document["confident"] is False
    assert document["results"][0]["weak"] is True

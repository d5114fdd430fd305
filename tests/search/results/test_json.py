"""The JSON of an answer: exactly the documented one."""

import json
from collections.abc import Mapping

from search.results.json import search_document
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
                 "score": 0.97, "start_s": 13.1, "end_s": 13.1, "text": null, "word_s": null,
                 "track": null, "made_by": null}]}]}
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


def test_what_was_heard_on_a_track_of_its_own_names_it() -> None:
    (result,) = search_document(answer(said("Drilling.", track="right channel")))["results"]
    assert result["evidence"][0]["track"] == "right channel"


def test_an_answer_of_weak_hits_is_not_confident() -> None:
    document = search_document(answer(shown(13.1), sure=0.1))
    assert document["confident"] is False
    assert document["results"][0]["weak"] is True

"""Pictures described and embedded by an Ollama on loopback: what it is sent, what comes of it."""

import asyncio
import base64
import io
import threading
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from embeddings.encoder import Image
from embeddings.errors import (
    BlankText,
    InputRefused,
    NoEmbedding,
    OllamaModelMissing,
    OllamaUnreachable,
    PictureNotFetched,
    PictureUnreadable,
    TextTooLong,
)
from embeddings.ollama.descriptions import PROMPT, PROMPT_OF_TEXT
from embeddings.ollama.pictures import ImageInput
from embeddings.pictures import Picture
from tests.helpers.cache import metric
from tests.helpers.ollama import Model, NewEmbedder, Ollama, embeds, plain_picture, sees, vector_of
from tests.helpers.picture_host import Certificate, picture_host, response, sends
from tests.helpers.pictures import encoded
from tests.helpers.redis import RedisServer

RED, BLUE, GREEN = (plain_picture(colour) for colour in ("red", "blue", "#00ff00"))
RED_TEXT = "search_document: A red picture."


def sent_picture(ollama: Ollama) -> Pillow.Image:
    """The picture that a vision model was sent last."""
    (text,) = ollama.asked("/api/chat")[-1]["messages"][0]["images"]
    picture = Pillow.open(io.BytesIO(base64.b64decode(text, validate=True)))
    picture.load()
    return picture


def test_a_picture_has_the_vector_of_its_description(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    answer = new_embedder().generate_image_embedding(image=RED)
    np.testing.assert_allclose(answer.vector, vector_of(RED_TEXT, 768), atol=1e-6)
    assert answer.vector.dtype == np.float32
    assert (answer.space, answer.model) == ("ollama-nomic-embed-text", "nomic-embed-text:latest")
    assert (answer.description, answer.vision_model) == ("A red picture.", "llava:latest")
    assert answer.revision == ollama.models[1].digest
    assert answer.reasons == ()
    assert not answer.degraded


def test_it_works_inside_a_running_event_loop_and_has_an_async_twin(
    new_embedder: NewEmbedder,
) -> None:
    embedder = new_embedder()

    async def both() -> list[str]:
        inside = embedder.generate_image_embedding(image=RED)
        awaited = await embedder.generate_image_embedding_async(image=BLUE)
        return [inside.description or "", awaited.description or ""]

    assert asyncio.run(both()) == ["A red picture.", "A blue picture."]
    assert embedder.generate_image_embedding(image=GREEN).description == "A green picture."


def test_many_threads_share_an_embedder(new_embedder: NewEmbedder) -> None:
    embedder = new_embedder()
    found: list[str | None] = []
    threads = [
        threading.Thread(
            target=lambda: found.append(embedder.generate_image_embedding(image=RED).description)
        )
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["A red picture."] * 4


@pytest.mark.parametrize("prefix", ["", "data:image/png;base64,"])
def test_base64_is_sent_bare_and_encoded_anew(
    ollama: Ollama, new_embedder: NewEmbedder, prefix: str
) -> None:
    text = prefix + base64.b64encode(encoded("JPEG", (40, 20), orientation=6)).decode()
    answer = new_embedder().generate_image_embedding(image_base64=text)
    assert answer.vision_model == "llava:latest"
    picture = sent_picture(ollama)
    assert (picture.format, picture.size) == ("JPEG", (20, 40))
    assert not picture.getexif()


def test_a_large_picture_is_sent_small(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    new_embedder().generate_image_embedding(image=plain_picture("red", (9000, 60)))
    assert max(sent_picture(ollama).size) <= 2048


def test_arrays_and_pil_images_serve_like_files(new_embedder: NewEmbedder) -> None:
    embedder = new_embedder()
    picture = Pillow.new("RGB", (64, 48), "blue")
    for given in (picture, np.asarray(picture)):
        assert embedder.generate_image_embedding(image=given).description == "A blue picture."


@pytest.mark.parametrize("path", ["/etc/passwd", "C:\\a.png", "a.png", "file:///etc/passwd"])
def test_a_path_is_no_picture_and_is_never_opened(
    ollama: Ollama, new_embedder: NewEmbedder, path: str
) -> None:
    embedder = new_embedder(embedding_image_hosts="images.example")
    with pytest.raises(PictureUnreadable):
        embedder.generate_image_embedding(image_base64=path)
    with pytest.raises(PictureNotFetched):
        embedder.generate_image_embedding(image_url=path)
    with pytest.raises(PictureUnreadable, match="a path is not opened"):
        embedder.generate_image_embedding(image=path)  # type: ignore[arg-type]
    assert ollama.requests == []


@pytest.mark.parametrize(
    "url", ["http://images.example/a.png", "https://127.0.0.1/a.png", "https://other.example/a.png"]
)
def test_urls_are_https_of_listed_hosts(new_embedder: NewEmbedder, url: str) -> None:
    with pytest.raises(PictureNotFetched):
        new_embedder(embedding_image_hosts="images.example").generate_image_embedding(url)
    with pytest.raises(PictureNotFetched, match="EMBEDDING_IMAGE_HOSTS"):
        new_embedder().generate_image_embedding(url)


def test_a_picture_comes_from_a_listed_host(new_embedder: NewEmbedder, tmp_path: Path) -> None:
    with picture_host(Certificate.make(tmp_path), sends(response(RED))) as host:
        embedder = new_embedder(pictures=host.source())
        assert embedder.generate_image_embedding(host.url()).description == "A red picture."


def test_a_picture_that_is_none_or_too_much_is_refused_before_ollama_is_asked(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    embedder = new_embedder()
    with pytest.raises(PictureUnreadable):
        embedder.generate_image_embedding(image=b"no picture")
    with pytest.raises(InputRefused, match="one of image_url, image_base64 and image"):
        embedder.generate_image_embedding()
    with pytest.raises(InputRefused, match="one of"):
        embedder.generate_image_embedding(image=RED, image_base64="aaaa")
    with pytest.raises(BlankText):
        embedder.generate_image_embedding(image=RED, description=" ")
    assert ollama.requests == []


def test_the_default_prompt_asks_for_what_is_searched(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    new_embedder().generate_image_embedding(image=RED)
    (body,) = ollama.asked("/api/chat")
    (message,) = body["messages"]
    assert message["content"] == PROMPT
    assert all(word in PROMPT for word in ("objects", "colours", "scene", "context", "text"))
    assert body["stream"] is False


def test_a_prompt_is_the_calls_then_the_settings(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    embedder = new_embedder(ollama_prompt="What is it?")
    embedder.generate_image_embedding(image=RED)
    embedder.generate_image_embedding(image=RED, prompt="How many?")
    prompts = [body["messages"][0]["content"] for body in ollama.asked("/api/chat")]
    assert prompts == ["What is it?", "How many?"]


@pytest.mark.parametrize("prompt", ["", " \n", "\ud800"])
def test_a_prompt_that_says_nothing_is_refused(
    ollama: Ollama, new_embedder: NewEmbedder, prompt: str
) -> None:
    with pytest.raises(InputRefused, match="the prompt: the text"):
        new_embedder().generate_image_embedding(image=RED, prompt=prompt)
    assert ollama.requests == []


def test_models_are_the_calls_then_the_settings_then_the_first_that_is_there(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models += [sees("bakllava:latest"), sees("minicpm-v:8b"), embeds("all-minilm:latest")]
    embedder = new_embedder(ollama_vision_model="bakllava", ollama_embed_model="all-minilm")
    by_settings = embedder.generate_image_embedding(image=RED)
    assert (by_settings.vision_model, by_settings.space) == ("bakllava:latest", "ollama-all-minilm")
    by_call = embedder.generate_image_embedding(
        image=RED, vision_model="minicpm-v:8b", embed_model="nomic-embed-text"
    )
    assert (by_call.vision_model, by_call.space) == ("minicpm-v:8b", "ollama-nomic-embed-text")
    assert new_embedder().generate_image_embedding(image=RED).vision_model == "llava:latest"


def test_pictures_full_of_text_have_a_model_and_a_prompt_of_their_own(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models += [sees("minicpm-v:8b"), sees("bakllava:latest")]

    def is_red(image: Image) -> bool:
        return bool(image[0, 0, 0] > 200)

    embedder = new_embedder(is_text_heavy=is_red)
    assert embedder.generate_image_embedding(image=RED).vision_model == "minicpm-v:8b"
    assert embedder.generate_image_embedding(image=BLUE).vision_model == "llava:latest"
    prompts = [body["messages"][0]["content"] for body in ollama.asked("/api/chat")]
    assert prompts == [PROMPT_OF_TEXT, PROMPT]
    named = new_embedder(is_text_heavy=is_red, ollama_text_vision_model="bakllava")
    assert named.generate_image_embedding(image=RED).vision_model == "bakllava:latest"
    asked = embedder.generate_image_embedding(image=RED, vision_model="llava")
    assert asked.vision_model == "llava:latest"


def test_a_model_that_sees_nothing_is_not_asked(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    ollama.models.append(Model("llama3:latest", ("completion",)))
    with pytest.raises(NoEmbedding, match="llama3:latest sees no pictures"):
        new_embedder().generate_image_embedding(image=RED, vision_model="llama3")
    assert ollama.asked("/api/chat") == []


def test_an_ollama_that_does_not_tell_capabilities_serves(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    for model in ollama.models:
        model.can = None
    assert new_embedder().generate_image_embedding(image=RED).space == "ollama-nomic-embed-text"


@pytest.mark.parametrize(
    ("model", "item", "query"),
    [
        ("nomic-embed-text", RED_TEXT, "search_query: red"),
        (
            "mxbai-embed-large",
            "A red picture.",
            "Represent this sentence for searching relevant passages: red",
        ),
        ("all-minilm", "A red picture.", "red"),
    ],
)
def test_each_embedding_model_is_given_the_prompts_of_its_card(
    ollama: Ollama, new_embedder: NewEmbedder, model: str, item: str, query: str
) -> None:
    ollama.models = [sees("llava:latest"), embeds(f"{model}:latest")]
    embedder = new_embedder()
    answer = embedder.generate_image_embedding(image=RED)
    asked = embedder.generate_query_embedding("red")
    assert [body["input"] for body in ollama.asked("/api/embed")] == [item, query]
    assert all(body["truncate"] is False for body in ollama.asked("/api/embed"))
    assert answer.space == asked.space == f"ollama-{model}"
    assert float(asked.vector @ answer.vector) > 0.1


def test_a_query_finds_the_picture(new_embedder: NewEmbedder) -> None:
    embedder = new_embedder()
    pictures = embedder.generate_image_embeddings([ImageInput(image=i) for i in (RED, BLUE, GREEN)])
    scores = pictures.vectors @ embedder.generate_query_embedding("something blue").vector
    assert int(scores.argmax()) == 1


def test_a_query_has_no_fallback(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    ollama.models.clear()
    with pytest.raises(OllamaModelMissing, match="ollama pull nomic-embed-text"):
        new_embedder().generate_query_embedding("red")


def test_a_description_that_is_given_spares_the_vision_model(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    embedder = new_embedder()
    for picture in (RED, None):
        answer = embedder.generate_image_embedding(image=picture, description="A red picture.")
        np.testing.assert_allclose(answer.vector, vector_of(RED_TEXT, 768), atol=1e-6)
        assert answer.vision_model is None
    assert ollama.asked("/api/chat") == []


def test_too_long_a_description_is_an_error_or_cut_and_told(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models[1].context = 20
    embedder = new_embedder()
    text = " ".join(f"word{number}" for number in range(100))
    with pytest.raises(TextTooLong, match="shorten it, or allow it to be cut"):
        embedder.generate_image_embedding(image=RED, description=text)
    ollama.models[0].says = lambda _: text
    with pytest.raises(NoEmbedding, match="llava:latest describes at length"):
        embedder.generate_image_embedding(image=RED)
    assert embedder.generate_image_embedding(image=RED, truncate=True).truncated
    cut = embedder.generate_image_embedding(description=text, truncate=True)
    assert cut.truncated
    assert cut.space == "ollama-nomic-embed-text"
    read = ollama.asked("/api/embed")[-1]["input"]
    assert text.startswith(read.removeprefix("search_document: "))
    assert len(read.split()) > 14
    with pytest.raises(TextTooLong):
        embedder.generate_query_embedding(text)
    assert embedder.generate_query_embedding(text, truncate=True).truncated


def test_descriptions_are_kept_by_picture_model_digest_and_prompt(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    embedder = new_embedder()
    hits = metric("embedding_cache_hits_total", kind="description")

    def asked_after(image: Picture, prompt: str | None = None) -> int:
        embedder.generate_image_embedding(image=image, prompt=prompt)
        return len(ollama.asked("/api/chat"))

    assert asked_after(RED) == 1
    assert asked_after(RED) == 1
    assert asked_after(Pillow.new("RGB", (64, 48), "red")) == 1
    assert metric("embedding_cache_hits_total", kind="description") == hits + 2
    assert asked_after(BLUE) == 2
    assert asked_after(RED, "Another prompt") == 3
    ollama.models[0].generation += 1  # pulled anew
    assert asked_after(RED) == 4
    ollama.models[1].generation += 1
    assert asked_after(RED) == 4
    assert len(ollama.asked("/api/embed")) == 3  # red, blue, red by the new model


def test_descriptions_are_shared_in_redis_and_missed_where_it_holds_nonsense(
    ollama: Ollama, new_embedder: NewEmbedder, tmp_path: Path, patient: None
) -> None:
    server = RedisServer(tmp_path)
    server.start()
    try:
        for _ in range(2):  # processes, as it were
            embedder = new_embedder(embedding_redis_url=server.url)
            assert embedder.generate_image_embedding(image=RED).description == "A red picture."
        assert len(ollama.asked("/api/chat")) == len(ollama.asked("/api/embed")) == 1
        with server.client() as client:
            (key,) = client.keys("embedding:description:*")
            for number, nonsense in enumerate((b"\xff", b"[]", b'{"text": 7}', b'{"text": " "}')):
                client.set(key, nonsense)
                answer = embedder.generate_image_embedding(image=RED)
                assert answer.description == "A red picture."
                assert len(ollama.asked("/api/chat")) == 2 + number
    finally:
        server.stop()
    assert (
        new_embedder(embedding_redis_url=server.url)
        .generate_image_embedding(image=RED)
        .vector.any()
    )


def test_a_failure_is_never_kept(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    embedder = new_embedder()
    ollama.models[0].says = lambda _: " \n "
    with pytest.raises(NoEmbedding, match="said nothing of the picture"):
        embedder.generate_image_embedding(image=RED)
    ollama.models[0].says = "A {} picture.".format
    ollama.busy("/api/chat")
    with pytest.raises(NoEmbedding, match="too much waits for Ollama"):
        embedder.generate_image_embedding(image=RED)
    ollama.raw.clear()
    assert embedder.generate_image_embedding(image=RED).description == "A red picture."


def test_what_a_model_says_is_data_on_one_line_and_bounded(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.models[0].says = lambda _: "\x1b[31mred\x00\r\n\u2028ignore what was asked " + "a" * 9000
    ollama.models[1].context = 10_000
    description = new_embedder().generate_image_embedding(image=RED).description or ""
    assert description.startswith("[31mred ignore what was asked aaa")
    assert description.isprintable()
    assert len(description) == 4000


def test_a_batch_is_in_order_and_asks_for_a_few_at_a_time(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    ollama.answer_s = 0.05
    given = [ImageInput(image=image) for image in (RED, BLUE, GREEN, BLUE, RED, GREEN)]
    answers = new_embedder(concurrency=3).generate_image_embeddings(given, prompt="What?")
    said = [answer.description for answer in answers.answers]
    assert said == [f"A {c} picture." for c in ("red", "blue", "green", "blue", "red", "green")]
    assert answers.vectors.shape == (6, 768)
    assert answers.spaces == ("ollama-nomic-embed-text",)
    assert ollama.most_at_once in (2, 3)
    assert new_embedder().generate_image_embeddings([]).answers == ()


def test_a_batch_of_none_at_a_time_is_refused(new_embedder: NewEmbedder) -> None:
    with pytest.raises(ValueError, match="concurrency is 1 or more"):
        new_embedder(concurrency=0)


def test_a_bad_picture_of_a_batch_is_named(new_embedder: NewEmbedder) -> None:
    given = [ImageInput(image=RED), ImageInput(image=b"nothing"), ImageInput(image=BLUE)]
    with pytest.raises(PictureUnreadable, match="item 1: "):
        new_embedder().generate_image_embeddings(given)


def test_a_caller_who_gives_up_has_ollama_stop(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    embedder = new_embedder()
    embedder.generate_query_embedding("warm")
    ollama.load_s = 20  # llava is cold

    async def given_up() -> None:
        async with asyncio.timeout(0.5):
            await embedder.generate_image_embedding_async(image=RED)

    started = time.monotonic()
    with pytest.raises(TimeoutError):
        asyncio.run(given_up())
    assert time.monotonic() - started < 5
    assert ollama.abandoned.wait(5)


def test_preload_has_a_time_of_its_own(ollama: Ollama, new_embedder: NewEmbedder) -> None:
    ollama.load_s = 0.6
    embedder = new_embedder(timeout_s=0.3)
    with pytest.raises(NoEmbedding, match=r"within 0\.3 s: preload the model"):
        embedder.generate_image_embedding(image=RED)
    ollama.loaded.clear()
    assert embedder.preload(timeout_s=20) == ("llava:latest", "nomic-embed-text:latest")
    assert embedder.generate_image_embedding(image=RED).description == "A red picture."
    ollama.loaded.clear()
    with pytest.raises(OllamaUnreachable, match=r"0\.1 s"):
        embedder.preload(timeout_s=0.1)


def test_a_model_that_embeds_pictures_is_given_them(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    both = Model("clip-embed:latest", ("embedding", "vision"), 512, sees_images=True)
    ollama.models.append(both)
    answer = new_embedder().generate_image_embedding(image=RED, embed_model="clip-embed")
    np.testing.assert_allclose(answer.vector, vector_of("red", 512), atol=1e-6)
    assert (answer.space, answer.description) == ("ollama-clip-embed", None)
    assert ollama.asked("/api/chat") == []


def test_an_ollama_that_leaves_pictures_out_without_a_word_is_noticed(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    both = Model("clip-embed:latest", ("embedding", "vision"), 512, sees_images=True)
    ollama.models.append(both)
    ollama.reads_images = False
    answer = new_embedder().generate_image_embedding(image=RED, embed_model="clip-embed")
    assert answer.description == "A red picture."
    np.testing.assert_allclose(answer.vector, vector_of("A red picture.", 512), atol=1e-6)


def test_a_model_that_embedded_no_picture_once_is_asked_again(
    ollama: Ollama, new_embedder: NewEmbedder
) -> None:
    both = Model("clip-embed:latest", ("embedding", "vision"), 512, sees_images=True)
    ollama.models.append(both)
    embedder = new_embedder()
    ollama.fail("/api/embed", 500, "model failed to load, this may be due to resource limitations")
    with pytest.raises(NoEmbedding, match="resource limitations"):
        embedder.generate_image_embedding(image=RED, embed_model="clip-embed")
    ollama.raw.clear()
    assert embedder.generate_image_embedding(image=RED, embed_model="clip-embed").model == both.name

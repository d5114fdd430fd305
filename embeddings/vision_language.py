"""Vision-language models as plain objects: a text, pictures, or both, to vectors of many kinds,
and pictures to words."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from embeddings.embedders import Embedded, SpaceModel, rgb_of_all
from embeddings.encoder import Vectors
from embeddings.failures import named
from embeddings.ollama.descriptions import PROMPT
from embeddings.pictures import Picture
from embeddings.pooling import EmbeddingType, OwnPooling, Pooled, Pooling, VlmInput, name_of
from embeddings.space import Input

if TYPE_CHECKING:  # torch takes seconds to import
    from embeddings.encoders.vlm import VisionLanguageEncoder

AnyPooling = EmbeddingType | Pooling | OwnPooling
VlmItem = tuple[str | None, Picture | Sequence[Picture]]
"""A text or None, and a picture, the frames of a video, or none."""


@dataclass(frozen=True, eq=False)
class EmbeddedVision(Embedded):
    """What a vision-language model makes of an input. `space` is the key of its space for the
    pooling of that space alone: vectors of another pooling have a name of their own."""

    num_tokens: int
    """Of the uncut input, those of its pictures, its prompt and the marks included."""
    truncated: bool
    """Whether a part of the text was left out."""
    warning: str | None
    """Why the vector should not be used."""
    attentions: Vectors | None = field(default=None, repr=False)
    """float32 [layers, heads, tokens, tokens], where they are asked for."""

    @property
    def dimension(self) -> int:
        """How many numbers a vector has; of `last_layer` there is one for each token."""
        return int(self.vector.shape[-1])


class VisionLanguageEmbedder(SpaceModel):
    """SmolVLM or one of its kind: texts, pictures, both, and frames to vectors, pictures to words.

    Such a model was made to write, not to find: measure before you search by it.
    """

    def __init__(
        self, model: str = "smolvlm2-256m", device: str = "auto", *, int8: bool = False
    ) -> None:
        """`int8`: on a CPU, with the decoder in 8 bits, whose vectors are none of the space's.
        Raises UnknownSpace, also for a space of another kind of model; InvalidSettings."""
        super().__init__(model, device, Input.IMAGE)
        self._encoders.require_vision_language(self.space)
        self._int8 = int8
        self._own: VisionLanguageEncoder | None = None
        if int8:
            self.space = replace(self.space, key=f"{self.space.key}-int8")

    def embed(
        self,
        text: str | None = None,
        images: Picture | Sequence[Picture] = (),
        embedding_type: AnyPooling | None = None,
        *,
        truncate: bool = False,
        split: bool = False,
        attentions: bool = False,
    ) -> EmbeddedVision:
        """A text, a picture, both, or the frames of a video as one. Raises as `embed_batch` does,
        without a position."""
        (made,) = self.embed_batch(
            [(text, images)],
            embedding_type,
            truncate=truncate,
            split=split,
            attentions=attentions,
        )
        return made

    def embed_batch(
        self,
        items: Sequence[VlmItem],
        embedding_type: AnyPooling | None = None,
        *,
        truncate: bool = False,
        split: bool = False,
        attentions: bool = False,
    ) -> list[EmbeddedVision]:
        """Each item's vector; it is the same in whatever batch.

        `embedding_type` is a name, a Pooling with its options, or a function of one's own; by
        default that of the space. Texts that are too long are refused or, with `truncate`, cut.
        `split` reads large pictures in parts, too. Raises InputRefused, which names the item,
        PictureUnreadable, InvalidVector, WeightsMissing, WeightsCorrupt.
        """
        pooling = embedding_type
        if isinstance(pooling, str):
            pooling = Pooling(pooling)
        inputs = [VlmInput(text, tuple(rgb_of_all(images))) for text, images in items]
        encoder = self._encoder()
        with named(self.space.key):
            made = encoder.embed(
                inputs, pooling, truncate=truncate, split=split, attentions=attentions
            )
        name = name_of(self.space.key, self.space.pooling or Pooling(), pooling)
        return [self._answer(each, name) for each in made]

    def describe(
        self, images: Picture | Sequence[Picture], prompt: str = PROMPT, max_tokens: int = 200
    ) -> list[str]:
        """What the model writes of each picture when it is asked `prompt`: a line each, empty
        where it writes nothing, `max_tokens` long at most. The same picture gives the same words.

        Raises InputRefused, PictureUnreadable, InvalidVector, WeightsMissing, WeightsCorrupt.
        """
        pictures = rgb_of_all(images)
        encoder = self._encoder()
        with named(self.space.key):
            return encoder.describe(pictures, prompt, max_tokens)

    def _encoder(self) -> "VisionLanguageEncoder":
        if not self._int8:
            return self._encoders.vision_language(self.space)
        if self._own is None:
            from embeddings.encoders.vlm import VisionLanguageEncoder

            self._encoders.require_weights(self.space)
            self._own = VisionLanguageEncoder(self.space, self._encoders.runtime, int8=True)
        return self._own

    def _answer(self, made: Pooled, name: str) -> EmbeddedVision:
        return EmbeddedVision(
            made.vector,
            name,
            self.space.model,
            self.space.revision,
            made.num_tokens,
            made.truncated,
            made.warning,
            made.attentions,
        )

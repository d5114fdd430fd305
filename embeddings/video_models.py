"""Video models as plain objects: clips to what is done in them, and to vectors."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from embeddings.embedders import SpaceModel, rgb_of_all
from embeddings.encoder import Clip, Vectors
from embeddings.errors import PictureUnreadable
from embeddings.pictures import Picture
from embeddings.space import Input


class Action(NamedTuple):
    """What is done in a clip, as a model says."""

    label: str
    """One of the model's labels; of those trained on Kinetics-400, such as "playing chess"."""
    probability: float
    """Among all labels, which sum to 1: high for what is none of them, too."""


class ActionRecognitionModel(SpaceModel):
    """A video model that names what is done in a clip: VideoMAE, TimeSformer, or one's own."""

    def __init__(self, model: str = "videomae-b", device: str = "auto") -> None:
        """Raises UnknownSpace, also for a space that is not of clips; InvalidSettings."""
        super().__init__(model, device, Input.CLIP)

    def recognize_action(self, frames: Clip | Sequence[Picture]) -> Action:
        """The most probable label of a clip: an array of uint8 [n, H, W, 3], or its frames.

        The model takes as many frames as it was trained on, evenly. Raises PictureUnreadable,
        WeightsMissing, WeightsCorrupt.
        """
        classifier = self._encoders.video_classifier(self.space.hub_weights)
        probabilities = classifier.probabilities([_clip_of(frames)])[0]
        best = int(np.argmax(probabilities))
        return Action(classifier.labels[best], float(probabilities[best]))


class TemporalUnderstanding(SpaceModel):
    """A video model that turns a clip into a vector, near to those of clips that are alike."""

    def __init__(self, model: str = "timesformer-b", device: str = "auto") -> None:
        """Raises UnknownSpace, also for a space that is not of clips; InvalidSettings."""
        super().__init__(model, device, Input.CLIP)

    def encode_sequence(self, frames: Clip | Sequence[Picture]) -> Vectors:
        """A clip, as in `recognize_action` above, to float32 [dim], of unit length."""
        vector: Vectors = self._encoders.encode_items(self.space, [_clip_of(frames)])[0]
        return vector


def _clip_of(frames: Clip | Sequence[Picture]) -> Clip:
    """RGB uint8 [n, H, W, 3]. Raises PictureUnreadable."""
    pictures = rgb_of_all(list(frames))
    if len({picture.shape for picture in pictures}) != 1:
        raise PictureUnreadable("a clip has at least one frame, and its frames are of one size")
    return np.stack(pictures)

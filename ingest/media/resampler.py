"""FFmpeg's resampler, on one thread."""

from collections.abc import Iterator

import av
import numpy as np
from av.filter import Graph

from ingest.media.samples import SAMPLE_RATE, Channels


class Resampler:
    """Audio of one form, made int16 at some rate in some layout.

    av.AudioResampler gives the same, but starts a thread for each processor and uses none of them:
    with many tracks their stacks alone are more memory than a child has.
    """

    def __init__(self, first: av.AudioFrame, layout: str, rate: int = SAMPLE_RATE) -> None:
        self._num_channels = av.AudioLayout(layout).nb_channels
        self._graph = Graph()
        self._graph.threads = 1
        self._graph.link_nodes(
            self._graph.add(
                "abuffer",
                sample_rate=str(first.sample_rate),
                sample_fmt=first.format.name,
                channel_layout=first.layout.name,
            ),
            self._graph.add(
                "aformat",
                sample_rates=str(rate),
                sample_fmts="s16",
                channel_layouts=layout,
            ),
            self._graph.add("abuffersink"),
        ).configure()

    def feed(self, frame: av.AudioFrame | None) -> Channels:
        """What comes out for a frame of the form of the first, or at the end [channels, n]."""
        if frame is not None:
            frame.pts = None
        self._graph.push(frame)
        return np.concatenate([np.zeros((0, self._num_channels), np.int16), *self._pulled()]).T

    def _pulled(self) -> Iterator[Channels]:
        """Pieces [n, channels]."""
        while True:
            try:
                piece = self._graph.pull().to_ndarray()
            except (av.error.BlockingIOError, av.error.EOFError):
                return
            yield piece.reshape(-1, self._num_channels).astype(np.int16, copy=False)

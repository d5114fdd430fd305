"""The decoder of a stream of pictures: all that belongs to them, in the memory that there is."""

import resource
from typing import Any

import av
from av.video.codeccontext import VideoCodecContext

from embeddings.runtime import num_cores
from ingest.scenes.picture import LARGE_BYTES, StreamForm

_WITH_TRANSPARENCY = {"vp8": "libvpx", "vp9": "libvpx-vp9"}
"""In WebM it is a second picture beside each, which FFmpeg's own decoders leave out."""
_MOST_THREADS = 16
_OTHER_BYTES = 450 << 20
"""Of a child process: 250 MB when it begins, and what its conversions take for a moment."""
_CANDIDATES = 18
"""Frames that may become keyframes, unless they are large: then smaller ones are kept."""
_OWN_FRAMES = 10
_FRAMES_PER_THREAD = 2
"""What a decoder holds. Measured with 8192x4352 of four references: 7.8 frames with one thread in
H.264, 8.2 in HEVC (10 bits), and 1.7 and 1.3 more for each further thread."""
_BITS_PER_PIXEL = 24
"""Of a format that is known only when decoding has begun: 4:2:0 with 10 bits."""


class FilmDecoder:
    """Frames of a stream, each with its form (ingest/scenes/picture.py)."""

    def __init__(self, stream: Any, max_pixels: int, *, iframes_only: bool = False) -> None:
        self.context = _context_of(stream)
        self.context.thread_type = "AUTO"
        self.context.thread_count = num_threads(
            stream.codec_context.width, stream.codec_context.height, stream.codec_context.format
        )
        self.context.options = {"max_pixels": str(max_pixels)}
        self._form = StreamForm(stream, self.context)
        self._iframes_only = iframes_only
        self._is_trimmed = False
        """Whether the packet before is of pictures that were cut off, and not shown."""

    def decode(self, packet: "av.Packet[Any] | None") -> list[av.VideoFrame]:
        """The frames that are whole with this packet; the rest of them if there is none. Raises
        av.error.FFmpegError, MemoryError.
        """
        if self._iframes_only and packet is not None:
            # The first picture behind what was cut off is shown, too, and needs all before it.
            needs_all = packet.is_discard or self._is_trimmed
            self.context.skip_frame = "DEFAULT" if needs_all else "NONKEY"
            self._is_trimmed = packet.is_discard
        frames = self.context.decode(packet)
        for frame in frames:
            self._form.note_on(frame)
        return frames


def num_threads(width: int, height: int, pixel_format: av.VideoFormat | None) -> int:
    """How many threads may decode pictures of this size and format: as many as FFmpeg takes by
    itself, unless their frames need more memory than this process may have.
    """
    cores = num_cores()
    wanted = min(cores + 1, _MOST_THREADS) if cores > 1 else 1
    limit = resource.getrlimit(resource.RLIMIT_DATA)[0]
    if limit == resource.RLIM_INFINITY:
        return wanted
    bits = pixel_format.padded_bits_per_pixel if pixel_format else _BITS_PER_PIXEL
    frame_bytes = max(1, width * height * bits // 8)
    others = _OWN_FRAMES + (_CANDIDATES if frame_bytes <= LARGE_BYTES else 0)
    affordable = ((limit - _OTHER_BYTES) / frame_bytes - others) / _FRAMES_PER_THREAD
    return max(1, min(wanted, int(affordable)))


def _context_of(stream: Any) -> VideoCodecContext:
    context: VideoCodecContext = stream.codec_context
    name = _WITH_TRANSPARENCY.get(context.name)
    if name is None or stream.metadata.get("alpha_mode") != "1":
        return context
    with_transparency = VideoCodecContext.create(name, "r")
    assert isinstance(with_transparency, VideoCodecContext)
    return with_transparency

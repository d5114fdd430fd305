"""Make `sample/tour.mp4`, the short film that the demo searches.

Six scenes with hard cuts between: five photographs in the public domain, which scikit-image carries
inside its wheel, and one drawn slide. A synthetic voice talks about something other than what is
shown, so that each search (what is shown, said, or written) has exactly one right answer.

Nothing is fetched. The tools come with one extra:

    pip install -e ".[sample]"
    python -m scripts.make_sample [OUTPUT]
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.container import OutputContainer
from av.video.frame import PictureType, VideoFrame
from av.video.reformatter import Colorspace
from av.video.stream import VideoStream
from PIL import Image, ImageDraw, ImageFont
from skimage import data

from scripts.voice import Samples, Voice


@dataclass(frozen=True)
class View:
    """What is seen of a picture: left, top and width, in its pixels; the height is 9/16 width."""

    left: float
    top: float
    width: float

    def box(self) -> tuple[float, float, float, float]:
        """Left, top, right and bottom, in pixels of the picture."""
        return self.left, self.top, self.left + self.width, self.top + self.width * HEIGHT / WIDTH

    def towards(self, other: View, share: float) -> View:
        """The view `share` (0 to 1) of the way from here to `other`."""
        pairs = ((self.left, other.left), (self.top, other.top), (self.width, other.width))
        return View(*(a + (b - a) * share for a, b in pairs))


@dataclass(frozen=True)
class Scene:
    """One shot: `picture` names a function of skimage.data, or is SLIDE; `seconds` is its length.

    The camera glides from `start` to `end`; `sentence` is spoken over it (empty: silence).
    """

    picture: str
    seconds: int
    start: View
    end: View
    sentence: str


WIDTH, HEIGHT = 960, 540  # pixels
FPS = 25  # frames per second
SLIDE = "slide"
WHOLE_SLIDE = View(0, 0, WIDTH)

SCENES = (
    Scene(
        "chelsea",  # a cat
        7,
        View(0, 20, 451),
        View(24, 30, 400),
        "The crew is drilling through solid granite to reach the underground water.",
    ),
    Scene(
        "coffee",  # a cup of espresso
        7,
        View(70, 8, 500),
        View(10, 8, 590),
        "Stock prices fell sharply today after the central bank raised interest rates.",
    ),
    Scene(
        SLIDE,
        7,
        WHOLE_SLIDE,
        WHOLE_SLIDE,
        "Tomorrow morning the train to the coast will leave two hours late.",
    ),
    Scene(
        "camera",  # a photographer and a tripod
        7,
        View(0, 45, 512),
        View(0, 175, 512),
        "The orchestra plays a new symphony in the village church every summer.",
    ),
    Scene(
        "astronaut",  # only the helmet in the astronaut's hands
        6,
        View(208, 341, 296),
        View(220, 343, 240),
        "",
    ),
    Scene(
        "rocket",
        8,
        View(70, 105, 500),
        View(120, 60, 400),
        "Put the potatoes, the garlic and the cream in a hot oven for one hour.",
    ),
)

DEFAULT_OUTPUT = Path(__file__).resolve().parent.parent / "sample" / "tour.mp4"

SLIDE_TITLE = "Site Safety Checklist"
SLIDE_BULLETS = (
    "Torque limit: 42 Nm",
    "Assembly point: north gate",
    "Inspect every ladder on Monday",
    "Report leaks to extension 318",
)

SPEECH_DELAY = 0.5  # seconds from a cut to the first word
SPEECH_GAP = 0.6  # seconds of silence between two sentences, at least
AUDIO_RATE = 48_000  # samples per second in the file
AUDIO_BITS = 64_000  # bits per second


def soundtrack(scene: Scene, voice: Voice) -> Samples:
    """The sound of one scene, at `voice.rate`: the sentence, with silence to the scene's length."""
    track = np.zeros(scene.seconds * voice.rate, np.int16)
    if not scene.sentence:
        return track
    words = voice.say(scene.sentence)
    first = round(SPEECH_DELAY * voice.rate)
    last = first + len(words)
    gap = (len(track) - last) / voice.rate + SPEECH_DELAY
    if last > len(track) or gap < SPEECH_GAP:
        raise ValueError(f"{scene.seconds} s are too short for {scene.sentence!r}")
    track[first:last] = words
    return track


def draw_slide() -> Image.Image:
    """The slide, WIDTH by HEIGHT pixels: a title, a rule, and one line per bullet."""
    slide = Image.new("RGB", (WIDTH, HEIGHT), "#f6f3ec")
    pen = ImageDraw.Draw(slide)
    pen.rectangle((0, 0, 24, HEIGHT), "#1f4e5f")
    pen.text((90, 62), SLIDE_TITLE, "#1f4e5f", ImageFont.load_default(60))
    pen.rectangle((90, 152, 870, 156), "#e0812c")
    for row, bullet in enumerate(SLIDE_BULLETS):
        top = 196 + 76 * row
        pen.ellipse((94, top + 15, 108, top + 29), "#e0812c")
        pen.text((136, top), bullet, "#222222", ImageFont.load_default(38))
    return slide


def picture(name: str) -> Image.Image:
    """The slide or a photograph of skimage.data, in RGB."""
    if name == SLIDE:
        return draw_slide()
    return Image.fromarray(getattr(data, name)()).convert("RGB")


def shots(scene: Scene) -> Iterator[Image.Image]:
    """The frames of one scene, FPS per second, each WIDTH by HEIGHT pixels."""
    whole = picture(scene.picture)
    count = scene.seconds * FPS
    for index in range(count):
        view = scene.start.towards(scene.end, index / (count - 1))
        yield whole.resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS, box=view.box())


def video_frames(scene: Scene) -> Iterator[VideoFrame]:
    """The shots of one scene, ready to encode; the first is a key frame, so players can seek it."""
    for index, shot in enumerate(shots(scene)):
        frame = VideoFrame.from_ndarray(np.asarray(shot), "rgb24")
        frame = frame.reformat(format="yuv420p", dst_colorspace=Colorspace.ITU709)
        frame.pict_type = PictureType.I if index == 0 else PictureType.NONE
        yield frame


def audio_frame(scene: Scene, voice: Voice) -> AudioFrame:
    """The sound of one scene, ready to encode."""
    frame = AudioFrame.from_ndarray(soundtrack(scene, voice)[np.newaxis], "s16", "mono")
    frame.sample_rate = voice.rate
    return frame


def add_video(container: OutputContainer) -> VideoStream:
    """A stream of H.264; one thread, since the number of threads would change the bytes."""
    options = {"crf": "28", "preset": "slow", "threads": "1", "forced-idr": "1"}
    stream = container.add_stream("libx264", FPS, options=options)
    stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
    stream.colorspace = stream.color_primaries = stream.color_trc = Colorspace.ITU709
    return stream


def make(path: Path) -> None:
    """Write the film to `path`: MP4, its index in front so that it plays while it loads."""
    voice = Voice()
    with av.open(path, "w", format="mp4", options={"movflags": "faststart"}) as container:
        video = add_video(container)
        audio = container.add_stream("aac", AUDIO_RATE, layout="mono", bit_rate=AUDIO_BITS)
        for scene in SCENES:
            for frame in video_frames(scene):
                container.mux(video.encode(frame))
            container.mux(audio.encode(audio_frame(scene, voice)))
        for stream in (video, audio):
            container.mux(stream.encode(None))


def main() -> None:
    """Read the command line and make the film."""
    parser = argparse.ArgumentParser(description="Make the sample film of the demo.")
    parser.add_argument("output", nargs="?", type=Path, default=DEFAULT_OUTPUT)
    path: Path = parser.parse_args().output
    path.parent.mkdir(parents=True, exist_ok=True)
    make(path)
    print(f"{path}: {sum(s.seconds for s in SCENES)} s, {path.stat().st_size / 1e6:.2f} MB")


if __name__ == "__main__":
    main()

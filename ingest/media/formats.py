"""Which containers and decoders are used: told by content, never by name.

Containers are an allow list, since FFmpeg also opens playlists, scripts, devices and other files
by them. Decoders see only what those containers hold, in a child process with limits of memory and
time, so all are used but for the few that are refused below by name.
"""

from contextlib import suppress
from typing import Any

from ingest.errors import NotMedia, StillImage

_FILMS = (
    "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,flv,kux,asf,asf_o,ogg,mxf,gxf,lxf,dv,"
    "nut,rm,ivr,wtv,nsv,nuv,pva,pmp,ty,vividas,vivo,swf,mtv,cine,ser,r3d,filmstrip,xmv,thp,"
    "moflex,mods,usm,pdv"
)
_SURVEILLANCE = "dhav,hxvs,ifv,iv8,luodat,mxg,nc,lmlm4,mpjpeg,smjpeg"
_RAW_PICTURES = (
    "mpegvideo,h261,h263,h264,hevc,vvc,m4v,av1,obu,ivf,vc1,dirac,dnxhd,cavsvideo,evc,apv,ipu,"
    "yuv4mpegpipe,mjpeg,gif,apng,flic"
)
_OLD = (
    "4xm,anm,avs,bethsoftvid,bfi,bink,bmv,c93,cdxl,dfa,dsicin,dxa,ea,film_cpk,gdv,hnm,idcin,"
    "ipmovie,jv,mm,mv,mvi,paf,psxstr,rl2,roq,rpl,sga,siff,smk,smush,tiertexseq,tmv,vmd,wc3movie,"
    "wsvqa,yop"
)
_SOUNDS = (
    "wav,w64,mp3,flac,aac,loas,aiff,caf,amr,ac3,eac3,dts,dtshd,mlp,truehd,spdif,s337m,au,voc,ape,"
    "tta,tak,wv,dsf,iff,wsd,oma,aea,mpc,mpc8,vqf,shn,ircam,sox,avr,nistsphere,epaf,pvf,qcp,act,"
    "dss,gsm,ilbc,xwma,xa,msf,hcom,bonk,osq,rka,qoa,wavarc,iamf,aa"
)
FORMATS = ",".join((_FILMS, _SURVEILLANCE, _RAW_PICTURES, _OLD, _SOUNDS))
"""Demuxers of recordings, as FFmpeg names them: of files, each known by its content.

None opens another file (playlists, `concat`, `sdp`, numbered pictures, `vobsub`), a device or a
filter graph (`lavfi`), runs a script (`sbg`), draws text (`tty`, `bin`), or takes any bytes for
samples because of a file's name (raw PCM, `rawvideo`, `g722`).
"""
TRANSMITTED = frozenset(("mpegts", "mpeg", "flv", "kux", "wtv", "nsv", "pva", "ty"))
"""Containers without a list of their streams at the beginning."""

_REFUSED = {
    **dict.fromkeys(("ansi", "bintext", "xbin", "idf"), "draws text"),
    **dict.fromkeys(("vnull", "anull", "wavesynth", "wrapped_avframe"), "makes up its content"),
    "comfortnoise": "makes noise",
}
"""Decoders that are not of recordings."""
_HARDWARE = 0x40000 | 0x80000
"""AV_CODEC_CAP_HARDWARE and AV_CODEC_CAP_HYBRID: decoders of a device, which a machine may lack."""
ENCRYPTED = "it is encrypted (copy protection)"
NO_DECODER = "no decoder here knows its codec"
"""Why a stream is not read."""
_ENCRYPTED_TAGS = frozenset(("encv", "enca", "drms", "drmi", "drmt", "aavd"))
"""Of MP4: Common Encryption, FairPlay, and audio books."""
_ASF = bytes.fromhex("3026b2758e66cf11")
_ENCRYPTED_ASF = (
    bytes.fromhex("fbb3112223bdd211b4b700a0c955fc6e"),
    bytes.fromhex("14e68a292226174cb935dae07ee9289c"),
)
"""Objects of an ASF header: content encryption, and the extended one."""

_STILLS = {
    b"\xff\xd8\xff": "JPEG",
    b"\x89PNG": "PNG",
    b"GIF8": "GIF",
    b"BM": "BMP",
    b"II*\x00": "TIFF",
    b"MM\x00*": "TIFF",
    b"\xff\x0a": "JPEG XL",
    b"\x00\x00\x00\x0cJXL ": "JPEG XL",
}
_STILL_BRANDS = frozenset((b"avif", b"heic", b"heix", b"heim", b"heis", b"mif1"))
MOVING = {"JPEG": ("mjpeg", 4), "PNG": ("apng", 2), "GIF": ("gif", 2)}
"""Pictures that may be films: the container to open them as, and the fewest pictures of a film.
Photographs hold up to three: a preview, a second eye, a map of brightness."""
_PLAYLISTS = (b"#EXTM3U", b"ffconcat", b"[playlist]", b"<?xml", b"<MPD", b"<smil")


def still_image(head: bytes) -> str | None:
    """The kind of picture that a file begins like; None for anything else.

    Raises StillImage for those that are never read, NotMedia for playlists.
    """
    if head.lstrip().startswith(_PLAYLISTS):
        raise NotMedia("a playlist or text, not a video or audio file")
    if head.startswith(b"RIFF") and head[8:12] == b"WEBP":
        if head[12:16] == b"VP8X" and head[20:21] and head[20] & 2:
            raise StillImage("an animated picture (WebP), which is not read")
        raise StillImage("a still image (WebP), not a recording")
    kind = next((kind for magic, kind in _STILLS.items() if head.startswith(magic)), None)
    if head[4:8] == b"ftyp" and head[8:12] in _STILL_BRANDS:
        kind = "HEIF"
    if kind is not None and kind not in MOVING:
        raise StillImage(f"a still image ({kind}), not a recording")
    return kind


def looks_like_media(head: bytes) -> bool:
    """Whether a file that cannot be opened began as a recording."""
    boxes = (b"ftyp", b"moov", b"mdat", b"free", b"wide", b"skip")
    starts = (b"\x1aE\xdf\xa3", b"RIFF", b"OggS", b"ID3", b"fLaC", b"FLV", b"\x00\x00\x01\xba")
    return head[4:8] in boxes or head.startswith(starts)


def why_undecodable(stream: Any) -> str | None:
    """Why a stream cannot be decoded; None if nothing is known against it."""
    context = stream.codec_context
    if "enc_key_id" in stream.metadata:  # of Matroska
        return ENCRYPTED
    if context is None or context.type != stream.type:  # a stream that changed its kind
        return NO_DECODER
    with suppress(UnicodeDecodeError):  # tags of other containers are numbers
        if context.codec_tag.lower() in _ENCRYPTED_TAGS:
            return ENCRYPTED
    if context.codec.capabilities & _HARDWARE:
        return f"{NO_DECODER} ({context.codec.canonical_name})"
    if context.name in _REFUSED:
        return f"its codec ({context.name}) {_REFUSED[context.name]}"
    return None


def is_encrypted_asf(head: bytes) -> bool:
    """Whether a file of Windows Media says that it is encrypted."""
    return head.startswith(_ASF) and any(guid in head[: 64 << 10] for guid in _ENCRYPTED_ASF)

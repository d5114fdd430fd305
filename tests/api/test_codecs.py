"""Codecs in words."""

import pytest

from api.codecs import codec_name, common_name


@pytest.mark.parametrize(
    ("codec", "name"),
    [
        ("h264", "H.264"),
        ("hevc", "HEVC"),
        ("libdav1d", "AV1"),
        ("prores", "ProRes"),
        ("aac", "AAC"),
        ("ac3", "AC-3"),
        ("mp3float", "MP3"),
        ("dca", "DTS"),
        ("pcm_s24le", "PCM"),
        ("wmav2", "Windows Media Audio"),
        ("brand-new", "brand-new"),
    ],
)
def test_a_codec_is_named_for_people(codec: str, name: str) -> None:
    assert codec_name(codec) == name


def test_a_codec_has_one_name_whatever_decodes_it() -> None:
    assert [common_name(each) for each in ("libdav1d", "av1", "libopus")] == ["av1", "av1", "opus"]

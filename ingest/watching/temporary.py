"""Names under which programs write files that are not whole yet. They are renamed in the end."""

_SUFFIXES = (
    # Browsers, download managers, BitTorrent
    ".part",
    ".partial",
    ".crdownload",
    ".download",
    ".opdownload",
    ".aria2",
    ".!qb",
    ".!ut",
    ".bc!",
    ".ytdl",
    ".lftp-pget-status",
    # Copies and synchronisers
    ".filepart",
    ".tmp",
    ".temp",
    ".!sync",
    ".bts",
    # Editors
    "~",
)
"""In small letters. Hidden names (rsync, Syncthing, Nextcloud, NFS) are never looked at."""
_STARTS = ("~$", "~syncthing~", ".")
_INFIXES = (".part-frag", ".temp.", ".octransferid")
"""Of yt-dlp, which names what it puts together film.temp.mp4, and of Nextcloud."""


def is_temporary(name: str) -> bool:
    """Whether a file or folder of that name is being written, however its letters are written."""
    folded = name.lower()
    return (
        folded.startswith(_STARTS)
        or folded.endswith(_SUFFIXES)
        or any(infix in folded for infix in _INFIXES)
    )

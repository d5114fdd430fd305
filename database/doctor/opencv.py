"""The packages of OpenCV: all of them write the module cv2 to the same folder, over each other."""

from importlib import metadata
from pathlib import Path

from database.doctor.findings import Finding, fault, note, ok

HEADLESS = "opencv-python-headless"
"""The one that needs no library of a desktop; rapidocr brings it, scenedetect the other one."""
_AGAIN = f"pip install --no-deps --force-reinstall -c constraints.txt {HEADLESS}"


def cv2() -> Finding:
    """Whose files are in place: one package's, whole.

    Two packages of one version are what our own install has, with the headless one written last.
    """
    owners = sorted(set(metadata.packages_distributions().get("cv2", [])))
    if not owners:
        return fault("no package brings cv2", _AGAIN)
    packages = [metadata.distribution(name) for name in owners]
    named = " and ".join(f"{each.name} {each.version}" for each in packages)
    if len(owners) == 1:
        return ok(named) if _is_whole(packages[0]) else fault(f"{named} lacks files", _AGAIN)
    others = [name for name in owners if name != HEADLESS]
    remedy = f"pip uninstall -y {' '.join(owners)} && {_AGAIN}"
    if len({each.version for each in packages}) > 1:
        return fault(f"{named} have overwritten each other's cv2", remedy)
    if not any(_is_whole(each) for each in packages):
        return fault(f"{named} have overwritten each other's cv2, and neither is whole", remedy)
    if HEADLESS in owners and _is_whole(metadata.distribution(HEADLESS)):
        return ok(f"{named}: the files are those of {HEADLESS}, as they should be")
    return note(f"{named}: the files are those of {' or '.join(others)}, for a desktop", _AGAIN)


def _is_whole(package: metadata.Distribution) -> bool:
    """Whether its files of cv2 are there as it brought them, by their sizes: reading them all takes
    longer, and no two builds are alike in size."""
    for file in package.files or ():
        if file.parts[0] == "cv2" and file.size is not None:
            path = Path(file.locate())
            if not path.is_file() or path.stat().st_size != file.size:
                return False
    return True

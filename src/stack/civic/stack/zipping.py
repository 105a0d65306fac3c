"""Zips an artefact once; `sam deploy` would do it for each function and stack that ships it."""

import stat
import zipfile
from pathlib import Path

_READABLE_BY_ALL = (stat.S_IFREG | 0o644) << 16
"""The mode that Lambda needs, whatever the umask of the build."""


def zip_folder(folder: Path) -> Path:
    """Zip a folder into a file beside it, and return that file.

    The same content gives the same bytes, so nothing is uploaded twice.
    """
    zipped = folder.with_name(f"{folder.name}.zip")
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            # Without a date, ZipInfo uses the earliest possible one.
            entry = zipfile.ZipInfo(file.relative_to(folder).as_posix())
            entry.external_attr = _READABLE_BY_ALL
            archive.writestr(entry, file.read_bytes(), zipfile.ZIP_DEFLATED)
    return zipped

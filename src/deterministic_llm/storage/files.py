"""Files that are whole or not there: a path and a text go in."""

from __future__ import annotations

import os
from pathlib import Path


def written_whole(path: str | os.PathLike[str], text: str) -> None:
    """Write *text* beside *path* and put it there at once; folders are made.

    Half a surrogate pair is written as it is.
    """
    place = Path(path)
    place.parent.mkdir(parents=True, exist_ok=True)
    beside = place.with_name(f"{place.name}.{os.getpid()}.part")
    try:
        beside.write_text(text, "utf-8", errors="surrogatepass")
        beside.replace(place)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise

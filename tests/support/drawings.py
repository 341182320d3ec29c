"""What figures show, by the names of what is drawn."""

import re
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.figure import Figure


def artists(figure: Figure, pattern: str) -> dict[str, Any]:
    """Return the artists of a figure whose gid matches, by gid."""
    found = [artist for artist in figure.findobj() if re.fullmatch(pattern, artist.get_gid() or "")]
    return {artist.get_gid(): artist for artist in found}


def shown(artist: Any) -> np.ndarray:
    """Return the coordinates of a line."""
    return np.array(artist.get_data(), dtype=float)


def texts(figure: Figure) -> list[str]:
    """Return all texts of a figure."""
    return [artist.get_text() for artist in figure.findobj(mpl.text.Text)]

"""How far apart colours look: contrast, distance, in grey, and to the colour-blind.

The palette of `style` is chosen by these formulas, and a test holds it to them.
"""

from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt
from types import MappingProxyType

Triple = tuple[float, float, float]

DEFICIENCIES = MappingProxyType(
    {
        "protanopia": (
            (0.152286, 1.052583, -0.204868),
            (0.114503, 0.786281, 0.099216),
            (-0.003882, -0.048116, 1.051998),
        ),
        "deuteranopia": (
            (0.367322, 0.860646, -0.227968),
            (0.280085, 0.672501, 0.047413),
            (-0.011820, 0.042940, 0.968881),
        ),
        "tritanopia": (
            (1.255528, -0.076749, -0.178779),
            (-0.078411, 0.930809, 0.147602),
            (0.004733, 0.691367, 0.303900),
        ),
    }
)
"""What becomes of linear red, green and blue where one kind of cone is missing: Machado, Oliveira
and Fernandes, IEEE Trans. Vis. Comput. Graph. 15 (2009) 1291-1298, severity 1."""

_XYZ = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
"""From linear sRGB to XYZ, IEC 61966-2-1."""


def linear_rgb(colour: str) -> Triple:
    """Return the linear red, green and blue of an sRGB colour `#rrggbb`, between 0 and 1.

    Raises
    ------
    ValueError
        If it is no such text.

    References
    ----------
    .. [1] IEC 61966-2-1:1999.

    Examples
    --------
    >>> linear_rgb("#ff0000")
    (1.0, 0.0, 0.0)
    """
    if len(colour) != 7 or colour[0] != "#":
        raise ValueError(f"{colour!r} is no colour: expected #rrggbb")
    parts = (int(colour[k : k + 2], 16) / 255 for k in (1, 3, 5))
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return red, green, blue


def luminance(colour: str) -> float:
    """Return the relative luminance of a colour: 0 is black, 1 is white.

    References
    ----------
    .. [1] Web Content Accessibility Guidelines 2.2, definition of relative luminance.

    Examples
    --------
    >>> luminance("#000000"), round(luminance("#ffffff"), 12)
    (0.0, 1.0)
    """
    return _product(_XYZ, linear_rgb(colour))[1]


def contrast(one: str, other: str) -> float:
    """Return the contrast ratio of two colours, from 1 to 21.

    Marks and lines need 3 (WCAG 2.2, 1.4.11), text needs 4.5 (1.4.3).

    References
    ----------
    .. [1] Web Content Accessibility Guidelines 2.2, definition of contrast ratio.

    Examples
    --------
    >>> round(contrast("#777777", "#ffffff"), 2), round(contrast("#ffffff", "#000000"), 2)
    (4.48, 21.0)
    """
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


def grey(colour: str) -> Triple:
    """Return a colour as it is in grey, of the same luminance, as linear red, green and blue.

    Examples
    --------
    >>> [round(part, 4) for part in grey("#00ff00")]
    [0.7152, 0.7152, 0.7152]
    """
    level = luminance(colour)
    return level, level, level


def seen_with(deficiency: str, colour: str) -> Triple:
    """Return a colour as it is seen with a deficiency, as linear red, green and blue.

    Parameters
    ----------
    deficiency : str
        A key of `DEFICIENCIES`.
    colour : str
        `#rrggbb`.

    Examples
    --------
    >>> [round(part, 3) for part in seen_with("tritanopia", "#ffffff")]  # white stays white
    [1.0, 1.0, 1.0]
    """
    red, green, blue = _product(DEFICIENCIES[deficiency], linear_rgb(colour))
    clipped = (min(max(part, 0.0), 1.0) for part in (red, green, blue))
    red, green, blue = clipped
    return red, green, blue


def lab(rgb: Triple) -> Triple:
    """Return L*, a* and b* of linear red, green and blue, under D65.

    References
    ----------
    .. [1] ISO/CIE 11664-4:2019.

    Examples
    --------
    >>> [round(part, 1) + 0 for part in lab((1.0, 1.0, 1.0))]
    [100.0, 0.0, 0.0]
    """
    white = map(sum, _XYZ)
    x, y, z = (_cbrt(part / most) for part, most in zip(_product(_XYZ, rgb), white, strict=True))
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Triple, other: Triple) -> float:
    """Return the colour difference CIEDE2000 of two colours, as L*, a* and b*.

    One is about what is just noticed side by side.

    References
    ----------
    .. [1] ISO/CIE 11664-6:2022.
    .. [2] Sharma, Wu and Dalal, Color Res. Appl. 30 (2005) 21-30, whose pairs are test data.

    Examples
    --------
    >>> round(difference((50, 2.6772, -79.7751), (50, 0, -82.7485)), 4)  # the first of them
    2.0425
    """
    (light, *one_ab), (other_light, *other_ab) = one, other
    mean = (hypot(*one_ab) + hypot(*other_ab)) / 2
    stretch = 1.5 - 0.5 * sqrt(mean**7 / (mean**7 + 25.0**7))
    chroma, hue = _polar(one_ab[0] * stretch, one_ab[1])
    other_chroma, other_hue = _polar(other_ab[0] * stretch, other_ab[1])
    turn = (other_hue - hue + 180) % 360 - 180 if chroma * other_chroma else 0.0
    if turn == -180 and other_hue > hue:
        turn = 180.0
    return _weighted(
        ((light + other_light) / 2, other_light - light),
        ((chroma + other_chroma) / 2, other_chroma - chroma),
        _mean_hue(chroma, hue, other_chroma, other_hue),
        2 * sqrt(chroma * other_chroma) * sin(radians(turn / 2)),
    )


def _weighted(
    light: tuple[float, float], chroma: tuple[float, float], hue: float, turn: float
) -> float:
    """Return the difference from means and differences of lightness and chroma, and of the hue."""
    (mean, lighter), (colourful, more) = light, chroma
    waves = (
        1
        - 0.17 * cos(radians(hue - 30))
        + 0.24 * cos(radians(2 * hue))
        + 0.32 * cos(radians(3 * hue + 6))
        - 0.20 * cos(radians(4 * hue - 63))
    )
    by_light = lighter / (1 + 0.015 * (mean - 50) ** 2 / sqrt(20 + (mean - 50) ** 2))
    by_chroma = more / (1 + 0.045 * colourful)
    by_hue = turn / (1 + 0.015 * colourful * waves)
    angle = radians(60 * exp(-(((hue - 275) / 25) ** 2)))
    rotation = -2 * sqrt(colourful**7 / (colourful**7 + 25.0**7)) * sin(angle)
    return sqrt(by_light**2 + by_chroma**2 + by_hue**2 + rotation * by_chroma * by_hue)


def _polar(a: float, b: float) -> tuple[float, float]:
    return hypot(a, b), degrees(atan2(b, a)) % 360 if a or b else 0.0


def _mean_hue(chroma: float, hue: float, other_chroma: float, other_hue: float) -> float:
    total = hue + other_hue
    if not chroma * other_chroma:
        return total
    if abs(hue - other_hue) <= 180:
        return total / 2
    return (total + 360) / 2 if total < 360 else (total - 360) / 2


def _cbrt(part: float) -> float:
    bound = 6 / 29
    return part ** (1 / 3) if part > bound**3 else part / (3 * bound**2) + 4 / 29


def _product(matrix: tuple[Triple, Triple, Triple], vector: Triple) -> Triple:
    first, second, third = (sum(a * b for a, b in zip(row, vector, strict=True)) for row in matrix)
    return first, second, third

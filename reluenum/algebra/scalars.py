"""Single numbers as Python, NumPy and others hold them: whole ones, and exact ones as text."""

from decimal import Decimal
from numbers import Complex, Rational, Real
from operator import index
from typing import Any

from flint import fmpq, fmpz

from reluenum.errors import LONGEST_QUOTE, InputError, quoted


def shown(value: Any) -> str:
    """Return a value as it is shown in a message, shortened when it is long.

    Examples
    --------
    >>> shown("2"), shown(2.5), shown(None)
    ("'2'", '2.5', 'None')
    """
    if isinstance(value, str):
        return quoted(value)
    try:
        text = str(value)
    except ValueError:  # an int with more digits than Python writes
        text = f"a number of type {type(value).__name__}"
    return text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}..."


def whole(value: Any, where: str, least: int = 1, most: int | None = None) -> int:
    """Read a whole number, of Python or of NumPy.

    Parameters
    ----------
    value : int, or what has `__index__`, such as a NumPy integer
        Neither a float, though it may be whole, nor a truth value.
    where : str
        Named in errors.
    least, most : int
        Bounds; no upper one by default.

    Raises
    ------
    InputError
        If it is none, or out of bounds.

    Examples
    --------
    >>> import numpy as np
    >>> whole(np.int64(2), "width")
    2
    """
    expected = f"a whole number >= {least}"
    try:
        found = None if _is_truth(value) else index(value)
    except TypeError:
        found = None
    if found is None or found < least:
        raise InputError(where, shown(value), expected)
    if most is not None and found > most:
        raise InputError(where, shown(value), f"a whole number <= {most}")
    return found


def positive(value: Any, where: str) -> float:
    """Read a positive number that need not be exact, such as a limit of time.

    Raises
    ------
    InputError
        If it is none.
    """
    try:
        found = float("nan") if _is_truth(value) or isinstance(value, str) else float(value)
    except (TypeError, ValueError, OverflowError):
        found = float("nan")
    if not found > 0:
        raise InputError(where, shown(value), "a number > 0")
    return found


def exact_text(value: Any, binary: bool = False) -> str:
    """Return the text of an exact number.

    Parameters
    ----------
    value : str, int, Fraction, Decimal, fmpq, float, or a number of NumPy
        A text is returned as it is.
    binary : bool
        A float is the shortest decimal that gives it back in its own precision (0.1 is 1/10,
        whether it has 64 bits or 32), or with `binary` the binary fraction that it is.

    Raises
    ------
    ValueError
        If it is no number, or not a finite one.

    Examples
    --------
    >>> import numpy as np
    >>> exact_text(0.1), exact_text(np.float32(0.1)), exact_text(0.5, binary=True)
    ('0.1', '0.1', '1/2')
    """
    if isinstance(value, str):
        return str(value)
    if hasattr(value, "filled") and value.mask.all():
        raise ValueError("a masked value")
    if _is_truth(value):
        raise ValueError(f"the truth value {value}, not the number {int(value)}")
    if isinstance(value, Rational | fmpq | fmpz):
        return _digits(value)
    if isinstance(value, Decimal) or _is_float(value):
        if value != value or abs(value) == float("inf"):
            raise ValueError(f"{value}, which is not finite")
        if binary and _is_float(value):
            return "/".join(map(_digits, value.as_integer_ratio()))
        return float.__repr__(value) if isinstance(value, float) else str(value)
    if isinstance(value, Complex) and not isinstance(value, Real):
        raise ValueError(f"the complex number {value}")
    if getattr(value, "shape", None) == () and hasattr(value, "__array__"):
        entry = _only_entry(value)
        if type(entry) is not type(value):
            return exact_text(entry, binary)
    raise ValueError(f"{shown(value)} of type {type(value).__name__}")


def _digits(value: Any) -> str:
    """Return the text of a rational number that is not too long to be written."""
    try:
        return str(value)
    except ValueError as error:  # what Python says then is about its own limit
        raise ValueError("a number with thousands of digits") from error


def _is_float(value: Any) -> bool:
    """Whether a value is a float of Python or NumPy, whose text gives it back."""
    return isinstance(value, float) or (isinstance(value, Real) and hasattr(value, "dtype"))


def _only_entry(value: Any) -> Any:
    """Return the entry of an array without axes."""
    try:
        return value.__array__()[()]
    except (RuntimeError, TypeError) as error:  # of PyTorch, say, on its way to a gradient
        raise ValueError(str(error)) from error


def _is_truth(value: Any) -> bool:
    """Whether a value is a truth value, of Python or of NumPy."""
    return isinstance(value, bool) or type(value).__name__ in ("bool", "bool_")

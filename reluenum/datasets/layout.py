"""What has to be known of a data file besides the file: names of columns, separators, decimals."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reluenum.errors import InputError, quoted

SEPARATORS = {
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    r"\t": "\t",
    "space": " ",
    "whitespace": " ",
    "pipe": "|",
}
"""What may stand between two cells; `space` is one or more blanks or tabs."""

DECIMALS = {"point": ".", "comma": ","}
"""What may stand before the decimals of a number."""

_NAMES = "different names of columns, separated by commas"


@dataclass(frozen=True)
class Layout:
    r"""What a data file does not say of itself.

    Parameters
    ----------
    inputs : str or sequence of str, optional
        Names of the columns of inputs, in this order: a list, or text separated by commas. By
        default `x`, or `x1..xd`, or `x0..x{d-1}`, also as `X` and with `_` before the number.
    target : str, optional
        Name of the column of targets; by default `y` or `Y`.
    weights : str, optional
        Name of the column of weights; by default `w`, if there is one and `inputs` does not say
        which columns are meant.
    separator : str, optional
        One of `SEPARATORS`, or the character itself; by default a comma.
    decimal : str, optional
        `point` or `comma`, or the character itself; by default a point.

    Raises
    ------
    InputError
        Naming the first field that cannot be used.

    Examples
    --------
    >>> Layout(inputs="dose,age", target="response", separator="tab")
    Layout(inputs=('dose', 'age'), target='response', separator='\t', decimal='.', weights=None)
    """

    inputs: str | Sequence[str] | None = None
    target: str | None = None
    separator: str | None = None
    decimal: str = "."
    weights: str | None = None

    def __post_init__(self) -> None:
        inputs = _listed_names(self.inputs)
        target = None if self.target is None else self.target.strip()
        if inputs is not None and not (all(inputs) and 0 < len(inputs) == len(set(inputs))):
            found = quoted(",".join(inputs))
            raise InputError("inputs", found, _NAMES)
        if target == "" or target in (inputs or ()):
            raise InputError("target", quoted(target), "the name of a column, not one of inputs")
        weights = None if self.weights is None else self.weights.strip()
        if weights is not None and weights in ("", target, *(inputs or ())):
            expected = "the name of a column, neither one of inputs nor the target"
            raise InputError("weights", quoted(weights), expected)
        decimal = _character("decimal", self.decimal, DECIMALS)
        if self.separator is None and decimal == ",":
            raise InputError("decimal", "a comma, and no separator", "a separator of columns, too")
        separator = "," if self.separator is None else self.separator
        separator = _character("separator", separator, SEPARATORS)
        fields = {"inputs": inputs, "target": target, "separator": separator, "decimal": decimal}
        for name, value in (fields | {"weights": weights}).items():
            object.__setattr__(self, name, value)

    @property
    def separated(self) -> str:
        """How cells are separated, for messages."""
        kind = next(kind for kind, mark in SEPARATORS.items() if mark == self.separator)
        return f"separated by {kind}s"


def _listed_names(inputs: str | Sequence[str] | None) -> tuple[str, ...] | None:
    """Return names as a tuple; those with a comma stand in quotes, as in a file."""
    if isinstance(inputs, str):
        try:
            inputs = next(csv.reader([inputs], skipinitialspace=True, strict=True), [])
        except csv.Error as error:
            raise InputError("inputs", f"{quoted(inputs)}: {error}", _NAMES) from error
    return None if inputs is None else tuple(name.strip() for name in inputs)


def _character(field: str, text: str, characters: Mapping[str, str]) -> str:
    """Return the character that a text names or is."""
    if text in characters.values():
        return text
    if text not in characters:
        raise InputError(field, quoted(text), f"one of {', '.join(characters)}")
    return characters[text]


PLAIN = Layout()
"""Of the files that this package writes: columns `x1..xd` (or `x`) and `y`, and commas."""

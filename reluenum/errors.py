"""What can go wrong, as instructions to the user."""

LONGEST_QUOTE = 40
"""Characters of a user's text that a message repeats."""


def quoted(text: str) -> str:
    """Quote a text for a message, shortened when it is long."""
    return repr(text if len(text) <= LONGEST_QUOTE else f"{text[: LONGEST_QUOTE - 3]}...")


def one_line(text: object) -> str:
    """Return a text as one printable line, whatever file names and causes it contains."""
    line = " ".join(str(text).split())
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)


class ReluenumError(Exception):
    """Base class of every error this package raises on purpose.

    Examples
    --------
    >>> from reluenum import Problem
    >>> try:
    ...     Problem.from_text([["1/0"]], ["1"], width=1, ridge="1")
    ... except ReluenumError as error:
    ...     print(error)
    inputs[0][0]: '1/0' divides by zero; expected a decimal or fraction
    """


class InputError(ReluenumError, ValueError):
    """A value the user gave cannot be used.

    Parameters
    ----------
    where : str
        File, row, column or option that holds the value.
    found : str
        What stands there.
    expected : str
        What should stand there.

    Examples
    --------
    >>> print(InputError("ridge", "0 is not positive", "a positive number"))
    ridge: 0 is not positive; expected a positive number
    """

    def __init__(self, where: str, found: str, expected: str) -> None:
        super().__init__(where, found, expected)
        self.where, self.found, self.expected = where, found, expected

    def __str__(self) -> str:
        return one_line(f"{self.where}: {self.found}; expected {self.expected}")


class TooManySupportsError(InputError):
    """The enumeration would take too long to start without being asked twice."""


class BackendError(ReluenumError):
    """A Groebner basis engine could not finish a system, or is not installed."""

    def __init__(self, backend: str, reason: str) -> None:
        super().__init__(backend, reason)
        self.backend, self.reason = backend, reason

    def __str__(self) -> str:
        return f"{self.backend}: {self.reason}"


class MissingExtraError(ReluenumError):
    """A command needs packages that only an extra of this one installs."""

    def __init__(self, package: str, extra: str) -> None:
        super().__init__(package, extra)
        self.package, self.extra = package, extra

    def __str__(self) -> str:
        return f"{self.package} is not installed; `pip install 'reluenum[{self.extra}]'` adds it"


class SolverError(ReluenumError):
    """A numerical solver ended without the solution that was asked for."""

    def __init__(self, solver: str, status: str) -> None:
        super().__init__(solver, status)
        self.solver, self.status = solver, status

    def __str__(self) -> str:
        return f"{self.solver} ended with status {self.status!r}: rescale the data or the ridge"


class UndecidedError(ReluenumError):
    """An answer needs what stayed undecided."""


class IncompleteRunError(ReluenumError):
    """A piece of an enumeration is missing, doubled or belongs to another problem."""


class TheoremViolationError(ReluenumError, AssertionError):
    """A computed object contradicts a theorem of docs/theory.md: a bug, never a result."""

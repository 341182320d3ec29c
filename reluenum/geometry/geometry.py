"""What follows from the data of a problem alone, computed once."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from reluenum.geometry.arrangement import Arrangement
from reluenum.geometry.frames import Frames
from reluenum.problem import HiddenBias, Problem, refuse_setting


@dataclass(frozen=True, eq=False)
class Geometry:
    """A problem and the faces of its hidden units.

    Parameters
    ----------
    problem : Problem

    Examples
    --------
    >>> problem = Problem.from_text([["-1"], ["1"]], ["0", "2"], 1, "1/2")
    >>> [face.signs for face in Geometry.of(problem).arrangement.live_faces]
    ['++', '+-', '+0', '-+', '0+']
    """

    problem: Problem

    @staticmethod
    @lru_cache(maxsize=8)
    def of(problem: Problem) -> "Geometry":
        """Return that of a problem; equal problems of late share it.

        Raises
        ------
        InputError
            If its network has several hidden layers, or hidden biases that are not penalised, which
            only `engines/hinges` knows of.
        """
        refuse_setting(problem, "hidden_bias", "beyond lists of minima", but=(HiddenBias.NONE,))
        return Geometry(problem.in_one_layer())

    @cached_property
    def arrangement(self) -> Arrangement:
        """All faces, exactly."""
        return Arrangement.of(self.problem)

    @cached_property
    def frames(self) -> Frames:
        """The live faces as arrays of balls."""
        return Frames.of(self.problem, self.arrangement)

"""From outcomes to the landscape: merge, certify, join."""

from reluenum.engines.reduced.merge import StationarySet
from reluenum.geometry.geometry import Geometry
from reluenum.geometry.patterns import Counts
from reluenum.landscape.components import components_of
from reluenum.landscape.judged import certified_points, certify_class
from reluenum.landscape.landscape import CertifiedLandscape, Completeness, Tally, ranked


def landscape(stationary: StationarySet, geometry: Geometry) -> CertifiedLandscape:
    """Certify the stationary points of a problem and join its minima into components."""
    problem = stationary.problem
    classes = tuple(certify_class(group, geometry.arrangement) for group in stationary.classes)
    complete = not stationary.undecided
    found = [component for group in classes for component in components_of(problem, group)]
    points = tuple(certified_points(classes, problem.width))
    return CertifiedLandscape(
        problem,
        Counts.of(geometry),
        Tally.of(points),
        points,
        ranked(found, complete),
        stationary.undecided,
        Completeness.THEOREM_E,
    )

"""Trees of boxes, searched at once."""

from reluenum.engines.trees.growth import grown_tree


def whole_search(engine, problem, jobs=1):
    search = engine.search(problem)
    return grown_tree(search, search.roots(), jobs)

"""How minima move, appear and vanish as the ridge varies.

A problem and an interval of ridges enter, a path with its events leaves. In order: `grids` are
ridges, `path` samples and brackets, `family` is a support at all ridges, `events` are exact,
`trees` say which minima are basins, `depths` how deep each branch is.
"""

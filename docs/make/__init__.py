"""Scripts that make pages and pictures of docs/, each run as `python -m docs.make.NAME`.

What they take some time to measure is kept in docs/data/, so that a page can be made again from it.
"""

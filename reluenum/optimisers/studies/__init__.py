"""What people ask of optimisers on one problem, and of networks that they have trained.

In order: `runs` is the document of many runs, each end point explained, `locate` that of trained
networks, `multistart` counts starts, `bands` are strings drawn between minima.
"""

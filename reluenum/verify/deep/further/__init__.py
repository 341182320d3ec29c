"""Units beyond those that live, and networks without any in some layer.

`cones` (forms of squares that are not negative), `constants` (networks without live units below),
`leeway` (what kinks give to one further unit), `several` (to several ones), `dead`.
"""

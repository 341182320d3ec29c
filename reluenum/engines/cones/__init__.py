"""Inputs of several dimensions: boxes of cones, most of them excluded at once (theory, 20).

What a `BoxSearch` of `engines/trees` has to know of them, as in `engines/branch`: it is done in
doubles and proves nothing but where cones are cut, which is exact. In order: `rays` finds the rays
of the arrangement, `parts` cuts cones of them, `groups` bounds what units in a cone give, `centre`
bounds the weights and residuals of a box, `slopes` excludes by these, `cells` has the cones that
nothing crosses, `convex` solves one problem for such a box, `optima` reads off what that says,
`stack` keeps boxes, `search` grows a tree below a box, `growth` is the `BoxSearch`, `route` is the
engine.
"""

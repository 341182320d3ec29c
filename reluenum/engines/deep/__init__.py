"""Networks with several hidden layers, and everything that all routes to them share.

Its rooms are `systems`, `enumeration`, `cells` and `minimality`; what they find is joined here to a
landscape. In order: `texts` are rows of signs as documents show them; `widths` shares a width among
units; `landscape` joins points to components; `covers` are strata that a certified engine has
examined, and what such engines have in common.
"""

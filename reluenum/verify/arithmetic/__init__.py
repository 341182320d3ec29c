"""What the kinds of documents have in common of numbers, beside their signs in `reals`.

In order: `decimals` (the texts of numbers in documents), `matrices` (of balls, and systems).
"""

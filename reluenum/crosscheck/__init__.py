"""One problem solved in every way, and the ways compared.

In order: `measurement` keeps every system on record, `agreement` compares, `page` shows.
"""

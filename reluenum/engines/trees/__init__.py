"""Trees of boxes of directions, for inputs on a line and in more dimensions (theory, section 20).

What searches single boxes enters, a landscape leaves, with the tree and a record for each leaf. The
search is done in doubles and proves nothing; what is on its leaves is proved here, that nothing
else is missing by the checker. In order: `forecast` says before a search how long it takes, `tree`
is what it ends with, `growth` searches in threads, `shards` shares a search among jobs, `nearby`
chooses faces that are worth a look, `leaves` decides what is left, `decisions` does so in
processes, `certificate` writes both down, `engine` is the way from a problem to its list.
"""

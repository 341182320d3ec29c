"""What is written and read back: files, seals, and the documents of minima.

Landscapes and tables enter, bytes that depend on nothing else leave. In order: `faces` writes each
face once where signs are many, `seals` notices what was changed, `files` writes whole or not at
all, `claims` keeps two runs apart, `results` are sealed documents, `bars` show how far one is read,
`archive` and `parquet` many files and tables in one, `labels` are short texts, `deep` has the
records of networks with several hidden layers, `hinges` those of hidden biases without penalty,
`minima` is the format of the list.
"""

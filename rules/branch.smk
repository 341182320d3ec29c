# By the branch engine, on a line: cover (boxes of directions) -> verify.
include: "cover.smk"
include: "verify.smk"

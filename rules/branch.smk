# By the branch engine: cover (boxes of directions) -> verify, or the same in shards.
include: "cover.smk" if SHARDS == ["1-of-1"] else "shards.smk"
include: "verify.smk"

"""The five checks, each a small pure module: hash, membership, path, consistency, signature."""

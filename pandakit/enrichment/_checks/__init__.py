"""The rules: for columns, for single values, for rows against each other, for a file's bytes."""

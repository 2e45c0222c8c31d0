"""The rules that look at rows against each other."""

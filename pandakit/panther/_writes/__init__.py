"""How content is written: bodies < judging < looking up < sending."""

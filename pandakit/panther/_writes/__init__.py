"""How content is written: bodies < checks < lookup < sending."""

"""`python -m pandakit` is the command line."""

from pandakit.cli import main

main()

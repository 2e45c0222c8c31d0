"""One module per group of commands; `pandakit.cli.app.COMMANDS` registers them."""

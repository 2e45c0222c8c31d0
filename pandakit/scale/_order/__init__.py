"""Put the rows of all files into time order, with bounded memory."""

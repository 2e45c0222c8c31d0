"""Why an alert is in its incident."""

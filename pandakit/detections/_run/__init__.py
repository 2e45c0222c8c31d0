"""Run detections in a separate process: events < modules < engine < worker < process."""

"""Running detections in a process of their own: events < modules < engine < worker < process."""

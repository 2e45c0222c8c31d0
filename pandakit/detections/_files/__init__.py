"""Rules as files: YAML 1.2 < fields of each kind < documents < file names."""

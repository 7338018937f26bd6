"""What every other part stands on: version, files, YAML, downloads, seeds."""

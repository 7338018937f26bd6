"""Python, one step at a time: what `import combmotif as cm` offers."""

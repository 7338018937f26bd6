"""``python -m combmotif`` is the ``combmotif`` command."""

from combmotif.cli import main

if __name__ == "__main__":
    main()

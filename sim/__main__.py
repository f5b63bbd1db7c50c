"""``python -m sim`` is ``ksim``."""

from sim.cli import main

if __name__ == "__main__":
    main()

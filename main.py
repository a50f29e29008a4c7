"""Starts the program from a checkout; without arguments, its window."""

import sys

from dao_app.bootstrap import main

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:] or ["window"]))

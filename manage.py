#!/usr/bin/env python
"""Run one of Tocsin's commands; `manage.py help` lists them."""

import sys

from config.commandline import main

if __name__ == "__main__":
    main(sys.argv)

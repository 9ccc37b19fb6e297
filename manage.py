#!/usr/bin/env python3
"""Django's command line for Trace Relay."""

import os
import sys

from b24app.management import command_line

if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "b24app.settings")
    command_line.run(sys.argv)

"""`rom`, run by a Python that has Ibis: its own packages first, then those of ours.

`python rom_with_ibis.py SITE_PACKAGES ...`, the rest as for `rom`.
"""

import site
import sys

site.addsitedir(sys.argv.pop(1))

from server.cli import run  # from the folder named above

run()

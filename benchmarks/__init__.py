"""Speed, accuracy and scale of fishcount, against named peers in the same run.

Every module here is a command; `common` is what several share, `training` fits the weights that
`fishcount` ships as data.
"""

import os

# One thread for everybody; set before numpy is loaded, or its threads are already there.
for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")

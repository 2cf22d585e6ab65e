"""The command line: one file a family of commands, joined by main."""

import os

# The columns of a decision are small: threads of a linear algebra library cost more than they give, and under load a
# dot product of 20,000 numbers waits for them ten milliseconds. Before NumPy is imported, or it has no effect.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

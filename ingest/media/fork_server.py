"""The process that children are forked from, made ready: imported there before anything else.

NumPy's and OpenCV's libraries reserve memory for a thread on every processor as soon as they are
loaded or used: 140 MB each, measured, so that on 16 processors nothing was left of what a child may
take. A child has no use for them: a decoder has threads of its own, and several files are read at a
time.
"""

import os

os.environ.update(OPENBLAS_NUM_THREADS="1", OPENCV_FOR_THREADS_NUM="1")

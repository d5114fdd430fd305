# On Linux, torch from PyPI brings several GB of CUDA packages, which nothing here needs. Whoever has
# an index with torch's CPU builds names it when building:
#   docker build --build-arg PIP_EXTRA_INDEX_URL=... .
# Nothing is pinned by digest: this file was written where no image registry can be reached.
FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

RUN useradd --system --uid 10001 --create-home sceneseek \
    && install --directory --owner=sceneseek /data
WORKDIR /app

# The dependencies are a layer of their own: a change of the code does not install them again.
# OpenCV: scenedetect brings the build that needs libGL, the headless one must be the last.
ARG PIP_EXTRA_INDEX_URL
COPY pyproject.toml constraints.txt ./
RUN python -c "import tomllib; project = tomllib.load(open('pyproject.toml', 'rb'))['project']; print(*project['dependencies'], *project['optional-dependencies']['bundled'], sep='\n')" > /tmp/requirements.txt \
    && pip install -c constraints.txt -r /tmp/requirements.txt \
    && pip install --no-deps --force-reinstall -c constraints.txt opencv-python-headless

COPY README.md ./
COPY embeddings embeddings
COPY database database
COPY migrations migrations
COPY ingest ingest
COPY search search
COPY api api
RUN pip install --no-deps --no-build-isolation -e .

USER sceneseek
# From 1.29 on, onnxruntime reports its use to its makers unless told not to.
ENV SCENESEEK_HOME=/data HF_HOME=/data/huggingface ORT_DISABLE_TELEMETRY=1
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=10s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/ready', timeout=8)"]
CMD ["sh", "-c", "python -m api.keys first && exec python -m api --host 0.0.0.0 --port 8000"]

"""The plain way to serve embeddings: FastAPI, and a lock around `SentenceTransformer.encode`.

`python -m benchmarks.plain_server FOLDER PORT THREADS`: what people write who need it by noon.
"""

import base64
import sys
import threading

import torch
import uvicorn
from fastapi import FastAPI
from pydantic import BaseModel
from sentence_transformers import SentenceTransformer


class Request(BaseModel):
    """The part of OpenAI's request that is needed here."""

    input: str | list[str]
    model: str
    encoding_format: str = "float"


def make_app(folder: str) -> FastAPI:
    """The server of the model in `folder`."""
    model = SentenceTransformer(folder, device="cpu")
    lock = threading.Lock()
    app = FastAPI()

    @app.get("/health")
    def health() -> dict[str, str]:
        return {"status": "ok"}

    @app.post("/v1/embeddings")
    def embeddings(request: Request) -> dict[str, object]:
        texts = [request.input] if isinstance(request.input, str) else request.input
        with lock:
            vectors = model.encode(texts, normalize_embeddings=True, show_progress_bar=False)
        as_base64 = request.encoding_format == "base64"
        data = [
            {
                "object": "embedding",
                "index": index,
                "embedding": base64.b64encode(vector).decode() if as_base64 else vector.tolist(),
            }
            for index, vector in enumerate(vectors)
        ]
        return {"object": "list", "data": data, "model": request.model}

    return app


def main(folder: str, port: str, num_threads: str) -> None:
    """Serves until it is stopped."""
    torch.set_num_threads(int(num_threads))
    uvicorn.run(make_app(folder), host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])

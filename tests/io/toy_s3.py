"""As much of S3 as the traffic log needs: put, get, list, delete, in the chunks that the SDK sends."""

from __future__ import annotations

import io
from http.server import BaseHTTPRequestHandler
from typing import Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit


def unchunked(stream: Any) -> bytes:
    parts = []
    while size := int(stream.readline().split(b";")[0], 16):
        parts.append(stream.read(size))
        stream.readline()
    while stream.readline().strip():
        pass  # trailers
    return b"".join(parts)


class ToyS3(BaseHTTPRequestHandler):
    """Keeps objects by bucket and key, and the verb and path of each request that writes."""

    objects: ClassVar[dict[str, bytes]] = {}
    requests: ClassVar[list[tuple[str, str]]] = []
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: Any) -> None:
        """Keep quiet."""

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if "Content_Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_PUT(self) -> None:
        self.requests.append(("PUT", self.path))
        body = self.received()
        if "aws-chunked" in self.headers.get("Content-Encoding", ""):
            body = unchunked(io.BytesIO(body))
        self.objects[unquote(urlsplit(self.path).path).strip("/")] = body
        self.answer(200, ETag='"toy"')

    def received(self) -> bytes:
        length = self.headers["Content-Length"]
        return self.rfile.read(int(length)) if length else unchunked(self.rfile)

    def do_POST(self) -> None:
        self.received()
        self.requests.append(("POST", self.path))
        if "delete" in parse_qs(urlsplit(self.path).query, keep_blank_values=True):
            for name in [name for name in self.objects if "/day=2020" in name]:
                del self.objects[name]
            self.answer(200, b"<DeleteResult/>", Content_Type="application/xml")
            return
        self.answer(501)

    def do_HEAD(self) -> None:
        name = unquote(urlsplit(self.path).path).strip("/")
        if name in self.objects:
            self.answer(200, Content_Length=str(len(self.objects[name])), ETag='"toy"')
        else:
            self.answer(404)

    def do_DELETE(self) -> None:
        self.objects.pop(unquote(urlsplit(self.path).path).strip("/"), None)
        self.answer(204)

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        query = parse_qs(url.query)
        name = unquote(url.path).strip("/")
        if "list-type" in query:
            self.answer(200, self.listed(name, query), Content_Type="application/xml")
        elif name in self.objects:
            self.sent(self.objects[name])
        else:
            self.answer(404)

    def sent(self, body: bytes) -> None:
        asked = self.headers.get("Range", "").removeprefix("bytes=")
        if not asked:
            self.answer(200, body, ETag='"toy"')
            return
        first, _, last = asked.partition("-")
        part = body[int(first) : int(last) + 1]
        self.answer(206, part, ETag='"toy"', Content_Range=f"bytes {first}-{last}/{len(body)}")

    def listed(self, bucket: str, query: dict[str, list[str]]) -> bytes:
        prefix, mark = query.get("prefix", [""])[0], query.get("delimiter", [""])[0]
        keys = [name.removeprefix(f"{bucket}/") for name in sorted(self.objects)]
        keys = [key for key in keys if key.startswith(prefix)]
        folders: set[str] = set()
        if mark:
            folders = {prefix + key[len(prefix) :].split(mark)[0] + mark for key in keys if mark in key[len(prefix) :]}
            keys = [key for key in keys if mark not in key[len(prefix) :]]
        stamp = "<LastModified>2026-03-10T12:00:00.000Z</LastModified>"
        found = "".join(
            f"<Contents><Key>{key}</Key>{stamp}<Size>{len(self.objects[f'{bucket}/{key}'])}</Size></Contents>"
            for key in keys
        )
        below = "".join(f"<CommonPrefixes><Prefix>{folder}</Prefix></CommonPrefixes>" for folder in sorted(folders))
        head = f"<Name>{bucket}</Name><KeyCount>{len(keys)}</KeyCount><IsTruncated>false</IsTruncated>"
        return f"<ListBucketResult>{head}{found}{below}</ListBucketResult>".encode()

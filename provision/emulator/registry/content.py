"""Manifests, tags and blobs on their way out, manifests on their way in, and what is deleted."""

import json
from dataclasses import replace

from aiohttp import web

from provision.emulator.registry.call import Call
from provision.emulator.registry.manifests import LARGEST_MANIFEST, Manifest, parse_manifest
from provision.emulator.registry.names import ImageName, is_digest, is_tag
from provision.emulator.registry.refusals import Refusal
from provision.emulator.registry.store import Store
from provision.emulator.seams import Repositories, StoredImage

_INDEX = "application/vnd.oci.image.index.v1+json"
_LARGEST_PAGE = 1000


class Content:
    """The half of the registry that is not uploading.

    Args:
        store: what there is.
        repositories: whether tags may move.
    """

    def __init__(self, store: Store, repositories: Repositories) -> None:
        self._store = store
        self._repositories = repositories

    async def get_blob(self, call: Call) -> web.StreamResponse:
        """GET or HEAD: a blob or a range of it."""
        digest = self._blob(call)
        if call.request.method == "HEAD":
            # That is how a push finds out what it need not send.
            self._store.wanted.want(call.name.repository, digest)
        file = self._store.files.path(digest)
        _check_range(call.request, file.stat().st_size)
        headers = {
            "Content-Type": "application/octet-stream",
            "Docker-Content-Digest": digest,
        }
        return web.FileResponse(file, headers=headers)

    def _blob(self, call: Call) -> str:
        digest = call.request.match_info["digest"]
        if not is_digest(digest):
            raise Refusal(400, "DIGEST_INVALID", "The digest is not a sha256 digest.")
        if not self._store.catalog.has_blob(call.name.repository, digest):
            raise Refusal(404, "BLOB_UNKNOWN", "The blob is unknown to the registry.")
        return digest

    async def get_manifest(self, call: Call) -> web.StreamResponse:
        """GET or HEAD: a manifest by tag or digest, exactly as it was pushed."""
        image = self._manifest(call)
        _check_accepted(call.request, image.media_type)
        content = self._store.files.path(image.digest).read_bytes()
        headers = {"Content-Type": image.media_type, "Docker-Content-Digest": image.digest}
        return web.Response(body=content, headers=headers)

    def _manifest(self, call: Call) -> StoredImage:
        target = call.request.match_info["target"]
        image = self._store.resolve(call.name, target)
        if image is None:
            raise Refusal(404, "MANIFEST_UNKNOWN", f'Failed to fetch "{target}".')
        return image

    async def put_manifest(self, call: Call) -> web.StreamResponse:
        """PUT: a manifest or index, by tag or by its digest."""
        target = call.request.match_info["target"]
        if not is_digest(target) and not is_tag(target):
            raise Refusal(400, "TAG_INVALID", "The tag is not valid.")
        content = await _read(call.request)
        manifest = parse_manifest(content, call.request.headers.get("Content-Type", ""))
        draft = self._check(call.name, manifest, content, target)
        self._store.wanted.want(call.name.repository, draft.digest)
        await self._store.files.write(content)
        # Others may have pushed or deleted while it was written; from here on nobody can.
        image = self._check(call.name, manifest, content, target)
        self._store.add_manifest(call.name, manifest, image)
        headers = {
            "Location": f"/v2/{call.path}/manifests/{image.digest}",
            "Docker-Content-Digest": image.digest,
        }
        if manifest.subject:
            headers["OCI-Subject"] = manifest.subject
        return web.Response(status=201, headers=headers)

    def _check(
        self, name: ImageName, manifest: Manifest, content: bytes, target: str
    ) -> StoredImage:
        image = self._store.draft(name, manifest, content)
        if not is_digest(target):
            self._refuse_to_move(name, target, image.digest)
            return replace(image, tags=(target,))
        if target != image.digest:
            raise Refusal(400, "DIGEST_INVALID", "The manifest has another digest.")
        return image

    def _refuse_to_move(self, name: ImageName, tag: str, digest: str) -> None:
        current = self._store.catalog.digest(name, tag)
        moves = current is not None and current != digest
        if moves and self._repositories.immutable_tags(name.repository):
            raise _immutable("update", tag)

    async def delete_manifest(self, call: Call) -> web.StreamResponse:
        """DELETE: a tag, or an untagged manifest by its digest."""
        target = call.request.match_info["target"]
        image = self._manifest(call)
        if not is_digest(target):
            if self._repositories.immutable_tags(call.name.repository):
                raise _immutable("delete", target)
            self._store.catalog.drop_tag(call.name, target)
            return web.Response(status=202)
        if image.tags:
            # https://github.com/enix/kube-image-keeper/issues/636
            message = "Manifest is still referenced by one or more tags"
            raise Refusal(400, "GOOGLE_MANIFEST_DANGLING_TAG", message)
        if self._store.catalog.parents(call.name, image.digest):
            message = "Manifest is still referenced by one or more parent images"
            raise Refusal(400, "GOOGLE_MANIFEST_DANGLING_PARENT_IMAGE", message)
        self._store.remove_manifest(call.name, image.digest)
        return web.Response(status=202)

    async def list_tags(self, call: Call) -> web.StreamResponse:
        """GET: the package's tags, page by page (``n`` and ``last``).

        As from Google, what they point at is told too; without ``n``, what has no tag as well.
        """
        tags = self._store.catalog.tags(call.name)
        if not tags and not self._store.catalog.has_package(call.name):
            raise Refusal(404, "NAME_UNKNOWN", "The image is unknown to the registry.")
        last = _place(call.request.query.get("last", ""))
        size = _page_size(call.request.query.get("n", str(_LARGEST_PAGE)))
        rest = [tag for tag in tags if _place(tag) > last]
        page = rest[:size]
        headers = {}
        if page and len(rest) > len(page):
            url = call.request.rel_url.with_query(n=str(size), last=page[-1])
            headers["Link"] = f'<{url}>; rel="next"'
        images = [
            image
            for image in self._store.catalog.package(call.name)
            if "n" not in call.request.query or set(image.tags) & set(page)
        ]
        body = {"name": call.path, "tags": page, "child": [], "manifest": _told(images)}
        return web.json_response(body, headers=headers)

    async def list_referrers(self, call: Call) -> web.StreamResponse:
        """GET: what is attached to a digest, as an index; ``artifactType`` narrows it."""
        digest = call.request.match_info["digest"]
        if not is_digest(digest):
            raise Refusal(400, "DIGEST_INVALID", "The digest is not a sha256 digest.")
        found = [
            self._descriptor(image) for image in self._store.catalog.referrers(call.name, digest)
        ]
        headers = {}
        if wanted := call.request.query.get("artifactType"):
            found = [item for item in found if item["artifactType"] == wanted]
            headers["OCI-Filters-Applied"] = "artifactType"
        body = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": found}
        return web.Response(text=json.dumps(body), content_type=_INDEX, headers=headers)

    def _descriptor(self, image: StoredImage) -> dict[str, object]:
        content = self._store.files.path(image.digest).read_bytes()
        manifest = parse_manifest(content, image.media_type)
        return {
            "mediaType": image.media_type,
            "digest": image.digest,
            "size": len(content),
            "artifactType": manifest.artifact_type,
            "annotations": manifest.annotations,
        }


async def _read(request: web.Request) -> bytes:
    """The body, refused as soon as it is longer than any manifest may be."""
    content = bytearray()
    async for piece in request.content.iter_any():
        content += piece
        if len(content) > LARGEST_MANIFEST:
            raise Refusal(413, "MANIFEST_INVALID", "The manifest is larger than 4 MiB.")
    return bytes(content)


def _check_range(request: web.Request, size: int) -> None:
    """Refuse a range that is none, or begins behind the end."""
    try:
        start = request.http_range.start or 0
    except ValueError:
        start = size
    if start >= size and "Range" in request.headers:
        headers = {"Content-Range": f"bytes */{size}"}
        raise Refusal(416, "RANGE_INVALID", "The range is not one of the blob's.", headers)


def _check_accepted(request: web.Request, media_type: str) -> None:
    """Refuse to give somebody a kind of manifest that they do not accept.

    Google's words: https://github.com/argoproj-labs/argocd-image-updater/issues/519.
    """
    header = ",".join(request.headers.getall("Accept", []))
    accepted = [item.partition(";")[0].strip() for item in header.split(",") if item.strip()]
    if not accepted or {media_type, "application/*", "*/*"} & set(accepted):
        return
    told = " ".join(f'"{item}"' for item in accepted)
    message = f'Manifest has media type "{media_type}" but client accepts [{told}]'
    raise Refusal(404, "MANIFEST_UNKNOWN", message)


def _told(images: list[StoredImage]) -> dict[str, dict[str, object]]:
    """Google's own part of a list of tags, which its cleaners live on.

    Fields: https://github.com/google/go-containerregistry, ``pkg/v1/google``. When an image was
    made is not known here; the moment of its push stands in.
    """
    return {
        image.digest: {
            "imageSizeBytes": str(image.size),
            "layerId": "",
            "mediaType": image.media_type,
            "tag": list(image.tags),
            "timeCreatedMs": str(int(image.uploaded * 1000)),
            "timeUploadedMs": str(int(image.uploaded * 1000)),
        }
        for image in images
    }


def _place(tag: str) -> tuple[str, str]:
    """Where a tag stands in the order of the catalog."""
    return tag.lower(), tag


def _page_size(text: str) -> int:
    if not text.isdecimal():
        raise Refusal(400, "PAGINATION_NUMBER_INVALID", "n is not a number.")
    digits = text.lstrip("0") or "0"
    return min(int(digits[:9]), _LARGEST_PAGE)


def _immutable(verb: str, tag: str) -> Refusal:
    # The wording is from memory; that it is refused is documented.
    message = f"cannot {verb} tag {tag}. The repository has enabled tag immutability"
    return Refusal(400, "MANIFEST_INVALID", message)

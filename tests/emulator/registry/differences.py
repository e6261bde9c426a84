"""Where the emulator's registry and docker-registry 2.8 differ, each time with the reason."""

from typing import NamedTuple

WHOLE = "POST with a digest takes the whole blob; docker-registry opens an upload"
ORDER = (
    "A piece that does not continue the upload gets 416 and where to go on; docker-registry takes "
    "a gap and then gives the upload up"
)
RESUMED = (
    "An upload that broke off can be resumed; docker-registry gives it up, because the state in "
    "its address is stale"
)
UPLOAD = "An upload that is not there is BLOB_UPLOAD_UNKNOWN; docker-registry misses its state"
INVALID = (
    "Invalid names, tags and digests get 400 with the code of the specification; docker-registry "
    "has no route for them, or breaks"
)
ACCEPTED = (
    "A manifest is given to everybody who accepts its type or anything at all, and refused in "
    "Google's words to others; docker-registry counts wildcards and silence as Docker schema 1"
)
TAGS = (
    "Tags come in order and by pages, and with what they point at; docker-registry 2.8 does none "
    "of it"
)
BLOBS = "Single blobs are not deleted; docker-registry was told to allow it"
UNTAGGED = (
    "Tags can be deleted, and guard their manifest from deletion; docker-registry has neither"
)
LARGE = "A manifest that is too large is 413; docker-registry says 400"
METHODS = "A method that a path does not have is UNSUPPORTED; docker-registry says so in plain text"
PATHS = "Other paths belong to the emulator's other APIs; there is no list of all images"
REDIRECT = "A redirect has no text; docker-registry's has"


class Difference(NamedTuple):
    """One step at which the two differ.

    Args:
        step: ``conversation: step``.
        ours: status and code of the emulator.
        theirs: status and code of docker-registry.
        reason: why ours is as it is; told in docs/emulator.md too.
        fields: what differs besides, where status and code are the same.
    """

    step: str
    ours: str
    theirs: str
    reason: str
    fields: tuple[str, ...] = ()


_GAP, _LOST = "416 BLOB_UPLOAD_INVALID", "404 BLOB_UPLOAD_INVALID"
_SCHEMA_1 = "404 MANIFEST_UNKNOWN"
_LIST = ("Content-Length", "body")
_PAGE = ("Content-Length", "Link", "body")
_TEXT = ("Content-Type",)

DIFFERENCES = frozenset(
    {
        Difference("whole_in_one_request: POST", "201", "202", WHOLE),
        Difference("whole_in_one_request: HEAD", "200", "404", WHOLE),
        Difference("out_of_order: gap", _GAP, "202", ORDER),
        Difference("out_of_order: twice", _GAP, _LOST, ORDER),
        Difference("out_of_order: other length", _GAP, _LOST, ORDER),
        Difference("out_of_order: no range at all", _GAP, _LOST, ORDER),
        Difference("resumed: status", "204", _LOST, RESUMED),
        Difference("resumed: next piece", "202", _LOST, RESUMED),
        Difference("resumed: PUT", "201", _LOST, RESUMED),
        Difference("resumed: GET", "200", "404 BLOB_UNKNOWN", RESUMED),
        Difference("unknown_uploads: status", "404 BLOB_UPLOAD_UNKNOWN", _LOST, UPLOAD),
        Difference("unknown_uploads: no id", "404 BLOB_UPLOAD_UNKNOWN", _LOST, UPLOAD),
        Difference("unknown_uploads: of another image", "404 BLOB_UPLOAD_UNKNOWN", _LOST, UPLOAD),
        Difference("unknown_uploads: written by another", "404 BLOB_UPLOAD_UNKNOWN", _LOST, UPLOAD),
        Difference("ping: without slash", "301", "301", REDIRECT, ("Content-Length", *_TEXT)),
        Difference("ranges: behind the end", "416 RANGE_INVALID", "416", INVALID),
        Difference("ranges: not bytes", "416 RANGE_INVALID", "416", INVALID),
        Difference("unknown_content: no digest", "400 DIGEST_INVALID", "404", INVALID),
        Difference(
            "unknown_content: half a manifest digest",
            "404 MANIFEST_UNKNOWN",
            "500 UNKNOWN",
            INVALID,
        ),
        Difference("unknown_content: invalid name", "400 NAME_INVALID", "404", INVALID),
        Difference("manifest_of_oci: any type", "200", _SCHEMA_1, ACCEPTED),
        Difference("manifest_of_oci: no Accept", "200", _SCHEMA_1, ACCEPTED),
        Difference("manifest_of_docker: any type", "200", "400 MANIFEST_INVALID", ACCEPTED),
        Difference("manifest_of_docker: no Accept", "200", "400 MANIFEST_INVALID", ACCEPTED),
        Difference("tags_in_pages: all", "200", "200", TAGS, _LIST),
        Difference("tags_in_pages: first page", "200", "200", TAGS, _PAGE),
        Difference("tags_in_pages: next page", "200", "200", TAGS, _PAGE),
        Difference("tags_in_pages: after one", "200", "200", TAGS, _LIST),
        Difference("tags_in_pages: after none", "200", "200", TAGS, _LIST),
        Difference("tags_in_pages: exactly all", "200", "200", TAGS, _LIST),
        Difference("tags_in_pages: more than all", "200", "200", TAGS, _LIST),
        Difference("tags_in_pages: none", "200", "200", TAGS, _LIST),
        Difference("tags_in_pages: no number", "400 PAGINATION_NUMBER_INVALID", "200", TAGS),
        Difference("tags_in_pages: negative", "400 PAGINATION_NUMBER_INVALID", "200", TAGS),
        Difference("deletion: blob", "405 UNSUPPORTED", "202", BLOBS),
        Difference("deletion: unknown tag", "404 MANIFEST_UNKNOWN", "400 DIGEST_INVALID", UNTAGGED),
        Difference(
            "deletion_under_a_tag: manifest", "400 GOOGLE_MANIFEST_DANGLING_TAG", "202", UNTAGGED
        ),
        Difference("deletion_under_a_tag: tag", "202", "400 DIGEST_INVALID", UNTAGGED),
        Difference("invalid_manifests: schema 1", "400 MANIFEST_INVALID", "500 UNKNOWN", INVALID),
        Difference(
            "invalid_manifests: no config", "400 MANIFEST_INVALID", "400 DIGEST_INVALID", INVALID
        ),
        Difference(
            "invalid_manifests: half a digest", "400 MANIFEST_INVALID", "500 UNKNOWN", INVALID
        ),
        Difference("invalid_manifests: tag with a space", "400 TAG_INVALID", "404", INVALID),
        Difference("invalid_manifests: long tag", "400 TAG_INVALID", "404", INVALID),
        Difference("invalid_manifests: dotted tag", "400 TAG_INVALID", "404", INVALID),
        Difference(
            "big_manifests: a byte more", "413 MANIFEST_INVALID", "400 MANIFEST_INVALID", LARGE
        ),
        Difference("other_methods: POST manifest", "405 UNSUPPORTED", "405", METHODS),
        Difference("other_methods: PUT tags", "405 UNSUPPORTED", "405", METHODS),
        Difference("other_methods: POST blob", "405 UNSUPPORTED", "405", METHODS),
        Difference(
            "other_methods: GET uploads", "405 UNSUPPORTED", "404 BLOB_UPLOAD_UNKNOWN", METHODS
        ),
        Difference(
            "other_methods: unknown path",
            "404",
            "404",
            PATHS,
            (*_TEXT, "Docker-Distribution-Api-Version"),
        ),
        Difference("other_methods: catalog", "404", "200", PATHS),
    }
)

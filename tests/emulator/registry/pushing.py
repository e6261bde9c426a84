"""Conversations about blobs on their way in."""

from collections.abc import Callable, Iterator

from tests.emulator.registry.talk import Answer, Peer, digest_of, with_digest

Steps = Iterator[tuple[str, Answer]]
Conversation = Callable[[Peer], Steps]
UNKNOWN = digest_of(b"nobody ever pushed this")
NOBODYS = "00000000-0000-4000-8000-000000000000"


def whole_in_one_request(peer: Peer) -> Steps:
    """POST with the digest and the content."""
    content = b"whole in one request"
    path = f"blobs/uploads/?digest={digest_of(content)}"
    yield "POST", peer.image("POST", "post", path, content)
    yield "HEAD", peer.image("HEAD", "post", f"blobs/{digest_of(content)}")


def whole_in_two_requests(peer: Peer) -> Steps:
    """POST, then PUT with the content."""
    content = b"whole in two requests"
    begun = peer.begin("put")
    yield "POST", begun
    yield "PUT", peer.finish(begun.location, content, content)
    yield "HEAD", peer.image("HEAD", "put", f"blobs/{digest_of(content)}")
    yield "GET", peer.image("GET", "put", f"blobs/{digest_of(content)}")
    yield "PUT again", peer.finish(begun.location, content, content)


def in_pieces(peer: Peer) -> Steps:
    """PATCH with Content-Range, twice, then PUT."""
    begun = peer.begin("pieces")
    first = peer.call("PATCH", begun.location, b"01234", Content_Range="0-4")
    yield "first", first
    second = peer.call("PATCH", first.location, b"56789", Content_Range="5-9")
    yield "second", second
    yield "status", peer.call("GET", second.location)
    yield "PUT", peer.finish(second.location, b"0123456789")
    yield "GET", peer.image("GET", "pieces", f"blobs/{digest_of(b'0123456789')}")


def in_pieces_without_ranges(peer: Peer) -> Steps:
    """PATCH without Content-Range, as Docker does, and the last piece with the PUT."""
    begun = peer.begin("stream")
    yield "status before", peer.call("GET", begun.location)
    first = peer.call("PATCH", begun.location, b"abc")
    yield "first", first
    second = peer.call("PATCH", first.location, iter([b"de", b"f"]))
    yield "second", second
    yield "PUT", peer.finish(second.location, b"abcdefgh", b"gh")
    yield "GET", peer.image("GET", "stream", f"blobs/{digest_of(b'abcdefgh')}")


def empty_pieces(peer: Peer) -> Steps:
    """A PATCH that brings nothing, and the empty blob."""
    begun = peer.begin("empty")
    nothing = peer.call("PATCH", begun.location)
    yield "PATCH", nothing
    yield "PUT", peer.finish(nothing.location, b"")
    yield "HEAD", peer.image("HEAD", "empty", f"blobs/{digest_of(b'')}")
    yield "GET", peer.image("GET", "empty", f"blobs/{digest_of(b'')}")


def out_of_order(peer: Peer) -> Steps:
    """A piece that leaves a gap, and one that comes twice."""
    begun = peer.begin("order")
    first = peer.call("PATCH", begun.location, b"01234", Content_Range="0-4")
    yield "gap", peer.call("PATCH", first.location, b"789", Content_Range="7-9")
    yield "twice", peer.call("PATCH", first.location, b"01234", Content_Range="0-4")
    yield "other length", peer.call("PATCH", first.location, b"56", Content_Range="5-9")
    yield "no range at all", peer.call("PATCH", first.location, b"56", Content_Range="x")


def resumed(peer: Peer) -> Steps:
    """A piece breaks off; the client asks how far it got and goes on from there."""
    begun = peer.begin("resume")
    with peer.cut("PATCH", begun.location, announced=100, sent=b"0123456789"):
        pass
    status = settled(peer, begun.location, 10)
    yield "status", status
    location = status.headers.get("Location", begun.location)
    piece = peer.call("PATCH", location, b"abc", Content_Range="10-12")
    yield "next piece", piece
    yield "PUT", peer.finish(piece.headers.get("Location", location), b"0123456789abc")
    yield "GET", peer.image("GET", "resume", f"blobs/{digest_of(b'0123456789abc')}")


def broken_off_at_the_end(peer: Peer) -> Steps:
    """The closing PUT breaks off: there is no blob, neither of the part nor of the whole."""
    begun = peer.begin("broken")
    wanted = digest_of(b"abcdefghij")
    with peer.cut("PUT", with_digest(begun.location, wanted), announced=10, sent=b"abcde"):
        pass
    settled(peer, begun.location, 5)
    yield "whole", peer.image("HEAD", "broken", f"blobs/{wanted}")
    yield "part", peer.image("HEAD", "broken", f"blobs/{digest_of(b'abcde')}")


def cancelled(peer: Peer) -> Steps:
    """DELETE an upload; it is gone."""
    begun = peer.begin("cancel")
    yield "DELETE", peer.call("DELETE", begun.location)
    yield "status", peer.call("GET", begun.location)
    yield "PATCH", peer.call("PATCH", begun.location, b"abc")
    yield "PUT", peer.finish(begun.location, b"abc", b"abc")
    yield "DELETE again", peer.call("DELETE", begun.location)


def another_digest(peer: Peer) -> Steps:
    """The content is not what was announced, or nothing was announced."""
    begun = peer.begin("mismatch")
    yield "PUT", peer.call("PUT", with_digest(begun.location, UNKNOWN), b"something else")
    yield "announced", peer.image("HEAD", "mismatch", f"blobs/{UNKNOWN}")
    sent = digest_of(b"something else")
    yield "sent", peer.image("HEAD", "mismatch", f"blobs/{sent}")
    begun = peer.begin("mismatch")
    yield "no digest", peer.call("PUT", begun.location, b"abc")
    yield "half a digest", peer.call("PUT", with_digest(begun.location, "sha256:12"), b"abc")
    yield "no hash", peer.call("PUT", with_digest(begun.location, "md4:" + 32 * "0"), b"abc")


def unknown_uploads(peer: Peer) -> Steps:
    """Uploads that never were, or belong to another image."""
    yield "status", peer.image("GET", "unknown", f"blobs/uploads/{NOBODYS}")
    yield "no id", peer.image("GET", "unknown", "blobs/uploads/not-an-id")
    begun = peer.begin("owner")
    path = begun.location.replace("/owner/", "/thief/")
    yield "of another image", peer.call("GET", path)
    yield "written by another", peer.call("PATCH", path, b"abc")


def mounted(peer: Peer) -> Steps:
    """A blob of another repository is mounted instead of pushed."""
    content = b"mounted from another repository"
    digest = str(peer.push_blob("source", content)["digest"])
    target = f"/v2/{peer.name('mounted', 'two')}"
    source = peer.name("source")
    yield "before", peer.call("HEAD", f"{target}/blobs/{digest}")
    path = f"{target}/blobs/uploads/?mount={digest}&from={source}"
    yield "POST", peer.call("POST", path)
    yield "after", peer.call("HEAD", f"{target}/blobs/{digest}")
    yield "GET", peer.call("GET", f"{target}/blobs/{digest}")


def not_mounted(peer: Peer) -> Steps:
    """What cannot be mounted becomes an upload that can be finished."""
    target = f"/v2/{peer.name('unmounted', 'two')}/blobs/uploads/"
    missed = peer.call("POST", f"{target}?mount={UNKNOWN}&from={peer.name('source')}")
    yield "unknown blob", missed
    yield "PUT", peer.finish(missed.location, b"pushed then", b"pushed then")
    gone = f"{peer.prefix}/gone/image"
    yield "unknown repository", peer.call("POST", f"{target}?mount={UNKNOWN}&from={gone}")
    yield "no source", peer.call("POST", f"{target}?mount={UNKNOWN}")
    yield "invalid source", peer.call("POST", f"{target}?mount={UNKNOWN}&from=UPPER")
    yield "invalid digest", peer.call("POST", f"{target}?mount=sha256:1&from={peer.name('source')}")


def one_blob_twice_at_once(peer: Peer) -> Steps:
    """Two uploads of one blob, step by step side by side."""
    one, other = peer.begin("twice"), peer.begin("twice")
    one = peer.call("PATCH", one.location, b"the same ")
    other = peer.call("PATCH", other.location, b"the same ")
    yield "first", peer.finish(one.location, b"the same blob", b"blob")
    yield "between", peer.image("GET", "twice", f"blobs/{digest_of(b'the same blob')}")
    yield "second", peer.finish(other.location, b"the same blob", b"blob")
    yield "after", peer.image("GET", "twice", f"blobs/{digest_of(b'the same blob')}")


def settled(peer: Peer, location: str, received: int) -> Answer:
    """The upload's status once what was sent before a cut has arrived.

    The registry notices a cut connection by itself; until it has, it holds the upload.
    """
    for _ in range(2000):
        status = peer.call("GET", location)
        if status.status == 404 or status.headers.get("Range") == f"0-{received - 1}":
            return status
    raise AssertionError(status)


PUSHING: tuple[Conversation, ...] = (
    whole_in_one_request,
    whole_in_two_requests,
    in_pieces,
    in_pieces_without_ranges,
    empty_pieces,
    out_of_order,
    resumed,
    broken_off_at_the_end,
    cancelled,
    another_digest,
    unknown_uploads,
    mounted,
    not_mounted,
    one_blob_twice_at_once,
)

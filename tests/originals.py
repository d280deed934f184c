"""What becomes of an original behind everybody's back, on whatever it lies."""

import shutil

from archive.blobs import bucket


def damage(blobs, sha256, content):
    """Other bytes under the name of a blob, as a disk that rots leaves them."""
    if isinstance(blobs, bucket.Bucket):
        blobs._objects.put(bucket.place(sha256), content)
        return
    path = blobs.path(sha256)
    path.chmod(0o640)
    path.write_bytes(content)


def lose(blobs, sha256):
    """Somebody throws it away."""
    if isinstance(blobs, bucket.Bucket):
        blobs._objects.remove([bucket.place(sha256)])
        return
    blobs.path(sha256).unlink()


def lose_all(blobs, known):
    """The disk is not mounted, or these, which are all there are, are gone from the bucket."""
    if isinstance(blobs, bucket.Bucket):
        blobs._objects.remove([bucket.place(sha256) for sha256 in known])
        return
    shutil.rmtree(blobs.root / "sha256")

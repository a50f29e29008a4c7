"""Ed25519 in plain integers (RFC 8032 §5.1), to decide the golden vectors independently of any library."""

from __future__ import annotations

import hashlib

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
Point = tuple[int, int]
IDENTITY: Point = (0, 1)


def add(a: Point, b: Point) -> Point:
    (x1, y1), (x2, y2) = a, b
    t = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + t, P - 2, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - t, P - 2, P) % P
    return x, y


def times(n: int, point: Point) -> Point:
    found = IDENTITY
    while n:
        if n & 1:
            found = add(found, point)
        point = add(point, point)
        n >>= 1
    return found


def recover_x(y: int, sign: int) -> int | None:
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    return P - x if x % 2 != sign else x


def decode(raw: bytes) -> Point | None:
    """None for what is no canonical encoding of a point."""
    y = int.from_bytes(raw, "little")
    sign, y = y >> 255, y & ((1 << 255) - 1)
    x = recover_x(y, sign) if y < P else None
    return None if x is None else (x, y)


def encode(point: Point) -> bytes:
    return (point[1] | (point[0] & 1) << 255).to_bytes(32, "little")


_BASE_Y = 4 * pow(5, P - 2, P) % P
_BASE_X = recover_x(_BASE_Y, 0)
assert _BASE_X is not None
BASE: Point = (_BASE_X, _BASE_Y)


def challenge(r: bytes, key: bytes, message: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + message).digest(), "little") % L


def has_small_order(point: Point) -> bool:
    return times(8, point) == IDENTITY


def verify(key: bytes, message: bytes, signature: bytes, cofactored: bool) -> bool:
    """The verdict with or without cofactor, refusing S ≥ L, other encodings and small-order A or R."""
    a, r = decode(key), decode(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if a is None or r is None or s >= L or has_small_order(a) or has_small_order(r):
        return False
    left = times(s, BASE)
    right = add(r, times(challenge(signature[:32], key, message), a))
    return times(8, left) == times(8, right) if cofactored else left == right


def small_order_points() -> list[Point]:
    """The eight points whose order divides 8, by multiplying points out of the prime-order group away."""
    y = 2
    while True:
        x = recover_x(y, 0)
        if x is not None:
            torsion = times(L, (x, y))
            if times(4, torsion) != IDENTITY:
                return [times(n, torsion) for n in range(8)]
        y += 1

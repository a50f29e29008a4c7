"""Golden Ed25519 vectors (tests/vectors/golden_ed25519.json), run at every start."""

from __future__ import annotations

from typing import NamedTuple


class Vector(NamedTuple):
    """A signature with the verdict of a library that verifies without and with cofactor."""

    key: bytes
    message: bytes
    signature: bytes
    cofactorless: bool
    cofactored: bool


_HEX = (
    (  # good
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "4c372e632566b242375b202ae43ba07c95b4bb622c229cb07554686e49f7cb0b",
        True,
        True,
    ),
    (  # altered message
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f7221",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "4c372e632566b242375b202ae43ba07c95b4bb622c229cb07554686e49f7cb0b",
        False,
        False,
    ),
    (  # S + L
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "390b24c03fc9c49a0df817cdc2357f9195b4bb622c229cb07554686e49f7cb1b",
        False,
        False,
    ),
    (  # A of small order (identity)
        "0100000000000000000000000000000000000000000000000000000000000000",
        "676f6c64656e2030",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "e878dca548664051e5e695d8c157b538a506f9a3dd9f0e9cfed7f4de62238207",
        False,
        False,
    ),
    (  # A of small order (order 2)
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "676f6c64656e2032",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "e878dca548664051e5e695d8c157b538a506f9a3dd9f0e9cfed7f4de62238207",
        False,
        False,
    ),
    (  # A of small order (order 4)
        "0000000000000000000000000000000000000000000000000000000000000080",
        "676f6c64656e2032",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "e878dca548664051e5e695d8c157b538a506f9a3dd9f0e9cfed7f4de62238207",
        False,
        False,
    ),
    (  # A of small order (order 8)
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
        "676f6c64656e2039",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "e878dca548664051e5e695d8c157b538a506f9a3dd9f0e9cfed7f4de62238207",
        False,
        False,
    ),
    (  # R of small order (identity)
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "0100000000000000000000000000000000000000000000000000000000000000"
        "bc0ab6394e918054e63c5cc4c8b1de0d06fa8d5f7656d94478dbb1ad8618ee0c",
        False,
        False,
    ),
    (  # R of small order (order 8)
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"
        "3fb80c6891a12e57e1824fac9fc8f6ae51358b888e466ab7cdb183e6ba09f20c",
        False,
        False,
    ),
    (  # A of mixed order
        "8fa54a0ec08f7dc0d841f4082c6dcf605ac819d10241e7838c6cb4dbb40fb1dd",
        "676f6c64656e2031",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "66439159c0e296e48946c69698bac48b892b495994b1ff99747f8964088ee105",
        False,
        True,
    ),
    (  # A of mixed order, challenge a multiple of 8
        "8fa54a0ec08f7dc0d841f4082c6dcf605ac819d10241e7838c6cb4dbb40fb1dd",
        "676f6c64656e2030",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "3db003c656f9c80d3443a5247ae3c60f5b8479c103d602f4dc60a6188a52860d",
        True,
        True,
    ),
    (  # R of mixed order
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "186ed2bdbd1a36f6437c5168b0221914018ea4f32a1c3fcd1c1794d64fbd596e"
        "7d42dd1d5e955548a73f8c850101147abdfdc097f5f9fb91d7b8b53bbd0aa30e",
        False,
        True,
    ),
    (  # R of mixed order (order 2 part)
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "3ae4df0afbd9dbdaeb27e4c7cab7426f218d02f4730dc7d577060ad31af894dc"
        "81973da69b9ca1bd7c702048e52d37dda26771a355ff42667e77f468142f8401",
        False,
        True,
    ),
    (  # A and R of mixed order that cancel
        "8fa54a0ec08f7dc0d841f4082c6dcf605ac819d10241e7838c6cb4dbb40fb1dd",
        "676f6c64656e2030",
        "4c261951fba9f4ba7ece40431f212269f58becc2473c54cecda0e8f1e6f9d253"
        "a8991b3f160faed3302eee8a4d3e1cf385bf33799340cd3f6bec694c3027410c",
        True,
        True,
    ),
    (  # A not canonical
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "b31b20f50426242514d81b383548bd90de72fd0b8cf2382a88f9f52ce5076b23"
        "e878dca548664051e5e695d8c157b538a506f9a3dd9f0e9cfed7f4de62238207",
        False,
        False,
    ),
    (  # R not canonical
        "f84a8a99d9d19963ae9dd73aa5f9032a4eaf3bc8d125e118d236878aadbb4427",
        "6775696c6468616c6c20676f6c64656e20766563746f72",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"
        "efcf9315c9330202b906ae7b7b339075a1ef0f4c5dc961ecbce537eb87110808",
        False,
        False,
    ),
)
VECTORS = tuple(
    Vector(bytes.fromhex(key), bytes.fromhex(message), bytes.fromhex(signature), without, with_)
    for key, message, signature, without, with_ in _HEX
)

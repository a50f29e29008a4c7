"""Words to compare aloud: a list of our own, apart from recovery words so that nobody confuses the two.

256 short English words that differ in their first four letters; none is on the BIP-39 list. Four words carry
32 bits against accidents, six carry 48: enough to notice a wrong invitation or another history, no proof.
"""

from __future__ import annotations

import hashlib

WORDS: tuple[str, ...] = tuple(
    """
    abbey acorn adobe alcove almond altar amber anthem antler anvil apron arbor archer armada aspen attic aurora
    badger bagel ballad banjo barley basil bayou bazaar beacon beaver beetle bellow birch bison bistro blazer
    bobcat bonnet brook broth bucket buffet bugle burrow calico camel canary candle canopy carrot cashew catnip
    cavern cedar cello chapel chisel cinder citrus clover cobalt cobra cobweb cocoa comet condor cookie cougar
    crayon crocus crow cupola curfew cymbal dagger dahlia daisy denim domino donut dynamo easel eclair ember
    fajita falcon fennel fern ferret fiddle finch fjord flint flute forge fudge gallop garnet gavel geyser
    goblet gopher gravel grotto gumbo hamlet harp hazel heather hedge heron hickory holly hopper hornet hummus
    hyena iceberg igloo indigo inkwell iris jackal jasmine jasper jersey jigsaw jukebox juniper kayak kebab
    kennel kernel kettle koala ladle lagoon lantern lark lasagna laurel ledger lentil lichen lilac lily linen
    llama locket lotus lute lynx magpie mallet marsh melon mermaid meteor mimosa mink mitten moose mosaic moss
    mural mustard narwhal nectar nickel nougat nugget nutmeg oasis oatmeal obelisk oboe omelet onyx opal orchid
    oregano osprey otter ottoman pagoda palette pansy papaya parsley pastry peacock pebble penguin peony petal
    pewter pickle pine plaza plum pollen poppy prairie pretzel puffin pulley quarry quiche quill radish rapids
    ravioli reef rhubarb robin ruby saffron sardine satchel scarf sequoia sherbet silo skylark sleet sonnet
    sparrow spatula spruce squid swan tadpole tandem teapot terrace thistle toffee topaz toucan trellis tulip
    tundra turnip tweed valise vanilla velcro vinyl vortex waffle walrus wicker willow wombat yarn yogurt zebu
    zephyr zinnia
    """.split()
)


def words_for(data: bytes, count: int) -> tuple[str, ...]:
    """``count`` words for these bytes: one per byte of SHA-256(data)."""
    return tuple(WORDS[byte] for byte in hashlib.sha256(data).digest()[:count])

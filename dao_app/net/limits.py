"""Every bound of the network in one place: name with its unit, value, reason."""

from dao_app.core.finality.checkpoint import CERTIFICATE_BYTES_MAX
from dao_app.core.limits import CONTENT_BYTES_MAX, ENVELOPE_BYTES_MAX, SALT_BYTES

# frames and messages
FRAME_BYTES_MAX = CERTIFICATE_BYTES_MAX + 1_024  # the largest single object is a certificate
MESSAGE_BYTES_MAX = 1024 * 1024  # every other message
HELLO_BYTES_MAX = 2_048  # a stranger's message; the longest of ours has about 600 bytes
VARINT_BYTES_MAX = 4  # lengths up to 2**28, above any frame
READ_BYTES = 256 * 1024  # one read from a stream

# hello
HELLO_KEYS_MAX = 8  # newest organisation keys that are tried; always so many MACs are sent
HELLO_S_MAX = 10.0  # from the first byte to the last; a slow stranger costs one task that long
HELLOS_AT_ONCE_MAX = 32  # strangers greeted at the same time
HELLOS_PER_S = 20.0  # strangers greeted a second, after a burst
HELLOS_BURST = 100.0
KNOCKS = (10.0, 200.0)  # connections from one address a second, after a burst: an office comes back from one
KNOCKS_ALL = (50.0, 500.0)  # from all addresses: beyond that handshakes would take all the time
KNOCKERS_MAX = 4_096  # addresses remembered for that
STRANGERS_MAX = 64  # connections that have not said hello yet

# session
HEADS_PER_MESSAGE_MAX = 8_000  # x 73 bytes
DEVICES_MAX = 100_000  # heads of one peer that are remembered
PLAIN_HEADS_MAX = 16  # rows of the smaller side up to which both simply list theirs
SYMBOLS_MAX = 8_192  # of one comparison, x 20 bytes; of larger differences items are listed
ITEMS_MAX = 65_536  # listed in one comparison, x 12 bytes; more are told as heads
MORE_MAX = 4  # times that one comparison asks for more of them
COMPARISONS_MAX = 4  # of one session: again under another salt where digests go on differing and nothing is lacking
RANGES_PER_WANT_MAX = 10_000  # x 45 bytes
IDS_PER_WANT_MAX = 256  # actions asked for by name
WORDS_PER_MESSAGE_MAX = 64  # votes and proposals of witnesses
WORDS_BYTES = 224 * 1024
WORDS_KNOWN_MAX = 10_000  # words remembered as told to a peer or heard from it
ACTIONS_PER_WANT_MAX = 50_000  # sent for one request; then heads are looked at again
ACTIONS_PER_MESSAGE_MAX = 512
ACTIONS_BYTES = 224 * 1024  # envelopes gathered in one message
ADMIT_ACTIONS = 4_096  # gathered before they are handed on: verifying and storing like large batches
ADMIT_BYTES = 2 * 1024 * 1024  # or as soon as they have so many bytes
CERTIFICATES_PER_WANT_MAX = 1_500  # below what a replica holds while their actions are on the way
CERTIFICATES_BYTES = 224 * 1024
SNAPSHOT_BYTES = 224 * 1024  # buckets gathered in one message
SNAPSHOT_BYTES_PER_WANT = 16 * 1024 * 1024  # sent for one request; then it is asked on
CONTENTS_PER_WANT_MAX = 128
CONTENTS_LOOKED_AT = 512  # of those wanted here, at one ask
CONTENTS_BYTES = 512 * 1024
BLOB_BYTES_MAX = SALT_BYTES + CONTENT_BYTES_MAX
HASHES_PER_MESSAGE_MAX = 1_024  # in "have"
MISSING_CONTENT_MAX = 10_000  # hashes remembered that a peer does not have
RANGE_BUFFER_BYTES = 8 * 1024 * 1024  # envelopes read ahead while ranges are merged
RANGE_CHUNK_BYTES_MIN = 2_048
RANGE_CHUNK_BYTES_MAX = 64 * 1024
WANTS_OPEN_MAX = 2  # requests of ours: one is judged while the next is on its way
WANTS_WAITING_MAX = 3  # requests of a peer that wait for an answer, the one that was just answered counted
PIECE_ACTIONS = 4_096  # of the certified history, asked of one peer in one request: one batch for judging
PIECES_AHEAD = 8  # that may be held until those before them are here, x 1.5 MiB
PIECE_HELD_MAX = 20_000  # actions of a piece that is held; larger ones are fetched when it is their turn
PIECE_SLOW_MS = 10_000  # after that a piece is asked of another peer as well
PIECE_ASKERS_MAX = 2
THING_SLOW_MS = 20_000  # after that, or so long without so much of the answer, other things are asked of another peer
THING_BYTES_MIN = 65_536
REFUSED_MAX = 32  # forged or malformed objects from one peer before it is sent away
INTAKES_AT_ONCE = 2  # batches judged and stored side by side: one is verified while one is applied

# time
FRAME_S_MAX = 30.0  # from a frame's first byte to its last (slow-loris)
STALL_S_MAX = 20.0  # without a byte while something was asked for
ANSWER_S_MAX = STALL_S_MAX + FRAME_S_MAX  # without the answer, or so much of it, whatever else is said
ANSWER_BYTES_MIN = 16_384
WRITE_S_MAX = 60.0  # a write that the peer does not read
SILENCE_S_MAX = 90.0  # without any frame; a state is sent every KEEPALIVE_S
KEEPALIVE_S = 30.0
GATHER_S = 0.02  # changes are told together when they come this close
TICK_S = 1.0

# streams, peers, bytes
LINKS_MAX = 200
MEETINGS_MAX = 4  # hellos under way, both ways, beyond which nobody else is dialled
LINKS_WANTED = 12  # so many are looked for; others may come and what somebody asks for is dialled beyond them
MESSAGES_PER_S = 2_000.0  # of one peer, small ones counted
MESSAGES_BURST = 8_000.0
BYTES_PER_S = 256 * 1024 * 1024.0  # of one peer: above what loopback gives, below what fills memory
BYTES_BURST = 512 * 1024 * 1024.0
BAN_S = 120.0  # a device that forged something is not heard again so long

# dialling and closing
CLOSE_S_MAX = 3.0  # connections that do not close by then are dropped
DIAL_S_MAX = 10.0
HEAD_START_S = 0.3  # of one address before the next is tried (RFC 8305 says 0.25)
DIALS_AT_ONCE_MAX = 4
BACKOFF_S_MIN = 0.5
BACKOFF_S_MAX = 60.0
STORE_AWAY_S = 2.0  # before a host that went down because the store failed comes up again
WAKE_LOOK_S = 5.0  # how often a changed network or a sleep of the machine is looked for
WAKE_S = 2.0  # within which all are dialled again after the machine slept or its network changed
MDNS_POLL_S = 1.0

# peer exchange
RECORDS_PER_MESSAGE_MAX = 64  # x 4 KiB
RECORDS_TOLD_MAX = 256  # of all members, when a link begins
RECORD_AGE_MS_MAX = 30 * 86_400_000  # an older one is passed on no more
RECORD_AHEAD_MS_MAX = 600_000  # as for actions: one of a clock that is further ahead is not taken
RECORDS_PER_MIN = 6.0  # of one device, after a burst: each is told to everybody
RECORDS_BURST = 6.0
CHECKS_PER_S = 20.0  # signatures of records from one peer, after a burst
CHECKS_BURST = 600.0
BUCKETS_MAX = 1_024
RECORD_AGAIN_MS = 12 * 3_600_000  # one's own is renewed so often though nothing changed

# relaying for members
RESERVATIONS_MAX = 200  # devices that keep a place at one relay: as many as it has links
RESERVATION_S = 3_600  # how long a place is kept without being asked for again
CIRCUITS_MAX = 32  # at one time through one relay: a circuit costs two streams and 128 KiB
CIRCUITS_PER_DEVICE_MAX = 8  # of which one device may be an end
CIRCUIT_S_MAX = 2 * 3_600.0  # then it is dialled anew: who can be reached directly by then goes directly
CIRCUIT_BYTES_MAX = 1024 * 1024 * 1024  # both ways: more than a first sync of 100,000 actions
CIRCUIT_READ_BYTES = 64 * 1024
CIRCUIT_WRITE_S_MAX = 60.0  # a side that reads nothing ends the circuit
RELAY_MESSAGE_BYTES_MAX = 4_096  # of the relay's and the hole punching protocol's control messages
RELAY_S_MAX = 10.0  # for one such exchange
RELAYS_USED_MAX = 2  # at which a device that nobody reaches keeps a place
RELAY_ADDRESSES_MAX = 2  # of one relay that are announced
RELAY_TICK_S = 2.0
PUNCH_ATTEMPTS_MAX = 3  # per relayed link
PUNCH_PAUSES_S = (1.0, 20.0, 300.0)
PUNCH_ADDRESSES_MAX = 4
PUNCH_KNOWN_S_MAX = 2.0  # for addresses that are known, before a hole is tried
PUNCH_S_MAX = 5.0  # for one round of dialling from both sides
PUNCH_DELAY_S_MAX = 2.0  # half a round trip, after which one side dials

# asking a peer whether it reaches us
DIAL_BACK_PORTS_MAX = 4
DIAL_BACK_S_MAX = 4.0  # for one port: what drops packets is silent for ever
DIAL_BACKS_AT_ONCE_MAX = 2
DIAL_BACK_EVERY_S = 20.0  # for one peer that asks
ASK_BACK_AGAIN_S = 600.0  # and so often a device asks one peer
SLEPT_MS = 20_000  # the wall's clock ran so much further than ours: the machine slept

# gossip
GOSSIP_BYTES_MAX = 256 * 1024  # one hint; larger ones go by the sync stream alone
GOSSIP_ITEMS_MAX = 256
HINTS_AT_ONCE_MAX = 16  # being judged and stored; what comes meanwhile the sessions bring
GOSSIP_PER_S = 200.0  # hints of one forwarding peer a second, after a burst
GOSSIP_BURST = 400.0

CLOCK_DIFFERENCE_MS_MAX = 120_000  # a larger one is told to people

assert max(ACTIONS_BYTES + ENVELOPE_BYTES_MAX, CONTENTS_BYTES + BLOB_BYTES_MAX) < MESSAGE_BYTES_MAX

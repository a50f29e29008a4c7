"""Peer-to-peer sync: sans-IO protocol parts, and one adapter that performs them over libp2p.

``codec``, ``messages``, ``hello``, ``session``, ``telling``, ``reconcile``, ``asking``, ``fetching``, ``contents``,
``answers``, ``ranges``, ``gossip``, ``dialing`` and ``meters`` do no I/O. ``link`` runs hello and session over one
stream, ``node`` is one organisation's host with its peers, ``network`` implements the port, and ``host`` with its
parts is all that knows libp2p.
"""

"""Calls by script: who is seen and heard when, played through the real front end at little cost.

``composing`` writes scripts of calls, ``casting`` finds people for them in a pack, ``material``
embeds what they show and say once, ``call_player`` plays calls, ``outcome`` judges them, and
``render`` makes the very same calls as pictures and sound.
"""

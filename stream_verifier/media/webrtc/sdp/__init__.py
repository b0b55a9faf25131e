"""SDP: what an offer means, what aiortc is given of it, and the whole answer.

aiortc reads SDP as its own kind writes it. Offers of browsers, phones and encoders leave out what
the RFCs let them leave out: they are completed here, and reduced to what the call takes.
"""

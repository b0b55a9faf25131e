"""Events as signed HTTP messages to an address of the operator's choice.

Receivers in Python check a message with `verify_signature`.
"""

from stream_verifier.webhooks.signature import sign, verify_signature

__all__ = ["sign", "verify_signature"]

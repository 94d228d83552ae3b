"""What arrives over HTTP: decoded, checked, handed on, answered. Nothing is decided here.

One module per noun. Handlers get ``Services`` by name; refusals are exceptions that ``service.problems`` turns into
RFC 9457 problems. Only ``service.app`` imports this room.
"""

"""The HTTP interface: parses, makes one engine call, replies. Only a kind's own routes know it by name."""

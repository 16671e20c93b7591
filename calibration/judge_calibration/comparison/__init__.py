"""Two judges on the same items: what differs, and what changes when one takes the other's place."""

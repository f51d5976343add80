"""What comes in by itself: mail and chat, verified, stored raw, then understood behind the outbox."""

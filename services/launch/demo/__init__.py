"""`make demo`: a day at a complaints desk in a minute, played through the public API on a product of its own."""

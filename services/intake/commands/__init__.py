"""What the doors of intake may do: one use case each."""

"""What a run leaves on disk, and how it gets there without ever being half written."""

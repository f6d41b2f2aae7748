"""The pure half of the library: waits for nothing, reads no clock, opens nothing, knows no SDK."""

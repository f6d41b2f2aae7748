"""A call to a provider's server through its own SDK: bounded in time and size, and read raw."""

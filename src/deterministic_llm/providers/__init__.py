"""Where answers come from: one module a kind of backend; an SDK is imported when it is used."""

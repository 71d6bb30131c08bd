"""Moving the open sockets of one server to the other: closed at a pace, watched, accounted for."""

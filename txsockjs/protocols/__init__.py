"""The endpoints of a service by transport, under the names of txsockjs 1.2.2."""

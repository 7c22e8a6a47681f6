"""The listening ports.

- listening: they are tried before the process becomes a daemon, and opened when the service starts.
- inherited: sockets that systemd, or a program that does the same, has opened.
- handed: sockets that one process of the service hands to the next one at a restart.
- unix_paths: what is at the path of a Unix socket.
- detaching: idle connections that are handed to the next process as well.
- certificates: those of TLS are read anew while a port is open. plain_text: what such a port says to whoever speaks
  without TLS. tls_files: what is wrong with the files of a certificate.
- links: the URL of a port, for the log.
"""

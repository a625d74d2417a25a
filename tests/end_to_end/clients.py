"""Clients of what listens, and what they are told by how a connection ends."""

import errno
import socket

from running import PATIENCE


def connect(url, timeout=PATIENCE):
    """A socket to where an input listens, as `status` names it."""
    transport, rest = url.split("://", 1)
    if transport in ("unix", "unixgram"):
        kind = socket.SOCK_STREAM if transport == "unix" else socket.SOCK_DGRAM
        client = socket.socket(socket.AF_UNIX, kind)
        address = rest
    else:
        host, port = rest.rsplit(":", 1)
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        client = socket.socket(family, socket.SOCK_STREAM if transport == "tcp" else socket.SOCK_DGRAM)
        address = (host.strip("[]"), int(port))
    client.settimeout(timeout)
    try:
        client.connect(address)
    except OSError:
        client.close()
        raise
    return client


def half_close(client):
    """Half-closes and waits for the answer: True for a clean end of file, False for anything else."""
    try:
        client.shutdown(socket.SHUT_WR)
    except OSError as error:
        client.close()
        if isinstance(error, ConnectionError) or error.errno == errno.ENOTCONN:  # reset before we were done
            return False
        raise
    return ended_cleanly(client)


def ended_cleanly(client):
    """Waits for the end of a connection that was half-closed: True for a clean end of file."""
    try:
        return client.recv(1) == b"" and client.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) == 0
    except ConnectionError:
        return False
    finally:
        client.close()


def send(url, data, timeout=PATIENCE):
    """Sends `data` on a connection of its own; True once the receiver confirmed it."""
    client = connect(url, timeout)
    try:
        client.sendall(data)
    except ConnectionError:
        client.close()
        return False
    return half_close(client)

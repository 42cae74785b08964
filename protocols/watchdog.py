"""Bounds a whole HTTP exchange in time.

A client's time-outs bound each wait, so an endpoint that sends one byte a minute holds a thread for
ever. The watchdog shuts the socket down when the time for everything is over.
"""

import socket
import threading
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection

_here = threading.local()


class Watchdog:
    """Shuts down the sockets that this thread uses within the block, once *limit* is over.

    Attributes:
        has_bitten: Whether it did.
        is_connected: Whether a connection stood, so that something may have been sent.
    """

    def __init__(self, limit: timedelta) -> None:
        self.has_bitten = False
        self.is_connected = False
        self._sockets: list[socket.socket] = []
        self._lock = threading.Lock()
        self._timer = threading.Timer(limit.total_seconds(), self._bite)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        _here.watchdog = self
        self._timer.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        _here.watchdog = None
        with self._lock:
            for held in self._sockets:
                held.close()
            self._sockets.clear()

    def watch(self, used: socket.socket) -> None:
        """Watch a socket by a plain handle of our own.

        TLS takes the descriptor of the socket that was opened, and a TLS socket cannot be
        duplicated. To shut the TLS socket itself down would drop its state under its reader.
        """
        with self._lock:
            self._sockets.append(socket.socket(fileno=socket.dup(used.fileno())))
            if self.has_bitten:
                self._shut_down()

    def _bite(self) -> None:
        with self._lock:
            self.has_bitten = True
            self._shut_down()

    def _shut_down(self) -> None:
        for held in self._sockets:
            with suppress(OSError):
                held.shutdown(socket.SHUT_RDWR)


def _watchdog() -> Watchdog | None:
    return getattr(_here, "watchdog", None)


class _WatchedConnection(HTTPConnection):
    _watched_by: Watchdog | None = None

    def _new_conn(self) -> socket.socket:
        opened = super()._new_conn()
        self._have_watched(opened)
        return opened

    def connect(self) -> None:
        super().connect()
        _note_connected()

    def putrequest(self, *args: Any, **kwargs: Any) -> None:
        if self.sock is not None:  # over TLS a new one too, which is watched since it was opened
            if self._watched_by is not _watchdog():
                self._have_watched(self.sock)
            _note_connected()
        super().putrequest(*args, **kwargs)

    def _have_watched(self, used: socket.socket) -> None:
        self._watched_by = _watchdog()
        if self._watched_by is not None:
            self._watched_by.watch(used)


class _WatchedTlsConnection(_WatchedConnection, HTTPSConnection):
    pass


def _note_connected() -> None:
    watchdog = _watchdog()
    if watchdog is not None:
        watchdog.is_connected = True


class _Pool(HTTPConnectionPool):
    ConnectionCls = _WatchedConnection


class _TlsPool(HTTPSConnectionPool):
    ConnectionCls = _WatchedTlsConnection


class WatchedAdapter(HTTPAdapter):
    """An adapter whose connections a `Watchdog` can end."""

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **kwargs)
        _use_watched(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **kwargs: Any) -> PoolManager:
        """Make the pools of connections through a proxy."""
        manager: PoolManager = super().proxy_manager_for(*args, **kwargs)
        _use_watched(manager)
        return manager


def _use_watched(manager: PoolManager) -> None:
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

//! Listeners that the service manager holds open (`sd_listen_fds(3)`). Connections wait in them while the program is replaced, so
//! that nobody is refused.

use listenfd::ListenFd;
use parking_lot::Mutex;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::LazyLock;

/// The listener for an address, if the service manager holds one that was not taken yet: it listens there, or at that port of
/// every address.
pub(crate) fn take_listener(wanted: &str) -> Option<TcpListener> {
    let wanted: Vec<SocketAddr> = wanted.to_socket_addrs().ok()?.collect();
    let mut held = INHERITED.lock();
    let fitting = |listener: &TcpListener| {
        let Ok(bound) = listener.local_addr() else {
            return false;
        };
        let is_fitting = |wanted: &SocketAddr| {
            wanted.port() == bound.port()
                && (wanted.ip() == bound.ip() || bound.ip().is_unspecified())
        };
        wanted.iter().any(is_fitting)
    };
    let place = held.iter().position(fitting)?;
    let listener = held.swap_remove(place);
    // The runtime waits for all of them at once.
    listener.set_nonblocking(true).ok()?;
    Some(listener)
}

/// The listeners that nobody has taken yet. What is no listener for TCP is left alone.
static INHERITED: LazyLock<Mutex<Vec<TcpListener>>> = LazyLock::new(|| {
    let mut passed = ListenFd::from_env();
    let listeners = (0..passed.len()).filter_map(|place| passed.take_tcp_listener(place).ok()?);
    Mutex::new(listeners.collect())
});

//! Strangers at a port: connections that say nothing, or begin a handshake and stop, from one address of this machine or from many.

use rustls::{ClientConnection, RootCertStore};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::{Semaphore, oneshot};

/// What a stranger does once it is connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrangerBehaviour {
    /// Nothing.
    Silent,
    /// It begins a handshake and does not go on.
    HalfOpen,
}

/// From where strangers come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrangerOrigin {
    /// All from the address from which members come, too.
    OneAddress,
    /// Each from another one, of ten thousand.
    ManyAddresses,
}

impl StrangerOrigin {
    fn address(self, number: u64) -> Ipv4Addr {
        match self {
            Self::OneAddress => Ipv4Addr::LOCALHOST,
            Self::ManyAddresses => {
                let number = u16::try_from(number % 10_000).unwrap_or(0);
                let [third, fourth] = number.to_be_bytes();
                Ipv4Addr::new(127, 1, third, fourth)
            }
        }
    }
}

/// Strangers that come again and again until this is dropped. No more than some thousand of their connections are open at once.
#[derive(Debug)]
pub struct ConnectionFlood {
    stop: Option<oneshot::Sender<()>>,
    opened: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

impl ConnectionFlood {
    /// So many in each second; each stays until it is turned out.
    ///
    /// # Panics
    /// When the port is none, or there are no threads.
    #[must_use]
    #[expect(
        clippy::expect_used,
        reason = "a test can't go on without its strangers"
    )]
    pub fn at(
        port: &str,
        origin: StrangerOrigin,
        behaviour: StrangerBehaviour,
        each_second: u32,
    ) -> Self {
        let target: SocketAddr = port.parse().expect("an address");
        let opened = Arc::new(AtomicU64::new(0));
        let (stop, ends) = oneshot::channel();
        let hello = match behaviour {
            StrangerBehaviour::Silent => Vec::new(),
            StrangerBehaviour::HalfOpen => hello(),
        };
        let coming = come(target, origin, hello, each_second, Arc::clone(&opened));
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .expect("a runtime");
        let thread = std::thread::spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = ends => {}
                    () = coming => {}
                }
            });
        });
        Self {
            stop: Some(stop),
            opened,
            thread: Some(thread),
        }
    }

    /// How many have come so far.
    #[must_use]
    pub fn came(&self) -> u64 {
        self.opened.load(Ordering::Relaxed)
    }
}

impl Drop for ConnectionFlood {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// The most connections that strangers hold at once.
const AT_ONCE: usize = 6_000;

async fn come(
    target: SocketAddr,
    origin: StrangerOrigin,
    hello: Vec<u8>,
    each_second: u32,
    opened: Arc<AtomicU64>,
) {
    let hello: Arc<[u8]> = hello.into();
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut guests = tokio::task::JoinSet::new();
    let mut beat = tokio::time::interval(Duration::from_millis(10));
    let (mut number, mut due) = (0_u64, 0.0);
    loop {
        beat.tick().await;
        due += f64::from(each_second) / 100.0;
        while due >= 1.0 {
            due -= 1.0;
            let Ok(permit) = Arc::clone(&places).try_acquire_owned() else {
                continue;
            };
            let (hello, opened) = (Arc::clone(&hello), Arc::clone(&opened));
            let from = origin.address(number);
            number = number.wrapping_add(1);
            guests.spawn(async move {
                if let Ok(mut stream) = connect(from, target).await {
                    opened.fetch_add(1, Ordering::Relaxed);
                    let _ = stream.write_all(&hello).await;
                    let mut read = [0_u8; 4096];
                    while matches!(stream.read(&mut read).await, Ok(1..)) {}
                }
                drop(permit);
            });
        }
        while guests.try_join_next().is_some() {}
    }
}

async fn connect(from: Ipv4Addr, target: SocketAddr) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    socket.bind(SocketAddr::new(IpAddr::V4(from), 0))?;
    socket.connect(target).await
}

/// The first message of a handshake as a member would send it.
#[expect(clippy::expect_used, reason = "a test can't go on without it")]
fn hello() -> Vec<u8> {
    let config = crate::tls::client()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    let name = "127.0.0.1".try_into().expect("a name");
    let mut connection = ClientConnection::new(Arc::new(config), name).expect("a connection");
    let mut bytes = Vec::new();
    connection.write_tls(&mut bytes).expect("bytes");
    bytes
}

//! Relay that a test can make silent: connections stay open, and no byte passes.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Relay of connections.
pub(crate) struct SilentRelay {
    pub(crate) address: SocketAddr,
    opened: Arc<AtomicUsize>,
    /// Number of silent connections, counted from the first.
    silent: watch::Sender<usize>,
    /// Number of times that bytes of the other end were held back.
    answers_held: watch::Sender<usize>,
    /// Number of connections that the caller has ended.
    ended: watch::Sender<usize>,
}

impl SilentRelay {
    pub(crate) async fn start(to: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let relay = Self {
            address: listener.local_addr().unwrap(),
            opened: Arc::default(),
            silent: watch::Sender::new(0),
            answers_held: watch::Sender::new(0),
            ended: watch::Sender::new(0),
        };
        let opened = Arc::clone(&relay.opened);
        let (silent, ended) = (relay.silent.clone(), relay.ended.clone());
        let answers_held = relay.answers_held.clone();
        tokio::spawn(async move {
            loop {
                let (near, _) = listener.accept().await.unwrap();
                let number = opened.fetch_add(1, Ordering::SeqCst);
                let far = TcpStream::connect(to).await.unwrap();
                let (near_read, near_write) = near.into_split();
                let (far_read, far_write) = far.into_split();
                let (calls, ended) = (silent.subscribe(), ended.clone());
                let unseen = watch::Sender::new(0);
                tokio::spawn(async move {
                    pass_bytes(near_read, far_write, number, calls, &unseen).await;
                    ended.send_modify(|ended| *ended += 1);
                });
                let (answers, held) = (silent.subscribe(), answers_held.clone());
                tokio::spawn(async move {
                    pass_bytes(far_read, near_write, number, answers, &held).await;
                });
            }
        });
        relay
    }

    /// Makes the existing connections silent; later ones are not.
    pub(crate) fn silence_connections(&self) {
        self.silent.send_replace(self.opened.load(Ordering::SeqCst));
    }

    /// Makes all connections silent, later ones too.
    pub(crate) fn silence_all(&self) {
        self.silent.send_replace(usize::MAX);
    }

    /// Lets all bytes pass again, the held ones first.
    pub(crate) fn resume(&self) {
        self.silent.send_replace(0);
    }

    /// Waits until bytes of the other end were held back.
    pub(crate) async fn await_held_answer(&self) {
        let mut held = self.answers_held.subscribe();
        held.wait_for(|held| *held > 0).await.unwrap();
    }

    /// Waits until the caller has ended a connection.
    pub(crate) async fn await_end(&self) {
        let mut ended = self.ended.subscribe();
        ended.wait_for(|ended| *ended > 0).await.unwrap();
    }
}

/// Forwards bytes in one direction, until either end closes.
async fn pass_bytes(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    number: usize,
    mut silent: watch::Receiver<usize>,
    held: &watch::Sender<usize>,
) {
    let mut bytes = vec![0; 64 * 1024];
    let mut pending = Vec::new();
    loop {
        // The end of a caller that gives up is noticed even in silence.
        tokio::select! {
            read = from.read(&mut bytes), if pending.len() < MOST => match read {
                Ok(count @ 1..) => pending.extend_from_slice(&bytes[..count]),
                Ok(0) | Err(_) => return,
            },
            changed = silent.changed() => if changed.is_err() { return },
        }
        if pending.is_empty() {
            continue;
        }
        if *silent.borrow_and_update() > number {
            held.send_modify(|held| *held += 1);
        } else if to.write_all(&pending).await.is_err() {
            return;
        } else {
            pending.clear();
        }
    }
}

/// Largest number of bytes held back in one direction.
const MOST: usize = 1024 * 1024;

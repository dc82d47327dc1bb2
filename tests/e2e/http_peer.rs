//! A server of HTTP on this machine that answers as a test says, and tells what came.

use serde_json::Value;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

/// A request as it came.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct PeerRequest {
    pub(crate) method: String,
    pub(crate) path: String,
    /// The lines of its head, in small letters.
    pub(crate) head: String,
    /// Nothing where it has no body.
    pub(crate) body: Value,
}

/// The server.
pub(crate) struct HttpPeer {
    pub(crate) address: String,
    /// It ends with the process of the test, since nobody knows how many requests come.
    _serving: std::thread::JoinHandle<()>,
    came: Receiver<PeerRequest>,
}

impl HttpPeer {
    /// Answers with a status and a body of JSON, or nothing where that is null.
    pub(crate) fn new(answer: impl Fn(&PeerRequest) -> (u16, Value) + Send + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (send, came) = channel();
        let serving = std::thread::spawn(move || {
            for caller in listener.incoming() {
                let mut caller = caller.unwrap();
                let Some(request) = read(&mut caller) else {
                    continue;
                };
                let (status, body) = answer(&request);
                let text = match body {
                    Value::Null => String::new(),
                    body => body.to_string(),
                };
                let reply = format!(
                    "HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{text}",
                    text.len()
                );
                // Whoever has the answer finds that it was asked for.
                if send.send(request).is_err() {
                    return;
                }
                let _gone = caller.write_all(reply.as_bytes());
            }
        });
        Self {
            address,
            _serving: serving,
            came,
        }
    }

    /// The next request.
    pub(crate) fn next(&self) -> PeerRequest {
        self.came.recv_timeout(Duration::from_secs(60)).unwrap()
    }

    /// Whether there is none by now.
    pub(crate) fn is_quiet(&self) -> bool {
        self.came.try_recv().is_err()
    }
}

/// A request, as far as its length says.
pub(crate) fn read(caller: &mut TcpStream) -> Option<PeerRequest> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let length = caller.read(&mut piece).ok().filter(|length| *length > 0)?;
        bytes.extend_from_slice(&piece[..length]);
        if let Some(request) = request(&bytes) {
            return Some(request);
        }
    }
}

/// The request that bytes are; nothing where more of it has to come.
pub(crate) fn request(bytes: &[u8]) -> Option<PeerRequest> {
    let text = String::from_utf8_lossy(bytes).into_owned();
    let (head, body) = text.split_once("\r\n\r\n")?;
    let mut words = head.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let head = head.to_lowercase();
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let length = length.map_or(0, |length| length.parse::<usize>().unwrap());
    (body.len() >= length).then(|| PeerRequest {
        method,
        path,
        body: serde_json::from_str(body).unwrap_or_default(),
        head,
    })
}

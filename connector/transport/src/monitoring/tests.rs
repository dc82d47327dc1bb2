//! Tests of the monitoring interface over real sockets: access in HTTP and gRPC, and resistance to slow clients.

use crate::monitoring::{MonitoringHandler, MonitoringToken, ReadinessCheck, serve_monitoring};
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

#[derive(Default)]
struct TestMonitoringHandler {
    is_broken: AtomicBool,
}

#[async_trait::async_trait]
impl MonitoringHandler for TestMonitoringHandler {
    async fn metrics(&self) -> Result<String, Refusal> {
        Ok("# EOF\n".to_owned())
    }

    async fn readiness(&self) -> Vec<ReadinessCheck> {
        let fault = Refusal::new(ErrorCode::DiskFull, "the disk of `/srv/log` is full");
        let is_broken = self.is_broken.load(Ordering::Relaxed);
        vec![ReadinessCheck {
            name: "log",
            fault: is_broken.then_some(fault),
        }]
    }
}

async fn face(token: Option<&str>) -> (SocketAddr, Arc<TestMonitoringHandler>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let handler = Arc::new(TestMonitoringHandler::default());
    let token = token.map(|text| MonitoringToken::new(text).unwrap());
    let served = serve_monitoring(listener, handler.clone(), token, std::future::pending());
    tokio::spawn(served);
    (address, handler)
}

/// Complete response to a request, as received.
async fn get(address: SocketAddr, path: &str, headers: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn what_is_served_is_what_the_handler_says() {
    let (address, handler) = face(None).await;
    assert!(get(address, "/livez", "").await.ends_with("\r\n\r\nok\n"));
    let metrics = get(address, "/metrics", "").await;
    assert!(
        metrics.contains("application/openmetrics-text; version=1.0.0"),
        "{metrics}"
    );
    assert!(metrics.ends_with("# EOF\n"));
    let ready = get(address, "/readyz?verbose", "").await;
    assert!(ready.starts_with("HTTP/1.1 200 "), "{ready}");
    assert!(ready.ends_with("[+] log ok\nready\n"), "{ready}");
    handler.is_broken.store(true, Ordering::Relaxed);
    let ready = get(address, "/readyz", "").await;
    assert!(ready.starts_with("HTTP/1.1 503 "), "{ready}");
    assert!(
        ready.contains("DISK_FULL: the disk of `/srv/log` is full"),
        "{ready}"
    );
    // It is still live: a restart would not help.
    assert!(
        get(address, "/livez", "")
            .await
            .starts_with("HTTP/1.1 200 ")
    );
    assert!(get(address, "/else", "").await.starts_with("HTTP/1.1 404 "));
}

#[tokio::test]
async fn metrics_need_the_token_and_readiness_tells_codes_alone_without_it() {
    let token = "0123456789abcdef";
    let (address, handler) = face(Some(token)).await;
    for wrong in [
        "",
        "Authorization: Bearer 0123456789abcdee\r\n",
        "Authorization: Basic eA==\r\n",
    ] {
        let metrics = get(address, "/metrics", wrong).await;
        assert!(metrics.starts_with("HTTP/1.1 401 "), "{metrics}");
        assert!(!metrics.contains("EOF"), "{metrics}");
    }
    let right = format!("Authorization: Bearer {token}\r\n");
    assert!(get(address, "/metrics", &right).await.ends_with("# EOF\n"));
    handler.is_broken.store(true, Ordering::Relaxed);
    let ready = get(address, "/readyz?verbose", "").await;
    assert!(ready.contains("[-] log DISK_FULL\n"), "{ready}");
    assert!(!ready.contains("/srv/log"), "{ready}");
    assert!(
        get(address, "/readyz?verbose", &right)
            .await
            .contains("/srv/log")
    );
    assert!(MonitoringToken::new("short").is_err());
}

#[tokio::test]
async fn health_over_grpc_follows_readiness() {
    let (address, handler) = face(None).await;
    let channel = tonic::transport::Endpoint::from_shared(format!("http://{address}")).unwrap();
    let mut client = HealthClient::new(channel.connect().await.unwrap());
    let asked = HealthCheckRequest {
        service: String::new(),
    };
    let mut seen = client.watch(asked).await.unwrap().into_inner();
    assert_eq!(
        seen.message().await.unwrap().unwrap().status(),
        ServingStatus::Serving
    );
    handler.is_broken.store(true, Ordering::Relaxed);
    assert_eq!(
        seen.message().await.unwrap().unwrap().status(),
        ServingStatus::NotServing
    );
}

/// Silent connections occupy their places only. A client that waits meanwhile gets its response when one of them ends.
#[tokio::test]
async fn silent_connections_end() {
    let (address, _handler) = face(None).await;
    let mut silent = Vec::new();
    for _ in 0..super::CONNECTIONS {
        silent.push(TcpStream::connect(address).await.unwrap());
    }
    let mut late = TcpStream::connect(address).await.unwrap();
    assert_eq!(
        late.read(&mut [0; 8]).await.unwrap_or(0),
        0,
        "one more is hung up on"
    );
    drop(silent);
    loop {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let asked = b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
        let mut answer = String::new();
        let sent = stream.write_all(asked).await;
        if sent.is_ok() && stream.read_to_string(&mut answer).await.is_ok() && !answer.is_empty() {
            assert!(answer.ends_with("ok\n"), "{answer}");
            return;
        }
        tokio::task::yield_now().await;
    }
}

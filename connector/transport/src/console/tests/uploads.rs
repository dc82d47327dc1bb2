//! Files as browsers and attackers send them (attack 25 of the console's list).

use super::{HOST, ORIGIN, ReceivedUpload, TestConsole};
use hansa_policy::refusal::ErrorCode;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

const POST: &str = "POST /datasets/upload HTTP/1.1";
const FILE_FORM: &str = "Content-Type: multipart/form-data; boundary=XX";
const COOKIE: &str = "Cookie: hansa=secret";

/// Time of senders that are no test of it, on a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Form with a key and a file.
fn build_form(name: &str, content: &str) -> String {
    format!(
        "--XX\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\nk-1\r\n\
         --XX\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: text/csv\r\n\r\n{content}\r\n--XX--\r\n"
    )
}

impl TestConsole {
    /// Sends a form, and gives the status of the response with the file that the handler read.
    async fn upload(&self, form: &str) -> (String, Option<ReceivedUpload>) {
        let length = format!("Content-Length: {}", form.len());
        let lines = [POST, HOST, ORIGIN, COOKIE, FILE_FORM, &length];
        let (status, _) = self.status(&lines, form).await;
        (status, self.handler.1.lock().pop())
    }

    /// Opens a connection, and sends a head with this length of the form.
    async fn begin_upload(&self, length: usize) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        let length = format!("Content-Length: {length}");
        let head = [POST, HOST, ORIGIN, COOKIE, FILE_FORM, &length].join("\r\n");
        let head = format!("{head}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Waits until the handler has ended with an upload.
    async fn take_upload(&self) -> ReceivedUpload {
        let ended = async {
            loop {
                if let Some(received) = self.handler.1.lock().pop() {
                    return received;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(30), ended).await;
        ended.expect("the handler ends")
    }
}

#[tokio::test]
async fn attack_25_a_file_comes_whole_and_its_name_stays_a_text() {
    let console = TestConsole::start_within(PATIENCE).await;
    let content = "site,bikes\r\n--X\r\n--XY\r\n".repeat(20_000);
    for name in [
        "bikes.csv",
        "../../etc/passwd",
        "/root/.ssh/id",
        "a\u{202e}b",
    ] {
        let (status, received) = console.upload(&build_form(name, &content)).await;
        assert_eq!(status, "200", "{name}");
        let received = received.unwrap();
        let head = received.head.unwrap();
        assert_eq!(head.file_name, name);
        assert_eq!(head.fields["key"], "k-1");
        assert_eq!(head.fields.len(), 1);
        assert!(received.bytes == content.as_bytes(), "{name}");
    }
    let (status, received) = console.upload(&build_form("none.csv", "")).await;
    assert_eq!((status.as_str(), received.unwrap().bytes.len()), ("200", 0));
}

#[tokio::test]
async fn attack_25_one_path_takes_a_file_from_a_page_of_the_console() {
    let console = TestConsole::start_within(PATIENCE).await;
    let form = build_form("bikes.csv", "site\n1\n");
    let length = format!("Content-Length: {}", form.len());
    let url_form = "Content-Type: application/x-www-form-urlencoded";
    let no_boundary = "Content-Type: multipart/form-data";
    let long = format!("{no_boundary}; boundary={}", "b".repeat(71));
    for (lines, wanted) in [
        (&[POST, HOST, FILE_FORM, COOKIE, &length][..], "403"),
        (
            &[POST, HOST, "Origin: null", FILE_FORM, COOKIE, &length],
            "403",
        ),
        (
            &[
                POST,
                HOST,
                ORIGIN,
                "Sec-Fetch-Site: cross-site",
                FILE_FORM,
                &length,
            ],
            "403",
        ),
        (&[POST, HOST, ORIGIN, url_form, COOKIE, &length], "415"),
        (&[POST, HOST, ORIGIN, no_boundary, COOKIE, &length], "400"),
        (&[POST, HOST, ORIGIN, &long, COOKIE, &length], "400"),
        (
            &["POST /leave HTTP/1.1", HOST, ORIGIN, FILE_FORM, &length],
            "415",
        ),
        (
            &[
                "POST /datasets/upload/ HTTP/1.1",
                HOST,
                ORIGIN,
                FILE_FORM,
                &length,
            ],
            "415",
        ),
        (
            &[
                POST,
                HOST,
                ORIGIN,
                FILE_FORM,
                COOKIE,
                "Transfer-Encoding: chunked",
            ],
            "411",
        ),
        (
            &["GET /datasets/upload HTTP/1.1", HOST, FILE_FORM, &length],
            "400",
        ),
    ] {
        let (status, seen) = console.status(lines, &form).await;
        assert_eq!(status, wanted, "{lines:?}");
        assert!(seen.is_empty(), "{lines:?}");
        assert!(console.handler.1.lock().is_empty(), "{lines:?}");
    }
}

#[tokio::test]
async fn attack_25_a_stranger_is_answered_before_the_file_is_read() {
    let console = TestConsole::start_within(PATIENCE).await;
    let mut stream = TcpStream::connect(console.address).await.unwrap();
    // Two gigabytes are announced, and none of them is sent.
    let length = "Content-Length: 2147483648";
    let head = [POST, HOST, ORIGIN, FILE_FORM, length].join("\r\n");
    let head = format!("{head}\r\n\r\n");
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = [0; 12];
    let read = stream.read_exact(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(30), read).await;
    read.expect("an answer").unwrap();
    assert_eq!(&answer, b"HTTP/1.1 303");
    let received = console.take_upload().await;
    assert!(received.head.is_none() && received.bytes.is_empty());
}

#[tokio::test]
async fn attack_25_a_file_that_is_cut_is_no_file() {
    let console = TestConsole::start_within(PATIENCE).await;
    let form = build_form("bikes.csv", &"1,2,3\n".repeat(10_000));
    for sent in [0, 10, 60, 200, form.len() / 2, form.len() - 3] {
        let mut stream = console.begin_upload(form.len()).await;
        stream.write_all(&form.as_bytes()[..sent]).await.unwrap();
        drop(stream);
        let received = console.take_upload().await;
        assert_eq!(
            received.fault,
            Some(ErrorCode::UploadIncomplete),
            "{sent} bytes"
        );
    }
    // A form whose stated length hides its end.
    let cut = &form[..form.len() / 2];
    let (status, received) = console.upload(cut).await;
    assert_eq!(status, "422");
    assert_eq!(received.unwrap().fault, Some(ErrorCode::UploadIncomplete));
}

#[tokio::test]
async fn attack_25_one_byte_at_a_time_ends() {
    let console = TestConsole::start().await;
    let form = build_form("bikes.csv", &"1,2,3\n".repeat(10_000));
    let mut stream = console.begin_upload(form.len()).await;
    // The fields and the beginning of the file come at once, the rest in drops.
    stream.write_all(&form.as_bytes()[..400]).await.unwrap();
    let drip = async {
        for byte in &form.as_bytes()[400..] {
            if stream.write_all(&[*byte]).await.is_err() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let received = tokio::select! {
        received = console.take_upload() => received,
        () = drip => panic!("the whole file came in drops"),
    };
    assert_eq!(received.fault, Some(ErrorCode::UploadIncomplete));
}

#[tokio::test]
async fn attack_25_what_stands_around_the_file_is_short_and_plain() {
    let console = TestConsole::start_within(PATIENCE).await;
    let field = |name: &str, value: &str| {
        format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let file = |name: &str| {
        format!(
            "--XX\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"a.csv\"\r\n\r\n1\r\n"
        )
    };
    let end = "--XX--\r\n";
    let long = "a".repeat(600 * 1024);
    for (form, what) in [
        (field("key", "k") + end, "no file"),
        (
            field("key", "k") + &field("file", "1") + end,
            "a text as the file",
        ),
        (field("key", "k") + &file("other") + end, "another name"),
        (
            field("key", "k") + &field("key", "k") + &file("file") + end,
            "a field twice",
        ),
        (
            field("key", "k") + &file("file") + &file("file") + end,
            "two files",
        ),
        (
            file("file") + &field("key", "k") + end,
            "the key behind the file",
        ),
        (
            field("key", "a\0b") + &file("file") + end,
            "a control character",
        ),
        (field("key", &long) + &file("file") + end, "a long field"),
        (format!("--XX\r\nX-Long: {long}"), "a long head of a part"),
        (long.clone(), "no part at all"),
        (
            file("file") + &format!("--XX\r\nX-Long: {long}"),
            "a long tail",
        ),
    ] {
        let (_, received) = console.upload(&form).await;
        let received = received.unwrap();
        assert_eq!(received.fault, Some(ErrorCode::UploadIncomplete), "{what}");
    }
}

#[tokio::test]
async fn attack_25_two_files_at_once_do_not_mix() {
    let console = TestConsole::start_within(PATIENCE).await;
    let (one, other) = ("1,2\n".repeat(50_000), "3,4,5\n".repeat(50_000));
    let (form, second) = (build_form("one.csv", &one), build_form("other.csv", &other));
    let mut streams = [
        (console.begin_upload(form.len()).await, form.as_bytes()),
        (console.begin_upload(second.len()).await, second.as_bytes()),
    ];
    for part in 0..10 {
        for (stream, bytes) in &mut streams {
            let (from, to) = (bytes.len() * part / 10, bytes.len() * (part + 1) / 10);
            stream.write_all(&bytes[from..to]).await.unwrap();
        }
    }
    let mut received = [console.take_upload().await, console.take_upload().await];
    received.sort_by_key(|upload| upload.bytes.len());
    assert!(received[0].bytes == one.as_bytes());
    assert!(received[1].bytes == other.as_bytes());
}

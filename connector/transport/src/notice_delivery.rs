//! Delivery of notices to people: by a webhook, or by a command that sends mail.

use crate::http_client;
use hansa_policy::refusal::{ErrorCode, Refusal};
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

/// Timeout of one delivery.
const PATIENCE: Duration = Duration::from_secs(4);

/// Posts a notice in JSON with this media type. `id` is equal in all attempts for one notice, so that the recipient can detect
/// repetitions.
///
/// # Errors
/// `NOTICE_UNDELIVERABLE` unless the response is a success (RFC 9110, section 15.3). Redirections are not followed.
pub async fn post_notice(
    url: &str,
    id: &str,
    media_type: &str,
    json: Vec<u8>,
) -> Result<(), Refusal> {
    let client = http_client::build_client(PATIENCE, undeliverable_notice_refusal)?;
    let answer = client
        .post(url)
        .header("content-type", media_type)
        .header("idempotency-key", id)
        .body(json)
        .send()
        .await
        .map_err(|fault| {
            undeliverable_notice_refusal(http_client::failure_reason(&fault, PATIENCE))
        })?;
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    Err(undeliverable_notice_refusal(format!(
        "it answered {}",
        status.as_u16()
    )))
}

/// Checks that an address answers a request without credentials. The body is not read.
///
/// # Errors
/// `NOTICE_UNDELIVERABLE` unless the response is a success.
pub async fn check_address_answers(url: &str) -> Result<(), Refusal> {
    let client = http_client::build_client(PATIENCE, undeliverable_notice_refusal)?;
    let answer = client.get(url).send().await;
    let answer = answer.map_err(|fault| {
        undeliverable_notice_refusal(http_client::failure_reason(&fault, PATIENCE))
    })?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(undeliverable_notice_refusal(format!(
            "it answered {}",
            answer.status().as_u16()
        ))),
    }
}

/// Runs a command with a message on its standard input.
///
/// # Errors
/// `NOTICE_UNDELIVERABLE` unless the command exits with 0 before the timeout.
pub async fn mail_notice(command: &[String], mail: &str) -> Result<(), Refusal> {
    let Some((program, args)) = command.split_first() else {
        return Err(undeliverable_notice_refusal(
            "the command is empty".to_owned(),
        ));
    };
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .map_err(|fault| {
            undeliverable_notice_refusal(format!("`{program}` can't be started: {fault}"))
        })?;
    let reporting = async {
        if let Some(mut input) = child.stdin.take() {
            // A write error is ignored: the exit status of the command decides.
            let _ = input.write_all(mail.as_bytes()).await;
            let _ = input.shutdown().await;
        }
        child.wait().await
    };
    match tokio::time::timeout(PATIENCE, reporting).await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(undeliverable_notice_refusal(format!(
            "`{program}` ended with {status}"
        ))),
        Ok(Err(fault)) => Err(undeliverable_notice_refusal(format!(
            "`{program}`: {fault}"
        ))),
        Err(_) => Err(undeliverable_notice_refusal(format!(
            "`{program}` did not end within {} seconds",
            PATIENCE.as_secs()
        ))),
    }
}

fn undeliverable_notice_refusal(sentence: String) -> Refusal {
    Refusal::new(ErrorCode::NoticeUndeliverable, sentence)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read as _, Write as _};

    fn listening(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let heard = std::thread::spawn(move || {
            let (mut caller, _) = listener.accept().unwrap();
            let mut said = Vec::new();
            let mut piece = [0_u8; 4096];
            while !said.ends_with(b"{\"days\":30}") {
                let length = caller.read(&mut piece).unwrap();
                said.extend_from_slice(&piece[..length]);
            }
            caller.write_all(answer.as_bytes()).unwrap();
            String::from_utf8(said).unwrap()
        });
        (url, heard)
    }

    #[tokio::test]
    async fn a_success_is_a_delivery_and_nothing_else_is() {
        let json = || b"{\"days\":30}".to_vec();
        let (url, heard) = listening("HTTP/1.1 204 No Content\r\n\r\n");
        post_notice(&url, "7f3a", "application/json", json())
            .await
            .unwrap();
        let text = heard.join().unwrap().to_lowercase();
        assert!(text.contains("idempotency-key: 7f3a"), "{text}");
        for answer in [
            "HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n",
        ] {
            let (url, heard) = listening(answer);
            let refusal = post_notice(&url, "7f3a", "application/json", json())
                .await
                .unwrap_err();
            heard.join().unwrap();
            assert_eq!(refusal.code, ErrorCode::NoticeUndeliverable);
            assert!(!refusal.sentence.contains(&url), "{refusal}");
        }
    }

    #[tokio::test]
    async fn an_address_answers_or_not() {
        for (answer, is_open) in [
            ("HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx", true),
            ("HTTP/1.1 401 No\r\ncontent-length: 0\r\n\r\n", false),
        ] {
            let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
            let url = format!("http://{}/open/x.csv", listener.local_addr().unwrap());
            let heard = std::thread::spawn(move || {
                let (mut caller, _) = listener.accept().unwrap();
                let mut piece = [0_u8; 4096];
                let _read = caller.read(&mut piece).unwrap();
                caller.write_all(answer.as_bytes()).unwrap();
            });
            assert_eq!(check_address_answers(&url).await.is_ok(), is_open);
            heard.join().unwrap();
            assert!(
                check_address_answers(&url).await.is_err(),
                "nobody listens there any more"
            );
        }
    }

    #[tokio::test]
    async fn a_command_has_the_message_on_its_input() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mail");
        let script = format!("cat > {}", file.display());
        let command = |script: &str| ["sh", "-c", script].map(str::to_owned);
        mail_notice(&command(&script), "Subject: over\n\nsoon")
            .await
            .unwrap();
        assert_eq!(
            std::fs::read_to_string(file).unwrap(),
            "Subject: over\n\nsoon"
        );
        let refusal = mail_notice(&command("exit 3"), "x").await.unwrap_err();
        assert!(refusal.sentence.contains('3'), "{refusal}");
        let none = mail_notice(&["/no/such/program".to_owned()], "x").await;
        assert_eq!(none.unwrap_err().code, ErrorCode::NoticeUndeliverable);
    }
}

//! Time stamps: from time to time, an authority outside the league states that the newest head of the log existed.
//!
//! A request covers a signed head. The response is fully verified, and its token is stored beside the heads. No answer waits for
//! it. `hansa status` shows a failure, and the request is repeated.

use crate::config::time_stamp::TimeStampConfig;
use crate::log::time_stamp_progress::{NewestStamp, TimeStampProgress};
use crate::participant::Connector;
use crate::process::blocking_work::run_blocking;
use crate::process::randomness::random_bytes;
use hansa_audit_log::note::SignedHead;
use hansa_audit_store::StampedHead;
use hansa_identity::time_stamp::{request, verify_token};
use hansa_identity::{TimeStampAnchors, TimeStampRequest};
use hansa_policy::refusal::Refusal;
use std::sync::Arc;
use std::time::Duration;

/// Pause after a failure. A shorter `every` takes precedence.
const RETRY: Duration = Duration::from_secs(60);

/// Requests a time stamp for the newest head, if one is due.
pub async fn stamp_newest_head(connector: &Arc<Connector>) {
    let Some(config) = connector.config().time_stamp.clone() else {
        connector
            .records
            .time_stamps
            .set(TimeStampProgress::default());
        return;
    };
    let mut progress = connector.records.time_stamps.progress();
    let ticks = connector.ticks();
    if progress.config.as_ref() != Some(&config) {
        let newest = load_newest_stamp(connector, &config).await;
        progress = TimeStampProgress {
            config: Some(config.clone()),
            due: ticks,
            ..TimeStampProgress::default()
        };
        match newest {
            Ok(newest) => progress.newest = newest,
            Err(fault) => progress.fault = Some(fault),
        }
        connector.records.time_stamps.set(progress.clone());
    }
    let head = connector.records.log.head();
    let stamped = progress.newest.as_ref().map_or(0, |newest| newest.size);
    if ticks < progress.due || head.checkpoint.size <= stamped {
        return;
    }
    let pause = match request_stamp(connector, &config, head).await {
        Ok(newest) => {
            progress.newest = Some(newest);
            progress.fault = None;
            config.every
        }
        Err(fault) => {
            tracing::warn!(code = %fault.code, reason = fault.sentence, "log.head_not_stamped");
            progress.fault = Some(fault);
            config.every.min(RETRY)
        }
    };
    let pause = i64::try_from(pause.as_micros()).unwrap_or(i64::MAX);
    progress.due = connector.ticks().saturating_add(pause);
    connector.records.time_stamps.set(progress);
}

/// Requests a token over a head's note, verifies it, and stores it.
async fn request_stamp(
    connector: &Arc<Connector>,
    config: &TimeStampConfig,
    head: SignedHead,
) -> Result<NewestStamp, Refusal> {
    let request = TimeStampRequest::new(head.note_digest(), random_bytes());
    let longest = request::LONGEST_RESPONSE;
    let response = hansa_transport::time_stamp_client::request_time_stamp(
        &config.url,
        request.to_der(),
        longest,
    )
    .await?;
    let (inner, files) = (Arc::clone(connector), config.trust.clone());
    run_blocking(move || {
        let anchors = TimeStampAnchors::open(&files)?;
        let accepted = request.accept_response(&response, &anchors)?;
        let size = head.checkpoint.size;
        inner.records.log.keep_time_stamp(&StampedHead {
            head,
            token: accepted.token,
        })?;
        Ok(NewestStamp {
            size,
            stamp: Some(accepted.stamp),
        })
    })
    .await
}

/// Newest stored time stamp, verified with the current trust anchors.
async fn load_newest_stamp(
    connector: &Arc<Connector>,
    config: &TimeStampConfig,
) -> Result<Option<NewestStamp>, Refusal> {
    let (inner, files) = (Arc::clone(connector), config.trust.clone());
    run_blocking(move || {
        let Some(last) = inner.records.log.time_stamps()?.pop() else {
            return Ok(None);
        };
        let anchors = TimeStampAnchors::open(&files)?;
        Ok(Some(NewestStamp {
            size: last.head.checkpoint.size,
            stamp: verify_token(&last.token, &last.head.note_digest(), &anchors).ok(),
        }))
    })
    .await
}

//! Traces for a collector of OpenTelemetry (OTLP over HTTP): spans alone, in batches, beside the work.
//!
//! Events, which may quote what somebody wrote, stay in the log. What the collector does not take is lost, and nothing waits for it: the
//! queue holds 2,048 spans.

use bytes::Bytes;
use hansa_node::config::monitoring::TraceConfig;
use hansa_node::process::thread_shutdown;
use hansa_policy::id::ParticipantId;
use hansa_policy::refusal::{ErrorCode, Refusal};
use http::{Request, Response};
use opentelemetry::trace::TracerProvider as _;
use opentelemetry::{KeyValue, global};
use opentelemetry_http::{HttpClient, HttpError};
use opentelemetry_otlp::{SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::propagation::TraceContextPropagator;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use std::collections::HashMap;
use std::time::Duration;

/// How long the collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last batch is waited for at the end.
const LAST: Duration = Duration::from_secs(2);

/// The way to the collector. At its end what is left is sent.
#[derive(Debug)]
pub struct TraceExport {
    provider: SdkTracerProvider,
    tracer: SdkTracer,
    /// Carries the requests; the thread of the batches has no reactor of its own.
    runtime: Option<tokio::runtime::Runtime>,
}

impl TraceExport {
    /// Opens the way to the collector of this participant; from then on questions carry their trace with them.
    ///
    /// # Errors
    /// `CONFIG_INVALID` when the token can't be read; `INTERNAL` without a thread.
    pub fn open(settings: &TraceConfig, participant: &ParticipantId) -> Result<Self, Refusal> {
        let broken = |what: String| Refusal::new(ErrorCode::Internal, what);
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("traces")
            .enable_all()
            .build()
            .map_err(|cause| broken("no thread for traces".to_owned()).caused_by(cause))?;
        let _already = rustls::crypto::aws_lc_rs::default_provider().install_default();
        let client = reqwest::Client::builder()
            .timeout(PATIENCE)
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|cause| broken("no client for traces".to_owned()).caused_by(cause))?;
        let client = TraceClient {
            client,
            handle: runtime.handle().clone(),
        };
        let mut headers = HashMap::new();
        if let Some(file) = &settings.token_file {
            let token = hansa_files::read_file(file, 4096)?;
            let token = String::from_utf8_lossy(&token);
            headers.insert(
                "authorization".to_owned(),
                format!("Bearer {}", token.trim()),
            );
        }
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(client)
            .with_headers(headers)
            .with_endpoint(&settings.url)
            .with_timeout(PATIENCE)
            .build()
            .map_err(|cause| {
                Refusal::new(
                    ErrorCode::ConfigInvalid,
                    format!("`{}`: {cause}", settings.url),
                )
                .caused_by(cause)
            })?;
        let resource = Resource::builder_empty()
            .with_attributes([
                KeyValue::new("service.name", "hansa"),
                KeyValue::new("service.version", env!("CARGO_PKG_VERSION")),
                KeyValue::new("service.instance.id", participant.domain().to_owned()),
            ])
            .build();
        // Those of peers are links and no parents, so the share here decides alone.
        let sampler = Sampler::ParentBased(Box::new(Sampler::TraceIdRatioBased(settings.share)));
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_sampler(sampler)
            .with_resource(resource)
            .build();
        global::set_text_map_propagator(TraceContextPropagator::new());
        global::set_tracer_provider(provider.clone());
        Ok(Self {
            tracer: provider.tracer("hansa"),
            provider,
            runtime: Some(runtime),
        })
    }

    /// Makes spans of what is traced.
    pub(crate) fn tracer(&self) -> SdkTracer {
        self.tracer.clone()
    }
}

impl Drop for TraceExport {
    fn drop(&mut self) {
        let _lost = self.provider.shutdown_with_timeout(LAST);
        if let Some(runtime) = self.runtime.take() {
            let _in_time = thread_shutdown::end_within(runtime, LAST);
        }
    }
}

/// Sends batches on threads that can wait for sockets.
#[derive(Debug)]
struct TraceClient {
    client: reqwest::Client,
    handle: tokio::runtime::Handle,
}

/// The most bytes of an answer of the collector that are read.
const LARGEST: usize = 64 * 1024;

#[async_trait::async_trait]
impl HttpClient for TraceClient {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let client = self.client.clone();
        let sent = self.handle.spawn(async move {
            let mut answer = client.execute(request.try_into()?).await?;
            let mut body = Vec::new();
            while let Some(piece) = answer.chunk().await? {
                body.extend_from_slice(piece.get(..piece.len().min(LARGEST)).unwrap_or_default());
                if body.len() >= LARGEST {
                    break;
                }
            }
            let built = Response::builder()
                .status(answer.status())
                .body(body.into())?;
            Ok::<_, HttpError>(built)
        });
        sent.await?
    }
}

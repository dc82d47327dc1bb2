//! TLS as the league speaks it, under the one provider of it: other libraries of a test may bring another.
#![expect(clippy::expect_used, reason = "a harness reports by failing the test")]

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::{ClientConfig, ConfigBuilder, ServerConfig, WantsVerifier};
use std::sync::Arc;

/// Begins the configuration of a client.
///
/// # Panics
/// When the provider has no TLS 1.3.
#[must_use]
pub fn client() -> ConfigBuilder<ClientConfig, WantsVerifier> {
    ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
}

/// Begins the configuration of a server.
///
/// # Panics
/// When the provider has no TLS 1.3.
#[must_use]
pub fn server() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("TLS 1.3")
}

/// The one provider of cryptography.
#[must_use]
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

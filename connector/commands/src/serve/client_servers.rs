//! Servers for programs of analysts, programs that speak HTTP, and people.

use crate::connect;
use crate::console::console_service::ConsoleService;
use crate::serve::{ServerTasks, bind_listener, ended_transfers};
use hansa_identity::mtls::client_face;
use hansa_node::console::issuer_login::read_issuer_config;
use hansa_node::participant::Connector;
use hansa_node::partner::PartnerProcesses;
use hansa_node::process::named_file::write_named_file;
use hansa_node::process::randomness::random_hex;
use hansa_partners::catalog_terms::CatalogTerms;
use hansa_partners::process_engine::ProcessEngine;
use hansa_policy::refusal::Refusal;
use hansa_programs::program_handler::ClientHandler;
use hansa_transport::console::ConsoleOrigin;
use hansa_transport::console::server::{ConsoleServerConfig, serve_console};
use hansa_transport::flight_sql::server as flight_sql;
use hansa_transport::peer::server::{ClientTls, PeerCertificateReader, ServerTlsProvider};
use hansa_transport::peer::settings::TransportSettings;
use hansa_transport::web::server as web;
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// Opens the face for programs of analysts, where the configuration names an address for it.
pub(super) async fn serve_clients(
    connector: &Arc<Connector>,
    stop: &CancellationToken,
    tasks: &mut ServerTasks,
) -> Result<(), Refusal> {
    let config = connector.config();
    let Some(address) = config.clients.listen else {
        return Ok(());
    };
    let (listener, bound) = bind_listener(&address.to_string()).await?;
    let shown = config.clients.certificate.as_ref();
    let shown = shown.map(|(certificate, key)| client_face::read_certificate(certificate, key));
    let shown = shown.transpose()?;
    let tls = client_face::client_face_config(&connector.identity.trust, &connector.clock, shown)?;
    write_connection_files(connector, connect::ADDRESS_FILE, &bound)?;
    let handler = Arc::new(ClientHandler::new(Arc::clone(connector)));
    let ending = stop.clone();
    let attest = certificate_reader(connector);
    tasks.spawn(async move {
        let tls: ServerTlsProvider = Arc::new(move || Arc::clone(&tls));
        flight_sql::serve_clients(
            listener,
            ClientTls { tls, attest },
            TransportSettings::default(),
            handler,
            async move {
                ending.cancelled().await;
            },
        )
        .await
    });
    Ok(())
}

/// Reads the certificate of a program that shows one.
fn certificate_reader(connector: &Arc<Connector>) -> PeerCertificateReader {
    let attesting = Arc::clone(connector);
    Arc::new(move |connection| {
        let now = attesting.now();
        hansa_identity::mtls::attest_certificate(&attesting.identity.trust, connection, now)
    })
}

/// Writes the files from which `hansa connect` fills in its lines: the roots of the league, and the address of a server.
fn write_connection_files(connector: &Connector, file: &str, address: &str) -> Result<(), Refusal> {
    let trusted = client_face::root_certificates(&connector.identity.trust, connector.now());
    write_named_file(
        &connector.state_file(connect::ROOT_FILE),
        trusted.as_bytes(),
    )?;
    write_named_file(&connector.state_file(file), address.as_bytes())
}

/// Opens the face for programs that speak HTTP, where the configuration names an address for it.
pub(super) async fn serve_web(
    connector: &Arc<Connector>,
    stop: &CancellationToken,
    tasks: &mut ServerTasks,
) -> Result<(), Refusal> {
    let config = connector.config();
    let Some(address) = config.web.listen else {
        return Ok(());
    };
    let (listener, bound) = bind_listener(&address.to_string()).await?;
    let shown = config.web.certificate.as_ref();
    let shown = shown.map(|(certificate, key)| client_face::read_certificate(certificate, key));
    let shown = shown.transpose()?;
    let tls = client_face::web_config(&connector.identity.trust, &connector.clock, shown)?;
    write_connection_files(connector, connect::WEB_FILE, &bound)?;
    let mut handler = ClientHandler::new(Arc::clone(connector));
    if config.dataspace.is_some() {
        let terms = Arc::new(CatalogTerms::new(Arc::clone(connector)));
        let engine = ProcessEngine::load(terms, Some(&connector.state_file("dataspace")))?;
        let processes: Arc<dyn PartnerProcesses> = engine.clone();
        connector.partner_processes.set(&processes);
        engine.resume_processes();
        tasks.spawn(ended_transfers(Arc::clone(&engine), stop.clone()));
        handler = handler.with_dataspace(engine);
    }
    let handler = Arc::new(handler);
    let folder = config.state.clone();
    let ending = stop.clone();
    let attest = certificate_reader(connector);
    tasks.spawn(async move {
        let tls: ServerTlsProvider = Arc::new(move || Arc::clone(&tls));
        let config = web::WebServerConfig {
            tls: ClientTls { tls, attest },
            settings: TransportSettings::default(),
            folder,
        };
        web::serve_web(listener, config, handler, async move {
            ending.cancelled().await;
        })
        .await;
        Ok(())
    });
    Ok(())
}

/// Opens the console, where the configuration names an address for it.
pub(super) async fn open_console(
    connector: &Arc<Connector>,
    stop: &CancellationToken,
    tasks: &mut ServerTasks,
) -> Result<(), Refusal> {
    let config = connector.config();
    let Some(address) = config.console.listen else {
        return Ok(());
    };
    let _readable = read_issuer_config(&config)?;
    let (listener, bound) = bind_listener(&address.to_string()).await?;
    let port = bound.rsplit(':').next().unwrap_or_default();
    let label = config.participant.id.domain().split('.').next();
    // Browsers send a cookie to every port of a host. A name that only `hansa console` tells is of no use to others on the machine.
    let origin = config.console.name.clone().unwrap_or_else(|| {
        let label = label.unwrap_or_default();
        format!("http://{label}-{}.localhost:{port}", random_hex(6))
    });
    let tls = match config.console.is_secure() {
        false => None,
        true => {
            let shown = config.console.certificate.as_ref();
            let shown =
                shown.map(|(certificate, key)| client_face::read_certificate(certificate, key));
            let shown = shown.transpose()?;
            let tls = client_face::web_config(&connector.identity.trust, &connector.clock, shown)?;
            let tls: ServerTlsProvider = Arc::new(move || Arc::clone(&tls));
            let attest = certificate_reader(connector);
            Some(ClientTls { tls, attest })
        }
    };
    let _first = connector.console.origin.set(origin.clone());
    let server = ConsoleServerConfig {
        origin: ConsoleOrigin {
            origin,
            is_secure: config.console.is_secure(),
        },
        tls,
        settings: TransportSettings::default(),
    };
    let service = Arc::new(ConsoleService(Arc::clone(connector)));
    let ending = stop.clone();
    tasks.spawn(async move {
        serve_console(listener, server, service, async move {
            ending.cancelled().await;
        })
        .await;
        Ok(())
    });
    Ok(())
}

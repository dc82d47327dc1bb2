//! `hansa connect`: the lines with which a program of an analyst connects, filled in.

pub(crate) mod arguments;

use crate::admin::command_result::CommandResult;
use crate::admin::connector_verb::{CommandContext, ConnectorVerb};
use crate::admin::event_sink::EventSink;
use crate::admin::named_file::NamedFile;
use crate::cli::command_effect::{Command, CommandEffect};
use crate::cli::command_report::CommandReport;
use crate::connect::arguments::{ClientProgram, ConnectArgs};
use hansa_identity::mtls::client_face;
use hansa_node::participant::Connector;
use hansa_node::participant::startup::JudgedState;
use hansa_policy::refusal::{ErrorCode, Refusal};
use hansa_transport::flight_sql::connection_check::{self, ConnectionCheck};
use hansa_transport::{AccessToken, PURPOSE_HEADER};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

impl Command for ConnectArgs {
    fn effect(&self) -> CommandEffect {
        CommandEffect::Looks
    }
}

impl ConnectorVerb for ConnectArgs {
    fn named_files(&mut self) -> Vec<NamedFile<'_>> {
        NamedFile::list_opened(self.test.as_mut())
    }

    fn judged_state(&self, _is_rehearsal: bool) -> JudgedState {
        JudgedState::None
    }

    async fn run(self, context: CommandContext<'_>) -> CommandResult {
        let CommandContext { connector, out, .. } = context;
        explain_connection(connector, self, out).await
    }
}

/// The file in the state folder that holds the address at which the connector that served last answered programs.
pub(crate) const ADDRESS_FILE: &str = "clients";

/// The file in the state folder that holds the address at which the connector that served last answered by HTTP.
pub(crate) const WEB_FILE: &str = "web";

/// The file in the state folder with the certificates that a program has to trust.
pub(crate) const ROOT_FILE: &str = "clients-root.pem";

/// Says how a program connects.
async fn explain_connection(
    connector: &Arc<Connector>,
    args: ConnectArgs,
    out: &EventSink,
) -> CommandResult {
    let target = ClientTarget::of(connector)?;
    let tried = match &args.test {
        None => None,
        Some(file) => {
            Some(try_connection(connector, &target, file, args.purpose.as_deref()).await?)
        }
    };
    let mut lines = target.program_lines(args.program);
    if let Some(tried) = &tried {
        lines.push_str(&format!(
            "\ntried: {} answers at {}, and the token reaches {}\n",
            tried.version,
            target.uri(),
            match tried.tables.is_empty() {
                true => "no table: there is no contract in force for its purpose".to_owned(),
                false => tried.tables.join(", "),
            }
        ));
    }
    out.send_report(&ConnectionReport {
        tried: tried.map(|tried| TriedConnection {
            version: tried.version,
            tables: tried.tables,
        }),
        uri: target.uri(),
        host: target.host,
        port: target.port,
        name: target.name,
        root_certificate: target.root,
        purpose_header: PURPOSE_HEADER,
        lines,
    })
    .await?;
    Ok(0)
}

/// Connection of a program.
#[derive(Debug, Serialize)]
struct ConnectionReport {
    tried: Option<TriedConnection>,
    uri: String,
    host: String,
    port: u16,
    name: Option<String>,
    root_certificate: Option<String>,
    purpose_header: &'static str,
    /// Lines with which the program connects.
    lines: String,
}

impl CommandReport for ConnectionReport {
    fn to_text(&self) -> String {
        self.lines.clone()
    }
}

/// Connection that was tried, with the tables that its token reaches.
#[derive(Debug, Serialize)]
struct TriedConnection {
    version: String,
    tables: Vec<String>,
}

/// Connects as a program does, with the token in a file.
async fn try_connection(
    connector: &Connector,
    target: &ClientTarget,
    file: &Path,
    purpose: Option<&str>,
) -> Result<ConnectionCheck, Refusal> {
    let text = hansa_files::read_file(file, 4096)?;
    let token = AccessToken::of_text(String::from_utf8_lossy(&text).trim())?;
    let trusted = match &connector.config().clients.certificate {
        None => connector.state_file(ROOT_FILE),
        Some((certificate, _)) => certificate.clone(),
    };
    let tls = client_face::program_config(&trusted)?;
    let name = target.name.as_ref().unwrap_or(&target.host);
    connection_check::check_connection(target.bound, name, tls, &token, purpose).await
}

/// Where programs connect to.
struct ClientTarget {
    /// Where the connector listens.
    bound: SocketAddr,
    host: String,
    port: u16,
    /// The name in the certificate, where it is not the host.
    name: Option<String>,
    /// The file with what has to be trusted; absent where a public authority vouches for the certificate.
    root: Option<String>,
}

impl ClientTarget {
    fn of(connector: &Connector) -> Result<Self, Refusal> {
        let config = connector.config();
        if config.clients.listen.is_none() {
            return Err(Refusal::new(
                ErrorCode::ConfigMissing,
                "no address for programs is configured",
            )
            .with_help("write into hansa.toml: [clients] listen = \"127.0.0.1:8816\"; then start the connector again"));
        }
        let file = connector.state_file(ADDRESS_FILE);
        let bound = hansa_files::read_file(&file, 256).unwrap_or_default();
        let bound = String::from_utf8_lossy(&bound);
        let address: SocketAddr = bound.trim().parse().map_err(|_| {
            Refusal::new(ErrorCode::ConfigMissing, "no connector serves programs yet")
                .with_help("hansa serve")
        })?;
        let domain = connector.id().domain().to_owned();
        let is_near = address.ip().is_loopback();
        let root = config
            .clients
            .certificate
            .is_none()
            .then(|| connector.state_file(ROOT_FILE).display().to_string());
        Ok(Self {
            bound: address,
            host: match is_near {
                true => address.ip().to_string(),
                false => domain.clone(),
            },
            port: address.port(),
            name: (is_near && root.is_some()).then_some(domain),
            root,
        })
    }

    fn uri(&self) -> String {
        format!("grpc+tls://{}:{}", self.host, self.port)
    }

    fn program_lines(&self, program: ClientProgram) -> String {
        match program {
            ClientProgram::Python => self.python_lines(
                "pandas",
                "import pandas\nframe = pandas.read_sql(\"SELECT …\", connection)\n",
            ),
            ClientProgram::Polars => self.python_lines(
                "polars",
                "import polars\nframe = polars.read_database(\"SELECT …\", connection)\n",
            ),
            ClientProgram::Duckdb => self.python_lines(
                "duckdb",
                "import duckdb\ncursor = connection.cursor()\ncursor.execute(\"SELECT …\")\nrows = cursor.fetch_arrow_table()\n\
                 duckdb.sql(\"SELECT count(*) FROM rows\")\n",
            ),
            ClientProgram::R => self.r_lines(),
            ClientProgram::Jdbc => self.jdbc_lines(),
            ClientProgram::Dbeaver => self.dbeaver_lines(),
            ClientProgram::Excel => self.excel_lines(),
        }
    }

    fn python_lines(&self, package: &str, ask: &str) -> String {
        let mut options = Vec::new();
        if let Some(root) = &self.root {
            options.push(format!(
                "    \"adbc.flight.sql.client_option.tls_root_certs\": open({root:?}).read(),\n"
            ));
        }
        if let Some(name) = &self.name {
            options.push(format!(
                "    \"adbc.flight.sql.client_option.tls_override_hostname\": {name:?},\n"
            ));
        }
        options.push(
            "    \"adbc.flight.sql.authorization_header\": \"Bearer \" + os.environ[\"HANSA_TOKEN\"],\n"
                .to_owned(),
        );
        let options = options.concat();
        format!(
            "# pip install {package} adbc-driver-flightsql pyarrow; the token of hansa token create in the variable HANSA_TOKEN\n\
             # of a token for several purposes one is named: \"adbc.flight.sql.rpc.call_header.{PURPOSE_HEADER}\": \"…\"\n\
             import os\nimport adbc_driver_flightsql.dbapi\n\n\
             connection = adbc_driver_flightsql.dbapi.connect({:?}, autocommit=True, db_kwargs={{\n{options}}})\n{ask}",
            self.uri()
        )
    }

    fn r_lines(&self) -> String {
        let mut options = String::new();
        if let Some(root) = &self.root {
            options.push_str(&format!(
                "  adbc.flight.sql.client_option.tls_root_certs = paste(readLines({root:?}), collapse = \"\\n\"),\n"
            ));
        }
        if let Some(name) = &self.name {
            options.push_str(&format!(
                "  adbc.flight.sql.client_option.tls_override_hostname = {name:?},\n"
            ));
        }
        format!(
            "# install.packages(c(\"adbcdrivermanager\", \"tibble\")); adbcflightsql from https://community.r-multiverse.org\n\
             library(adbcdrivermanager)\n\
             database <- adbc_database_init(adbcflightsql::adbcflightsql(), uri = {:?},\n{options}  \
             adbc.flight.sql.authorization_header = paste(\"Bearer\", Sys.getenv(\"HANSA_TOKEN\")))\n\
             connection <- adbc_connection_init(database)\n\
             frame <- tibble::as_tibble(read_adbc(connection, \"SELECT …\"))\n",
            self.uri()
        )
    }

    /// JDBC checks the certificate against the host alone.
    fn jdbc_url(&self) -> String {
        let host = self.name.as_deref().unwrap_or(&self.host);
        let root = self.root.as_ref();
        let root = root.map_or_else(String::new, |root| format!("&tlsRootCerts={root}"));
        format!(
            "jdbc:arrow-flight-sql://{host}:{}/?useEncryption=true{root}",
            self.port
        )
    }

    fn host_name_note(&self) -> String {
        let near = self.name.as_ref();
        near.map_or_else(String::new, |name| {
            format!(
                "The name {name} has to lead to {} on the machine of the program, in its file of hosts for example: JDBC takes no other name.\n",
                self.host
            )
        })
    }

    fn jdbc_lines(&self) -> String {
        format!(
            "Driver: org.apache.arrow:flight-sql-jdbc-driver:18.3.0; the virtual machine is started with\n  \
             --add-opens=java.base/java.nio=ALL-UNNAMED\n\
             URL:\n  {}\nuser: the id of the token, password: its secret\nof a token for several purposes one is named: &{PURPOSE_HEADER}=…\n{}",
            self.jdbc_url(),
            self.host_name_note()
        )
    }

    fn dbeaver_lines(&self) -> String {
        format!(
            "Driver: Apache Arrow Flight SQL, version 18.3.0 of the driver (DBeaver 26.1.3 and later do not start 19.0.0)\n\
             URL:\n  {}\nuser: the id of the token, password: its secret\n{}",
            self.jdbc_url(),
            self.host_name_note()
        )
    }

    fn excel_lines(&self) -> String {
        format!(
            "By the web, where [web] listen names an address: Data > From Web, https://…/v1/queries/NAME; then Basic, the id of the token as user \
             and its secret as password\n\
             A file, which needs no driver:\n  hansa sql \"SELECT …\" --output rows.csv\n\
             Or a driver of ODBC for Arrow Flight SQL: host {}, port {}, encryption on{}; user: the id of the token, password: its secret\n",
            self.host,
            self.port,
            self.root
                .as_ref()
                .map_or_else(String::new, |root| format!(", trusted certificates {root}"))
        )
    }
}

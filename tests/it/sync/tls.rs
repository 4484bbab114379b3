//! The connection to the warehouse: TLS in every mode against real certificates, passwords with every special character, a
//! pooler, sockets and IPv6.

use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::{env, fs};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postgres::{Client, NoTls};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd,
};

use crate::support::own_server::OwnServer;
use crate::support::program::{TestEnv, until};
use crate::support::stock::stocked;

fn left_out(why: &str) {
    // Not by a macro: what a macro prints in a test that passes is kept back.
    io::stderr()
        .write_all(format!("left out: {why}\n").as_bytes())
        .unwrap();
}

/// A server of the test's own; without one the test ends here and says so.
macro_rules! server {
    () => {{
        if env::var_os("INTEGRATION_TEST").is_none_or(|v| v != "1") {
            return left_out("a test of tls.rs needs INTEGRATION_TEST=1");
        }
        match OwnServer::start(&["listen_addresses=127.0.0.1,::1"]) {
            Some(server) => server,
            None => {
                return left_out("a test of tls.rs needs PostgreSQL's server programs and bash");
            }
        }
    }};
}

/// Where a server is, out of its URL: password and port.
fn parts(server: &OwnServer) -> (String, String) {
    let (userinfo, rest) = server.url().split_once('@').unwrap();
    let password = userinfo.rsplit_once(':').unwrap().1.to_owned();
    let port = rest
        .split_once(':')
        .unwrap()
        .1
        .split_once('/')
        .unwrap()
        .0
        .to_owned();
    (password, port)
}

/// An authority, and its certificate as a file.
struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(folder: &Path, name: &str) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        // By its own name: another authority of the same name would be told by its signature alone.
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let file = folder.join(format!("{name}.pem"));
        fs::write(&file, issuer.pem()).unwrap();
        Self { issuer, file }
    }

    /// A server's certificate and key as files.
    fn sign(&self, folder: &Path, host: &str, is_expired: bool) -> (PathBuf, PathBuf) {
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        if is_expired {
            params.not_before = date_time_ymd(2020, 1, 1);
            params.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let files = (folder.join("server.crt"), folder.join("server.key"));
        fs::write(&files.0, certificate.pem()).unwrap();
        fs::write(&files.1, key.serialize_pem()).unwrap();
        files
    }
}

/// A host, an sslmode, the authority that is named, and a word of the refusal, if it must be refused.
type Case<'a> = (&'a str, &'a str, Option<&'a Authority>, Option<&'a str>);

/// Asks a server in every way of a list.
struct Asking {
    env: TestEnv,
    password: String,
    port: String,
}

impl Asking {
    fn all(&mut self, server: &str, cases: &[Case<'_>]) {
        let (password, port) = (&self.password, &self.port);
        for (host, mode, authority, refusal) in cases {
            let root = authority.map_or_else(String::new, |a| {
                format!(" sslrootcert='{}'", a.file.display())
            });
            self.env.set(
                "DATABASE_URL",
                &format!("host={host} port={port} user=postgres password={password} dbname=postgres sslmode={mode}{root}"),
            );
            let ran = self.env.run(&["schema", "warehouse", "--apply"]);
            let context = format!("{server}, {host}, {mode}: {ran:?}");
            // Doctor says the same before.
            let doctor = self
                .env
                .run(&["doctor", "--offline", "--format", "json"])
                .rows();
            let found = doctor
                .iter()
                .find(|check| check["check"] == "warehouse")
                .unwrap();
            let verdict = if refusal.is_none() { "OK" } else { "FAIL" };
            assert_eq!(found["status"], verdict, "{context}: {found}");
            match refusal {
                None => assert_eq!(ran.code, 0, "{context}"),
                Some(why) => assert!(ran.code == 1 && ran.error().contains(why), "{context}"),
            }
        }
    }
}

#[test]
fn every_sslmode_means_what_libpq_means_by_it() {
    let mut server = server!();
    let folder = tempfile::tempdir().unwrap();
    let [ours, other] = ["ours", "other"].map(|name| Authority::new(folder.path(), name));
    let (ours, other) = (Some(&ours), Some(&other));
    let (password, port) = parts(&server);
    let mut asking = Asking {
        env: TestEnv::new(),
        password,
        port,
    };
    let none = Some("server does not support TLS");
    asking.all(
        "no TLS",
        &[
            ("localhost", "disable", None, None),
            ("localhost", "allow", None, None),
            ("localhost", "prefer", None, None),
            ("localhost", "require", None, none),
            ("localhost", "verify-ca", None, none),
            ("localhost", "verify-full", None, none),
        ],
    );
    let (certificate, key) = ours.unwrap().sign(folder.path(), "localhost", false);
    server.use_certificate(&certificate, &key);
    let (unknown, name) = (Some("authority (CN=ours)"), Some("not valid for name"));
    asking.all(
        "our certificate",
        &[
            ("localhost", "prefer", None, None),
            ("localhost", "require", None, None),
            ("localhost", "require", other, unknown),
            ("localhost", "verify-ca", ours, None),
            ("localhost", "verify-ca", other, unknown),
            ("localhost", "verify-ca", None, unknown),
            ("localhost", "verify-full", ours, None),
            ("localhost", "verify-full", other, unknown),
            // The certificate is for another name.
            ("127.0.0.1", "verify-ca", ours, None),
            ("127.0.0.1", "verify-full", ours, name),
        ],
    );
    // The password is bound to the server's certificate.
    let (bare, unbound) = ("disable channel_binding=require", Some("channel binding"));
    asking.all(
        "channel binding",
        &[
            ("localhost", "require channel_binding=require", None, None),
            ("localhost", bare, None, unbound),
        ],
    );
    let (certificate, key) = ours.unwrap().sign(folder.path(), "localhost", true);
    server.use_certificate(&certificate, &key);
    asking.all(
        "expired",
        &[
            ("localhost", "require", None, None),
            ("localhost", "verify-ca", ours, Some("expired")),
            ("localhost", "verify-full", ours, Some("expired")),
        ],
    );
}

/// A program that makes certificates as rcgen does not; `None` where there is none.
fn openssl(folder: &Path, command: &str) -> Option<()> {
    let mut openssl = Command::new("openssl");
    openssl.args(command.split(' ')).current_dir(folder);
    let output = openssl.output().ok()?;
    assert!(output.status.success(), "{command}: {output:?}");
    Some(())
}

#[test]
fn a_refused_certificate_is_told_with_what_would_help() {
    let mut server = server!();
    let folder = tempfile::tempdir().unwrap();
    let ours = Authority::new(folder.path(), "ours");
    let (password, port) = parts(&server);
    let env = TestEnv::new();
    let mut asking = Asking {
        env,
        password,
        port,
    };
    // Its own authority.
    let key = folder.path().join("server.key");
    fs::write(&key, ours.issuer.key().serialize_pem()).unwrap();
    server.use_certificate(&ours.file, &key);
    let own = Some(
        "(CN=ours) is self-signed and not an authority's, which does not work even as the sslrootcert itself",
    );
    asking.all(
        "self-signed",
        &[
            ("localhost", "require", None, None),
            ("localhost", "require", Some(&ours), own),
            ("localhost", "verify-full", Some(&ours), own),
        ],
    );
    // The host's name only where nobody looks any more.
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params
        .distinguished_name
        .push(DnType::CommonName, "localhost");
    let pair = KeyPair::generate().unwrap();
    let certificate = folder.path().join("server.crt");
    let signed = params.signed_by(&pair, &ours.issuer).unwrap();
    fs::write(&certificate, signed.pem()).unwrap();
    fs::write(&key, pair.serialize_pem()).unwrap();
    server.use_certificate(&certificate, &key);
    let common = Some("only in the common name (CN=localhost)");
    asking.all(
        "common name",
        &[
            ("localhost", "require channel_binding=require", None, None),
            ("localhost", "verify-ca", Some(&ours), None),
            ("localhost", "verify-full", Some(&ours), common),
        ],
    );
}

#[test]
fn require_encrypts_with_certificates_that_cannot_be_verified() {
    let mut server = server!();
    let folder = tempfile::tempdir().unwrap();
    let (password, port) = parts(&server);
    let env = TestEnv::new();
    let mut asking = Asking {
        env,
        password,
        port,
    };
    let [certificate, key] = ["server.crt", "server.key"].map(|name| folder.path().join(name));
    let authority = "req -new -x509 -nodes -newkey rsa:2048 -subj /CN=root -out root.pem -keyout root.key -days 9";
    if openssl(folder.path(), authority).is_none() {
        return left_out("certificates of version 1 and of RSA-PSS need openssl");
    }
    let request =
        "req -new -nodes -newkey rsa:2048 -subj /CN=localhost -out server.csr -keyout server.key";
    openssl(folder.path(), request);
    let root = Authority {
        file: folder.path().join("root.pem"),
        issuer: Authority::new(folder.path(), "unused").issuer,
    };
    let sign = "x509 -req -in server.csr -CA root.pem -CAkey root.key -CAcreateserial -days 9 -out server.crt";
    fs::write(
        folder.path().join("names"),
        "subjectAltName=DNS:localhost\n",
    )
    .unwrap();
    let pss = format!("{sign} -extfile names -sigopt rsa_padding_mode:pss");
    for (command, why) in [
        (sign, "X.509 version 1"),
        (&pss, "cannot be verified here (RSA-PSS)"),
    ] {
        openssl(folder.path(), command);
        server.use_certificate(&certificate, &key);
        let refusal = Some(why);
        asking.all(
            why,
            &[
                ("localhost", "require", None, None),
                ("localhost", "verify-ca", Some(&root), refusal),
                ("localhost", "verify-full", Some(&root), refusal),
            ],
        );
    }
}

/// Where a server reads who may connect.
fn rules_file(server: &OwnServer) -> String {
    let mut admin = Client::connect(server.url(), NoTls).unwrap();
    admin.query_one("SHOW hba_file", &[]).unwrap().get(0)
}

#[test]
fn a_server_that_takes_encrypted_connections_only_gets_one_also_on_this_machine() {
    let mut server = server!();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ours");
    let (certificate, key) = authority.sign(folder.path(), "localhost", false);
    let rules = rules_file(&server);
    let mut admin = Client::connect(server.url(), NoTls).unwrap();
    admin
        .batch_execute(&format!(
            "COPY (VALUES ('hostssl all all all scram-sha-256')) TO '{rules}'"
        ))
        .unwrap();
    drop(admin);
    server.use_certificate(&certificate, &key);
    let (password, port) = parts(&server);
    let url = format!("postgres://postgres:{password}@127.0.0.1:{port}/postgres");
    for (mode, code) in [
        ("", 0),
        ("?sslmode=allow", 0),
        ("?sslmode=prefer", 0),
        ("?sslmode=disable", 1),
    ] {
        let env = TestEnv::new().with("DATABASE_URL", &format!("{url}{mode}"));
        let ran = env.run(&["schema", "warehouse", "--apply"]);
        assert_eq!(ran.code, code, "{mode}: {ran:?}");
    }
}

#[test]
fn a_refusal_that_encryption_does_not_help_against_is_told_as_it_is() {
    let server = server!();
    let (_, port) = parts(&server);
    let nobody = format!("postgres://nobody_here@127.0.0.1:{port}/postgres");
    let rules = rules_file(&server);
    let trust = "COPY (VALUES ('local all all trust'), ('host all all all trust')) TO";
    Client::connect(server.url(), NoTls)
        .unwrap()
        .batch_execute(&format!("{trust} '{rules}'; SELECT pg_reload_conf()"))
        .unwrap();
    let env = TestEnv::new().with("DATABASE_URL", &nobody);
    until("the server to trust everybody", || {
        let ran = env.run(&["schema", "warehouse", "--apply"]);
        ran.error().contains("\"nobody_here\" does not exist")
    });
}

#[test]
fn databases_of_one_number_on_two_servers_are_two_warehouses() {
    let servers = [server!(), server!()];
    for server in &servers {
        let mut admin = Client::connect(server.url(), NoTls).unwrap();
        admin
            .batch_execute(
                "CREATE ROLE me SUPERUSER LOGIN PASSWORD 'me';
                 ALTER FUNCTION pg_control_system() RENAME TO pg_control_system_of_others",
            )
            .unwrap();
    }
    let [one, other] = servers
        .each_ref()
        .map(|server| format!("postgres://me:me@127.0.0.1:{}/postgres", parts(server).1));
    // The tables are missing as well.
    let env = stocked(&one, 2500);
    let (code, row) = env.sync(&[]);
    assert_eq!((code, &row["inserted"]), (0, &2500.into()), "{row}");
    let env = env.with("DATABASE_URL", &other);
    // It has no rows of anybody, so that it may have all of ours.
    assert_eq!(env.sync(&[]).1["inserted"], 2500);
}

#[test]
fn the_environment_s_mode_counts_where_the_address_names_none() {
    let mut server = server!();
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::new(folder.path(), "ours");
    let (certificate, key) = authority.sign(folder.path(), "localhost", false);
    server.use_certificate(&certificate, &key);
    let (password, port) = parts(&server);
    let url = format!("postgres://postgres:{password}@localhost:{port}/postgres");
    let mut env = TestEnv::new().with("DATABASE_URL", &url);
    for (mode, code) in [("require", 0), ("verify-full", 1), ("never", 2)] {
        env.set("PGSSLMODE", mode);
        let ran = env.run(&["schema", "warehouse", "--apply"]);
        assert_eq!(ran.code, code, "{mode}: {ran:?}");
    }
}

#[test]
fn every_way_to_write_an_address_connects() {
    let server = server!();
    let (password, port) = parts(&server);
    let special = " !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~é한";
    let quoted = special.replace('\'', "''");
    let mut admin = Client::connect(server.url(), NoTls).unwrap();
    admin
        .batch_execute(&format!(
            "CREATE ROLE \"me@home\" SUPERUSER LOGIN PASSWORD '{quoted}'"
        ))
        .unwrap();
    let folder: String = admin
        .query_one("SHOW unix_socket_directories", &[])
        .unwrap()
        .get(0);
    let encoded = utf8_percent_encode(special, NON_ALPHANUMERIC).to_string();
    let socket = utf8_percent_encode(&folder, NON_ALPHANUMERIC).to_string();
    let escaped = special.replace('\\', "\\\\").replace('\'', "\\'");
    let mut env = TestEnv::new();
    for url in [
        format!("postgres://me%40home:{encoded}@127.0.0.1:{port}/postgres"),
        format!("postgres://me%40home:{special}@127.0.0.1:{port}/postgres"),
        format!("postgresql://me%40home:{special}@localhost:{port}/postgres?application_name=x"),
        format!("postgres://me%40home:{special}@[::1]:{port}/postgres"),
        format!("postgres://postgres:{password}@[::1]:{port}/postgres"),
        format!("host=::1 port={port} user=me@home password='{escaped}' dbname=postgres"),
        // The folder of the socket may be entered by root and the server only; it is so for tests.
        format!("postgres://postgres@{socket}:{port}/postgres"),
        format!("postgres:///postgres?host={folder}&port={port}&user=postgres"),
        format!("host={folder} port={port} user=postgres dbname=postgres"),
        format!(
            "postgres://postgres:{password}@127.0.0.1:{port}/postgres?options=-c%20search_path%3Dpublic"
        ),
    ] {
        env.set("DATABASE_URL", &url);
        let ran = env.run(&["schema", "warehouse", "--apply"]);
        assert_eq!(ran.code, 0, "{url}: {ran:?}");
        assert!(!ran.stderr.contains(special), "{ran:?}");
    }
}

/// A PgBouncer that is stopped with its value.
struct Pooler {
    child: Child,
    _folder: tempfile::TempDir,
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Pooler {
    /// Starts one in front of a server, in a mode.
    fn start(program: &str, password: &str, port: &str, mode: &str) -> (Self, u16) {
        let folder = tempfile::tempdir().unwrap();
        // It does not run as root, and whoever it runs as has to read its files.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let own_port = std::net::TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let users = folder.path().join("users.txt");
        fs::write(&users, format!("\"postgres\" \"{password}\"\n")).unwrap();
        let settings = folder.path().join("pgbouncer.ini");
        fs::write(
            &settings,
            format!(
                "[databases]\npostgres = host=127.0.0.1 port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {own_port}\n\
                 unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = {mode}\ndefault_pool_size = 2\n",
                users.display()
            ),
        )
        .unwrap();
        let mut command = Command::new(program);
        if fs::read_to_string("/proc/self/status").is_ok_and(|s| s.contains("Uid:\t0\t")) {
            command.args(["-u", "nobody"]);
        }
        let pooler = Self {
            child: command
                .arg(&settings)
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
            _folder: folder,
        };
        until("the pooler to listen", || {
            std::net::TcpStream::connect(("127.0.0.1", own_port)).is_ok()
        });
        (pooler, own_port)
    }
}

#[test]
fn a_pooler_may_stand_in_between() {
    let server = server!();
    let Some(program) = [
        "/usr/sbin/pgbouncer",
        "/usr/bin/pgbouncer",
        "/opt/homebrew/bin/pgbouncer",
    ]
    .into_iter()
    .find(|program| Path::new(program).exists()) else {
        return left_out("the test with a pooler needs pgbouncer, which is not installed");
    };
    let (password, port) = parts(&server);
    // In statement mode it takes no transaction, which doctor would need.
    for (mode, verdict) in [("transaction", "OK"), ("statement", "WARN")] {
        let (_pooler, own_port) = Pooler::start(program, &password, &port, mode);
        let env = stocked(
            &format!("postgres://postgres:{password}@127.0.0.1:{own_port}/postgres"),
            5000,
        );
        for (arguments, count) in [
            (&["--chunk-size", "300"][..], "inserted"),
            (&["--chunk-size", "300", "--full"], "unchanged"),
        ] {
            let (code, row) = env.sync(arguments);
            assert_eq!(
                (code, &row[count], &row["pending"]),
                (0, &5000.into(), &0.into()),
                "{mode}: {row}"
            );
        }
        env.succeed(&["verify"]);
        let doctor = env.run(&["doctor", "--offline", "--format", "json"]).rows();
        let found = doctor.iter().find(|check| check["check"] == "warehouse");
        assert_eq!(found.unwrap()["status"], verdict, "{mode}: {found:?}");
        let tables = "DROP TABLE price_daily, asset_master, job_run";
        let mut admin = Client::connect(server.url(), NoTls).unwrap();
        admin.batch_execute(tables).unwrap();
    }
}

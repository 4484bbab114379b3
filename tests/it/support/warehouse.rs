//! A PostgreSQL database for one test, on the server of `TEST_DATABASE_URL`.
//!
//! Only with `INTEGRATION_TEST=1`, as `scripts/test.sh` sets it. The user must be allowed to create databases and roles.

use std::env;
use std::io::{self, Write};

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use postgres::config::{Host, SslMode};
use postgres::{Client, Config, NoTls};
use uuid::Uuid;

use super::program::until;

/// A test's own warehouse. Without `INTEGRATION_TEST=1` the test ends here and says that it was left out.
macro_rules! warehouse {
    () => {{
        fn here() {}
        match $crate::support::warehouse::TestWarehouse::of(std::any::type_name_of_val(&here)) {
            Some(warehouse) => warehouse,
            None => return,
        }
    }};
}
pub(crate) use warehouse;

/// A database that is dropped with its value, also when the test fails.
pub(crate) struct TestWarehouse {
    server: Config,
    name: String,
    roles: Vec<String>,
}

impl TestWarehouse {
    /// The database of a test, named by a function in it; `None` when such tests are left out.
    pub(crate) fn of(function: &str) -> Option<Self> {
        Self::encoded(function, "UTF8")
    }

    /// As [`TestWarehouse::of`], in an encoding.
    pub(crate) fn encoded(function: &str, encoding: &str) -> Option<Self> {
        if env::var_os("INTEGRATION_TEST").is_none_or(|v| v != "1") {
            let test = function
                .trim_start_matches("it::")
                .trim_end_matches("::here");
            let line = format!("left out: {test} needs INTEGRATION_TEST=1\n");
            // Not by a macro: what a macro prints in a test that passes is kept back.
            io::stderr().write_all(line.as_bytes()).unwrap();
            return None;
        }
        let url = env::var("TEST_DATABASE_URL")
            .expect("INTEGRATION_TEST=1 needs TEST_DATABASE_URL; scripts/test.sh sets both");
        let warehouse = Self {
            server: url.parse().expect("TEST_DATABASE_URL"),
            name: random_name(),
            roles: Vec::new(),
        };
        let mut create = format!("CREATE DATABASE {} TEMPLATE template0", warehouse.name);
        if encoding != "UTF8" {
            // The server's own locale has its own encoding.
            create += &format!(" ENCODING '{encoding}' LC_COLLATE 'C' LC_CTYPE 'C'");
        }
        warehouse.admin().batch_execute(&create).unwrap();
        Some(warehouse)
    }

    fn admin(&self) -> Client {
        connect(&self.server)
    }

    /// A connection to the database.
    pub(crate) fn client(&self) -> Client {
        connect(self.server.clone().dbname(&self.name))
    }

    /// Its `DATABASE_URL`.
    pub(crate) fn url(&self) -> String {
        let password = self.server.get_password().unwrap_or_default();
        let password = str::from_utf8(password).unwrap();
        self.url_of(self.server.get_user().unwrap_or("postgres"), password)
    }

    /// The `DATABASE_URL` of another user of it.
    pub(crate) fn url_of(&self, user: &str, password: &str) -> String {
        let host = match self.server.get_hosts().first() {
            Some(Host::Tcp(name)) => name.clone(),
            #[cfg(unix)]
            Some(Host::Unix(path)) => path.display().to_string(),
            None => panic!("TEST_DATABASE_URL names no host"),
        };
        let port = self.server.get_ports().first().copied().unwrap_or(5432);
        let [user, password, host] =
            [user, password, &host].map(|t| utf8_percent_encode(t, NON_ALPHANUMERIC).to_string());
        let tls = match self.server.get_ssl_mode() {
            SslMode::Disable => "?sslmode=disable",
            _ => "",
        };
        format!(
            "postgres://{user}:{password}@{host}:{port}/{}{tls}",
            self.name
        )
    }

    /// A new role that may do to these tables only what the program needs: its `DATABASE_URL`, in which the password ends
    /// in `_secret`.
    pub(crate) fn url_of_a_writer(&mut self, tables: &str) -> String {
        let role = random_name();
        self.client()
            .batch_execute(&format!(
                "CREATE ROLE {role} LOGIN PASSWORD '{role}_secret'; GRANT SELECT, INSERT, UPDATE ON {tables} TO {role}"
            ))
            .unwrap();
        let url = self.url_of(&role, &format!("{role}_secret"));
        self.roles.push(role);
        url
    }

    /// A new role without rights: its name, and its `DATABASE_URL`.
    pub(crate) fn role(&mut self) -> (String, String) {
        let role = random_name();
        self.client()
            .batch_execute(&format!("CREATE ROLE {role} LOGIN PASSWORD '{role}'"))
            .unwrap();
        let url = self.url_of(&role, &role);
        self.roles.push(role.clone());
        (role, url)
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(crate) fn execute(&self, sql: &str) {
        self.client()
            .batch_execute(sql)
            .unwrap_or_else(|e| panic!("{sql}: {e:?}"));
    }

    /// Keeps everybody else from writing prices, until the transaction ends.
    pub(crate) fn lock_prices(&self) -> Client {
        let mut holder = self.client();
        holder
            .batch_execute("BEGIN; LOCK TABLE price_daily IN SHARE MODE")
            .unwrap();
        holder
    }

    /// Waits until somebody waits for a lock.
    pub(crate) fn until_somebody_waits(&self) {
        let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until("somebody to wait for a lock", || self.count(waiting) > 0);
    }

    /// A number out of the database.
    pub(crate) fn count(&self, sql: &str) -> i64 {
        let row = self.client().query_one(sql, &[]);
        row.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
    }

    /// A text out of the database.
    pub(crate) fn text(&self, sql: &str) -> String {
        let row = self.client().query_one(sql, &[]);
        row.unwrap_or_else(|e| panic!("{sql}: {e:?}")).get(0)
    }
}

impl Drop for TestWarehouse {
    fn drop(&mut self) {
        // A server that is gone took the database with it.
        let Ok(mut admin) = self.server.connect(NoTls) else {
            return;
        };
        drop(admin.batch_execute(&format!(
            "DROP DATABASE IF EXISTS {} WITH (FORCE)",
            self.name
        )));
        for role in &self.roles {
            drop(admin.batch_execute(&format!("DROP ROLE IF EXISTS {role}")));
        }
    }
}

fn connect(config: &Config) -> Client {
    config
        .connect(NoTls)
        .unwrap_or_else(|e| panic!("the server of TEST_DATABASE_URL: {e:?}"))
}

fn random_name() -> String {
    format!("pricestash_test_{}", Uuid::now_v7().simple())
}

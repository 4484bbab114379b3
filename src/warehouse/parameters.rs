//! The parameters of a connection that libpq, drivers, poolers and hosters know, and what each means here. Pure.
//!
//! The lists are libpq's (<https://www.postgresql.org/docs/current/libpq-connect.html>) and what hosters put into the addresses
//! that they hand out, for the drivers of other languages.

/// What a parameter means.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// The `postgres` crate reads it: its name there, and its value.
    Passed(&'static str, String),
    /// Ours to read.
    SslMode,
    SslRootCert,
    /// The schema of the tables.
    Schema,
    /// It changes nothing here.
    Harmless,
    /// It cannot be done here, and leaving it out would be another connection than is wanted: why.
    Refused(&'static str),
    Unknown,
}

/// What the crate reads as it is.
const PASSED: [&str; 17] = [
    "user",
    "password",
    "dbname",
    "options",
    "application_name",
    "sslnegotiation",
    "host",
    "hostaddr",
    "port",
    "connect_timeout",
    "tcp_user_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_retries",
    "channel_binding",
    "load_balance_hosts",
];

/// What has no meaning here: how drivers of other languages pool, prepare and encode, what poolers are told by it, and what libpq
/// does otherwise only where a server of another kind answers.
const HARMLESS: [&str; 38] = [
    "ApplicationName",
    "assumeMinServerVersion",
    "binary_parameters",
    "client_encoding",
    "connection_limit",
    "default_query_exec_mode",
    "description_cache_capacity",
    "disable_prepared_statements",
    "fallback_application_name",
    "gsslib",
    "gssdelegation",
    "krbsrvname",
    "loginTimeout",
    "max_pool_size",
    "maxPoolSize",
    "min_pool_size",
    "minPoolSize",
    "pgbouncer",
    "pool",
    "pooling",
    "pool_mode",
    "pool_size",
    "pool_timeout",
    "preferQueryMode",
    "prepareThreshold",
    "prepared_statement_cache_size",
    "prepared_statements",
    "preparedStatements",
    "reWriteBatchedInserts",
    "socketTimeout",
    "socket_timeout",
    "sslcompression",
    "sslsni",
    "statement_cache_size",
    "supa",
    "tcpKeepAlive",
    "uselibpqcompat",
    "workaround",
];

/// What a parameter means, by its name and value.
pub(super) fn meaning(name: &str, value: &str) -> Meaning {
    let passed = |name| Meaning::Passed(name, value.to_owned());
    let means = |name, value: &str| Meaning::Passed(name, value.to_owned());
    if let Some(name) = PASSED.iter().find(|known| **known == name) {
        return passed(name);
    }
    match (name, value) {
        ("sslmode", _) => Meaning::SslMode,
        ("sslrootcert", _) => Meaning::SslRootCert,
        ("schema" | "currentSchema" | "search_path", _) => Meaning::Schema,
        ("database", _) => passed("dbname"),
        ("keepalives_count", _) => passed("keepalives_retries"),
        ("ssl", "true" | "1" | "require") => Meaning::SslMode,
        ("ssl", "false" | "0") => Meaning::Harmless,
        ("target_session_attrs", "any" | "prefer-standby") => means("target_session_attrs", "any"),
        ("target_session_attrs", "primary" | "read-write") => {
            means("target_session_attrs", "read-write")
        }
        ("target_session_attrs", _) => {
            Meaning::Refused("it asks for a server that only reads, and sync writes")
        }
        ("gssencmode", "disable" | "prefer") | ("requiressl", "0" | "") => Meaning::Harmless,
        ("gssencmode" | "gssapi", _) => Meaning::Refused("this program has no GSSAPI"),
        ("ssl_min_protocol_version", "TLSv1" | "TLSv1.1" | "TLSv1.2" | "") => Meaning::Harmless,
        ("ssl_max_protocol_version", "TLSv1.3" | "") => Meaning::Harmless,
        ("ssl_min_protocol_version" | "ssl_max_protocol_version", _) => {
            Meaning::Refused("this program speaks TLS 1.2 and 1.3, whichever the server prefers")
        }
        ("sslcertmode", "disable" | "allow") => Meaning::Harmless,
        ("sslcert" | "sslkey" | "sslpassword" | "sslcertmode" | "sslidentity", _) => {
            Meaning::Refused("this program has no client certificates")
        }
        ("sslcrl" | "sslcrldir", _) => {
            Meaning::Refused("this program reads no lists of revoked certificates")
        }
        ("require_auth" | "requirepeer", _) => Meaning::Refused(
            "this program cannot make sure of it; channel_binding=require asks for SCRAM over TLS",
        ),
        ("passfile" | "service" | "servicefile", _) => Meaning::Refused(
            "this program reads no such file: write what stands there into DATABASE_URL",
        ),
        ("replication", _) => Meaning::Refused("this is no connection for replication"),
        _ if HARMLESS.contains(&name)
            || name.starts_with("pool_")
            || name.starts_with("statement_cache") =>
        {
            Meaning::Harmless
        }
        _ => Meaning::Unknown,
    }
}

/// Whether this may be shown as the name of a parameter: what stands behind an `&` in a password that is not encoded looks otherwise,
/// mostly.
pub(super) fn is_name(text: &str) -> bool {
    text.len() <= 40
        && text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_parameter_has_one_meaning() {
        for name in HARMLESS {
            assert_eq!(meaning(name, "1"), Meaning::Harmless, "{name}");
            assert!(is_name(name) && !PASSED.contains(&name));
        }
        for (name, value, expected) in [
            ("sslmode", "require", Meaning::SslMode),
            (
                "target_session_attrs",
                "primary",
                Meaning::Passed("target_session_attrs", "read-write".to_owned()),
            ),
            (
                "target_session_attrs",
                "prefer-standby",
                Meaning::Passed("target_session_attrs", "any".to_owned()),
            ),
            (
                "keepalives_count",
                "3",
                Meaning::Passed("keepalives_retries", "3".to_owned()),
            ),
            ("pool_max_conns", "3", Meaning::Harmless),
            ("gssencmode", "disable", Meaning::Harmless),
            ("sslmod", "require", Meaning::Unknown),
        ] {
            assert_eq!(meaning(name, value), expected, "{name}");
        }
        for (name, value) in [
            ("target_session_attrs", "standby"),
            ("gssencmode", "require"),
            ("ssl_min_protocol_version", "TLSv1.3"),
            ("sslcert", "a.pem"),
            ("passfile", "x"),
        ] {
            assert!(
                matches!(meaning(name, value), Meaning::Refused(_)),
                "{name}"
            );
        }
    }
}

//! The connection parameters of libpq, drivers, poolers and hosters, and what each means here. Pure.
//!
//! The lists are libpq's (<https://www.postgresql.org/docs/current/libpq-connect.html>) and what hosters put into the
//! URLs that they hand out, for drivers of other languages.

/// The meaning of a parameter.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Meaning {
    /// Read by the `postgres` crate: its name there, and its value.
    Passed(&'static str, String),
    /// Read by us.
    SslMode,
    SslRootCert,
    /// The schema of the tables.
    Schema,
    /// Has no effect here.
    Harmless,
    /// Not supported here, and ignoring it would make a different connection than the user wants: the reason.
    Refused(&'static str),
    Unknown,
}

/// Parameters that the crate reads unchanged.
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

/// Parameters without a meaning here: pooling, preparing and encoding of other drivers, hints for poolers, and what
/// matters to libpq only with other kinds of servers.
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

/// The meaning of a parameter by its name and value.
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
            Meaning::Refused("it asks for a read-only server, but sync writes")
        }
        ("gssencmode", "disable" | "prefer") | ("requiressl", "0" | "") => Meaning::Harmless,
        ("gssencmode" | "gssapi", _) => Meaning::Refused("GSSAPI is not supported"),
        ("ssl_min_protocol_version", "TLSv1" | "TLSv1.1" | "TLSv1.2" | "") => Meaning::Harmless,
        ("ssl_max_protocol_version", "TLSv1.3" | "") => Meaning::Harmless,
        ("ssl_min_protocol_version" | "ssl_max_protocol_version", _) => {
            Meaning::Refused("TLS 1.2 and 1.3 are supported, whichever the server prefers")
        }
        ("sslcertmode", "disable" | "allow") => Meaning::Harmless,
        ("sslcert" | "sslkey" | "sslpassword" | "sslcertmode" | "sslidentity", _) => {
            Meaning::Refused("client certificates are not supported")
        }
        ("sslcrl" | "sslcrldir", _) => Meaning::Refused("revocation lists are not supported"),
        ("require_auth" | "requirepeer", _) => {
            Meaning::Refused("it is not supported; channel_binding=require demands SCRAM over TLS")
        }
        ("passfile" | "service" | "servicefile", _) => {
            Meaning::Refused("such files are not supported: put their content into DATABASE_URL")
        }
        ("replication", _) => Meaning::Refused("replication is not supported"),
        _ if HARMLESS.contains(&name)
            || name.starts_with("pool_")
            || name.starts_with("statement_cache") =>
        {
            Meaning::Harmless
        }
        _ => Meaning::Unknown,
    }
}

/// Whether this can be shown as a parameter's name: what follows an unencoded `&` in a password usually looks
/// different.
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

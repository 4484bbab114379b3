//! Advice for permanent failures. Pure.

/// The error of a server.
pub(super) struct Said<'a> {
    pub(super) sqlstate: &'a str,
    /// In the server's language.
    pub(super) message: &'a str,
    /// The place in the server's source code, which does not depend on the language.
    pub(super) routine: &'a str,
}

impl Said<'_> {
    pub(super) fn advice(&self) -> Option<&'static str> {
        Some(match self.sqlstate {
            "42501" if self.is_of_policies() => {
                "row level security forbids it: give the user of DATABASE_URL policies for SELECT, INSERT and UPDATE on that table, or BYPASSRLS"
            }
            "42501" if self.message.contains("schema") => {
                "grant the user of DATABASE_URL USAGE on that schema, and CREATE if tables are missing"
            }
            "42501" => {
                "grant the user of DATABASE_URL SELECT, INSERT and UPDATE on price_daily, asset_master and job_run, and on asset_source, corporate_action and corporate_action_coverage"
            }
            "42P01" => {
                "the tables do not exist yet: `pricestash sync` or `pricestash schema warehouse --apply` creates them; if they are in another schema, set DATABASE_SCHEMA"
            }
            "42703" | "42P10" | "42804" => {
                "compare the tables with the output of `pricestash schema warehouse`"
            }
            "42883" if self.message.contains("sha256") => "`verify` needs PostgreSQL 11 or newer",
            "08P01" if self.message.contains("startup parameter") => {
                "the pooler accepts no options: remove options and schema from DATABASE_URL, unset DATABASE_SCHEMA, and set the search_path of its user (ALTER ROLE … SET search_path)"
            }
            "28000" if self.message.contains("pg_hba.conf") => {
                "the server does not accept this kind of connection from this machine: add a line to its pg_hba.conf, add this machine to its allowed addresses, or choose another sslmode"
            }
            "28000" | "28P01" => "correct the user and the password in DATABASE_URL",
            "3D000" => "create the database, or correct its name in DATABASE_URL",
            "3F000" => {
                "create the schema (CREATE SCHEMA …), correct DATABASE_SCHEMA or the search_path, or grant the user of DATABASE_URL USAGE on the schema"
            }
            "53100" => "the server's disk is full: free some space there",
            "53200" | "53400" => "the server is at its limits: give it more memory",
            "55000" if self.routine == "CheckCmdReplicaIdentity" => {
                "ALTER TABLE … REPLICA IDENTITY FULL, or give the table a primary key"
            }
            "55P03" => {
                "another session holds a lock on it: let that session finish, then run this again"
            }
            "25006" => {
                "if this is a standby, point DATABASE_URL to the primary; otherwise default_transaction_read_only is on, which hosters set while a disk is full"
            }
            _ => return None,
        })
    }

    fn is_of_policies(&self) -> bool {
        self.routine == "ExecWithCheckOptions" || self.message.contains("row-level security")
    }
}

/// The crate's message if a server has no TLS.
pub(super) const NO_TLS: &str = "server does not support TLS";

/// Advice for a connection that failed without an error from the server, based on the message.
pub(super) fn of_connection(text: &str) -> Option<&'static str> {
    if text.contains(NO_TLS) {
        return Some(
            "turn on TLS at the server, or add sslmode=disable to DATABASE_URL if you trust the network",
        );
    }
    if text.contains("did not use channel binding") {
        return Some(
            "the connection is not encrypted, the server does not use SCRAM passwords, or the certificate's signature has no separate digest (RSA-PSS, Ed25519): remove channel_binding=require from DATABASE_URL if you trust the connection without it",
        );
    }
    text.contains("HandshakeFailure").then_some(
        "the server's certificate has a key, or the server ciphers, that this program's TLS 1.2 and 1.3 cannot use (P-521, Ed448 and RSA-PSS keys are among them): give it a certificate with an RSA, P-256, P-384 or Ed25519 key",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advice_follows_the_cause() {
        for (sqlstate, message, routine, words) in [
            (
                "42501",
                "permission denied for table price_daily",
                "aclcheck_error",
                "grant the user",
            ),
            (
                "42501",
                "permission denied for schema public",
                "aclcheck_error",
                "USAGE on that schema",
            ),
            // In another language.
            ("42501", "새 자료가", "ExecWithCheckOptions", "policies"),
            (
                "42501",
                "new row violates row-level security policy",
                "",
                "policies",
            ),
            (
                "25006",
                "cannot execute INSERT in a read-only transaction",
                "",
                "standby",
            ),
            ("55P03", "could not obtain lock", "", "another session"),
            (
                "28000",
                "no pg_hba.conf entry for host",
                "ClientAuthentication",
                "pg_hba.conf",
            ),
            (
                "28000",
                "role \"x\" does not exist",
                "InitializeSessionUserId",
                "correct the user",
            ),
            (
                "42883",
                "function sha256(bytea) does not exist",
                "",
                "PostgreSQL 11",
            ),
        ] {
            let said = Said {
                sqlstate,
                message,
                routine,
            };
            let advice = said.advice().unwrap();
            assert!(advice.contains(words), "{sqlstate} {message}: {advice}");
        }
        let unknown = Said {
            sqlstate: "XX000",
            message: "",
            routine: "",
        };
        assert_eq!(unknown.advice(), None);
    }
}

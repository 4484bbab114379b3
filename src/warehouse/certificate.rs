//! A server's certificate: its key, and why it is refused.

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, Error};
use x509_cert::certificate::Version;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::{Certificate, TbsCertificate};

/// The key of a certificate of any version.
pub(super) struct Key {
    /// As in the certificate.
    pub(super) info: SubjectPublicKeyInfoDer<'static>,
    /// The content of its algorithm's identifier.
    pub(super) algorithm: Vec<u8>,
    pub(super) bits: Vec<u8>,
}

impl Key {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        Self::read(certificate).ok_or_else(|| CertificateError::BadEncoding.into())
    }

    fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        /// The tag of a sequence and its length, which is one byte here.
        const HEAD: usize = 2;
        let key = Certificate::from_der(certificate).ok()?.tbs_certificate;
        let key = key.subject_public_key_info;
        let algorithm = key.algorithm.to_der().ok()?;
        Some(Self {
            bits: key.subject_public_key.as_bytes()?.to_vec(),
            algorithm: algorithm.get(HEAD..)?.to_vec(),
            info: key.to_der().ok()?.into(),
        })
    }
}

const UNVERIFIED: &str = "or encrypt without verifying it (sslmode=require, without sslrootcert)";

/// Why a certificate was refused for a host, and what would help. `file`: the configured sslrootcert.
pub(super) fn what_is_wrong(
    certificate: &CertificateDer<'_>,
    error: &CertificateError,
    host: &str,
    file: Option<&str>,
) -> String {
    let read = Certificate::from_der(certificate).ok();
    let Some(of) = read.as_ref().map(|c| &c.tbs_certificate) else {
        return format!("cannot read the server's certificate: {error}");
    };
    if of.version == Version::V1 {
        return format!(
            "the server's certificate has X.509 version 1, which cannot be verified here; have its authority issue one with \
             version 3 and subjectAltName (openssl x509 -req -extfile …), {UNVERIFIED}"
        );
    }
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            wrong_name(of, error, host)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the server's {error}; renew it at the server, {UNVERIFIED}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the server's {error}; check the clocks of both machines")
        }
        _ if is_of_algorithm(error) => format!(
            "the server's certificate, or one above it, is signed with an algorithm that cannot be verified here ({}); have its \
             authority sign it with sha256WithRSAEncryption, ECDSA or Ed25519, {UNVERIFIED}",
            algorithm(of)
        ),
        _ if of.issuer == of.subject => format!(
            "the server's certificate ({}) is self-signed and not an authority's{}; create an authority, let it sign a certificate \
             for the server and set the authority as sslrootcert, {UNVERIFIED}",
            of.subject,
            if file.is_some() {
                ", which does not work even as the sslrootcert itself"
            } else {
                ""
            }
        ),
        CertificateError::UnknownIssuer => match file {
            Some(file) => format!(
                "the server's certificate was issued by an authority ({}) that is not in the sslrootcert {file}; add its certificate, \
                 and those between it and the server's, to that file, {UNVERIFIED}",
                of.issuer
            ),
            None => format!(
                "the server's certificate was issued by an authority ({}) that is not a public one; set its file as \
                 sslrootcert, {UNVERIFIED}",
                of.issuer
            ),
        },
        error => format!(
            "the server's certificate was refused: {error}; have a new one issued, {UNVERIFIED}"
        ),
    }
}

fn wrong_name(of: &TbsCertificate, error: &CertificateError, host: &str) -> String {
    if has_names(of) {
        return format!(
            "the server's {error}; correct the host in DATABASE_URL, or verify the authority only (sslmode=verify-ca)"
        );
    }
    format!(
        "the server's certificate names its host only in the common name ({}), which is no longer accepted: certificate not valid \
         for name {host:?}; have it reissued with subjectAltName=DNS:{host}, or verify the authority only (sslmode=verify-ca)",
        of.subject
    )
}

/// Whether it has names besides the common name.
fn has_names(of: &TbsCertificate) -> bool {
    const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
    let mut extensions = of.extensions.iter().flatten();
    extensions.any(|extension| extension.extn_id == SUBJECT_ALT_NAME)
}

fn is_of_algorithm(error: &CertificateError) -> bool {
    // Two of these kinds are deprecated but still occur.
    format!("{error:?}").contains("SignatureAlgorithm")
}

fn algorithm(of: &TbsCertificate) -> String {
    match of.signature.oid.to_string().as_str() {
        "1.2.840.113549.1.1.10" => "RSA-PSS".to_owned(),
        "1.2.840.113549.1.1.5" => "SHA-1 with RSA".to_owned(),
        "1.2.840.113549.1.1.4" => "MD5 with RSA".to_owned(),
        oid => oid.to_owned(),
    }
}

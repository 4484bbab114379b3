//! A server's certificate: its key, and what is wrong with it.

use rustls::pki_types::{CertificateDer, SubjectPublicKeyInfoDer};
use rustls::{CertificateError, Error};
use x509_cert::certificate::Version;
use x509_cert::der::asn1::ObjectIdentifier;
use x509_cert::der::{Decode, Encode};
use x509_cert::{Certificate, TbsCertificate};

/// The key of a certificate of any version.
pub(super) struct Key {
    /// As it stands in the certificate.
    pub(super) info: SubjectPublicKeyInfoDer<'static>,
    /// The inside of its algorithm's identifier.
    pub(super) algorithm: Vec<u8>,
    pub(super) bits: Vec<u8>,
}

impl Key {
    pub(super) fn of(certificate: &CertificateDer<'_>) -> Result<Self, Error> {
        Self::read(certificate).ok_or_else(|| CertificateError::BadEncoding.into())
    }

    fn read(certificate: &CertificateDer<'_>) -> Option<Self> {
        /// The tag of a sequence and its length, which has one byte here.
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

/// What is wrong with a certificate that was refused for a host, and what would help. `file`: the sslrootcert that is named.
pub(super) fn what_is_wrong(
    certificate: &CertificateDer<'_>,
    error: &CertificateError,
    host: &str,
    file: Option<&str>,
) -> String {
    let read = Certificate::from_der(certificate).ok();
    let Some(of) = read.as_ref().map(|c| &c.tbs_certificate) else {
        return format!("the server's certificate cannot be read: {error}");
    };
    if of.version == Version::V1 {
        return format!(
            "the server's certificate is of X.509 version 1, which cannot be verified here; let its authority sign it anew as \
             version 3, with subjectAltName (openssl x509 -req -extfile …), {UNVERIFIED}"
        );
    }
    match error {
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            wrong_name(of, error, host)
        }
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            format!("the server's {error}; it has to be renewed at the server, {UNVERIFIED}")
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            format!("the server's {error}; look at the clocks of both machines")
        }
        _ if is_of_algorithm(error) => format!(
            "the server's certificate, or one above it, is signed by an algorithm that cannot be verified here ({}); let its authority \
             sign it with sha256WithRSAEncryption, ECDSA or Ed25519, {UNVERIFIED}",
            algorithm(of)
        ),
        _ if of.issuer == of.subject => format!(
            "the server's certificate ({}) is self-signed{}, and no authority's; make an authority, let it sign a certificate for the \
             server and name the authority as sslrootcert, {UNVERIFIED}",
            of.subject,
            if file.is_some() {
                ", also where it is the sslrootcert itself"
            } else {
                ""
            }
        ),
        CertificateError::UnknownIssuer => match file {
            Some(file) => format!(
                "the server's certificate is of an authority ({}) that is not in the sslrootcert {file}; put its certificate, and those \
                 between it and the server's, into that file, {UNVERIFIED}",
                of.issuer
            ),
            None => format!(
                "the server's certificate is of an authority ({}) that is none of the public ones; name its file with \
                 sslrootcert, {UNVERIFIED}",
                of.issuer
            ),
        },
        error => format!(
            "the server's certificate is refused: {error}; let it be made anew, {UNVERIFIED}"
        ),
    }
}

fn wrong_name(of: &TbsCertificate, error: &CertificateError, host: &str) -> String {
    if has_names(of) {
        return format!(
            "the server's {error}; correct the host in DATABASE_URL, or check the authority only (sslmode=verify-ca)"
        );
    }
    format!(
        "the server's certificate names its host only as the common name ({}), which counts no more: certificate not valid for name \
         {host:?}; let it be made anew with subjectAltName=DNS:{host}, or check the authority only (sslmode=verify-ca)",
        of.subject
    )
}

/// Whether it has names besides the common one.
fn has_names(of: &TbsCertificate) -> bool {
    const SUBJECT_ALT_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
    let mut extensions = of.extensions.iter().flatten();
    extensions.any(|extension| extension.extn_id == SUBJECT_ALT_NAME)
}

fn is_of_algorithm(error: &CertificateError) -> bool {
    // Two of the kinds are deprecated, and still come.
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

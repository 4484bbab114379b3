//! TLS for the warehouse with rustls; `sslmode` has the same meanings as in libpq.

use std::io;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, ring, verify_tls13_signature_with_raw_key,
};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore,
    SignatureScheme,
};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::certificate;

/// How the server's certificate is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verification {
    /// Not at all: `prefer` and `require` only encrypt.
    None,
    /// It must be signed by a trusted authority: `verify-ca`.
    Authority,
    /// The same, and it must match the host's name: `verify-full`.
    Full,
}

/// The word for the authorities trusted by this machine, as in libpq.
pub(super) const SYSTEM: &str = "system";

/// A connector with this verification, against the authorities of a PEM file or the bundled public ones.
pub(super) fn connector(
    verification: Verification,
    root_certificates: Option<&Path>,
    is_direct: bool,
) -> Result<MakeRustlsConnect> {
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let verifier: Arc<dyn ServerCertVerifier> = match verification {
        Verification::None => Arc::new(AnyCertificate::new(&provider)),
        _ => {
            let roots = Arc::new(roots(root_certificates)?);
            Arc::new(Checked {
                inner: WebPkiServerVerifier::builder_with_provider(roots, provider).build()?,
                is_any_name: verification == Verification::Authority,
                file: root_certificates.map(|f| f.display().to_string()),
            })
        }
    };
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    // Needed by servers that are not asked for TLS first (PostgreSQL 17).
    if is_direct {
        config.alpn_protocols = vec![b"postgresql".to_vec()];
    }
    Ok(MakeRustlsConnect::new(config))
}

fn roots(file: Option<&Path>) -> Result<RootCertStore> {
    /// Where operating systems keep trusted authorities.
    const OF_SYSTEMS: [&str; 4] = [
        "/etc/ssl/certs/ca-certificates.crt",
        "/etc/pki/tls/certs/ca-bundle.crt",
        "/etc/ssl/ca-bundle.pem",
        "/etc/ssl/cert.pem",
    ];
    let mut roots = RootCertStore::empty();
    let Some(file) = file.filter(|file| *file != Path::new(SYSTEM)) else {
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
        let of_system = OF_SYSTEMS.iter().map(Path::new).find(|f| f.exists());
        if let Some(file) = of_system.filter(|_| file.is_some()) {
            let certificates = CertificateDer::pem_file_iter(file).into_iter().flatten();
            roots.add_parsable_certificates(certificates.flatten());
        }
        return Ok(roots);
    };
    let reading = || format!("cannot read the sslrootcert {}", file.display());
    for certificate in CertificateDer::pem_file_iter(file).with_context(reading)? {
        roots
            .add(certificate.with_context(reading)?)
            .with_context(reading)?;
    }
    anyhow::ensure!(
        !roots.is_empty(),
        "the sslrootcert {} contains no certificate",
        file.display()
    );
    Ok(roots)
}

/// Trusts the authorities, for the host's name or any; explains a refused certificate so that it can be fixed.
#[derive(Debug)]
struct Checked {
    inner: Arc<WebPkiServerVerifier>,
    is_any_name: bool,
    /// The file of the authorities, if configured.
    file: Option<String>,
}

impl ServerCertVerifier for Checked {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(Error::InvalidCertificate(
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
            )) if self.is_any_name => Ok(ServerCertVerified::assertion()),
            Err(Error::InvalidCertificate(error)) => {
                let host = server_name.to_str();
                let why =
                    certificate::what_is_wrong(end_entity, &error, &host, self.file.as_deref());
                Err(Error::Other(OtherError(Arc::new(Refusal(why)))))
            }
            result => result,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Why a certificate is refused, in a sentence for people.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Refusal(String);

/// The sentence of a refused certificate, if that caused the error.
pub(super) fn refusal<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a str> {
    let inner = error.downcast_ref::<io::Error>()?.get_ref()?;
    match inner.downcast_ref::<Error>()? {
        Error::Other(OtherError(why)) => Some(&why.downcast_ref::<Refusal>()?.0),
        _ => None,
    }
}

/// Accepts any certificate of any X.509 version, but only from a server that holds its key.
#[derive(Debug)]
struct AnyCertificate {
    algorithms: WebPkiSupportedAlgorithms,
}

impl AnyCertificate {
    fn new(provider: &CryptoProvider) -> Self {
        Self {
            algorithms: provider.signature_verification_algorithms,
        }
    }
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = certificate::Key::of(cert)?;
        let mapping = self.algorithms.mapping.iter();
        let mut algorithms = mapping
            .filter(|(scheme, _)| *scheme == dss.scheme)
            .flat_map(|(_, algorithms)| algorithms.iter());
        let is_signed = algorithms.any(|algorithm| {
            algorithm.public_key_alg_id().as_ref() == key.algorithm
                && algorithm
                    .verify_signature(&key.bits, message, dss.signature())
                    .is_ok()
        });
        match is_signed {
            true => Ok(HandshakeSignatureValid::assertion()),
            false => Err(CertificateError::BadSignature.into()),
        }
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = certificate::Key::of(cert)?;
        verify_tls13_signature_with_raw_key(message, &key.info, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

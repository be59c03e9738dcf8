//! TLS as libpq's `sslmode` means it, on rustls with the ring provider: what is checked of a server's certificate, our own
//! certificate, and sentences for what went wrong. It reads PEM files and nothing else; no key material reaches a message.

use super::{SslMode, Tls};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::{Error as PemError, PemObject};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use std::path::Path;
use std::sync::Arc;

/// What rustls needs to know to act as `tls` says. The files are read on each call, so that a renewed certificate is taken up by the
/// next connection. The error is a sentence for the operator that names the file or the key.
///
/// Two deviations from libpq: a host is looked for among the certificate's alternative names only, never in its common name; and
/// revocation lists are not read.
pub fn client_config(tls: &Tls) -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let trust = match (tls.mode, &tls.ca_file) {
        (SslMode::Disable | SslMode::Prefer, _) | (SslMode::Require, None) => Trust::Anyone,
        (SslMode::Require | SslMode::VerifyCa, Some(file)) => Trust::Chain(Anchors::read(file)?),
        (SslMode::VerifyFull, Some(file)) => Trust::ChainAndName(Anchors::read(file)?),
        (SslMode::VerifyCa | SslMode::VerifyFull, None) => {
            let mode = if tls.mode == SslMode::VerifyCa { "verify-ca" } else { "verify-full" };
            return Err(format!("the mode {mode} needs the certificate of the CA: set ca_file to a PEM file"));
        }
    };
    let config = ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Verifier { trust, provider }));
    let config = match (&tls.cert_file, &tls.key_file) {
        (None, None) => config.with_no_client_auth(),
        (Some(_), None) => return Err("cert_file is set and key_file is not: set both or neither".to_owned()),
        (None, Some(_)) => return Err("key_file is set and cert_file is not: set both or neither".to_owned()),
        (Some(cert), Some(key)) => {
            let chain = certificates(cert)?;
            let secret = PrivateKeyDer::from_pem_file(key).map_err(|error| in_file(key, "private key", &error))?;
            config.with_client_auth_cert(chain, secret).map_err(|error| match error {
                Error::InconsistentKeys(_) => {
                    format!("the key in {} does not belong to the certificate in {}", key.display(), cert.display())
                }
                // rustls' own words could quote what it has read: the file's name must do.
                _ => format!("the certificate in {} with the key in {} cannot be used", cert.display(), key.display()),
            })?
        }
    };
    Ok(Arc::new(config))
}

/// A sentence for an error that has a TLS error among its causes, and whether a person must mend it: a
/// certificate, theirs or ours, or a server without TLS. `None` if TLS has nothing to do with it.
pub fn explain(error: &(dyn std::error::Error + 'static)) -> Option<(bool, String)> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(tls) = error.downcast_ref::<Error>() {
            return Some(sentence(tls));
        }
        // An io::Error's `source` skips the very error that it wraps.
        let wrapped = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = match wrapped {
            Some(inner) => Some(inner),
            None => error.source(),
        };
    }
    None
}

fn sentence(error: &Error) -> (bool, String) {
    use CertificateError as Bad;
    match error {
        // A signature does not fit when a CA was made anew under its old name.
        Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => {
            (true, "the server's certificate does not come from the CA in ca_file".to_owned())
        }
        Error::InvalidCertificate(Bad::NotValidForName) => (true, "the server's certificate is not for this host".to_owned()),
        Error::InvalidCertificate(Bad::NotValidForNameContext { expected, presented }) => {
            // They come as `DnsName("host")`, `IpAddress(10.0.0.7)`.
            let bare = |name: &String| name.split(['(', ')']).nth(1).unwrap_or(name).trim_matches('"').to_owned();
            let presented: Vec<_> = presented.iter().map(bare).collect();
            (true, format!("the server's certificate is not for {} but for {}", expected.to_str(), presented.join(", ")))
        }
        Error::InvalidCertificate(Bad::Expired | Bad::ExpiredContext { .. }) => (true, "the server's certificate has expired".to_owned()),
        Error::InvalidCertificate(Bad::NotValidYet | Bad::NotValidYetContext { .. }) => {
            (true, "the server's certificate is not valid yet (or this clock is behind)".to_owned())
        }
        Error::InvalidCertificate(other) => (true, format!("the server's certificate is refused: {other}")),
        Error::NoCertificatesPresented => (true, "the server shows no certificate".to_owned()),
        Error::AlertReceived(AlertDescription::CertificateRequired | AlertDescription::NoCertificate) => {
            (true, "the server asks for our certificate: set cert_file and key_file".to_owned())
        }
        Error::AlertReceived(
            alert @ (AlertDescription::BadCertificate
            | AlertDescription::UnsupportedCertificate
            | AlertDescription::CertificateRevoked
            | AlertDescription::CertificateExpired
            | AlertDescription::CertificateUnknown
            | AlertDescription::UnknownCA
            | AlertDescription::DecryptError
            | AlertDescription::AccessDenied),
        ) => (true, format!("the server refuses our certificate ({alert:?})")),
        Error::AlertReceived(alert) => (false, format!("the server breaks off TLS ({alert:?})")),
        Error::InvalidMessage(_) => (true, super::NO_TLS.to_owned()),
        other => (false, format!("TLS failed: {other}")),
    }
}

fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let wrong = |error: &PemError| in_file(file, "certificate", error);
    let found: Vec<_> = CertificateDer::pem_file_iter(file).and_then(Iterator::collect).map_err(|error| wrong(&error))?;
    if found.is_empty() { Err(wrong(&PemError::NoItemsFound)) } else { Ok(found) }
}

/// The parser's own words are not used: some quote the line at fault, and the file may be a key.
fn in_file(file: &Path, what: &str, error: &PemError) -> String {
    let file = file.display();
    match error {
        PemError::Io(error) => format!("{file} cannot be read: {error}"),
        PemError::NoItemsFound => format!("{file} holds no {what} in PEM form"),
        PemError::MissingSectionEnd { .. } => format!("{file} breaks off: a BEGIN line has no END line"),
        PemError::Base64Decode(_) => format!("{file} is damaged: what stands between BEGIN and END is not base64"),
        _ => format!("{file} is not a proper PEM file"),
    }
}

/// The certificates of a CA file, also as they stand there.
#[derive(Debug)]
struct Anchors {
    store: RootCertStore,
    as_given: Vec<CertificateDer<'static>>,
}

impl Anchors {
    fn read(file: &Path) -> Result<Anchors, String> {
        let as_given = certificates(file)?;
        let mut store = RootCertStore::empty();
        for certificate in &as_given {
            store
                .add(certificate.clone())
                .map_err(|error| format!("{} holds a certificate that cannot be used: {error}", file.display()))?;
        }
        Ok(Anchors { store, as_given })
    }
}

/// What must be true of a server's certificate.
#[derive(Debug)]
enum Trust {
    Anyone,
    Chain(Anchors),
    ChainAndName(Anchors),
}

#[derive(Debug)]
struct Verifier {
    trust: Trust,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let (anchors, name) = match &self.trust {
            Trust::Anyone => return Ok(ServerCertVerified::assertion()),
            Trust::Chain(anchors) => (anchors, None),
            Trust::ChainAndName(anchors) => (anchors, Some(server_name)),
        };
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        let chain = rustls::client::verify_server_cert_signed_by_trust_anchor(&certificate, &anchors.store, intermediates, now, algorithms);
        match chain {
            Ok(()) => {}
            // A self-signed certificate is its own CA; PostgreSQL's manual makes one like that, and OpenSSL takes it when ca_file holds
            // it as it is. webpki does not, as a CA may not act as a server; it has looked at the dates before it says so.
            Err(Error::InvalidCertificate(CertificateError::Other(_))) if anchors.as_given.iter().any(|own| own == end_entity) => {}
            Err(error) => return Err(error),
        }
        if let Some(name) = name {
            rustls::client::verify_server_name(&certificate, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    // Whatever is believed of a certificate, the peer proves that it holds its key.
    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;

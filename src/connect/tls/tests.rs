//! Each mode against a real TLS server on loopback, with certificates made here.

use super::super::{Address, OpenError, open};
use super::*;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::server::WebPkiClientVerifier;
use std::path::PathBuf;
use std::time::Duration;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

const LIMIT: Duration = Duration::from_secs(5);

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority(name: &str) -> Authority {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.distinguished_name.push(rcgen::DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Authority::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A certificate for `host` from `authority`, and its key, both PEM.
fn leaf(authority: &Authority, host: &str) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec![host.to_owned()]).unwrap().signed_by(&key, authority).unwrap();
    (certificate.pem(), key.serialize_pem())
}

struct Files(TempDir);

impl Files {
    fn new() -> Files {
        Files(tempfile::tempdir().unwrap())
    }

    fn put(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

/// Answers one byte to each client that comes through the handshake. Client certificates are asked for when `clients` is given.
async fn server((certificate, key): &(String, String), clients: Option<&Authority>) -> Address {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let chain = vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions().unwrap();
    let config = match clients {
        None => config.with_no_client_auth(),
        Some(authority) => {
            let mut roots = RootCertStore::empty();
            roots.add(authority.as_ref().der().clone()).unwrap();
            config.with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap())
        }
    };
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(mut stream) = acceptor.accept(tcp).await {
                    let _ = stream.write_all(b"+").await;
                    let _ = stream.read_u8().await;
                }
            });
        }
    });
    Address { host: "localhost".to_owned(), port }
}

/// Opens and reads the byte: with TLS 1.3 a server refuses our certificate only after the handshake.
async fn attempt(address: &Address, tls: &Tls) -> Result<(), OpenError> {
    let (mut stream, peer) = open(address, tls, LIMIT).await?;
    assert_eq!(peer.port(), address.port);
    match tokio::time::timeout(LIMIT, stream.read_u8()).await.unwrap() {
        Ok(_) => Ok(()),
        Err(error) => Err(OpenError::Untrusted(explain(&error).unwrap().1)),
    }
}

fn tls(mode: SslMode, ca_file: Option<&Path>) -> Tls {
    Tls { mode, ca_file: ca_file.map(Path::to_owned), ..Tls::default() }
}

fn untrusted(result: Result<(), OpenError>) -> String {
    match result {
        Err(OpenError::Untrusted(why)) => why,
        other => panic!("not refused for its certificate: {other:?}"),
    }
}

#[tokio::test]
async fn each_mode_checks_what_libpq_would() {
    let (files, ours, theirs) = (Files::new(), authority("ours"), authority("theirs"));
    let ca = files.put("ca.pem", &ours.as_ref().pem());
    let other_ca = files.put("other.pem", &theirs.as_ref().pem());
    let right = server(&leaf(&ours, "localhost"), None).await;
    let misnamed = server(&leaf(&ours, "elsewhere.example"), None).await;

    for mode in [SslMode::Prefer, SslMode::Require] {
        attempt(&misnamed, &tls(mode, None)).await.unwrap();
    }
    attempt(&misnamed, &tls(SslMode::Prefer, Some(&other_ca))).await.unwrap();
    for mode in [SslMode::Require, SslMode::VerifyCa] {
        attempt(&misnamed, &tls(mode, Some(&ca))).await.unwrap();
        let why = untrusted(attempt(&right, &tls(mode, Some(&other_ca))).await);
        assert!(why.contains("does not come from the CA"), "{why}");
    }
    let renewed_ca = files.put("renewed.pem", &authority("ours").as_ref().pem());
    untrusted(attempt(&right, &tls(SslMode::VerifyCa, Some(&renewed_ca))).await);
    attempt(&right, &tls(SslMode::VerifyFull, Some(&ca))).await.unwrap();
    let why = untrusted(attempt(&misnamed, &tls(SslMode::VerifyFull, Some(&ca))).await);
    assert!(why.ends_with("not for localhost but for elsewhere.example"), "{why}");
    untrusted(attempt(&right, &tls(SslMode::VerifyFull, Some(&other_ca))).await);
}

#[tokio::test]
async fn an_address_must_be_named_too() {
    let (files, ours) = (Files::new(), authority("ours"));
    let ca = files.put("ca.pem", &ours.as_ref().pem());
    let mut address = server(&leaf(&ours, "127.0.0.1"), None).await;
    untrusted(attempt(&address, &tls(SslMode::VerifyFull, Some(&ca))).await);
    address.host = "127.0.0.1".to_owned();
    attempt(&address, &tls(SslMode::VerifyFull, Some(&ca))).await.unwrap();
}

#[tokio::test]
async fn a_self_signed_certificate_is_its_own_ca() {
    let files = Files::new();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let key = KeyPair::generate().unwrap();
    let pem = params.self_signed(&key).unwrap().pem();
    let ca = files.put("server.crt", &pem);
    let address = server(&(pem, key.serialize_pem()), None).await;
    attempt(&address, &tls(SslMode::VerifyFull, Some(&ca))).await.unwrap();
    let other_ca = files.put("other.pem", &authority("ours").as_ref().pem());
    untrusted(attempt(&address, &tls(SslMode::VerifyCa, Some(&other_ca))).await);
}

#[tokio::test]
async fn an_expired_certificate_is_refused_unless_nothing_is_checked() {
    let (files, ours) = (Files::new(), authority("ours"));
    let ca = files.put("ca.pem", &ours.as_ref().pem());
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    params.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let address = server(&(params.signed_by(&key, &ours).unwrap().pem(), key.serialize_pem()), None).await;
    attempt(&address, &tls(SslMode::Require, None)).await.unwrap();
    let why = untrusted(attempt(&address, &tls(SslMode::VerifyCa, Some(&ca))).await);
    assert!(why.contains("expired"), "{why}");
}

#[tokio::test]
async fn our_certificate_is_shown_when_asked_for() {
    let (files, ours, theirs) = (Files::new(), authority("ours"), authority("theirs"));
    let address = server(&leaf(&ours, "localhost"), Some(&ours)).await;
    let why = untrusted(attempt(&address, &tls(SslMode::Require, None)).await);
    assert!(why.contains("asks for our certificate"), "{why}");

    let with = |(cert, key): (String, String), name: &str| Tls {
        mode: SslMode::Require,
        cert_file: Some(files.put(&format!("{name}.crt"), &cert)),
        key_file: Some(files.put(&format!("{name}.key"), &key)),
        ..Tls::default()
    };
    attempt(&address, &with(leaf(&ours, "me"), "me")).await.unwrap();
    for stranger in [theirs, authority("ours")] {
        let why = untrusted(attempt(&address, &with(leaf(&stranger, "me"), "stranger")).await);
        assert!(why.contains("refuses our certificate"), "{why}");
    }
}

#[tokio::test]
async fn silence_a_plain_server_and_a_closed_port_are_told_apart() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut address = Address { host: "127.0.0.1".to_owned(), port: listener.local_addr().unwrap().port() };
    let quick = Duration::from_millis(50);
    let opened = |address: Address, limit| async move { open(&address, &tls(SslMode::Require, None), limit).await.err().unwrap() };
    assert_eq!(opened(address.clone(), quick).await, OpenError::Silent);
    drop(listener);
    assert!(matches!(opened(address.clone(), LIMIT).await, OpenError::Unreachable(_)));

    let plain = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    address.port = plain.local_addr().unwrap().port();
    tokio::spawn(async move {
        let (mut tcp, _) = plain.accept().await.unwrap();
        let _ = tcp.write_all(b"-ERR unknown command\r\n").await;
        let _ = tcp.read_u8().await;
    });
    assert_eq!(opened(address, LIMIT).await, OpenError::Untrusted(crate::connect::NO_TLS.to_owned()));
}

#[test]
fn a_wrong_file_is_named_and_never_quoted() {
    let (files, ours) = (Files::new(), authority("ours"));
    let (cert, key) = leaf(&ours, "me");
    let sentence = |tls: &Tls| client_config(tls).err().unwrap();

    assert!(sentence(&tls(SslMode::VerifyFull, None)).contains("set ca_file"));
    assert!(sentence(&tls(SslMode::VerifyCa, Some(Path::new("/nowhere/ca.pem")))).contains("/nowhere/ca.pem cannot be read"));
    let empty = files.put("empty.pem", "nothing here\n");
    assert!(sentence(&tls(SslMode::Require, Some(&empty))).contains("holds no certificate"));

    let secret = "c2VjcmV0LXNlY3JldC1zZWNyZXQ";
    let damaged = [
        format!("-----BEGIN PRIVATE KEY-----\n{secret}\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{secret}!\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN {secret}\n{secret}\n-----END PRIVATE KEY-----\n"),
        format!("-----BEGIN PRIVATE KEY-----\n{secret}\n-----END PRIVATE KEY-----\n"),
        leaf(&ours, "another").1,
    ];
    let cert_file = Some(files.put("me.crt", &cert));
    for (n, text) in damaged.iter().enumerate() {
        let key_file = Some(files.put(&format!("{n}.key"), text));
        let why = sentence(&Tls { cert_file: cert_file.clone(), key_file, ..Tls::default() });
        assert!(why.contains(&format!("{n}.key")) && !why.contains("c2Vj") && !why.contains("secret"), "{why}");
    }
    let alone = Tls { cert_file: cert_file.clone(), ..Tls::default() };
    assert!(sentence(&alone).contains("key_file is not"));
    let key_file = Some(files.put("me.key", &key));
    client_config(&Tls { cert_file, key_file, ..Tls::default() }).unwrap();
}

//! Certificates for the TLS tests: two authorities, servers under their right and a wrong name, a client.

use super::Dir;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose};
use std::path::PathBuf;

/// A certificate with its key and the CA that it comes from, as PEM files.
#[derive(Clone, Debug)]
pub struct Pair {
    pub cert: PathBuf,
    pub key: PathBuf,
    pub ca: PathBuf,
}

/// What the tests need, written below a directory of its own.
pub struct Certificates {
    /// For 127.0.0.1 and localhost.
    pub server: Pair,
    /// By the same CA, for another host.
    pub wrong_name: Pair,
    /// By the same CA, for a client.
    pub client: Pair,
    /// For 127.0.0.1 by a CA that nobody trusts.
    pub stranger: Pair,
    _dir: Dir,
}

type Issuer = CertifiedIssuer<'static, KeyPair>;

impl Certificates {
    pub fn new() -> Certificates {
        let dir = Dir::new("certificates");
        let (ours, other) = (authority(&dir, "ca"), authority(&dir, "other-ca"));
        let here = ["127.0.0.1", "localhost"];
        Certificates {
            server: issue(&dir, &ours, "server", &here, ExtendedKeyUsagePurpose::ServerAuth),
            wrong_name: issue(&dir, &ours, "wrong-name", &["elsewhere.example"], ExtendedKeyUsagePurpose::ServerAuth),
            client: issue(&dir, &ours, "client", &["watcher"], ExtendedKeyUsagePurpose::ClientAuth),
            stranger: issue(&dir, &other, "stranger", &here, ExtendedKeyUsagePurpose::ServerAuth),
            _dir: dir,
        }
    }

    /// The CA that clients trust.
    pub fn ca(&self) -> PathBuf {
        self.server.ca.clone()
    }
}

fn authority(dir: &Dir, name: &str) -> (PathBuf, Issuer) {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("a CA");
    (dir.write(&format!("{name}.pem"), &issuer.pem()), issuer)
}

fn issue(dir: &Dir, (ca, issuer): &(PathBuf, Issuer), name: &str, hosts: &[&str], purpose: ExtendedKeyUsagePurpose) -> Pair {
    let mut params = CertificateParams::new(hosts.iter().map(|&host| host.to_owned()).collect::<Vec<_>>()).expect("parameters");
    params.distinguished_name.push(DnType::CommonName, name);
    // Redis shows its server certificate as a client too, when it replicates or when a Sentinel asks.
    params.extended_key_usages = vec![purpose, ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().expect("a key");
    let cert = params.signed_by(&key, issuer).expect("a certificate");
    Pair {
        cert: dir.write(&format!("{name}.pem"), &cert.pem()),
        key: dir.write(&format!("{name}-key.pem"), &key.serialize_pem()),
        ca: ca.clone(),
    }
}

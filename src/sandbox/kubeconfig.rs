//! The kubeconfig of a sandbox: one cluster, a user and a context for each token. It holds secrets, so only its owner may read it.

use super::access::Tokens;
use super::seed::NAMESPACE;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;
use std::io::Write;
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// The text. JSON is YAML too.
pub fn write(address: SocketAddr, ca: &str, tokens: &Tokens, current: &str) -> String {
    let cluster = json!({ "server": format!("https://{address}"), "certificate-authority-data": STANDARD.encode(ca) });
    let users: Vec<_> = tokens.all().map(|(name, token)| json!({ "name": name, "user": { "token": token } })).collect();
    let context = |user: &str| json!({ "cluster": "sandbox", "user": user, "namespace": NAMESPACE });
    let contexts: Vec<_> = tokens.all().map(|(name, _)| json!({ "name": name, "context": context(name) })).collect();
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": current, "preferences": {},
        "clusters": [{ "name": "sandbox", "cluster": cluster }], "users": users, "contexts": contexts,
    });
    format!("{config:#}\n")
}

/// Writes it beside its place and renames it, so that nobody reads half of it.
pub fn put(path: &Path, text: &str) -> std::io::Result<()> {
    if let Some(dir) = path.parent() {
        std::fs::create_dir_all(dir)?;
    }
    let beside = path.with_extension("new");
    // What an earlier run left there may be open to others.
    let _ = std::fs::remove_file(&beside);
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&beside)?;
    file.write_all(text.as_bytes())?;
    std::fs::rename(&beside, path)
}

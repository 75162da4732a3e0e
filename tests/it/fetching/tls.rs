//! https: the system's certificates decide, and nothing less is taken.

use std::io::Write;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use super::Scene;
use crate::support::{Project, wait_for};

/// OpenSSL's test server over the scene's modules; ends with the test.
struct TlsServer {
    child: Child,
    port: u16,
    files: tempfile::TempDir,
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl TlsServer {
    /// Serves a directory; with `whole`, files are answers with their headers.
    fn start(root: &Path, whole: bool) -> Option<Self> {
        let files = tempfile::tempdir().unwrap();
        let (key, cert) = (files.path().join("key.pem"), files.path().join("cert.pem"));
        let made = Command::new("openssl")
            .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=modules"])
            .args([
                "-addext",
                "subjectAltName=IP:127.0.0.1",
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
            ])
            .arg(&key)
            .arg("-out")
            .arg(&cert)
            .stderr(Stdio::null())
            .status();
        if !made.is_ok_and(|status| status.success()) {
            let _ = writeln!(std::io::stderr(), "skipped: there is no openssl that makes a certificate");
            return None;
        }
        let free = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = free.local_addr().unwrap().port();
        drop(free);
        let child = Command::new("openssl")
            .args([
                "s_server",
                "-quiet",
                if whole { "-HTTP" } else { "-WWW" },
                "-http_server_binmode",
                "-accept",
            ])
            .arg(format!("127.0.0.1:{port}"))
            .arg("-key")
            .arg(&key)
            .arg("-cert")
            .arg(&cert)
            .current_dir(root)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let server = TlsServer { child, port, files };
        wait_for("server", || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
        Some(server)
    }

    fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }
}

#[test]
fn a_certificate_that_the_system_knows() {
    let Some(scene) = Scene::new() else { return };
    let Some(server) = TlsServer::start(scene.tree.path(), false) else { return };
    let known = server.files.path().join("cert.pem");
    let outcome = scene.vendor(&server.url()).env("SSL_CERT_FILE", known).ok();
    outcome.says("hold 2 modules, verified").never_says("asking again");
}

#[test]
fn a_certificate_that_nobody_knows() {
    let Some(scene) = Scene::new() else { return };
    let Some(server) = TlsServer::start(scene.tree.path(), false) else { return };
    let outcome = scene.vendor(&server.url()).code(5);
    outcome.says("invalid peer certificate").says("SSL_CERT_FILE").never_says("asking again");
    assert!(scene.held("dep.test/one").is_empty());
    scene.is_clean();
}

#[test]
fn https_is_not_led_to_http() {
    let Some(scene) = Scene::new() else { return };
    let answers = Project::empty();
    for path in [super::ONE_MOD, super::TWO_MOD, super::ONE_ZIP, super::TWO_ZIP] {
        let answer = format!("HTTP/1.0 302 Found\r\nLocation: {}{path}\r\n\r\n", scene.server.url());
        answers.write(path.trim_start_matches('/'), &answer);
    }
    let Some(server) = TlsServer::start(answers.path(), true) else { return };
    let known = server.files.path().join("cert.pem");
    let outcome = scene.vendor(&server.url()).env("SSL_CERT_FILE", known).code(5);
    outcome.says("dep.test/one@v1.0.0 (go.mod)").says("https only").never_says("asking again");
    assert!(scene.server.asked().is_empty());
}

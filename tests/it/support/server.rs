//! A proxy of Go modules over HTTP, on this machine, that can be told to misbehave.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How one request is answered.
#[derive(Debug, Clone)]
pub enum Answer {
    /// With the file.
    Serve,
    /// With this status and header line (which may be empty), and no file.
    Status(u16, String),
    /// Not at all, for a minute.
    Silence,
    /// With the first half of the file, then a reset.
    Reset,
    /// With the first half of the file, then an orderly end.
    Truncate,
    /// With other bytes.
    Bytes(Vec<u8>),
    /// With an announced length and no byte.
    Announce(u64),
    /// With zeros for ever and no announced length.
    Endless,
}

impl Answer {
    /// A status without a header of its own.
    pub fn status(code: u16) -> Self {
        Answer::Status(code, String::new())
    }

    /// A redirect.
    pub fn redirect(to: &str) -> Self {
        Answer::Status(302, format!("Location: {to}"))
    }
}

/// A request that came.
#[derive(Debug, Clone)]
pub struct Asked {
    /// Its path.
    pub path: String,
    /// Its Authorization header.
    pub authorization: Option<String>,
}

#[derive(Default)]
struct State {
    plans: Mutex<BTreeMap<String, Vec<Answer>>>,
    asked: Mutex<Vec<Asked>>,
    login: Mutex<Option<String>>,
}

/// The server. Its threads end with the tests.
pub struct Server {
    address: SocketAddr,
    state: Arc<State>,
}

impl Server {
    /// Serves a directory; `None`, and a line that says why, where this machine has no loopback device.
    pub fn start(root: &Path) -> Option<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
        let address = listener.local_addr().unwrap();
        let up = || TcpStream::connect_timeout(&address, Duration::from_secs(5)).is_ok();
        // In a network namespace of its own the device is there and down.
        if !up()
            && (!Command::new("ip").args(["link", "set", "lo", "up"]).status().is_ok_and(|s| s.success())
                || !up())
        {
            let _ = writeln!(std::io::stderr(), "skipped: this host has no loopback device that is up");
            return None;
        }
        let server = Server { address, state: Arc::default() };
        let (state, root) = (server.state.clone(), root.to_owned());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (state, root) = (state.clone(), root.clone());
                std::thread::spawn(move || state.answer(stream, root));
            }
        });
        Some(server)
    }

    /// An address at which nobody listens.
    pub fn nobody() -> String {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    }

    /// GOPROXY for it.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The same server under another name, and with something before the host.
    pub fn url_as(&self, user_info: &str, host: &str) -> String {
        format!("http://{user_info}{host}:{}", self.address.port())
    }

    /// Answers requests for a path with these in order, then with the file.
    pub fn plan(&self, path: &str, answers: &[Answer]) {
        self.state.plans.lock().unwrap().insert(path.to_owned(), answers.iter().rev().cloned().collect());
    }

    /// Answers every request for a path with this.
    pub fn always(&self, path: &str, answer: Answer) {
        self.plan(path, &vec![answer; 50]);
    }

    /// Turns away whoever does not send `user:password`.
    pub fn demand(&self, login: &str) {
        *self.state.login.lock().unwrap() = Some(login.to_owned());
    }

    /// Every request so far.
    pub fn asked(&self) -> Vec<Asked> {
        self.state.asked.lock().unwrap().clone()
    }

    /// How many requests for a path came.
    pub fn count(&self, path: &str) -> usize {
        self.asked().iter().filter(|asked| asked.path == path).count()
    }
}

impl State {
    fn answer(&self, mut stream: TcpStream, root: PathBuf) {
        // The request is looked at before it is read: to close a socket with unread bytes resets the connection.
        let mut buffer = [0; 16 << 10];
        let text = loop {
            let Ok(count @ 1..) = stream.peek(&mut buffer) else { return };
            let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
            if text.contains("\r\n\r\n") {
                break text;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let path = text.split(' ').nth(1).unwrap_or("/").split('?').next().unwrap().replace("%21", "!");
        let header = |name: &str| {
            let lines = text.lines().filter_map(|line| line.split_once(": "));
            lines.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, value)| value.to_owned()).next()
        };
        let authorization = header("authorization");
        self.asked.lock().unwrap().push(Asked { path: path.clone(), authorization: authorization.clone() });
        let planned = self.plans.lock().unwrap().get_mut(&path).and_then(Vec::pop);
        let welcome = self.login.lock().unwrap().as_ref().is_none_or(|login| {
            authorization
                .is_some_and(|sent| sent == format!("Basic {}", super::modules::base64(login.as_bytes())))
        });
        let file = std::fs::read(root.join(path.trim_start_matches('/')));
        let answer = match (planned, welcome, file.is_ok()) {
            (Some(answer), _, _) => answer,
            (None, false, _) => Answer::Status(401, "WWW-Authenticate: Basic realm=\"modules\"".to_owned()),
            (None, true, false) => Answer::status(404),
            (None, true, true) => Answer::Serve,
        };
        let file = file.unwrap_or_default();
        if !matches!(answer, Answer::Reset) {
            let _ = stream.read(&mut buffer);
        }
        let _ = respond(&mut stream, &answer, &file);
    }
}

fn respond(stream: &mut TcpStream, answer: &Answer, file: &[u8]) -> std::io::Result<()> {
    let head =
        |length: u64| format!("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n");
    match answer {
        Answer::Serve => {
            stream.write_all(head(file.len() as u64).as_bytes())?;
            stream.write_all(file)
        }
        Answer::Status(code, header) => {
            let line = if header.is_empty() { String::new() } else { format!("{header}\r\n") };
            // Go's client shows these words, and xbuild looks for them there.
            let words = match code {
                401 => "Unauthorized",
                503 => "Service Unavailable",
                _ => "Told So",
            };
            let text =
                format!("HTTP/1.1 {code} {words}\r\nConnection: close\r\n{line}Content-Length: 0\r\n\r\n");
            stream.write_all(text.as_bytes())
        }
        Answer::Silence => {
            std::thread::sleep(Duration::from_secs(60));
            Ok(())
        }
        Answer::Reset | Answer::Truncate => {
            stream.write_all(head(file.len() as u64).as_bytes())?;
            stream.write_all(&file[..file.len() / 2])
        }
        Answer::Bytes(bytes) => {
            stream.write_all(head(bytes.len() as u64).as_bytes())?;
            stream.write_all(bytes)
        }
        Answer::Announce(length) => stream.write_all(head(*length).as_bytes()),
        Answer::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
            let zeros = vec![0; 1 << 20];
            loop {
                stream.write_all(&zeros)?;
            }
        }
    }
}

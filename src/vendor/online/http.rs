//! One GET request, streamed, bounded in size and time, and given up as soon as the run ends.

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::time::{Duration, SystemTime};

use ureq::config::RedirectAuthHeaders;
use ureq::http::header::{AUTHORIZATION, RETRY_AFTER};
use ureq::tls::{RootCerts, TlsConfig};

use super::http_proxy;
use super::retry;
use crate::cancel::Cancel;
use crate::fs::FsError;

/// How long a request may take.
#[derive(Debug, Clone)]
pub(super) struct Timeouts {
    /// Name, connection and TLS.
    pub(super) connect: Duration,
    /// From the request to the end of the headers.
    pub(super) headers: Duration,
    /// Between two pieces of the body.
    pub(super) idle: Duration,
    /// All of it.
    pub(super) whole: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Timeouts {
            connect: Duration::from_secs(15),
            headers: Duration::from_secs(60),
            idle: Duration::from_secs(30),
            whole: Duration::from_secs(20 * 60),
        }
    }
}

/// Why there is no file.
#[derive(Debug)]
pub(super) enum Fault {
    /// The server answered something else than 200.
    Status {
        /// The code.
        code: u16,
        /// Who answered: another host than the one asked, after a redirect.
        host: String,
        /// How long it asks to be left alone.
        asked: Option<Duration>,
    },
    /// The connection or the answer broke; another try may do.
    Broken(String),
    /// The server cannot be reached or trusted, and will not be a moment later.
    Unreachable(String),
    /// More bytes than the file may have.
    TooLarge(u64),
    /// The run has ended.
    Ended,
    /// What was received cannot be kept.
    Kept(FsError),
}

impl Fault {
    /// Whether the same request may succeed a moment later.
    pub(super) fn is_transient(&self) -> bool {
        matches!(self, Fault::Broken(_) | Fault::Status { code: 429 | 502 | 503 | 504, .. })
    }
}

/// A client for one scheme, with the HTTP proxy that the environment names for it.
#[derive(Debug, Clone)]
pub(super) struct Client {
    agent: ureq::Agent,
}

enum Piece {
    Head { status: u16, host: String, asked: Option<Duration>, length: Option<u64> },
    Data(Vec<u8>),
    End,
    Failed(Fault),
}

impl Client {
    /// A client. One for https follows no redirect to http.
    ///
    /// # Errors
    /// A sentence, when the environment names an HTTP proxy that is none.
    pub(super) fn new(
        secure: bool,
        timeouts: &Timeouts,
        env: &BTreeMap<String, String>,
    ) -> Result<Self, String> {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            .unversioned_rustls_crypto_provider(std::sync::Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .https_only(secure)
            .max_redirects(5)
            .redirect_auth_headers(RedirectAuthHeaders::SameHost)
            .proxy(http_proxy::of(secure, env)?)
            .tls_config(tls)
            .user_agent(concat!("xbuild/", env!("CARGO_PKG_VERSION")))
            .timeout_resolve(Some(timeouts.connect))
            .timeout_connect(Some(timeouts.connect))
            .timeout_recv_response(Some(timeouts.headers))
            .timeout_per_read(Some(timeouts.idle))
            .timeout_global(Some(timeouts.whole))
            .build();
        Ok(Client { agent: config.new_agent() })
    }

    /// Fetches a file and hands on its bytes as they come; returns how many there were.
    ///
    /// The request runs on a thread of its own: a name that does not resolve or a server that says nothing cannot
    /// be interrupted, but need not be waited for.
    pub(super) fn get(
        &self,
        url: &str,
        authorization: Option<&str>,
        limit: u64,
        cancel: &Cancel,
        mut keep: impl FnMut(&[u8]) -> Result<(), FsError>,
    ) -> Result<u64, Fault> {
        let (sender, pieces) = mpsc::sync_channel(4);
        let mut request = self.agent.get(url);
        if let Some(value) = authorization {
            request = request.header(AUTHORIZATION, value);
        }
        let spawned = std::thread::Builder::new().name("http".to_owned()).spawn(move || {
            let last = match receive(request, &sender) {
                Ok(()) => Piece::End,
                Err(fault) => Piece::Failed(fault),
            };
            // Nobody waits any more: the run has ended.
            let _ = sender.send(last);
        });
        spawned.map_err(|error| Fault::Broken(format!("no thread for the request: {error}")))?;
        let (mut received, mut expected) = (0, None);
        loop {
            if cancel.reason().is_some() {
                return Err(Fault::Ended);
            }
            match pieces.recv_timeout(Duration::from_millis(100)) {
                Ok(Piece::Head { status: 200, length, .. }) => {
                    if length.is_some_and(|length| length > limit) {
                        return Err(Fault::TooLarge(limit));
                    }
                    expected = length;
                }
                Ok(Piece::Head { status: code, host, asked, .. }) => {
                    return Err(Fault::Status { code, host, asked });
                }
                Ok(Piece::Data(bytes)) => {
                    received += bytes.len() as u64;
                    if received > limit {
                        return Err(Fault::TooLarge(limit));
                    }
                    keep(&bytes).map_err(Fault::Kept)?;
                }
                Ok(Piece::End) if expected.is_some_and(|expected| expected != received) => {
                    return Err(Fault::Broken("the answer ended early".to_owned()));
                }
                Ok(Piece::End) => return Ok(received),
                Ok(Piece::Failed(fault)) => return Err(fault),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    return Err(Fault::Broken("the request ended without an answer".to_owned()));
                }
            }
        }
    }
}

/// Runs on the request's own thread, for as long as somebody listens.
fn receive(
    request: ureq::RequestBuilder<ureq::typestate::WithoutBody>,
    listener: &SyncSender<Piece>,
) -> Result<(), Fault> {
    use ureq::ResponseExt as _;
    let mut response = request.call().map_err(fault)?;
    let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let head = Piece::Head {
        status: response.status().as_u16(),
        host: response.get_uri().host().unwrap_or_default().to_owned(),
        asked: header.and_then(|header| retry::asked(header, SystemTime::now())),
        length: response.body().content_length(),
    };
    let listening = listener.send(head).is_ok();
    if !listening || response.status() != 200 {
        return Ok(());
    }
    let mut body = response.body_mut().as_reader();
    loop {
        let mut piece = vec![0; 64 << 10];
        let count = body.read(&mut piece).map_err(|error| fault(error.into()))?;
        piece.truncate(count);
        if count == 0 || listener.send(Piece::Data(piece)).is_err() {
            return Ok(());
        }
    }
}

/// What an error of the client means for the next step.
fn fault(error: ureq::Error) -> Fault {
    let text = match &error {
        ureq::Error::Timeout(_) => return Fault::Broken(format!("no answer in time ({error})")),
        ureq::Error::Io(error) => error.to_string(),
        error => error.to_string(),
    };
    // The texts are those of rustls and of the system's resolver; their kinds do not tell these cases apart.
    let lasting = [
        "certificate",
        "proxy server responded 4",
        "Name or service not known",
        "No address associated",
        "nodename nor servname",
    ];
    match error {
        _ if lasting.iter().any(|words| text.contains(words)) => Fault::Unreachable(text),
        ureq::Error::HostNotFound
        | ureq::Error::TooManyRedirects
        | ureq::Error::RequireHttpsOnly(_)
        | ureq::Error::BadUri(_)
        | ureq::Error::Http(_)
        | ureq::Error::InvalidProxyUrl => Fault::Unreachable(without_urls(&text)),
        _ => Fault::Broken(without_urls(&text)),
    }
}

/// Cuts URLs down to their scheme and host: a redirect's query may hold a token.
pub(super) fn without_urls(text: &str) -> String {
    let words = text.split(' ').map(|word| {
        let Some((before, rest)) = word.split_once("://") else { return word.to_owned() };
        let authority = rest.split(['/', '?', '#', '\'', '"']).next().unwrap_or_default();
        let host = authority.rsplit('@').next().unwrap_or_default();
        format!("{before}://{host}")
    });
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener, TcpStream};
    use std::time::{Duration, Instant};

    use super::{Client, Fault, Timeouts, without_urls};
    use crate::cancel::Cancel;

    /// The address of a server that does this with its one connection; none where there is no loopback device.
    fn server(act: impl FnOnce(TcpStream) + Send + 'static) -> Option<String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || act(listener.accept().unwrap().0));
        Some(address.to_string())
    }

    fn get(url: &str) -> Result<u64, Fault> {
        let short = Duration::from_millis(300);
        let timeouts = Timeouts { connect: short, headers: short, idle: short, whole: short * 3 };
        let client = Client::new(url.starts_with("https"), &timeouts, &BTreeMap::new()).unwrap();
        client.get(url, None, 1000, &Cancel::default(), |_| Ok(()))
    }

    #[track_caller]
    fn broken(url: &str, words: &str) {
        let started = Instant::now();
        let fault = get(url).unwrap_err();
        assert!(fault.is_transient(), "{fault:?}");
        let Fault::Broken(text) = fault else { panic!("{fault:?}") };
        // Without a loopback device nothing connects at all.
        assert!(text.contains(words) || text.contains("unreachable"), "{text}");
        assert!(started.elapsed() < Duration::from_secs(5));
    }

    fn asked(stream: &mut TcpStream) {
        let mut buffer = [0; 4096];
        assert!(stream.read(&mut buffer).unwrap() > 0);
    }

    const PAUSE: Duration = Duration::from_secs(3);

    #[test]
    fn silence_before_the_headers() {
        let Some(address) = server(|mut stream| {
            asked(&mut stream);
            std::thread::sleep(PAUSE);
        }) else {
            return;
        };
        broken(&format!("http://{address}/x"), "no answer in time");
    }

    #[test]
    fn silence_in_the_body() {
        let Some(address) = server(|mut stream| {
            asked(&mut stream);
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n12345").unwrap();
            std::thread::sleep(PAUSE);
        }) else {
            return;
        };
        broken(&format!("http://{address}/x"), "no answer in time");
    }

    #[test]
    fn a_trickle_that_never_ends() {
        let Some(address) = server(|mut stream| {
            asked(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n");
            while stream.write_all(b".").is_ok() {
                std::thread::sleep(Duration::from_millis(50));
            }
        }) else {
            return;
        };
        broken(&format!("http://{address}/x"), "no answer in time");
    }

    #[test]
    fn something_else_than_http() {
        let Some(address) = server(|mut stream| {
            asked(&mut stream);
            let _ = stream.write_all(b"SSH-2.0-OpenSSH\r\n\r\n");
        }) else {
            return;
        };
        broken(&format!("http://{address}/x"), "http");
    }

    #[test]
    fn something_else_than_tls() {
        let Some(address) = server(|mut stream| {
            asked(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n");
        }) else {
            return;
        };
        broken(&format!("https://{address}/x"), "");
    }

    #[test]
    fn an_answer_without_an_end() {
        let Some(address) = server(|mut stream| {
            asked(&mut stream);
            let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n");
        }) else {
            return;
        };
        broken(&format!("http://{address}/x"), "");
    }

    #[test]
    fn urls_are_cut_to_their_host() {
        assert_eq!(without_urls("to https://u:p@a.test/x?y z"), "to https://a.test z");
    }
}

//! A GOPROXY list, read as Go reads it. Source of the format: <https://go.dev/ref/mod#environment-variables>.

use std::fmt;

use ureq::http::Uri;

/// One entry of a list that leads off this host. `file://` entries are not here: they are looked into first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Entry {
    /// A proxy.
    Proxy {
        /// Where it is.
        url: ProxyUrl,
        /// Whether a refusal leads to the next entry too (`|`), and not only an absent file (`,`).
        on_any: bool,
    },
    /// The module's own repository, through Go's client.
    Direct,
    /// Nothing more may be asked.
    Off,
}

/// The address of a proxy. Neither its text nor its debug form shows credentials.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct ProxyUrl {
    /// `http` or `https`, with host, port and path, without a slash at the end.
    base: String,
    /// `user:password`, decoded.
    user_info: Option<String>,
    /// As the user wrote it, for Go's own client.
    given: String,
}

/// Reads a list.
///
/// # Errors
/// A sentence that names the entry, without its credentials.
pub(super) fn parse(list: &str) -> Result<Vec<Entry>, String> {
    let mut entries = Vec::new();
    let mut local = false;
    let mut rest = list;
    while !rest.is_empty() {
        let end = rest.find([',', '|']).unwrap_or(rest.len());
        let on_any = rest[end..].starts_with('|');
        let text = rest[..end].trim();
        rest = rest.get(end + 1..).unwrap_or_default();
        match text {
            "" => {}
            "off" => {
                entries.push(Entry::Off);
                return Ok(entries);
            }
            "direct" => {
                entries.push(Entry::Direct);
                return Ok(entries);
            }
            text if text.starts_with("file://") => local = true,
            text => entries.push(Entry::Proxy { url: ProxyUrl::parse(text)?, on_any }),
        }
    }
    if entries.is_empty() && !local {
        return Err("the list has no entry".to_owned());
    }
    Ok(entries)
}

impl ProxyUrl {
    fn parse(text: &str) -> Result<Self, String> {
        let full = match text.contains(":/") {
            true => text.to_owned(),
            // Single words are kept for Go's own use; anything else is a host.
            false if text.contains(['.', ':', '/']) && !text.starts_with('/') => format!("https://{text}"),
            false => return Err(format!("{text:?} is neither a URL nor `direct` nor `off`")),
        };
        let (scheme, rest) = full.split_once("://").unwrap_or((&full, ""));
        let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
        let (user_info, host) = match authority.rsplit_once('@') {
            Some((user_info, host)) => (Some(user_info), host),
            None => (None, authority),
        };
        let shown = format!("{scheme}://{host}");
        if !["http", "https"].contains(&scheme) {
            return Err(format!("{shown} has the scheme {scheme:?}; it must be https, http or file"));
        }
        if path.contains(['?', '#']) {
            return Err(format!("the URL at {shown} has more than a path behind its host"));
        }
        let base = format!("{shown}{}", path.trim_end_matches('/'));
        let uri: Uri = base.parse().map_err(|error| format!("{shown} is no URL: {error}"))?;
        if uri.host().is_none_or(str::is_empty) {
            return Err(format!("the URL with the scheme {scheme:?} names no host"));
        }
        let user_info = user_info.map(|text| decoded(text).ok_or(text)).transpose();
        let user_info = user_info.map_err(|_| format!("the credentials for {shown} are not well encoded"))?;
        let url = ProxyUrl { base, user_info, given: text.to_owned() };
        if url.user_info.is_some() && !url.may_carry_credentials() {
            return Err(format!("credentials for {shown} would cross the network unencrypted"));
        }
        Ok(url)
    }

    /// The address of a file below the proxy.
    pub(super) fn file(&self, path: &str) -> String {
        format!("{}/{}", self.base, path.replace('!', "%21"))
    }

    /// `user:password`, where the URL has them.
    pub(super) fn user_info(&self) -> Option<&str> {
        self.user_info.as_deref()
    }

    /// As the user wrote it, credentials included: for Go's environment and nothing else.
    pub(super) fn given(&self) -> &str {
        &self.given
    }

    /// Host and port.
    pub(super) fn authority(&self) -> &str {
        let rest = self.base.split_once("://").map_or("", |(_, rest)| rest);
        rest.split('/').next().unwrap_or_default()
    }

    /// The host alone.
    pub(super) fn host(&self) -> &str {
        let authority = self.authority();
        match authority.rsplit_once(':') {
            Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
            _ => authority,
        }
    }

    /// Whether requests are encrypted.
    pub(super) fn is_secure(&self) -> bool {
        self.base.starts_with("https://")
    }

    /// Credentials go over https only, or to this host itself.
    pub(super) fn may_carry_credentials(&self) -> bool {
        self.is_secure() || is_loopback(self.host())
    }
}

/// Whether a host's name means the machine that asks.
pub(super) fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

/// Only scheme, host and port: a path may hold a token as well.
impl fmt::Display for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.is_secure() { "https" } else { "http" }, self.authority())
    }
}

impl fmt::Debug for ProxyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Undoes percent encoding.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let digits = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(digits, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::{Entry, parse};

    fn proxies(list: &str) -> Vec<(String, bool)> {
        let entries = parse(list).unwrap().into_iter();
        entries
            .map(|entry| match entry {
                Entry::Proxy { url, on_any } => (url.file("x"), on_any),
                other => (format!("{other:?}"), false),
            })
            .collect()
    }

    #[test]
    fn lists_as_go_reads_them() {
        let own = |list: &[(&str, bool)]| {
            list.iter().map(|(url, any)| ((*url).to_owned(), *any)).collect::<Vec<_>>()
        };
        assert_eq!(
            proxies(" https://a.test/p/ ,file:///x,|b.test|direct,https://c.test"),
            own(&[("https://a.test/p/x", false), ("https://b.test/x", true), ("Direct", false)])
        );
        assert_eq!(proxies("off,https://a.test"), own(&[("Off", false)]));
        assert_eq!(proxies("file:///only"), own(&[]));
        assert_eq!(proxies("http://[::1]:80"), own(&[("http://[::1]:80/x", false)]));
    }

    #[test]
    fn mistakes_are_named_without_secrets() {
        for (list, expected) in [
            ("", "no entry"),
            (" , |", "no entry"),
            ("ftp://user:hidden@a.test/x", "ftp://a.test has the scheme \"ftp\""),
            ("nothing", "neither a URL nor"),
            ("/a/directory", "neither a URL nor"),
            ("https://", "is no URL"),
            ("https:///path", "is no URL"),
            ("https://user:hidden@/path", "is no URL"),
            ("https://a.test/?token=hidden", "more than a path"),
            ("https://user:%zzhidden@a.test", "not well encoded"),
            ("http://user:hidden@a.test", "unencrypted"),
        ] {
            let error = parse(list).unwrap_err();
            assert!(error.contains(expected) && !error.contains("hidden"), "{list:?}: {error}");
        }
    }

    #[test]
    fn credentials_are_read_and_never_shown() {
        let entries = parse("https://user:hid%40den@a.test:8443/path").unwrap();
        let [Entry::Proxy { url, .. }] = &entries[..] else { panic!("{entries:?}") };
        assert_eq!(url.user_info(), Some("user:hid@den"));
        assert_eq!((url.host(), url.authority()), ("a.test", "a.test:8443"));
        assert_eq!(format!("{url} {url:?}"), "https://a.test:8443 https://a.test:8443");
        assert!(parse("http://user:hidden@127.0.0.1:80").is_ok());
    }
}

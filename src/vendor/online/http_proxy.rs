//! The HTTP proxy that the environment names.

use std::collections::BTreeMap;

use super::goproxy::is_loopback;

/// The HTTP proxy for a scheme, as Go chooses it: `HTTPS_PROXY` or `HTTP_PROXY` in capitals or not, with the hosts
/// of `NO_PROXY` left out and never for this machine itself.
pub(super) fn of(secure: bool, env: &BTreeMap<String, String>) -> Result<Option<ureq::Proxy>, String> {
    let get = |name: &str| {
        let found = env.get(name).or_else(|| env.get(&name.to_lowercase()));
        found.map(|value| value.trim()).filter(|value| !value.is_empty())
    };
    let name = if secure { "HTTPS_PROXY" } else { "HTTP_PROXY" };
    let Some(value) = get(name) else { return Ok(None) };
    let broken = |_| format!("{name} is no address of an HTTP proxy");
    let given = ureq::Proxy::new(value).map_err(broken)?;
    let mut builder = ureq::Proxy::builder(given.protocol()).host(given.host()).port(given.port());
    if let Some(user) = given.username() {
        builder = builder.username(user);
    }
    if let Some(password) = given.password() {
        builder = builder.password(password);
    }
    let own = ["localhost", "127.*", "[::1]"].map(str::to_owned);
    let named = get("NO_PROXY").unwrap_or_default().split(',').map(str::trim);
    // In Go a name stands for its subdomains as well.
    let named = named.filter(|host| !host.is_empty()).flat_map(|host| {
        let dotted = (!host.starts_with(['.', '*']) && !is_loopback(host)).then(|| format!(".{host}"));
        [Some(host.to_owned()), dotted].into_iter().flatten()
    });
    for host in own.into_iter().chain(named) {
        builder = builder.no_proxy(&host);
    }
    builder.build().map(Some).map_err(broken)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::of;

    #[test]
    fn the_http_proxy_of_a_scheme() {
        let env = |list: &[(&str, &str)]| -> BTreeMap<String, String> {
            list.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
        };
        let chosen = |secure, list: &[(&str, &str)]| of(secure, &env(list)).unwrap();
        assert!(chosen(true, &[("HTTP_PROXY", "http://p.test:1"), ("HTTPS_PROXY", " ")]).is_none());
        let proxy = chosen(
            true,
            &[("https_proxy", "http://us%40er:pa%3Ass@p.test:1"), ("NO_PROXY", "a.test, .b.test,10.0.0.1")],
        )
        .unwrap();
        assert_eq!((proxy.host(), proxy.port()), ("p.test", 1));
        assert_eq!((proxy.username(), proxy.password()), (Some("us@er"), Some("pa:ss")));
        let passed_over = |host: &str| proxy.is_no_proxy(&format!("https://{host}/").parse().unwrap());
        for host in ["a.test", "x.a.test", "x.b.test", "10.0.0.1", "127.0.0.1", "localhost", "[::1]"] {
            assert!(passed_over(host), "{host}");
        }
        for host in ["b.test", "xa.test", "10.0.0.11", "c.test"] {
            assert!(!passed_over(host), "{host}");
        }
        assert!(of(false, &env(&[("HTTP_PROXY", "nonsense://x")])).is_err());
    }
}

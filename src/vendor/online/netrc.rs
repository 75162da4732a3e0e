//! Credentials in the user's netrc file, read as Go reads them.
//! Source of the format: <https://www.gnu.org/software/inetutils/manual/html_node/The-_002enetrc-file.html>.

use std::collections::BTreeMap;
use std::fmt;

use camino::{Utf8Path, Utf8PathBuf};

use crate::fs;

/// `login:password` by machine. Its debug form names machines only.
#[derive(Clone, Default, PartialEq, Eq)]
pub(super) struct Netrc {
    logins: BTreeMap<String, String>,
}

impl Netrc {
    /// Reads the user's file: the one that NETRC names, else `_netrc` (Windows) or `.netrc` in the home
    /// directory. No file is no credentials.
    ///
    /// # Errors
    /// When there is one and it cannot be read.
    pub(super) fn read(env: &BTreeMap<String, String>) -> fs::Result<Self> {
        let named = env.get("NETRC").filter(|path| !path.is_empty()).map(Utf8PathBuf::from);
        let home = env.get(if cfg!(windows) { "USERPROFILE" } else { "HOME" });
        let in_home = |name: &str| home.map(|home| Utf8Path::new(home).join(name));
        let legacy = cfg!(windows).then(|| in_home("_netrc")).flatten().filter(|path| path.is_file());
        let Some(path) = named.or(legacy).or_else(|| in_home(".netrc")) else { return Ok(Netrc::default()) };
        Ok(Netrc::parse(&fs::read_text_if_present(&path)?.unwrap_or_default()))
    }

    /// The first login of each machine counts. `default` is passed over: it would hand a password to any host.
    fn parse(text: &str) -> Self {
        let mut netrc = Netrc::default();
        let (mut machine, mut login, mut password) = (String::new(), String::new(), String::new());
        let mut macro_body = false;
        for line in text.lines() {
            if macro_body {
                macro_body = !line.is_empty();
                continue;
            }
            let mut words = line.split_whitespace();
            while let Some(word) = words.next() {
                if word == "default" {
                    return netrc;
                }
                let Some(value) = words.next() else { break };
                match word {
                    "machine" => {
                        value.clone_into(&mut machine);
                        login.clear();
                        password.clear();
                    }
                    "login" => value.clone_into(&mut login),
                    "password" => value.clone_into(&mut password),
                    "macdef" => macro_body = true,
                    _ => {}
                }
                if ![&machine, &login, &password].iter().any(|text| text.is_empty()) {
                    let entry = std::mem::take(&mut machine);
                    netrc.logins.entry(entry).or_insert_with(|| format!("{login}:{password}"));
                }
            }
        }
        netrc
    }

    /// `login:password` for a machine: with its port, else by its name.
    pub(super) fn login(&self, authority: &str, host: &str) -> Option<&str> {
        self.logins.get(authority).or_else(|| self.logins.get(host)).map(String::as_str)
    }
}

impl fmt::Debug for Netrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.logins.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::Netrc;

    #[test]
    fn machines_of_every_shape() {
        let netrc = Netrc::parse(
            "machine one.test login a password b\nmachine one.test login later password later\n\
             machine two.test\n\tlogin c\n\tpassword d\n\nmacdef init\nmachine no.test login x password y\n\n\
             machine three.test:8080 login e account ignored password f\nmachine half.test login g\n\
             default login anyone password anything\nmachine behind.test login h password i\n",
        );
        let login = |authority: &str| netrc.login(authority, authority.split(':').next().unwrap());
        assert_eq!(login("one.test"), Some("a:b"));
        assert_eq!(login("one.test:443"), Some("a:b"));
        assert_eq!(login("two.test"), Some("c:d"));
        assert_eq!(login("three.test:8080"), Some("e:f"));
        for none in ["three.test", "no.test", "half.test", "behind.test", "other.test"] {
            assert_eq!(login(none), None, "{none}");
        }
        assert!(!format!("{netrc:?}").contains("a:b"));
    }
}

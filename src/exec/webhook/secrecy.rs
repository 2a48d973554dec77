//! What of an answer is shown: a receiver, or a proxy before it, may repeat the address it was asked for.
//!
//! Secrets are masked by their value, and of an address that holds one receivers know parts: its path, the values of its query. These are
//! masked, too; and a text that still has a piece of a secret in it, in whatever way it is written, is not shown at all.

use percent_encoding::percent_decode_str;
use reqwest::Url;

use crate::exec::log::Log;

/// What stands for a text that is not shown.
const WITHHELD: &str = "its text is not shown, because it has a part of a secret in it";

/// The shortest segment of a path, or value of a query, that is masked by itself.
const SHORTEST: usize = 4;

/// A log that also hides the parts of an address, if the address holds a secret.
pub(super) fn hiding(log: &Log, address: &Url, written: &str) -> Log {
    if log.mask(written) == written {
        return log.clone();
    }
    log.hiding(&parts(address))
}

/// What of an address tells it from other ones of its host, as it is written and decoded.
fn parts(address: &Url) -> Vec<String> {
    let path = address.path();
    let query = address.query().unwrap_or_default();
    let mut parts = vec![format!("{path}?{query}"), query.to_owned()];
    let password = address.password().unwrap_or_default();
    let user = address.username();
    parts.extend([password.to_owned(), format!("{user}:{password}")]);
    if user.len() >= SHORTEST {
        parts.push(user.to_owned());
    }
    if path.len() > 1 {
        parts.push(path.to_owned());
    }
    let segments = path.split('/');
    let values = query
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(_, value)| value);
    let own = segments.chain(values).filter(|part| part.len() >= SHORTEST);
    parts.extend(own.map(str::to_owned));
    let decoded: Vec<String> = parts
        .iter()
        .map(|part| percent_decode_str(part).decode_utf8_lossy().into_owned())
        .collect();
    parts.extend(decoded);
    parts.retain(|part| !matches!(part.as_str(), "" | "?" | ":" | "/" | "/?"));
    parts
}

/// What may be shown of what a receiver has said.
pub(super) fn shown(log: &Log, said: &str) -> String {
    let masked = log.mask(said);
    if log.has_part_of_secret(&masked) {
        return WITHHELD.to_owned();
    }
    masked
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    /// What is shown of an answer when this address is a secret.
    fn told(address: &str, said: &str) -> String {
        let log = Log::at(Path::new("/none"), &[address.to_owned()]);
        let log = hiding(&log, &Url::parse(address).unwrap(), address);
        shown(&log, said)
    }

    const ADDRESS: &str = "https://mary:pass-word@hooks.example.com/services/T0/CANARY1/b%20CANARY2?t=CANARY3%2Fx&u=y";

    #[test]
    fn no_part_of_a_secret_address_is_shown_however_it_is_repeated() {
        for said in [
            "Cannot POST /services/T0/CANARY1/b%20CANARY2?t=CANARY3%2Fx&u=y",
            "Cannot POST /services/T0/CANARY1/b%20CANARY2",
            "<p>/services/T0/CANARY1/b CANARY2 was not found</p>",
            "no such hook: CANARY1",
            "no token CANARY3/x",
            "no token CANARY3%2Fx",
            "no token canary3%2fx",
            "GET /?t=CANARY3%2Fx&amp;u=y",
            "{\"path\":\"\\/services\\/T0\\/CANARY1\\/\"}",
            "Basic bWFyeTpwYXNzLXdvcmQ=",
            "bad login mary:pass-word",
            "bad password pass-word",
            "cut off here: https://mary:pass-word@hooks.example.com/services/T0/CANAR",
        ] {
            let shown = told(ADDRESS, said).to_lowercase();
            for canary in ["canar", "pass-w", "bwfyetpw"] {
                assert!(!shown.contains(canary), "{said}: {shown}");
            }
        }
    }

    #[test]
    fn what_has_nothing_of_the_secret_is_shown() {
        let said =
            "hooks.example.com: 3 requests a second are too many, see https://example.com/limits";
        assert_eq!(told(ADDRESS, said), said);
        let log = Log::at(Path::new("/none"), &["hush".to_owned()]);
        let address = "https://hooks.example.com/services/T0";
        let plain = hiding(&log, &Url::parse(address).unwrap(), address);
        let said = "Cannot POST /services/T0";
        assert_eq!(shown(&plain, said), said, "the address is no secret");
    }
}

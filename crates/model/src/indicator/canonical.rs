//! One canonical form for each kind of indicator.

mod account;
mod crypto_address;
mod network;
mod registry_key;
mod written;

use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::borrow::Cow;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use url::{Host, Url};

use super::defang::{undo_brackets, undo_scheme};
use super::{IndicatorKind, PSEUDONYM};

/// What is wrong with a value and what is accepted.
type Why = &'static str;

/// Pairs of marks that people put around a value.
const AROUND: [(char, char); 7] = [
    ('"', '"'),
    ('\'', '\''),
    ('`', '`'),
    ('<', '>'),
    ('“', '”'),
    ('‘', '’'),
    ('«', '»'),
];

/// Characters of ASCII that a host name holds none of. The underscore is no part of a host name by RFC 952, but the DNS holds names with it.
const NOT_IN_NAMES: AsciiDenyList = AsciiDenyList::new(true, "!\"#$%&'()*+,/:;<=>?@[\\]^`{|}~");

/// Longest mail address (RFC 5321, 4.5.3.1.3, without the angle brackets), in bytes.
const EMAIL_BYTES: usize = 254;

/// Longest local part of a mail address (RFC 5321, 4.5.3.1.1), in bytes.
const LOCAL_PART_BYTES: usize = 64;

/// Times a URL is normalised until it no longer changes. One is enough for a canonical one, two for all but contrived ones.
const URL_ROUNDS: usize = 5;

const NOT_AN_IP: Why =
    "not an IP address: give four decimal numbers without leading zeros such as 192.0.2.7, or IPv6 such as 2001:db8::7";
const NETWORK: Why = "a network, not an address: give a single IP address, or the network as cidr";
const NOT_A_DOMAIN: Why =
    "not a domain name: give labels of letters, digits and hyphens, each of at most 63 bytes and 253 together";
const ONE_LABEL: Why = "a single label: give a full domain name such as bad.example";
const IP_AS_DOMAIN: Why = "an IP address, not a domain name: give it as ip";
const URL_AS_DOMAIN: Why = "a URL, not a domain name: give it as url";
const NOT_A_URL: Why = "not a URL: give one such as https://bad.example/path";
const SCHEME: Why = "a URL of a scheme not compared: give http, https, ftp, ws or wss";
const UNSETTLED: Why = "a URL without a stable form: undo its brackets by hand";
const NOT_AN_EMAIL: Why =
    "not a mail address: give local@domain, the local part of at most 64 ASCII bytes without quotation marks";
const NOT_A_PSEUDONYM: Why = "not a pseudonym: give pseudonym: and 32 hexadecimal digits";
const NOT_A_CVE: Why = "not a CVE entry: give CVE-, a year from 1999, and 4 to 19 digits, such as CVE-2021-44228";
const NOT_A_FINGERPRINT: Why =
    "not a certificate's fingerprint: give the 64 hexadecimal digits of SHA-256 or the 40 of SHA-1";
const CONTROL: Why = "holds a control character: remove it";

/// The canonical value, or what is wrong with the text.
pub(super) fn canonical(kind: IndicatorKind, raw: &str) -> Result<String, Why> {
    let text = bare(raw);
    let holds_control = match text.is_ascii() {
        true => text.bytes().any(|byte| byte.is_ascii_control()),
        false => text.chars().any(char::is_control),
    };
    if holds_control {
        return Err(CONTROL);
    }
    if kind.is_personal()
        && let Some(digits) = text.strip_prefix(PSEUDONYM)
    {
        return Ok(format!("{PSEUDONYM}{}", hex(digits, 32, NOT_A_PSEUDONYM)?));
    }
    match kind {
        IndicatorKind::Ip => ip(&text),
        IndicatorKind::Domain => domain(&undo_brackets(&text)),
        IndicatorKind::Url => url(&text),
        IndicatorKind::Md5 => hex(&text, 32, "not an MD5 hash: give 32 hexadecimal digits"),
        IndicatorKind::Sha1 => hex(&text, 40, "not a SHA-1 hash: give 40 hexadecimal digits"),
        IndicatorKind::Sha256 => hex(&text, 64, "not a SHA-256 hash: give 64 hexadecimal digits"),
        IndicatorKind::Sha512 => hex(&text, 128, "not a SHA-512 hash: give 128 hexadecimal digits"),
        IndicatorKind::Email => email(&text),
        IndicatorKind::Cve => cve(&text),
        IndicatorKind::Cidr => network::cidr(&undo_brackets(&text)),
        IndicatorKind::Asn => network::asn(&text),
        IndicatorKind::CryptoAddress => crypto_address::crypto_address(&text),
        IndicatorKind::Iban => account::iban(&text),
        IndicatorKind::Phone => account::phone(&text),
        IndicatorKind::UserAgent => written::user_agent(&text),
        IndicatorKind::Certificate => certificate(&text),
        IndicatorKind::Mutex => written::mutex(&text),
        IndicatorKind::RegistryKey => registry_key::registry_key(&text),
        IndicatorKind::Malware => written::malware(&text),
        IndicatorKind::Technique => written::technique(&text),
    }
}

/// The value without zero-width spaces, white space at its ends and one mark around it after the other.
///
/// Joiners (U+200C, U+200D) stay: some scripts need them in names.
fn bare(raw: &str) -> Cow<'_, str> {
    let zero_width = ['\u{200b}', '\u{2060}', '\u{feff}'];
    if !raw.is_ascii() && raw.contains(zero_width) {
        let kept: String = raw.chars().filter(|c| !zero_width.contains(c)).collect();
        Cow::Owned(unwrapped(&kept).to_owned())
    } else {
        Cow::Borrowed(unwrapped(raw))
    }
}

fn unwrapped(text: &str) -> &str {
    let mut text = text.trim();
    while let Some(inner) = AROUND
        .iter()
        .find_map(|(open, close)| text.strip_prefix(*open)?.strip_suffix(*close))
    {
        text = inner.trim();
    }
    text
}

fn ip(text: &str) -> Result<String, Why> {
    let text = undo_brackets(text);
    let unbracketed = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let text = unbracketed.filter(|inner| inner.contains(':')).unwrap_or(&text);
    match text.parse::<IpAddr>() {
        Ok(IpAddr::V6(v6)) => Ok(v6.to_ipv4_mapped().map_or_else(|| v6.to_string(), |v4| v4.to_string())),
        Ok(IpAddr::V4(v4)) => Ok(v4.to_string()),
        Err(_)
            if text
                .split_once('/')
                .is_some_and(|(address, _)| address.parse::<IpAddr>().is_ok()) =>
        {
            Err(NETWORK)
        }
        Err(_) => Err(NOT_AN_IP),
    }
}

fn domain(text: &str) -> Result<String, Why> {
    if text.contains('/') {
        return Err(URL_AS_DOMAIN);
    }
    let ascii = Uts46::new()
        .to_ascii(
            text.as_bytes(),
            NOT_IN_NAMES,
            Hyphens::Allow,
            DnsLength::VerifyAllowRootDot,
        )
        .map_err(|_| {
            if text.parse::<Ipv6Addr>().is_ok() {
                IP_AS_DOMAIN
            } else {
                NOT_A_DOMAIN
            }
        })?;
    let name = ascii.strip_suffix('.').unwrap_or(&ascii);
    let Some((_, last)) = name.rsplit_once('.') else {
        return Err(ONE_LABEL);
    };
    if ends_in_a_number(last) {
        return Err(if name.parse::<Ipv4Addr>().is_ok() {
            IP_AS_DOMAIN
        } else {
            NOT_A_DOMAIN
        });
    }
    Ok(name.to_owned())
}

/// Whether the last label makes a host an IPv4 address (WHATWG URL standard, "ends in a number checker").
fn ends_in_a_number(label: &str) -> bool {
    let all = |digits: &str, is: fn(&u8) -> bool| digits.as_bytes().iter().all(is);
    all(label, u8::is_ascii_digit)
        || label
            .strip_prefix("0x")
            .is_some_and(|digits| all(digits, u8::is_ascii_hexdigit))
}

/// Normalises until nothing changes: taking a part away may complete what looks like a defanged dot.
fn url(text: &str) -> Result<String, Why> {
    let mut value = Cow::Borrowed(text);
    for _ in 0..URL_ROUNDS {
        let next = url_once(&value)?;
        if next == value {
            return Ok(next);
        }
        value = Cow::Owned(next);
    }
    Err(UNSETTLED)
}

fn url_once(text: &str) -> Result<String, Why> {
    let plain = undo_brackets(text);
    let plain = undo_scheme(&plain);
    let schemed = if has_scheme(&plain) {
        plain
    } else {
        Cow::Owned(format!("http://{plain}"))
    };
    let mut url = Url::parse(&schemed).map_err(|_| NOT_A_URL)?;
    if !matches!(url.scheme(), "http" | "https" | "ftp" | "ws" | "wss") {
        return Err(SCHEME);
    }
    url.set_fragment(None);
    // Neither can fail for a scheme with a host; were one to, keeping a user name would be worse than refusing.
    url.set_username("").map_err(|()| NOT_A_URL)?;
    url.set_password(None).map_err(|()| NOT_A_URL)?;
    match url.host() {
        Some(Host::Ipv6(v6)) => {
            if let Some(v4) = v6.to_ipv4_mapped() {
                url.set_ip_host(IpAddr::V4(v4)).map_err(|()| NOT_A_URL)?;
            }
        }
        Some(Host::Domain(name)) if name.ends_with('.') => {
            let name = name.strip_suffix('.').unwrap_or(name).to_owned();
            url.set_host(Some(&name)).map_err(|_| NOT_A_URL)?;
        }
        _ => {}
    }
    Ok(url.into())
}

/// Whether the text starts with `scheme://` (RFC 3986, 3.1).
fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}

fn hex(text: &str, digits: usize, why: Why) -> Result<String, Why> {
    if text.len() == digits && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err(why)
    }
}

/// A fingerprint, with or without what programs put between its bytes.
fn certificate(text: &str) -> Result<String, Why> {
    let digits: String = text.chars().filter(|c| !matches!(c, ':' | '-' | ' ')).collect();
    let length = if digits.len() == 40 { 40 } else { 64 };
    hex(&digits, length, NOT_A_FINGERPRINT)
}

fn email(text: &str) -> Result<String, Why> {
    let address = undo_brackets(text.strip_prefix("mailto:").unwrap_or(text));
    let (local, host) = address.rsplit_once('@').ok_or(NOT_AN_EMAIL)?;
    if local.len() > LOCAL_PART_BYTES || !local.split('.').all(is_atom) {
        return Err(NOT_AN_EMAIL);
    }
    let value = format!("{}@{}", local.to_ascii_lowercase(), domain(host)?);
    if value.len() > EMAIL_BYTES {
        Err(NOT_AN_EMAIL)
    } else {
        Ok(value)
    }
}

/// Whether the text is an atom (RFC 5322, 3.2.3).
fn is_atom(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte))
}

fn cve(text: &str) -> Result<String, Why> {
    let upper = text.to_ascii_uppercase();
    let (year, number) = upper
        .strip_prefix("CVE-")
        .and_then(|rest| rest.split_once('-'))
        .ok_or(NOT_A_CVE)?;
    let digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    let year_is_one = year.len() == 4 && digits(year) && year >= "1999";
    // More than four digits never start with a zero: with one, the same entry would have two spellings.
    let number_is_one =
        (4..=19).contains(&number.len()) && digits(number) && (number.len() == 4 || !number.starts_with('0'));
    if year_is_one && number_is_one {
        Ok(upper)
    } else {
        Err(NOT_A_CVE)
    }
}

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod traces;

use proptest::prelude::*;

use super::IndicatorKind::{
    Asn, Certificate, Cidr, CryptoAddress, Iban, Malware, Mutex, Phone, RegistryKey, Technique, UserAgent,
};
use super::IndicatorKind::{Cve, Domain, Email, Ip, Md5, Sha1, Sha256, Sha512, Url};
use super::*;

fn value(kind: IndicatorKind, raw: &str) -> String {
    Indicator::parse(kind, raw).map_or_else(|error| panic!("{error}"), |indicator| indicator.value().to_owned())
}

fn refusal(kind: IndicatorKind, raw: &str) -> String {
    Indicator::parse(kind, raw).map_or_else(|error| error.to_string(), |read| panic!("{raw:?} was read as {read}"))
}

#[test]
fn addresses_have_one_form() {
    for (raw, canonical) in [
        ("192.0.2.7", "192.0.2.7"),
        (" 192[.]0[.]2(.)7\n", "192.0.2.7"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("[2001:db8::7]", "2001:db8::7"),
        ("2001[:]db8[:][:]7", "2001:db8::7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"),
    ] {
        assert_eq!(value(Ip, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "192.0.2",
        "192.0.2.07",
        "0300.0.2.7",
        "3221225991",
        "192.0.2.256",
        "192.0.2.7:80",
        "fe80::1%eth0",
        "::g",
    ] {
        assert!(refusal(Ip, raw).contains("not an IP address"), "{raw}");
    }
    assert!(refusal(Ip, "192.0.2.0/24").contains("a network, not an address"));
}

#[test]
fn domains_have_one_form() {
    for (raw, canonical) in [
        ("Bad[.]Example.", "bad.example"),
        ("<bad.example>", "bad.example"),
        ("\" 'bad.example' \"", "bad.example"),
        ("bad\u{200b}.exam\u{feff}ple", "bad.example"),
        ("BÜCHER.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.EXAMPLE", "xn--bcher-kva.example"),
        ("bad。example", "bad.example"),
        ("bad[dot]example", "bad.example"),
        ("_dmarc.bad.example", "_dmarc.bad.example"),
        ("r3---sn-a.bad.example", "r3---sn-a.bad.example"),
        ("faß.example", "xn--fa-hia.example"),
    ] {
        assert_eq!(value(Domain, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        ".",
        "bad..example",
        ".bad.example",
        "*.bad.example",
        "bad example.org",
        "bad.example:80",
        "xn--\u{80}.example",
    ] {
        refusal(Domain, raw);
    }
    assert!(refusal(Domain, "localhost").contains("a single label"));
    assert!(refusal(Domain, "192.0.2.7").contains("give it as ip"));
    assert!(refusal(Domain, "2001:db8::7").contains("give it as ip"));
    assert!(refusal(Domain, "https://bad.example/").contains("give it as url"));
    assert!(refusal(Domain, "1.2.3.0x4").contains("not a domain name"));
    let label = "a".repeat(63);
    assert_eq!(value(Domain, &format!("{label}.example")).len(), 71);
    refusal(Domain, &format!("{label}a.example"));
    refusal(Domain, &format!("{label}.{label}.{label}.{label}.example"));
}

#[test]
fn urls_have_one_form() {
    for (raw, canonical) in [
        ("hxxps://Bad[.]Example:443/A?b=1#c", "https://bad.example/A?b=1"),
        ("hXXp[:]//bad[.]example", "http://bad.example/"),
        ("hxxp[://]bad[.]example/index[.]php", "http://bad.example/index.php"),
        ("fxp://bad.example:21/x", "ftp://bad.example/x"),
        ("https://user:secret@bad.example/", "https://bad.example/"),
        ("http://bad.example./x", "http://bad.example/x"),
        ("http://bücher.example/ü", "http://xn--bcher-kva.example/%C3%BC"),
        ("http://[::FFFF:192.0.2.7]:8080/", "http://192.0.2.7:8080/"),
        ("http://[2001:DB8::7]/", "http://[2001:db8::7]/"),
        ("http://0xC0.0.2.7/", "http://192.0.2.7/"),
        ("http://bad.example/a/../b/./c", "http://bad.example/b/c"),
        ("bad.example/x?y=http://z", "http://bad.example/x?y=http://z"),
        ("bad.example:8080/x", "http://bad.example:8080/x"),
        ("WSS://bad.example", "wss://bad.example/"),
        ("http://bad.example/[:\\\\]x", "http://bad.example/://x"),
    ] {
        assert_eq!(value(Url, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "http://",
        "https:///",
        "http://bad example/",
        "http://bad.example:99999/",
        "http://[::1",
        "a\u{7}b",
    ] {
        refusal(Url, raw);
    }
    assert!(refusal(Url, "ldap://bad.example/a").contains("give http, https, ftp, ws or wss"));
    assert!(refusal(Url, "file:///etc/passwd").contains("a scheme not compared"));
    assert!(refusal(Url, "javascript:alert(1)").contains("not a URL"));
}

#[test]
fn hashes_are_of_exact_length() {
    for (kind, digits) in [(Md5, 32), (Sha1, 40), (Sha256, 64), (Sha512, 128)] {
        assert!(kind.is_file_hash());
        assert_eq!(value(kind, &"Ab".repeat(digits / 2)), "ab".repeat(digits / 2));
        let error = refusal(kind, &"a".repeat(digits - 1));
        assert!(error.contains(&format!("{digits} hexadecimal digits")), "{error}");
        refusal(kind, &"g".repeat(digits));
        refusal(kind, &"é".repeat(digits / 2));
    }
    assert!(!Url.is_file_hash());
}

#[test]
fn mail_addresses_have_one_form_or_a_pseudonym() {
    for (raw, canonical) in [
        ("Jane.Doe+X@Bad.Example", "jane.doe+x@bad.example"),
        ("<mailto:jane@bad.example>", "jane@bad.example"),
        ("jane[at]bad[dot]example", "jane@bad.example"),
        ("jane(@)bücher.example", "jane@xn--bcher-kva.example"),
        ("o'hara@bad.example", "o'hara@bad.example"),
    ] {
        assert_eq!(value(Email, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "jane",
        "@bad.example",
        "a..b@bad.example",
        ".a@bad.example",
        "\"a b\"@bad.example",
        "a@b@bad.example",
        "é@bad.example",
        "Jane <jane@bad.example>",
    ] {
        refusal(Email, raw);
    }
    refusal(Email, &format!("{}@bad.example", "a".repeat(65)));
    refusal(Email, "jane@[192.0.2.7]");

    let pseudonym = Indicator::pseudonym(Email, "00112233445566778899AABBCCDDEEFF").unwrap();
    assert_eq!(
        pseudonym.to_string(),
        "email:pseudonym:00112233445566778899aabbccddeeff"
    );
    assert!(pseudonym.is_pseudonym());
    assert_eq!(pseudonym.to_string().parse::<Indicator>().unwrap(), pseudonym);
    assert_eq!(pseudonym.defanged(), pseudonym.value());
    assert!(!Indicator::parse(Email, "jane@bad.example").unwrap().is_pseudonym());
    assert!(
        Indicator::pseudonym(Email, "0011")
            .unwrap_err()
            .to_string()
            .contains("32 hexadecimal digits")
    );
}

#[test]
fn cve_entries_have_one_form() {
    assert_eq!(value(Cve, " cve-2021-44228"), "CVE-2021-44228");
    assert_eq!(value(Cve, "CVE-1999-0001"), "CVE-1999-0001");
    for raw in [
        "",
        "2021-44228",
        "CVE-21-44228",
        "CVE-1998-0001",
        "CVE-2021-123",
        "CVE-2021-044228",
        "CVE-2021-4422x",
    ] {
        assert!(refusal(Cve, raw).contains("such as CVE-2021-44228"), "{raw}");
    }
}

#[test]
fn a_value_is_written_with_its_kind_and_read_back() {
    let seen: Indicator = "url:hxxps://bad[.]example/a:b".parse().unwrap();
    assert_eq!(seen.to_string(), "url:https://bad.example/a:b");
    assert_eq!(seen.defanged(), "hxxps://bad[.]example/a:b");
    assert_eq!(serde_json::to_string(&seen).unwrap(), "\"url:https://bad.example/a:b\"");
    assert_eq!(
        serde_json::from_str::<Indicator>("\"domain:BAD.example\"")
            .unwrap()
            .value(),
        "bad.example"
    );
    assert!(
        "bad.example"
            .parse::<Indicator>()
            .unwrap_err()
            .to_string()
            .contains("write kind:value")
    );
    assert!(
        "host:bad.example"
            .parse::<Indicator>()
            .unwrap_err()
            .to_string()
            .contains("not a kind of indicator")
    );
    for kind in IndicatorKind::ALL {
        assert_eq!(kind.to_string().parse::<IndicatorKind>().unwrap(), kind);
    }
}

#[test]
fn bounds_hold_for_the_canonical_value_and_for_the_text() {
    let url = |length: usize| format!("http://bad.example/{}", "a".repeat(length - 19));
    assert_eq!(value(Url, &url(Indicator::MAX_BYTES)).len(), Indicator::MAX_BYTES);
    let error = refusal(Url, &url(Indicator::MAX_BYTES + 1));
    assert!(
        error.ends_with("is too long: at most 2048 bytes") && error.len() < 200,
        "{error}"
    );
    assert!(refusal(Ip, &" ".repeat(Indicator::MAX_RAW_BYTES + 1)).contains("at most 3072 bytes"));
    // A text within the bound may grow past it when its characters are percent-encoded.
    refusal(Url, &format!("http://bad.example/{}", "ü".repeat(500)));
}

#[test]
fn errors_show_a_value_safely() {
    let error = refusal(Domain, "\u{1b}]0;x\u{7}\u{202e}bad.example");
    assert_eq!(
        error,
        "domain \"\\u{1b}]0;x\\u{7}\\u{202e}bad.example\": holds a control character: remove it"
    );
}

#[test]
fn what_means_nothing_elsewhere_is_special() {
    for special in [
        "ip:10.1.2.3",
        "ip:127.0.0.1",
        "ip:169.254.1.1",
        "ip:100.127.255.255",
        "ip:224.0.0.251",
        "ip:255.255.255.255",
        "ip:::1",
        "ip:fe80::1",
        "ip:fd00::1",
        "domain:printer.local",
        "domain:1.0.0.127.in-addr.arpa",
        "url:http://localhost/x",
        "url:http://192.168.0.1:8080/x",
        "url:http://[fe80::1]/x",
        "email:root@mail.localdomain",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "cidr:10.1.0.0/16",
        "cidr:fe80::/64",
        "asn:64512",
        "asn:AS4200000000",
        "registry_key:HKLM\\Software\\Microsoft\\Windows\\CurrentVersion\\Run",
    ] {
        assert!(special.parse::<Indicator>().unwrap().is_special(), "{special}");
    }
    for plain in [
        "ip:8.8.8.8",
        "ip:192.0.2.7",
        "ip:100.128.0.0",
        "ip:2001:db8::7",
        "domain:bad.example",
        "domain:local.example",
        "url:http://bad.example/local",
        "url:http://203.0.113.9?x=10.0.0.1",
        "email:local@bad.example",
        "email:pseudonym:00112233445566778899aabbccddeeff",
        "cve:CVE-2021-44228",
        "md5:00112233445566778899aabbccddeeff",
        "cidr:100.0.0.0/8",
        "cidr:192.0.2.0/24",
        "asn:AS64496",
        "registry_key:HKCU\\Software\\Microsoft\\Windows\\CurrentVersion\\Run\\x",
    ] {
        assert!(!plain.parse::<Indicator>().unwrap().is_special(), "{plain}");
    }
}

/// Texts near to values of each kind, defanged here and there, among texts of any kind.
fn raw(kind: IndicatorKind) -> BoxedStrategy<String> {
    let near = match kind {
        Ip => "([0-9]{1,3}(\\.|\\[\\.\\])){3}[0-9]{1,3}|([0-9a-f]{0,4}(:|\\[:\\])){2,7}[0-9a-f]{1,4}",
        Domain => "([a-zA-Z0-9_üßİ·-]{1,9}(\\.|\\[\\.\\]|\\(dot\\)|。)){1,3}(example|COM|0x1f|7)\\.?",
        Url => {
            "(hxxps?|https?|fxp|ws)(://|\\[:\\]//|\\[://\\])([a-z]{0,3}@)?[a-zA-Z0-9ü\\[\\]().-]{1,12}(\\.|\\[\\.\\])(com|[0-9]{1,3})(:[0-9]{1,5})?(/[]\\[(){}.:/@a-z%2E\\\\#?\t-]{0,20})?"
        }
        Md5 => "[0-9a-fA-F]{32}",
        Sha1 => "[0-9a-fA-F]{40}",
        Sha256 => "[0-9a-fA-F]{64}",
        Sha512 => "[0-9a-fA-F]{128}",
        Email => "[a-zA-Z0-9'{}|.+-]{1,12}(@|\\[at\\]|\\{@\\})[a-z0-9ü-]{1,8}(\\.|\\{dot\\})(example|org)",
        Cve => "(CVE|cve)-(19|20)[0-9]{2}-[0-9]{4,7}",
        Cidr => {
            "([0-9]{1,3}(\\.|\\[\\.\\])){3}[0-9]{1,3}/[0-9]{1,2}|2001:db8(:[0-9a-f]{1,4}){1,3}::/[0-9]{1,3}|::ffff:[0-9.]{7,11}/[0-9]{3}"
        }
        Asn => "(AS|as|ASN |)[0-9]{1,10}|[0-9]{1,5}\\.[0-9]{1,5}",
        CryptoAddress => "0[xX]([0-9a-f]{40}|[0-9A-F]{40})",
        Iban => "AT[0-9]{2} ?([0-9]{4} ?){4}|pseudonym:[0-9a-fA-F]{32}",
        Phone => "(tel:)?(\\+|00)[1-9]([0-9 ()/.-]{0,3}[0-9]){6,12}|pseudonym:[0-9a-fA-F]{32}",
        UserAgent => "[ -~]{1,60}",
        Certificate => "([0-9a-fA-F]{2}:?){20}|([0-9a-fA-F]{2}[: -]?){32}",
        Mutex => "(Global\\\\)?[a-zA-Z0-9 _{}'\"<>«»ü-]{1,30}",
        RegistryKey => {
            "(Computer\\\\)?(HKLM|hkcu|HKU|HKEY_USERS|HKLM:|\\\\Registry\\\\(Machine|User))(\\\\{1,2}(S-1-5-21-[0-9]{1,3}(_Classes)?|System|ControlSet00[0-9]|[A-Za-z İß'\"-]{0,9})){1,4}\\\\?"
        }
        Malware => "[a-zA-Z0-9 _.+!/:()&@#*ßİΣ'\"<>-]{1,24}",
        Technique => "[tT][0-9]{4}([./][0-9]{3})?",
    };
    let around = prop_oneof![8 => Just(("", "")), 1 => Just((" <", "> ")), 1 => Just(("\"", "\""))];
    prop_oneof![
        9 => (proptest::string::string_regex(near).unwrap(), around).prop_map(|(text, (open, close))| format!("{open}{text}{close}")),
        1 => any::<String>(),
    ]
    .boxed()
}

fn kind_and_raw() -> impl Strategy<Value = (IndicatorKind, String)> {
    proptest::sample::select(IndicatorKind::ALL.as_slice()).prop_flat_map(|kind| (Just(kind), raw(kind)))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_096))]

    #[test]
    fn canonical_forms_are_fixed_points_and_survive_defanging((kind, raw) in kind_and_raw()) {
        if let Ok(read) = Indicator::parse(kind, &raw) {
            prop_assert!(read.value().len() <= Indicator::MAX_BYTES);
            prop_assert!(read.value().is_ascii() || matches!(kind, Mutex | RegistryKey | Malware));
            prop_assert_eq!(&Indicator::parse(kind, read.value()).unwrap(), &read);
            prop_assert_eq!(&Indicator::parse(kind, &read.defanged()).unwrap(), &read, "{}", read.defanged());
            prop_assert_eq!(&read.to_string().parse::<Indicator>().unwrap(), &read);
        }
    }
}

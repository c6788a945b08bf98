use super::*;

#[test]
fn networks_and_systems_have_one_form() {
    for (raw, canonical) in [
        ("192.0.2.0/24", "192.0.2.0/24"),
        ("192[.]0[.]2[.]77/24", "192.0.2.0/24"),
        ("2001:DB8:0::1/32", "2001:db8::/32"),
        ("::ffff:192.0.2.0/120", "192.0.2.0/24"),
        ("10.0.0.0/8", "10.0.0.0/8"),
    ] {
        assert_eq!(value(Cidr, raw), canonical, "{raw}");
    }
    assert!(refusal(Cidr, "192.0.2.7/32").contains("give it as ip"));
    assert!(refusal(Cidr, "::ffff:192.0.2.7/128").contains("give it as ip"));
    for raw in ["0.0.0.0/0", "8.0.0.0/7", "2000::/15"] {
        assert!(refusal(Cidr, raw).contains("wider than any"), "{raw}");
    }
    for raw in [
        "",
        "192.0.2.0",
        "192.0.2.0/",
        "192.0.2.0/+8",
        "192.0.2.0/33",
        "bad.example/24",
    ] {
        assert!(refusal(Cidr, raw).contains("such as 192.0.2.0/24"), "{raw}");
    }
    for (raw, canonical) in [
        ("64500", "AS64500"),
        ("as64500", "AS64500"),
        ("ASN 64500", "AS64500"),
        ("AS1.10", "AS65546"),
        ("4294967295", "AS4294967295"),
    ] {
        assert_eq!(value(Asn, raw), canonical, "{raw}");
    }
    for raw in ["", "AS", "AS0", "AS4294967296", "AS1.65536", "AS-1", "AS1.2.3"] {
        assert!(refusal(Asn, raw).contains("such as AS64500"), "{raw}");
    }
}

#[test]
fn traces_on_a_computer_have_one_form() {
    for (raw, canonical) in [
        ("HKLM\\Software\\Bad", "HKEY_LOCAL_MACHINE\\software\\bad"),
        ("hklm:\\SOFTWARE\\\\Bad\\", "HKEY_LOCAL_MACHINE\\software\\bad"),
        (
            "Computer\\HKEY_CURRENT_USER\\Software\\Bad",
            "HKEY_CURRENT_USER\\software\\bad",
        ),
        (
            "\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet001\\Services\\Bad",
            "HKEY_LOCAL_MACHINE\\system\\currentcontrolset\\services\\bad",
        ),
        (
            "HKU\\S-1-5-21-1-2-3-1001\\Software\\Bad",
            "HKEY_CURRENT_USER\\software\\bad",
        ),
        (
            "\\Registry\\User\\S-1-5-21-1-2-3-1001_Classes\\Bad",
            "HKEY_CURRENT_USER\\software\\classes\\bad",
        ),
        ("HKU\\.DEFAULT\\Bad", "HKEY_USERS\\.default\\bad"),
    ] {
        assert_eq!(value(RegistryKey, raw), canonical, "{raw}");
    }
    for raw in [
        "",
        "HKLM",
        "HKLM\\",
        "Software\\Bad",
        "C:\\Bad",
        "HKU\\S-1-5-21-1-2-3-1001",
    ] {
        assert!(refusal(RegistryKey, raw).contains("such as HKLM"), "{raw}");
    }
    assert_eq!(value(Mutex, " Global\\{8F6F0AC4} "), "Global\\{8F6F0AC4}");
    assert!(refusal(Mutex, &"x".repeat(261)).contains("260 characters"));
    let fingerprint = "AB:".repeat(31) + "AB";
    assert_eq!(value(Certificate, &fingerprint), "ab".repeat(32));
    assert_eq!(value(Certificate, &"aB ".repeat(20)), "ab".repeat(20));
    assert!(refusal(Certificate, &"ab".repeat(16)).contains("64 hexadecimal digits of SHA-256 or the 40 of SHA-1"));
}

#[test]
fn what_describes_an_attack_has_one_form_and_identifies_none() {
    assert_eq!(value(UserAgent, "Mozilla/5.0  (X11) "), "Mozilla/5.0 (X11)");
    assert!(refusal(UserAgent, "Mözilla").contains("visible ASCII"));
    for (raw, canonical) in [
        ("Cobalt Strike", "cobalt-strike"),
        ("cobalt_strike", "cobalt-strike"),
        ("- Cobalt--Strike_", "cobalt-strike"),
        ("Win.Lumma", "win.lumma"),
        ("Agent Tesla (RAT)", "agent-tesla-(rat)"),
    ] {
        assert_eq!(value(Malware, raw), canonical, "{raw}");
    }
    for raw in ["", "--", "(.)", "a\"b", "a;b", &"x".repeat(129)] {
        assert!(refusal(Malware, raw).contains("128 letters"), "{raw}");
    }
    for (raw, canonical) in [
        ("t1566", "T1566"),
        ("T1566.001", "T1566.001"),
        ("T1566/001", "T1566.001"),
    ] {
        assert_eq!(value(Technique, raw), canonical, "{raw}");
    }
    for raw in ["", "T156", "T15666", "T1566.1", "TA0001", "T1566.001.001"] {
        assert!(refusal(Technique, raw).contains("such as T1566.001"), "{raw}");
    }
    for (context, identifies) in [
        ("malware:lumma", false),
        ("technique:T1566", false),
        ("asn:AS64500", false),
        ("user_agent:curl/8", false),
        ("mutex:x", true),
        ("cidr:192.0.2.0/24", true),
        ("cidr:10.0.0.0/24", false),
    ] {
        assert_eq!(
            context.parse::<Indicator>().unwrap().identifies(),
            identifies,
            "{context}"
        );
    }
}
